// transpose<T>(v): kLanes vectors, as rows of a square, transposed in registers.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// Lanes of 128 bits. A shuffle that is the same in each of these quads, or moves them as a whole, is one instruction and
// needs no register of indices.
template <class T>
constexpr int kQuad = 16 / static_cast<int>(sizeof(T));

// Of every quad a0 b0 a1 b1 ..., from its lower or upper half.
template <class T, bool Upper, int... I>
FOLDGATE_INLINE Vec<T> interleave_quads(Vec<T> a, Vec<T> b, Indices<I...>) {
  return __builtin_shufflevector(
      a, b, (I - I % kQuad<T> + (I % kQuad<T> + (Upper ? kQuad<T> : 0)) / 2 + (I & 1 ? kLanes<T> : 0))...);
}
// The even or odd quads of a, then those of b.
template <class T, int Odd, int... I>
FOLDGATE_INLINE Vec<T> every_second_quad(Vec<T> a, Vec<T> b, Indices<I...>) {
  return __builtin_shufflevector(a, b, (I + I - I % kQuad<T> + Odd * kQuad<T>)...);
}

// kQuad rows, quad by quad: each stage moves a bit of a number's lane to its row.
template <class T, int Stages>
FOLDGATE_INLINE void transpose_in_quads(Vec<T>* v) {
  constexpr int kHalf = kQuad<T> / 2;
  Vec<T> turned[kQuad<T>];
  FOLDGATE_UNROLL
  for (int i = 0; i < kHalf; ++i) {
    turned[2 * i] = interleave_quads<T, false>(v[i], v[i + kHalf], LaneIndices<T>());
    turned[2 * i + 1] = interleave_quads<T, true>(v[i], v[i + kHalf], LaneIndices<T>());
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < kQuad<T>; ++i) v[i] = turned[i];
  if constexpr (Stages > 1) transpose_in_quads<T, Stages / 2>(v);
}
// The same of rows v[0], v[kQuad], ... with their quads as the numbers.
template <class T, int Stages>
FOLDGATE_INLINE void transpose_quads(Vec<T>* v) {
  constexpr int kQuads = kLanes<T> / kQuad<T>;
  Vec<T> turned[kQuads];
  FOLDGATE_UNROLL
  for (int i = 0; i < kQuads / 2; ++i) {
    const Vec<T> a = v[2 * i * kQuad<T>], b = v[(2 * i + 1) * kQuad<T>];
    turned[i] = every_second_quad<T, 0>(a, b, LaneIndices<T>());
    turned[kQuads / 2 + i] = every_second_quad<T, 1>(a, b, LaneIndices<T>());
  }
  FOLDGATE_UNROLL
  for (int i = 0; i < kQuads; ++i) v[i * kQuad<T>] = turned[i];
  if constexpr (Stages > 1) transpose_quads<T, Stages / 2>(v);
}
template <class T>
FOLDGATE_INLINE void transpose(Vec<T>* v) {
  constexpr int kQuads = kLanes<T> / kQuad<T>;
  FOLDGATE_UNROLL
  for (int i = 0; i < kQuads; ++i) transpose_in_quads<T, kQuad<T> / 2>(v + i * kQuad<T>);
  if constexpr (kQuads > 1) {
    FOLDGATE_UNROLL
    for (int i = 0; i < kQuad<T>; ++i) transpose_quads<T, kQuads / 2>(v + i);
  }
}

}  // namespace foldgate::FOLDGATE_ISA
