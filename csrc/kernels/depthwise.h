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
// Of groups of more channels, of which holds_groups knows, and whole vectors of channels:
//   y[v][c] = bias[c] + sum over t, j < group of  weights[t][j * group_step + c] * x[v * x_step + offsets[t] + c - c % group + j]
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
  int group = 1;
  int64_t group_step = 0;
};

// Rows of outputs that go together: with a window of 3 rows each input is then read for 6 / 4 rows from L2 instead of 3.
constexpr int kDepthwiseRows = 4;

// kDepthwiseRows rows of outputs u of a window of 3 x 3 neighbours, none of which is outside:
//   y[u][v][c] = bias[c] + sum over i, j < 3 of  weights[i * 3 + j][c] * x[(u + i) * x_row + (v + j) * x_step + c]
template <class T>
struct DepthwiseBand {
  const T* x;
  int64_t x_row, x_step;
  Target<T> y;
  int64_t y_row, y_step;
  int64_t outputs, channels;  // outputs: of a row
  const T* const* weights;
  const T* bias;  // (channels,) or null
  T limit;        // of relu_limit(); 0: the sum as it is
  bool fetches;   // the rows that the next band sees and this one does not
};

// A row of outputs of one vector of channels, whose inputs stand in a frame: rows of pixels of kLanes values, zeros where
// the image ends. Its weights stand in the taps' order, kLanes values each.
//   y[v][c] = bias[c] + sum over i < rows, j < columns of  weights[i][j][c] * row[i][v + j][c]
template <class T>
struct DepthwiseFramed {
  const T* const* row;
  int64_t rows, columns;  // of taps
  const T* weights;
  Target<T> y;
  int64_t y_step;
  int64_t outputs;   // kFramedLeast at least
  int64_t channels;  // kLanes at most
  const T* bias;     // (channels,) or null
  T limit;           // of relu_limit(); 0: the sum as it is
};
constexpr int64_t kFramedLeast = 7;

// sums[t][c] += sum over v of  dy[v][c] * x[v * x_step + offsets[t] + c]; of groups as above
//   sums[t][j * group_step + c] += sum over v of  dy[v][c] * x[v * x_step + offsets[t] + c - c % group + j]
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
  int group = 1;
  int64_t group_step = 0;
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
  int size;      // 3, 5 or 7
  bool fetches;  // the rows that the next band sees and this one does not
};

template <class T>
struct DepthwiseKernels {
  void (*row)(const DepthwiseRow<T>&);
  void (*band)(const DepthwiseBand<T>&);
  // out[v] = the first `channels` values of x[v * x_step ..], and zeros up to kLanes; those `ahead` are fetched
  void (*gather)(const T* x, int64_t x_step, int64_t ahead, int64_t pixels, int64_t channels, T* out);
  void (*framed)(const DepthwiseFramed<T>&);
  void (*gradient)(const DepthwiseGradient<T>&);
  void (*band_gradient)(const DepthwiseBandGradient<T>&);
  bool (*holds_groups)(int group);  // whether row and gradient know groups of so many channels
};

}  // namespace foldgate
