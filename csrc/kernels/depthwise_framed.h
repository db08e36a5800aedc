// Rows of outputs whose inputs stand in a frame (depthwise.h): every load is of L1, and no output sees an edge.
#pragma once
#include "kernels/depthwise.h"
#include "kernels/depthwise_band.h"
#include "kernels/pack.h"
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// Outputs side by side, half of them where a row ends. With a row's weights and an input they fit the registers, and widths
// of images are multiples of 7.
constexpr int kFramedOutputs = kRegisters >= 32 ? 14 : 8;

template <class T>
void gather(const T* x, int64_t x_step, int64_t ahead, int64_t pixels, int64_t channels, T* out) {
  for (int64_t v = 0; v < pixels; ++v, x += x_step, out += kLanes<T>) {
    __builtin_prefetch(x + ahead, 0, 2);
    store(out, load(x, channels));
  }
}

// Columns taps of a row from x on, which go on behind them: an input is loaded once for all of these.
template <int Columns, class T, int P>
FOLDGATE_INLINE void add_taps(const T*& x, const T*& weights, Vec<T> (&sum)[P]) {
  Vec<T> w[Columns];
  FOLDGATE_UNROLL
  for (int j = 0; j < Columns; ++j) w[j] = load(weights + j * kLanes<T>);
  FOLDGATE_UNROLL
  for (int q = 0; q < P + Columns - 1; ++q) {
    Vec<T> in = load(x + q * kLanes<T>);
    if constexpr (P + Columns + 2 < kRegisters) hold<T>(in);
    FOLDGATE_UNROLL
    for (int j = 0; j < Columns; ++j)
      if (q >= j && q - j < P) sum[q - j] += w[j] * in;
  }
  x += Columns * kLanes<T>;
  weights += Columns * kLanes<T>;
}

// A row of `columns` taps, which are Columns, or any number where that is 0.
template <int Columns, class T, int P>
FOLDGATE_INLINE void add_row(const T* x, const T*& weights, int64_t columns, Vec<T> (&sum)[P]) {
  if constexpr (Columns > 0) return add_taps<Columns>(x, weights, sum);
  for (; columns >= 5; columns -= 5) add_taps<5>(x, weights, sum);
  if (columns >= 3) {
    add_taps<3>(x, weights, sum);
    columns -= 3;
  }
  for (; columns > 0; --columns) add_taps<1>(x, weights, sum);
}

// P outputs from v on. Every output is one chain over the taps in their order.
template <class T, int P, int Columns>
FOLDGATE_INLINE void framed_outputs(const DepthwiseFramed<T>& f, int64_t v) {
  const T* weights = f.weights;
  Vec<T> sum[P];
  FOLDGATE_UNROLL
  for (int p = 0; p < P; ++p) sum[p] = f.bias ? load(f.bias, f.channels) : Vec<T>{};
  for (int64_t i = 0; i < f.rows; ++i)
    add_row<Columns>(opaque(f.row[i] + v * kLanes<T>), weights, f.columns, sum);
  const Target<T> y = f.y + v * f.y_step;
  if (f.channels == kLanes<T>)
    finish<true, T, P>(sum, f.limit, y, f.y_step, 0);
  else
    finish<false, T, P>(sum, f.limit, y, f.y_step, f.channels);
}

// The last outputs of a row are computed twice rather than a few at a time.
template <class T, int Columns>
void framed_row(const DepthwiseFramed<T>& f) {
  constexpr int64_t kAll = kFramedOutputs, kHalf = kAll / 2;
  int64_t v = 0;
  for (; v + kAll <= f.outputs; v += kAll) framed_outputs<T, kAll, Columns>(f, v);
  for (; v < f.outputs; v += kHalf)
    framed_outputs<T, kHalf, Columns>(f, v + kHalf <= f.outputs ? v : f.outputs - kHalf);
}

template <class T>
void framed(const DepthwiseFramed<T>& f) {
  if (f.columns == 5) return framed_row<T, 5>(f);
  if (f.columns == 7) return framed_row<T, 7>(f);
  framed_row<T, 0>(f);
}

}  // namespace
}  // namespace foldgate::FOLDGATE_ISA
