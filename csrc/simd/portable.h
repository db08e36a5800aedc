// 16-byte vectors by the compiler's extensions alone: what SSE2 and NEON share, and any other architecture.
#pragma once
#include "simd/macros.h"

namespace foldgate::FOLDGATE_ISA {
constexpr int kVectorBytes = 16;
}  // namespace foldgate::FOLDGATE_ISA

#include "simd/types.h"

namespace foldgate::FOLDGATE_ISA {

template <class T>
FOLDGATE_INLINE Vec<T> load_part(const T* p, int64_t n) {
  Vec<T> v = {};
  for (int64_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
FOLDGATE_INLINE void store_part(float* p, Vec<float> v, int64_t n) {
  for (int64_t i = 0; i < n; ++i) p[i] = v[i];
}
FOLDGATE_INLINE void store_part(double* p, Vec<double> v, int64_t n) {
  for (int64_t i = 0; i < n; ++i) p[i] = v[i];
}

// No compiler's extension stores past the cache.
constexpr bool kStoresPastCache = false;
FOLDGATE_INLINE void store_past_cache(float* p, Vec<float> v) { __builtin_memcpy(p, &v, sizeof v); }
FOLDGATE_INLINE void store_past_cache(double* p, Vec<double> v) { __builtin_memcpy(p, &v, sizeof v); }
FOLDGATE_INLINE void fence_past_cache() {}

constexpr bool kLooksUp = false;

// A whole vector of taps at a time, one byte each; the second argument only names the lane type.
template <class T>
FOLDGATE_INLINE IntVec<T> load_bytes(const uint8_t* p, T) {
  IntVec<T> v;
  for (int i = 0; i < kLanes<T>; ++i) v[i] = p[i];
  return v;
}
FOLDGATE_INLINE void store_bytes(uint8_t* p, IntVec<float> v) {
  for (int i = 0; i < kLanes<float>; ++i) p[i] = static_cast<uint8_t>(v[i]);
}
FOLDGATE_INLINE void store_bytes(uint8_t* p, IntVec<double> v) {
  for (int i = 0; i < kLanes<double>; ++i) p[i] = static_cast<uint8_t>(v[i]);
}

}  // namespace foldgate::FOLDGATE_ISA
