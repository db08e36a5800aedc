// What every convolution's backward pass does with the gradient of its output.
#pragma once
#include <cstdint>

#include "kernels/activation.h"

namespace foldgate {

// result = the gradient before the activation, of `size` elements; y: what the activation gave.
template <class T>
void activation_gradient(Activation activation, const T* y, const T* dy, int64_t size, T* result);

// sums[c] (+)= sum over pixels of dy[pixel][c], in partial sums of kBiasPixels.
constexpr int64_t kBiasPixels = 512;
template <class T>
void pixel_bias_gradient(const T* dy, int64_t pixels, int64_t channels, bool accumulate, T* sums);
// The same of planes (images, channels, positions).
template <class T>
void planar_bias_gradient(const T* dy, int64_t images, int64_t channels, int64_t positions, bool accumulate,
                          T* sums);

}  // namespace foldgate
