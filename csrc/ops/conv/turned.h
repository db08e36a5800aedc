// Direct convolution of channels_last images by whole rows of planes (planar_gemm.h): vectors along the channels of a
// pixel would be mostly empty where there are few, along a row of a plane they are full, and turning images of few
// channels to planes and back costs little.
#pragma once
#include "core/scratch.h"
#include "ops/conv/layout.h"
#include "ops/conv/plan.h"

namespace foldgate {

template <class T>
bool turned_forward_pays(const ConvPlan& plan);
template <class T>
bool turned_backward_data_pays(const ConvPlan& plan);

// The same convolution of channels_first images.
ConvPlan as_planes(const ConvPlan& plan);

// Images of a chunk as planes, and back; nothing is moved where the two are the same.
template <class T>
class TurnedImages {
 public:
  TurnedImages(int64_t images, int64_t channels, int64_t positions)
      : channels_(channels),
        positions_(positions),
        turned_(same_layout(channels, positions) ? 0 : images * channels * positions) {}

  const T* planes(const T* pixels, int64_t count) const {
    if (turned_.size() == 0) return pixels;
    pixels_to_planes(pixels, count, channels_, positions_, turned_.data());
    return turned_.data();
  }
  // Where the planes are made that become these pixels.
  T* room(T* pixels) const { return turned_.size() == 0 ? pixels : turned_.data(); }
  void finish(int64_t count, T* pixels) const {
    if (turned_.size() > 0) planes_to_pixels(turned_.data(), count, channels_, positions_, pixels);
  }

 private:
  int64_t channels_, positions_;
  Scratch<T> turned_;
};

}  // namespace foldgate
