// A convolution along one axis in the frequency domain, the work of forward and of the gradient of x:
//
//   out[n][p][j] = bias[j] + sum over taps t, channels k of  in[n][p - before + t * dilation][k] * taps(t, k)[j]
//
// or, lane by lane, out[n][p][k] = bias[k] + sum over t of in[..][k] * taps(t, 0)[k].
//
// Each channel of a pair of blocks is transformed, each frequency is a product over channels, and back (kernels/fft.h).
// Scratch: the spectrum of the kernel, 3 F numbers for each of its sums (2 F a channel lane by lane); of a chunk of
// pairs, kFftChunkBytes or those of one slot (a slot for each worker lane by lane).
#pragma once
#include "ops/conv/fft_blocks.h"

namespace foldgate {

constexpr int64_t kFftChunkBytes = 4 << 20;

// Row (t, k) at data + t * tap_step + k * channel_step, contiguous along the outputs.
template <class T>
struct FftTaps {
  const T* data;
  int64_t tap_step, channel_step;
};

template <class T>
struct FftProduct {
  FftBlocks blocks;
  int64_t in_channels, out_channels;
  bool lanewise;
  FftOperand<const T> in;
  FftTaps<T> taps;
  const T* bias;
  FftOperand<T> out;
};

template <class T>
void fft_product(const FftProduct<T>& product);

// Gradients of the taps: sum over n, p of in[n][p - before + t * dilation][k] * dy[n][p][j], or lane by lane.
template <class T>
struct FftGradient {
  FftBlocks blocks;
  int64_t in_channels, out_channels;
  bool lanewise;
  FftOperand<const T> in, dy;
  bool accumulate;
  T* taps;
  int64_t tap_step, channel_step;
};
template <class T>
void fft_gradient(const FftGradient<T>& gradient);

}  // namespace foldgate
