// Depthwise convolution of channels_last rows: vectors run along the channels.
#pragma once
#include <cstdint>

namespace foldgate {

// y[v][c] = bias[c] + sum over taps t of  weights[t][c] * x[v * x_step + offsets[t] + c]
template <class T>
struct DepthwiseRow {
  const T* x;
  int64_t x_step;  // from output to output
  T* y;
  int64_t y_step;
  int64_t outputs, channels;
  int64_t taps;
  const int64_t* offsets;
  const T* const* weights;
  int run;        // taps come in runs of so many neighbours, each x_step after the last: 3, 5, or 1 for any
  const T* bias;  // (channels,) or null
  bool relu;
  bool stream;  // past the cache: y and y_step in whole aligned vectors
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

template <class T>
struct DepthwiseKernels {
  void (*row)(const DepthwiseRow<T>&);
  void (*gradient)(const DepthwiseGradient<T>&);
};

}  // namespace foldgate
