// Max pooling over windows of one to three axes, forward and backward: any window, strides, padding and dilation.
//   y[n, p, c] = max over taps j of x[n, p * stride + j * dilation - before, c]      (taps inside the image only)
//   dx[n, q, c] = sum of dy[n, p, c] over the windows p whose winner is q
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/pool.h"
#include "ops/window.h"

namespace foldgate {

// Geometry of one call, validated by make: kernels trust it. The arrays are images of positions of `pixel` contiguous
// values each: N images of C values (channels_last), or N * C images of one value (channels_first).
struct PoolPlan {
  const char* op = "max_pool";  // that errors name
  Window window;
  int64_t images = 0, pixel = 1;
  std::vector<int64_t> input_shape, output_shape;  // as the caller's arrays have them
  bool lines = false;                              // vectors along the width rather than along the channels

  // input_shape: (N, *spatial, C), or (N, C, *spatial) with channels_first. Throws ValueError naming op, argument and
  // value: a pad beyond half the window, a window without a tap in the image, 2^31 taps or more, what make_window finds.
  static PoolPlan make(const char* op, const std::vector<int64_t>& input_shape, const WindowSpec& spec,
                       bool channels_first);

  int64_t outputs() const { return images * window.output_positions() * pixel; }
  // Whether each plane of single values has one window, itself, so that taps are positions.
  bool takes_planes() const;
  bool byte_taps() const { return window.taps() <= 256; }  // tap numbers fit in a byte
};

// Where to put the winners: tap numbers (ints, or bytes where byte_taps()), flat positions in the plane, or nowhere.
struct PoolIndices {
  TapsOut taps;
  int64_t* positions = nullptr;
};

// x, y and the indices as the plan shapes them.
template <class T>
void max_pool(const PoolPlan& plan, const T* x, T* y, PoolIndices indices);

// Winners as the caller gave them: one of the three.
struct PoolWinners {
  const uint8_t* bytes = nullptr;
  const int32_t* ints = nullptr;
  const int64_t* positions = nullptr;
};

// Writes every dx once. Throws IndexError (std::out_of_range) for a winner that is not in its own window.
template <class T>
void max_pool_backward(const PoolPlan& plan, const T* dy, PoolWinners winners, T* dx);

}  // namespace foldgate
