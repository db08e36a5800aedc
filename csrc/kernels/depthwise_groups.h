// Convolutions of narrow groups of equally many channels in and out (depthwise.h): a vector holds several groups, and every
// input of a group is brought to all of its lanes by a shuffle, so that no lane multiplies zeros.
#pragma once
#include "kernels/depthwise_band.h"

namespace foldgate::FOLDGATE_ISA {

// Groups that a vector holds two of at least. Doubles are left to the tiles: floats alone are 22 KB of code.
template <class T>
constexpr bool kHoldsGroups(int group) {
  return sizeof(T) == 4 && 2 * group <= kLanes<T>;
}

// In every lane, value J of its group of G.
template <int G, int J, class T, int... I>
FOLDGATE_INLINE Vec<T> group_value(Vec<T> v, Indices<I...>) {
  return __builtin_shufflevector(v, v, (I - I % G + J)...);
}

template <class T, int G, int... J>
FOLDGATE_INLINE void add_products(Vec<T>& sum, const Vec<T> (&weights)[G], Vec<T> in, Indices<J...>) {
  ((sum += weights[J] * group_value<G, J, T>(in, LaneIndices<T>())), ...);
}

// P outputs from v on. A tap takes P loads, G * P shuffles and as many multiply-adds.
template <class T, int G, int P>
FOLDGATE_INLINE void outputs_of_groups(const DepthwiseRow<T>& row, int64_t v) {
  for (int64_t c = 0; c < row.channels; c += kLanes<T>) {
    const T* x = row.x + v * row.x_step + c;
    Vec<T> sum[P];
    FOLDGATE_UNROLL
    for (int p = 0; p < P; ++p) sum[p] = start<true>(row.bias, c, 0);
    for (int64_t t = 0; t < row.taps; ++t) {
      Vec<T> weights[G];
      FOLDGATE_UNROLL
      for (int j = 0; j < G; ++j) weights[j] = load(row.weights[t] + j * row.group_step + c);
      const T* from = x + row.offsets[t];
      FOLDGATE_UNROLL
      for (int p = 0; p < P; ++p)
        add_products<T, G>(sum[p], weights, load(from + p * row.x_step), typename MakeIndices<G>::type());
    }
    finish<true, T, P>(sum, row.limit, row.y + (v * row.y_step + c), row.y_step, 0);
  }
}

// The last outputs are computed twice rather than one at a time.
template <class T, int G>
void row_of_groups(const DepthwiseRow<T>& row, Indices<G>) {
  int64_t v = 0;
  for (; v + 8 <= row.outputs; v += 8) outputs_of_groups<T, G, 8>(row, v);
  for (; v + 4 <= row.outputs; v += 4) outputs_of_groups<T, G, 4>(row, v);
  if (v < row.outputs && row.outputs >= 4) return outputs_of_groups<T, G, 4>(row, row.outputs - 4);
  for (; v < row.outputs; ++v) outputs_of_groups<T, G, 1>(row, v);
}

template <class T, int G, int... J>
FOLDGATE_INLINE void add_gradients(Vec<T> (&sum)[G], Vec<T> d, Vec<T> in, Indices<J...>) {
  ((sum[J] += d * group_value<G, J, T>(in, LaneIndices<T>())), ...);
}

// N taps from t on: N * G accumulators, along the whole row.
template <class T, int G, int N>
FOLDGATE_INLINE void gradient_taps_of_groups(const DepthwiseGradient<T>& g, int64_t t) {
  for (int64_t c = 0; c < g.channels; c += kLanes<T>) {
    Vec<T> sum[N][G];
    FOLDGATE_UNROLL
    for (int n = 0; n < N; ++n) {
      FOLDGATE_UNROLL
      for (int j = 0; j < G; ++j) sum[n][j] = load(g.sums[t + n] + j * g.group_step + c);
    }
    for (int64_t v = 0; v < g.outputs; ++v) {
      const Vec<T> d = load(g.dy + v * g.dy_step + c);
      FOLDGATE_UNROLL
      for (int n = 0; n < N; ++n)
        add_gradients<T, G>(sum[n], d, load(g.x + g.offsets[t + n] + v * g.x_step + c),
                            typename MakeIndices<G>::type());
    }
    FOLDGATE_UNROLL
    for (int n = 0; n < N; ++n) {
      FOLDGATE_UNROLL
      for (int j = 0; j < G; ++j) store(g.sums[t + n] + j * g.group_step + c, sum[n][j]);
    }
  }
}

template <class T, int G>
void gradient_of_groups(const DepthwiseGradient<T>& g, Indices<G>) {
  constexpr int kTaps = 8 / G;  // eight chains hide the latency of the multiply-add
  int64_t t = 0;
  for (; t + kTaps <= g.taps; t += kTaps) gradient_taps_of_groups<T, G, kTaps>(g, t);
  for (; t < g.taps; ++t) gradient_taps_of_groups<T, G, 1>(g, t);
}

// body(G) of a group that kHoldsGroups as a constant.
template <class T, class Body>
FOLDGATE_INLINE void by_group(int group, Body body) {
  if constexpr (kHoldsGroups<T>(8))
    if (group == 8) return body(Indices<8>());
  if constexpr (kHoldsGroups<T>(4))
    if (group == 4) return body(Indices<4>());
  if constexpr (kHoldsGroups<T>(2))
    if (group == 2) return body(Indices<2>());
}

}  // namespace foldgate::FOLDGATE_ISA
