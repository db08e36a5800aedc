// The vector contract, one for every tier and for float and double. Kernels are written on this header alone:
//
//   Vec<T>, IntVec<T>, kLanes<T>, kRegisters       types and sizes of the tier
//   kFusedMultiplyAdd                              or a product takes a register, and an instruction, of its own
//   load(p), load(p, n)                            whole vector, or the first n lanes and zeros (0 <= n <= lanes)
//   store(p, v), store(p, v, n)                    nothing beyond lane n is read or written
//   kStoresPastCache                               or the tier has plain stores alone
//   store_past_cache(p, v), fence_past_cache()     p a multiple of the vector; what was stored so is seen by other
//                                                  threads in order after the fence alone
//   broadcast<T>(s), iota<T>()                     s in every lane; 0, 1, 2, ...
//   maximum(a, b), minimum(a, b)                   b where either is NaN: put what may carry a NaN second
//   kLooksUp; lookup(table, i)                     or the tier has no such instruction: table[i mod 16], 16 floats
//   root(v)                                        the square root, rounded as IEEE says
//   mask ? a : b, a > b, a * b + c                 the compiler's own operators; * and + contract to FMA
//   hold<T>(v)                                     v is in a register from here on
//   sum(v)                                         of all lanes, in a fixed order (halves, quarters, ...)
//   load_bytes(p, T{}), store_bytes(p, ints)       kLanes bytes <-> integer lanes
//
// Other p need no alignment.
#pragma once
#include <cstdint>

#ifndef FOLDGATE_ISA
#error "kernels are compiled once per tier with FOLDGATE_ISA set to its name"
#endif

#if defined(__AVX512F__)
#include "simd/avx512.h"
#elif defined(__AVX2__)
#include "simd/avx2.h"
#elif defined(__aarch64__)
#include "simd/neon.h"
#else
#include "simd/baseline.h"
#endif

namespace foldgate::FOLDGATE_ISA {

template <class T>
FOLDGATE_INLINE Vec<T> load(const T* p) {
  Vec<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
FOLDGATE_INLINE void store(float* p, Vec<float> v) { __builtin_memcpy(p, &v, sizeof v); }
FOLDGATE_INLINE void store(double* p, Vec<double> v) { __builtin_memcpy(p, &v, sizeof v); }

template <class T>
FOLDGATE_INLINE Vec<T> load(const T* p, int64_t n) {
  return n >= kLanes<T> ? load(p) : load_part(p, n);
}
FOLDGATE_INLINE void store(float* p, Vec<float> v, int64_t n) {
  n >= kLanes<float> ? store(p, v) : store_part(p, v, n);
}
FOLDGATE_INLINE void store(double* p, Vec<double> v, int64_t n) {
  n >= kLanes<double> ? store(p, v) : store_part(p, v, n);
}

// s - 0 is s for every s, -0 and NaN included, so this folds to a broadcast.
template <class T>
FOLDGATE_INLINE Vec<T> broadcast(T s) {
  return s - Vec<T>{};
}
template <class T>
FOLDGATE_INLINE IntVec<T> broadcast_int(typename VecTraits<T>::Int s) {
  return s - IntVec<T>{};
}

// v is in a register from here on: gcc would read memory again at every use of what it loaded from there, which is
// right only where registers are few.
template <class T>
FOLDGATE_INLINE void hold(Vec<T>& v) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(v));
#elif defined(__aarch64__)
  __asm__("" : "+w"(v));
#else
  __asm__("" : "+x"(v));
#endif
}

// The lane numbers 0 .. N-1 as a pack: std::integer_sequence, which must not be instantiated under an ISA flag.
template <int... I>
struct Indices {};
template <int N, int... I>
struct MakeIndices : MakeIndices<N - 1, N - 1, I...> {};
template <int... I>
struct MakeIndices<0, I...> {
  using type = Indices<I...>;
};
template <class T>
using LaneIndices = typename MakeIndices<kLanes<T>>::type;

template <class T, int... I>
FOLDGATE_INLINE IntVec<T> iota_of(Indices<I...>) {
  return IntVec<T>{I...};
}
template <class T>
FOLDGATE_INLINE IntVec<T> iota() {
  return iota_of<T>(LaneIndices<T>());
}

// NaN where x is.
template <class T>
FOLDGATE_INLINE Vec<T> clamp(T low, T high, Vec<T> x) {
  return maximum(broadcast<T>(low), minimum(broadcast<T>(high), x));
}

template <class T, int Distance, int... I>
FOLDGATE_INLINE Vec<T> swap_lanes(Vec<T> v, Indices<I...>) {
  return __builtin_shufflevector(v, v, (I ^ Distance)...);
}
template <class T, int Distance>
FOLDGATE_INLINE T sum_from(Vec<T> v) {
  v += swap_lanes<T, Distance>(v, LaneIndices<T>());
  if constexpr (Distance > 1)
    return sum_from<T, Distance / 2>(v);
  else
    return v[0];
}
FOLDGATE_INLINE float sum(Vec<float> v) { return sum_from<float, kLanes<float> / 2>(v); }
FOLDGATE_INLINE double sum(Vec<double> v) { return sum_from<double, kLanes<double> / 2>(v); }

}  // namespace foldgate::FOLDGATE_ISA
