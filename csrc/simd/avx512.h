// AVX-512 (F, BW, DQ, VL): 32 registers of 64 bytes, masked loads and stores.
#pragma once
#include <immintrin.h>

#include "simd/macros.h"

namespace foldgate::FOLDGATE_ISA {
constexpr int kVectorBytes = 64;
constexpr int kRegisters = 32;
constexpr bool kFusedMultiplyAdd = true;
}  // namespace foldgate::FOLDGATE_ISA

#include "simd/types.h"

namespace foldgate::FOLDGATE_ISA {

FOLDGATE_INLINE __mmask16 lanes16(int64_t n) { return static_cast<__mmask16>((1u << n) - 1); }
FOLDGATE_INLINE __mmask8 lanes8(int64_t n) { return static_cast<__mmask8>((1u << n) - 1); }

FOLDGATE_INLINE Vec<float> load_part(const float* p, int64_t n) {
  return _mm512_maskz_loadu_ps(lanes16(n), p);
}
FOLDGATE_INLINE Vec<double> load_part(const double* p, int64_t n) {
  return _mm512_maskz_loadu_pd(lanes8(n), p);
}
FOLDGATE_INLINE void store_part(float* p, Vec<float> v, int64_t n) {
  _mm512_mask_storeu_ps(p, lanes16(n), v);
}
FOLDGATE_INLINE void store_part(double* p, Vec<double> v, int64_t n) {
  _mm512_mask_storeu_pd(p, lanes8(n), v);
}

constexpr bool kStoresPastCache = true;
FOLDGATE_INLINE void store_past_cache(float* p, Vec<float> v) { _mm512_stream_ps(p, v); }
FOLDGATE_INLINE void store_past_cache(double* p, Vec<double> v) { _mm512_stream_pd(p, v); }
FOLDGATE_INLINE void fence_past_cache() { _mm_sfence(); }

FOLDGATE_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return _mm512_max_ps(a, b); }
FOLDGATE_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return _mm512_max_pd(a, b); }
FOLDGATE_INLINE Vec<float> minimum(Vec<float> a, Vec<float> b) { return _mm512_min_ps(a, b); }
FOLDGATE_INLINE Vec<double> minimum(Vec<double> a, Vec<double> b) { return _mm512_min_pd(a, b); }
FOLDGATE_INLINE Vec<float> root(Vec<float> v) { return _mm512_sqrt_ps(v); }
FOLDGATE_INLINE Vec<double> root(Vec<double> v) { return _mm512_sqrt_pd(v); }

constexpr bool kLooksUp = true;
FOLDGATE_INLINE Vec<float> lookup(const float (&table)[16], IntVec<float> i) {
  return _mm512_permutexvar_ps((__m512i)i, _mm512_loadu_ps(table));
}

FOLDGATE_INLINE IntVec<float> load_bytes(const uint8_t* p, float) {
  return (IntVec<float>)_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
FOLDGATE_INLINE IntVec<double> load_bytes(const uint8_t* p, double) {
  return (IntVec<double>)_mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
FOLDGATE_INLINE void store_bytes(uint8_t* p, IntVec<float> v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8((__m512i)v));
}
FOLDGATE_INLINE void store_bytes(uint8_t* p, IntVec<double> v) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm512_cvtepi64_epi8((__m512i)v));
}

}  // namespace foldgate::FOLDGATE_ISA
