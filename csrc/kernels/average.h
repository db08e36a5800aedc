// Sums of rows and means of windows along a row, and their adjoint.
#pragma once
#include <cstdint>

namespace foldgate {

// The positions of an axis that an output's window holds: begin, begin + step, ..., `count` of them. The mean is over
// `counted` of them, which may include padding.
struct WindowSpan {
  int64_t begin, count, counted;
};

// Windows of a stretch of outputs along the width, over pixels of `pixel` contiguous values.
struct RowWindows {
  const WindowSpan* spans;  // one an output
  int64_t outputs;
  int64_t step;     // between the positions of a window
  int64_t pixel;    // values
  int64_t counted;  // of a window along the other axes
};

// Windows of single values that hold `taps` positions each, the first from `begin` on, the others `stride` further each.
template <class T>
struct LineWindows {
  int64_t begin, outputs, stride, taps, step;
  T divisor;
};

// A row begins at its position 0.
template <class T>
struct AverageKernels {
  // sums[i] = sum over the rows of rows[r][i], i < n; rows in their order
  void (*add_rows)(const T* const* rows, int64_t count, int64_t n, T* sums);
  // y[o][c] = sum over the rows and the window of o of row[position][c] / (counted of o * counted)
  void (*means)(const RowWindows& windows, const T* const* rows, int64_t count, T* y);
  void (*line_means)(const LineWindows<T>& windows, const T* const* rows, int64_t count, T* y);
  // dx[position][c] += dy[o][c] / (counted of o * counted) for the positions in [begin, end) of every window
  void (*spread)(const RowWindows& windows, int64_t begin, int64_t end, const T* dy, T* dx);
};

}  // namespace foldgate
