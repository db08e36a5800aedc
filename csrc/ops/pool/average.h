// Average pooling, forward and backward: over sliding windows, or over windows that divide each axis into a given number
// of parts (adaptive; one part is the global mean).
//   y[n, p, c] = sum over the positions q of window p of x[n, q, c] / counted(p)
//   dx[n, q, c] = sum over the windows p that hold q of dy[n, p, c] / counted(p)
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/function_ref.h"
#include "kernels/average.h"
#include "ops/window.h"

namespace foldgate {

// The windows along one axis, and which of them hold a position.
struct AverageAxis {
  int64_t input = 1, output = 1;
  int64_t step = 1;                    // between the positions of a window
  std::vector<WindowSpan> spans;       // one an output
  std::vector<WindowHolders> holders;  // one a position
  int64_t holder_step = 1;             // between the outputs that hold a position
  int64_t whole = 0, past = 0;         // outputs [whole, past) hold `taps` positions each, `stride` apart
  int64_t taps = 1, stride = 1;
  int64_t before = 0;    // output o begins at o * stride - before, where `regular`
  bool regular = false;  // sliding windows, or parts of one size
};

// Of the window that holds most.
inline int64_t most_positions(const AverageAxis& axis) {
  int64_t most = 0;
  for (const WindowSpan& span : axis.spans) most = std::max(most, span.count);
  return most;
}
inline const WindowSpan& at(const AverageAxis& axis, int64_t output) {
  return axis.spans[static_cast<size_t>(output)];
}

// Geometry of one call, validated by make: kernels trust it. The arrays are images of positions of `pixel` contiguous
// values each: N images of C values (channels_last), or N * C images of one value (channels_first).
struct AveragePlan {
  AverageAxis axes[kMaxSpatial];  // depth, height, width
  int64_t images = 0, pixel = 1;
  std::vector<int64_t> input_shape, output_shape;  // as the caller's arrays have them

  // input_shape: (N, *spatial, C), or (N, C, *spatial) with channels_first. With include_pad a window's positions in the
  // padding count. ValueError naming op, argument and value: what PoolPlan::make refuses.
  static AveragePlan make(const char* op, const std::vector<int64_t>& input_shape, const WindowSpec& spec,
                          bool include_pad, bool channels_first);
  // Part i of n along an axis of s positions: floor(i s / n) up to ceil((i + 1) s / n). ValueError for extents below 1.
  static AveragePlan make_adaptive(const char* op, const std::vector<int64_t>& input_shape,
                                   const std::vector<int64_t>& output_size, bool channels_first);
};

// What Lp pooling makes of values before they are summed, or adds up of them, and what it makes of the sums. Of `squares`
// kernels of windows see to both.
template <class T>
struct PoolPower {
  bool squares;
  FunctionRef<void(const T* x, int64_t n, bool add, T* y)> powers;
  FunctionRef<void(int64_t n, T* y)> roots;
};

// Scratch: a row of x for every worker, where windows have more than one row. With a power, the rows of a window, or a
// plane, for every worker.
template <class T>
void average_pool(const AveragePlan& plan, const T* x, T* y, const PoolPower<T>* power = nullptr);
// Writes every dx once it is whole.
template <class T>
void average_pool_backward(const AveragePlan& plan, const T* dy, T* dx);

}  // namespace foldgate
