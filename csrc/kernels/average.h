// Sums of rows and means of windows along a row, and their adjoint.
#pragma once
#include <cstdint>

#include "kernels/stream.h"

namespace foldgate {

// The positions of an axis that an output's window holds: begin, begin + step, ..., `count` of them. The mean is over
// `counted` of them, which may include padding.
struct WindowSpan {
  int64_t begin, count, counted;
};

// Windows of a stretch of outputs along the width, over pixels of `pixel` contiguous values. Of `squares` the means' roots
// are written.
struct RowWindows {
  const WindowSpan* spans;  // one an output
  int64_t outputs;
  int64_t step;        // between the positions of a window
  int64_t pixel;       // values
  int64_t counted;     // of a window along the other axes
  bool squares;        // are summed
  int64_t stride = 0;  // from window to window, where they are alike; or 0
};

// Windows of single values that hold `taps` positions each, the first from `begin` on, the others `stride` further each;
// and so on for `lines` lines of outputs, whose rows are `next_line` values on each.
template <class T>
struct LineWindows {
  int64_t begin, outputs, stride, taps, step;
  T divisor;
  int64_t lines = 1, next_line = 0;
  bool squares = false;
};

// Rows of gradients, outputs * pixel values each, and what a value of row r and output o is multiplied by.
template <class T>
struct ShareRows {
  const T* const* dy;
  const T* row_factor;     // 1 / counted along the other axes
  const T* output_factor;  // 1 / counted along the width
  int64_t rows, outputs, pixel;
};

// The windows that hold a position along the width: outputs first, first + step, ..., last; none where last < first.
struct WindowHolders {
  int64_t first, last;
};

// Positions q of a row that windows of `taps` positions, `dilation` apart, hold as q + before = o * stride + t * dilation.
struct LineHolders {
  int64_t begin, end;  // of q
  int64_t before, stride, taps, dilation;
};

// A row begins at its position 0.
template <class T>
struct AverageKernels {
  int lanes;
  // sums[i] = sum over the rows of rows[r][i], i < n; rows in their order
  void (*add_rows)(const T* const* rows, int64_t count, int64_t n, T* sums);
  // y[o][c] = sum over the rows and the window of o of row[position][c] / (counted of o * counted); large windows of
  // pixels as the sum of their rows' sums
  void (*means)(const RowWindows& windows, const T* const* rows, int64_t count, Target<T> y);
  void (*line_means)(const LineWindows<T>& windows, const T* const* rows, int64_t count, Target<T> y);
  // y[i] = x[i]^2, or |x[i]|, or that is added; and y[i] = sqrt(y[i])
  void (*powers)(const T* x, int64_t n, bool square, bool add, T* y);
  void (*roots)(int64_t n, T* y);
  // y[p] = sum of plane p / divisor, for planes of n contiguous values; of `squares` the root of their sum / divisor
  void (*plane_means)(const T* x, int64_t planes, int64_t n, T divisor, bool squares, T* y);
  // shares[o][c] = sum over the rows of dy[r][o][c] * row_factor[r] * output_factor[o]
  void (*shares)(const ShareRows<T>& rows, T* shares);
  // dx[q][c] = sum of shares[o][c] over the holders of q, q < columns; holders and dx are those of q = 0
  void (*gather)(const WindowHolders* holders, int64_t step, int64_t columns, int64_t pixel, const T* shares,
                 T* dx);
  // The same of single values by vectors, for a stride of 1 or, undilated, 2. dx[0] is position begin; shares are zeros
  // as far as windows and a vector reach on both sides.
  void (*gather_lines)(const LineHolders& holders, const T* shares, T* dx);
};

}  // namespace foldgate
