// Bodies of the narrow planes' kernels of depthwise_lines.h: a row is part of a vector, and is shifted in it.
#pragma once
#include "kernels/depthwise_lines.h"
#include "simd/fetch.h"
#include "simd/stride.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T, int... I>
FOLDGATE_INLINE Vec<T> from_left(Vec<T> v, Indices<I...>) {
  return __builtin_shufflevector(Vec<T>{}, v, (kLanes<T> - 1 + I)...);
}
template <class T, int... I>
FOLDGATE_INLINE Vec<T> from_right(Vec<T> v, Indices<I...>) {
  return __builtin_shufflevector(v, Vec<T>{}, (1 + I)...);
}

// seen[j]: the inputs that tap j of a row meets; row r of the plane, zeros outside. Lanes beyond the width are not zeros
// in seen[0].
template <class T>
FOLDGATE_INLINE void see_row(const NarrowPlane& p, const T* x, int64_t r, Vec<T> (&seen)[3]) {
  const bool inside = r >= 0 && r < p.height;
  seen[1] = inside ? load(x + r * p.width, p.width) : Vec<T>{};
  seen[0] = from_left<T>(seen[1], LaneIndices<T>());
  seen[2] = from_right<T>(seen[1], LaneIndices<T>());
}

// Every row of inputs is loaded once, for the three rows of outputs that see it: sums[i] has the taps above row i.
template <class T>
void narrow(const NarrowPlane& p, const T* x, const DepthwiseLines<T>& l) {
  Vec<T> weights[9], sums[3] = {};
  FOLDGATE_UNROLL
  for (int t = 0; t < 9; ++t) weights[t] = broadcast<T>(l.weights[t]);
  for (int64_t r = -p.before, u = -2; u < p.rows; ++r, ++u) {  // row u of outputs ends with row r of inputs
    Vec<T> seen[3];
    see_row(p, x, r, seen);
    fetch_stream(x + r * p.width);
    sums[0] = broadcast<T>(l.bias);
    if (l.accumulate && u + 2 < p.rows) sums[0] += load(l.y + (u + 2) * l.y_row, p.width);
    FOLDGATE_UNROLL
    for (int i = 2; i >= 0; --i) {
      Vec<T> sum = sums[i];
      FOLDGATE_UNROLL
      for (int j = 0; j < 3; ++j) sum += weights[3 * i + j] * seen[j];
      if (i < 2)
        sums[i + 1] = sum;
      else if (u >= 0)
        store(l.y + u * l.y_row, l.limit != 0 ? clamp<T>(T(0), l.limit, sum) : sum, p.width);
    }
  }
}

template <class T>
void narrow_gradient(const NarrowPlane& p, const T* x, const T* dy, T* total) {
  Vec<T> sums[9] = {};
  const auto live = iota<T>() < broadcast_int<T>(static_cast<typename VecTraits<T>::Int>(p.width));
  for (int64_t r = -p.before; r < p.rows + 2 - p.before; ++r) {
    Vec<T> seen[3];
    see_row(p, x, r, seen);
    fetch_stream(x + r * p.width);
    fetch_stream(dy + r * p.width);
    seen[0] = live ? seen[0] : Vec<T>{};  // an infinity that no output sees
    FOLDGATE_UNROLL
    for (int i = 0; i < 3; ++i) {
      const int64_t u = r + p.before - i;
      if (u < 0 || u >= p.rows) continue;
      const Vec<T> d = load(dy + u * p.width, p.width);
      FOLDGATE_UNROLL
      for (int j = 0; j < 3; ++j) sums[3 * i + j] += d * seen[j];
    }
  }
  Vec<T> stored[9];
  FOLDGATE_UNROLL
  for (int t = 0; t < 9; ++t) stored[t] = sums[t];
  FOLDGATE_KEEP_LOOP
  for (int t = 0; t < 9; ++t) total[t] += sum(stored[t]);
}

}  // namespace
}  // namespace foldgate::FOLDGATE_ISA
