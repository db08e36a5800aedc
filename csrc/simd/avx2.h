// AVX2 + FMA: 16 registers of 32 bytes, masked loads and stores.
#pragma once
#include <immintrin.h>

#include "simd/macros.h"

namespace foldgate::FOLDGATE_ISA {
constexpr int kVectorBytes = 32;
constexpr int kRegisters = 16;
constexpr bool kFusedMultiplyAdd = true;
}  // namespace foldgate::FOLDGATE_ISA

#include "simd/types.h"

namespace foldgate::FOLDGATE_ISA {

FOLDGATE_INLINE __m256i lanes8(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
FOLDGATE_INLINE __m256i lanes4(int64_t n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}

FOLDGATE_INLINE Vec<float> load_part(const float* p, int64_t n) { return _mm256_maskload_ps(p, lanes8(n)); }
FOLDGATE_INLINE Vec<double> load_part(const double* p, int64_t n) { return _mm256_maskload_pd(p, lanes4(n)); }
FOLDGATE_INLINE void store_part(float* p, Vec<float> v, int64_t n) { _mm256_maskstore_ps(p, lanes8(n), v); }
FOLDGATE_INLINE void store_part(double* p, Vec<double> v, int64_t n) { _mm256_maskstore_pd(p, lanes4(n), v); }

constexpr bool kStoresPastCache = true;
FOLDGATE_INLINE void store_past_cache(float* p, Vec<float> v) { _mm256_stream_ps(p, v); }
FOLDGATE_INLINE void store_past_cache(double* p, Vec<double> v) { _mm256_stream_pd(p, v); }
FOLDGATE_INLINE void fence_past_cache() { _mm_sfence(); }

constexpr bool kLooksUp = false;

FOLDGATE_INLINE Vec<float> maximum(Vec<float> a, Vec<float> b) { return _mm256_max_ps(a, b); }
FOLDGATE_INLINE Vec<double> maximum(Vec<double> a, Vec<double> b) { return _mm256_max_pd(a, b); }
FOLDGATE_INLINE Vec<float> minimum(Vec<float> a, Vec<float> b) { return _mm256_min_ps(a, b); }
FOLDGATE_INLINE Vec<double> minimum(Vec<double> a, Vec<double> b) { return _mm256_min_pd(a, b); }
FOLDGATE_INLINE Vec<float> root(Vec<float> v) { return _mm256_sqrt_ps(v); }
FOLDGATE_INLINE Vec<double> root(Vec<double> v) { return _mm256_sqrt_pd(v); }

FOLDGATE_INLINE IntVec<float> load_bytes(const uint8_t* p, float) {
  return (IntVec<float>)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
FOLDGATE_INLINE IntVec<double> load_bytes(const uint8_t* p, double) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return (IntVec<double>)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four));
}
FOLDGATE_INLINE void store_bytes(uint8_t* p, IntVec<float> v) {
  const __m256i wide = (__m256i)v;
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
}
FOLDGATE_INLINE void store_bytes(uint8_t* p, IntVec<double> v) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<uint8_t>(v[i]);
}

}  // namespace foldgate::FOLDGATE_ISA
