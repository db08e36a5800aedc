// Vectors of every step-th value of memory, for kernels whose lanes run along a strided axis.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// Values 0, 2, 4, ... of 2 kLanes - 1 that lie in a = p[0 ..] and b = p[kLanes - 1 ..].
template <class T, int... I>
FOLDGATE_INLINE Vec<T> every_second(Vec<T> a, Vec<T> b, Indices<I...>) {
  return __builtin_shufflevector(a, b, (I < kLanes<T> / 2 ? 2 * I : 2 * I + 1)...);
}

// Whether loads of step 3 are worth their code: of four values three loads and two shuffles take as long as four loads.
template <class T>
constexpr bool kThirdsPay = kLanes<T> >= 8;

// Values 0, 3, 6, ... of 3 kLanes - 2 that lie in a = p[0 ..], b = p[kLanes ..] and c = p[2 kLanes - 2 ..].
template <class T, int... I>
FOLDGATE_INLINE Vec<T> every_third(Vec<T> a, Vec<T> b, Vec<T> c, Indices<I...>) {
  constexpr int kTwo = 2 * kLanes<T>;
  const Vec<T> of_two = __builtin_shufflevector(a, b, (3 * I < kTwo ? 3 * I : -1)...);
  return __builtin_shufflevector(of_two, c, (3 * I < kTwo ? I : kLanes<T> + 3 * I - (kTwo - 2))...);
}

// p[0], p[step], ..., p[(kLanes - 1) * step], and nothing beyond the last is read. Step 0 stands for any, given at run
// time; 1 to 3 are whole loads.
template <int Step, class T>
FOLDGATE_INLINE Vec<T> load_strided(const T* p, int64_t step) {
  constexpr int kL = kLanes<T>;
  if constexpr (Step == 1) return load(p);
  if constexpr (Step == 2) return every_second<T>(load(p), load(p + kL - 1), LaneIndices<T>());
  if constexpr (Step == 3)
    return every_third<T>(load(p), load(p + kL), load(p + 2 * kL - 2), LaneIndices<T>());
  Vec<T> v = {};
  FOLDGATE_UNROLL
  for (int i = 0; i < kLanes<T>; ++i) v[i] = p[i * step];
  return v;
}

// p[0], p[2], ... and p[1], p[3], ... of 2 kLanes values.
template <class T>
struct EvenOdd {
  Vec<T> even, odd;
};
template <class T, int... I>
FOLDGATE_INLINE EvenOdd<T> load_even_odd(const T* p, Indices<I...>) {
  Vec<T> a = load(p), b = load(p + kLanes<T>);
  hold<T>(a), hold<T>(b);
  return {__builtin_shufflevector(a, b, (2 * I)...), __builtin_shufflevector(a, b, (2 * I + 1)...)};
}
template <class T>
FOLDGATE_INLINE EvenOdd<T> load_even_odd(const T* p) {
  return load_even_odd<T>(p, LaneIndices<T>());
}

FOLDGATE_INLINE int64_t at_least_zero(int64_t n) { return n > 0 ? n : 0; }

// The same where only p[0 .. readable) may be read; lanes beyond are 0.
template <int Step, class T>
FOLDGATE_INLINE Vec<T> load_strided(const T* p, int64_t step, int64_t readable) {
  if constexpr (Step == 1) return load(p, at_least_zero(readable));
  const auto part = [=](int64_t at) FOLDGATE_LAMBDA { return load(p + at, at_least_zero(readable - at)); };
  constexpr int kL = kLanes<T>;
  if constexpr (Step == 2) return every_second<T>(part(0), part(kL - 1), LaneIndices<T>());
  if constexpr (Step == 3) return every_third<T>(part(0), part(kL), part(2 * kL - 2), LaneIndices<T>());
  Vec<T> v = {};
  for (int i = 0; i < kLanes<T> && i * step < readable; ++i) v[i] = p[i * step];
  return v;
}

// a0 b0 a1 b1 ...: the first kLanes values (Half 0), or the others (Half 1).
template <class T, int Half, int... I>
FOLDGATE_INLINE Vec<T> interleaved(Vec<T> a, Vec<T> b, Indices<I...>) {
  return __builtin_shufflevector(a, b, (Half * kLanes<T> / 2 + I / 2 + (I & 1 ? kLanes<T> : 0))...);
}
template <class T>
FOLDGATE_INLINE void store_interleaved(T* p, Vec<T> a, Vec<T> b) {
  store(p, interleaved<T, 0>(a, b, LaneIndices<T>()));
  store(p + kLanes<T>, interleaved<T, 1>(a, b, LaneIndices<T>()));
}

// The first n of them, n >= 1.
template <class T>
FOLDGATE_INLINE void store_interleaved(T* p, Vec<T> a, Vec<T> b, int64_t n) {
  const LaneIndices<T> lanes;
  store(p, interleaved<T, 0>(a, b, lanes), n);
  if (n > kLanes<T>) store(p + kLanes<T>, interleaved<T, 1>(a, b, lanes), n - kLanes<T>);
}

}  // namespace foldgate::FOLDGATE_ISA
