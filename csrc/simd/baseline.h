// The baseline of x86-64 (SSE2: 16 registers of 16 bytes), and of architectures that have no header of their own.
#pragma once
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "simd/portable.h"

namespace foldgate::FOLDGATE_ISA {

constexpr int kRegisters = 16;
constexpr bool kFusedMultiplyAdd = false;

#if defined(__SSE2__)
FOLDGATE_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return _mm_max_ps(a, b); }
FOLDGATE_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return _mm_max_pd(a, b); }
FOLDGATE_INLINE Vec<float> minimum(Vec<float> a, Vec<float> b) { return _mm_min_ps(a, b); }
FOLDGATE_INLINE Vec<double> minimum(Vec<double> a, Vec<double> b) { return _mm_min_pd(a, b); }
FOLDGATE_INLINE Vec<float> root(Vec<float> v) { return _mm_sqrt_ps(v); }
FOLDGATE_INLINE Vec<double> root(Vec<double> v) { return _mm_sqrt_pd(v); }
#else
FOLDGATE_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return a > b ? a : b; }
FOLDGATE_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return a > b ? a : b; }
FOLDGATE_INLINE Vec<float> minimum(Vec<float> a, Vec<float> b) { return a < b ? a : b; }
FOLDGATE_INLINE Vec<double> minimum(Vec<double> a, Vec<double> b) { return a < b ? a : b; }
FOLDGATE_INLINE Vec<float> root(Vec<float> v) {
  for (int i = 0; i < kLanes<float>; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
}
FOLDGATE_INLINE Vec<double> root(Vec<double> v) {
  for (int i = 0; i < kLanes<double>; ++i) v[i] = __builtin_sqrt(v[i]);
  return v;
}
#endif

}  // namespace foldgate::FOLDGATE_ISA
