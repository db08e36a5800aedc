// Batches of images as the algorithms see them: channels contiguous, everything else by steps.
#pragma once
#include <cstdint>

#include "ops/window.h"

namespace foldgate {

// Element (n, z, y, x, c) is data[n * step[0] + z * step[1] + y * step[2] + x * step[3] + c].
template <class T>
struct Images {
  T* data = nullptr;
  int64_t extent[kMaxSpatial] = {1, 1, 1};  // depth, height, width
  int64_t step[kMaxSpatial + 1] = {};
};

template <class T>
Images<T> dense_images(T* data, int64_t depth, int64_t height, int64_t width, int64_t channels) {
  const int64_t row = width * channels;
  return {data, {depth, height, width}, {depth * height * row, height * row, row, channels}};
}
template <class T>
Images<T> dense_inputs(T* data, const Window& w, int64_t channels) {
  return dense_images(data, w.axes[0].input, w.axes[1].input, w.axes[2].input, channels);
}
template <class T>
Images<T> dense_outputs(T* data, const Window& w, int64_t channels) {
  return dense_images(data, w.axes[0].output, w.axes[1].output, w.axes[2].output, channels);
}

}  // namespace foldgate
