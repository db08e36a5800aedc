// Depthwise convolution of channels_first planes: vectors run along the width, weights are numbers.
//
// The rows that a band of outputs sees stand in a frame: a copy with the zeros of the padding around, where whole
// vectors can be read anywhere. With a stride along the width, a frame row holds a stretch for each remainder of the
// column modulo the stride, so that the inputs of neighbouring outputs are neighbours.
#pragma once
#include <cstdint>

namespace foldgate {

// frame[(r * stride + q) * phase_step + m] = x[first + r][m * stride + q - before]. What lies left and right of the
// plane is not written: a frame is zeros before its first use, and its columns never change. Rows outside are zeroed.
template <class T>
struct LineFrame {
  const T* x;  // (height, width)
  int64_t height, width;
  int64_t first, rows;  // rows of the plane
  int64_t before, stride;
  T* frame;
  int64_t phase_step;
};

// y[u][v] = bias + sum over taps t of  weights[t] * x[u * x_row + offsets[t] + v]; added to y with `accumulate`
template <class T>
struct DepthwiseLines {
  const T* x;  // may be read up to a vector beyond the last input
  int64_t x_row;
  T* y;
  int64_t y_row;
  int64_t rows, outputs;  // outputs: of a row
  int64_t taps;
  const int64_t* offsets;
  const T* weights;
  int square;  // 3 or 5: the taps are a square of neighbours, rows x_row apart; 0 for any
  T bias;
  T limit;  // of relu_limit(); 0: the sum as it is
  bool accumulate;
};

// sums[t] += sum over u and v of  dy[u][v] * x[u * x_row + offsets[t] + v]
template <class T>
struct DepthwiseLinesGradient {
  const T* x;
  int64_t x_row;
  const T* dy;
  int64_t dy_row;
  int64_t rows, outputs;
  int64_t taps;
  const int64_t* offsets;
  int square;
  T* sums;
};

// A plane whose rows are part of a vector, under a square of 3 x 3 taps that leaves its width as it is: its rows are
// shifted in registers rather than framed. Sums as in lines() and gradient(), in the order of lines().
constexpr int kNarrowLanes = 8;  // of a vector at least: hardly a plane fits a shorter one
struct NarrowPlane {
  int64_t height, width;  // of x; width <= lanes
  int64_t before, rows;   // rows of padding above it; rows of outputs
};

// Planes of outputs that all see one plane, each by a square of 3 x 3 taps of its own: what a few outputs see stays in
// registers while the planes pass over it.
template <class T>
struct DepthwiseFan {
  const T* x;  // the first tap of the first output
  int64_t x_row;
  int64_t rows, outputs;  // of a plane; two rows at least, outputs of a row
  int64_t y_row;
  int64_t planes, y_plane;
};

template <class T>
struct DepthwiseLinesKernels {
  void (*frame)(const LineFrame<T>&);
  void (*lines)(const DepthwiseLines<T>&);
  void (*gradient)(const DepthwiseLinesGradient<T>&);
  // row[m * stride + q] = phases[q * phase_step + m], for a row of `width`
  void (*interleave)(const T* phases, int64_t phase_step, int64_t stride, int64_t width, T* row);
  // Null for vectors of fewer than kNarrowLanes. y, y_row, weights, bias, limit and accumulate of `lines` are used.
  void (*narrow)(const NarrowPlane& plane, const T* x, const DepthwiseLines<T>& lines);
  void (*narrow_gradient)(const NarrowPlane& plane, const T* x, const T* dy, T* sums);
  // Null with those. y[o][u][v] = bias[o] + the sum over taps of weights[o][tap] * x, as lines(); bias may be null.
  void (*fan)(const DepthwiseFan<T>&, const T* weights, const T* bias, T limit, T* y);
  // sums[o][tap][lane] += products of dy[o][u][v] and x, whose sum over lanes is the gradient. An even number of rows.
  void (*fan_gradient)(const DepthwiseFan<T>&, const T* dy, T* sums);
};

}  // namespace foldgate
