// Parts of vectors of bytes: the first n < kLanes of load_bytes and store_bytes, and nothing beyond is touched.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

#if defined(__AVX512F__)

FOLDGATE_INLINE IntVec<float> load_bytes_part(const uint8_t* p, int64_t n, float) {
  return (IntVec<float>)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes16(n), p));
}
FOLDGATE_INLINE IntVec<double> load_bytes_part(const uint8_t* p, int64_t n, double) {
  return (IntVec<double>)_mm512_cvtepu8_epi64(_mm_maskz_loadu_epi8(lanes8(n), p));
}
FOLDGATE_INLINE void store_bytes_part(uint8_t* p, IntVec<float> v, int64_t n) {
  _mm512_mask_cvtepi32_storeu_epi8(p, lanes16(n), (__m512i)v);
}
FOLDGATE_INLINE void store_bytes_part(uint8_t* p, IntVec<double> v, int64_t n) {
  _mm512_mask_cvtepi64_storeu_epi8(p, lanes8(n), (__m512i)v);
}

#else

// At most 7 bytes, in one register: two loads or stores of half that many, which overlap where n is no power of two.
template <class T>
FOLDGATE_INLINE IntVec<T> load_bytes_part(const uint8_t* p, int64_t n, T) {
  static_assert(kLanes<T> <= 8);
  uint64_t all = 0;
  if (n >= 4) {
    uint32_t low, high;
    __builtin_memcpy(&low, p, 4);
    __builtin_memcpy(&high, p + n - 4, 4);
    all = low | static_cast<uint64_t>(high) << (8 * (n - 4));
  } else if (n > 0) {  // 1: 0 0 0; 2: 0 1 1; 3: 0 1 2
    all = p[0] | static_cast<uint64_t>(p[n / 2]) << (8 * (n / 2)) |
          static_cast<uint64_t>(p[n - 1]) << (8 * (n - 1));
  }
  uint8_t part[8];
  __builtin_memcpy(part, &all, 8);
  return load_bytes(part, T());
}
template <class V>
FOLDGATE_INLINE void store_bytes_part(uint8_t* p, V v, int64_t n) {
  uint8_t part[8];
  uint64_t all;
  store_bytes(part, v);
  __builtin_memcpy(&all, part, 8);
  if (n >= 4) {
    const uint32_t low = static_cast<uint32_t>(all), high = static_cast<uint32_t>(all >> (8 * (n - 4)));
    __builtin_memcpy(p, &low, 4);
    __builtin_memcpy(p + n - 4, &high, 4);
  } else {
    for (int64_t i = 0; i < n; ++i) p[i] = static_cast<uint8_t>(all >> (8 * i));
  }
}

#endif

}  // namespace foldgate::FOLDGATE_ISA
