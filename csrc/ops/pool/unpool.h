// Max unpooling: every value to the position of its plane that won it, zeros elsewhere. Of values that name one position
// the last stays, and the gradient is that one's alone.
//   y[n, positions[n, p, c], c] = x[n, p, c]          dx[n, p, c] = dy[n, positions[n, p, c], c], or 0 where another stays
#pragma once
#include <cstdint>
#include <vector>

namespace foldgate {

// Images of positions of `pixel` contiguous values each: N images of C values (channels_last), or N * C of one value.
struct UnpoolPlan {
  int64_t images = 0, pixel = 1, inputs = 1, outputs = 1;  // positions of an image of x, and of y
  // Shapes as the caller's arrays have them. ValueError where batch, channels or the number of axes disagree.
  static UnpoolPlan make(const char* op, const std::vector<int64_t>& input_shape,
                         const std::vector<int64_t>& output_shape, bool channels_first);
};

// Both throw IndexError (std::out_of_range) for a position outside the plane.
template <class T>
void max_unpool(const UnpoolPlan& plan, const T* x, const int64_t* positions, T* y);
// Scratch: a byte for every value of an image of y, a worker.
template <class T>
void max_unpool_backward(const UnpoolPlan& plan, const T* dy, const int64_t* positions, T* dx);

}  // namespace foldgate
