// Depthwise convolution of channels_last rows: vectors run along the channels.
#pragma once
#include <cstdint>

#include "kernels/stream.h"

namespace foldgate {

// How the taps of a row stand: in runs of `taps`, `dilation` pixels apart, where outputs are `stride` pixels apart.
struct DepthwiseRun {
  int taps = 1;  // 1: anyhow
  int64_t stride = 1, dilation = 1;
};

// Runs whose inputs a kernel shares between its outputs.
constexpr bool shares_inputs(DepthwiseRun run) {
  if (run.stride == 1 && run.dilation == 2)
    return run.taps == 3;  // longer ones are rare, and each is 2 KB of code
  return run.stride <= 2 && run.dilation == 1 && (run.taps == 3 || run.taps == 5 || run.taps == 7);
}

// y[v][c] = bias[c] + sum over taps t of  weights[t][c] * x[v * x_step + offsets[t] + c]
template <class T>
struct DepthwiseRow {
  const T* x;
  int64_t x_step;  // from output to output
  Target<T> y;
  int64_t y_step;
  int64_t outputs, channels;
  int64_t taps;
  const int64_t* offsets;
  const T* const* weights;
  DepthwiseRun run;
  const T* bias;  // (channels,) or null
  T limit;        // of relu_limit(); 0: the sum as it is
};

// Rows of outputs that go together: with a window of 3 rows each input is then read for 6 / 4 rows from L2 instead of 3.
constexpr int kDepthwiseRows = 4;

// kDepthwiseRows rows of outputs u of a square window of neighbours, none of which is outside:
//   y[u][v][c] = bias[c] + sum over i, j < size of  weights[i * size + j][c] * x[(u + i) * x_row + (v + j) * x_step + c]
template <class T>
struct DepthwiseBand {
  const T* x;
  int64_t x_row, x_step;
  Target<T> y;
  int64_t y_row, y_step;
  int64_t outputs, channels;  // outputs: of a row
  const T* const* weights;
  int size;       // 3, 5 or 7
  const T* bias;  // (channels,) or null
  T limit;        // of relu_limit(); 0: the sum as it is
};

// sums[t][c] += sum over v of  dy[v][c] * x[v * x_step + offsets[t] + c]
template <class T>
struct DepthwiseGradient {
  const T* x;
  int64_t x_step;
  const T* dy;
  int64_t dy_step;
  int64_t outputs, channels;
  int64_t taps;
  const int64_t* offsets;
  T* const* sums;
};

// The same over a band (see above), dense along the width:
//   sums[i * size + j][c] += sum over rows u and v of  dy[u][v][c] * x[(u + i) * x_row + (v + j) * channels + c]
template <class T>
struct DepthwiseBandGradient {
  const T* x;
  int64_t x_row;
  const T* dy;
  int64_t dy_row;
  int64_t outputs, channels;  // outputs: of a row
  T* const* sums;
  int size;  // 3, 5 or 7
};

template <class T>
struct DepthwiseKernels {
  void (*row)(const DepthwiseRow<T>&);
  void (*band)(const DepthwiseBand<T>&);
  void (*gradient)(const DepthwiseGradient<T>&);
  void (*band_gradient)(const DepthwiseBandGradient<T>&);
};

}  // namespace foldgate
