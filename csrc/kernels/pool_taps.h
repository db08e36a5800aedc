// Tap numbers in memory, a vector at a time: bytes, int32 or none.
#pragma once
#include "simd/bytes.h"

namespace foldgate::FOLDGATE_ISA {

struct NoTaps {};

template <class T>
FOLDGATE_INLINE IntVec<T> load_taps(const uint8_t* p, int64_t n) {
  return n >= kLanes<T> ? load_bytes(p, T()) : load_bytes_part(p, n, T());
}
template <class T>
FOLDGATE_INLINE IntVec<T> load_taps(const int32_t* p, int64_t n) {
  IntVec<T> v = {};
  for (int i = 0; i < kLanes<T> && i < n; ++i) v[i] = p[i];
  return v;
}

template <class T>
FOLDGATE_INLINE void store_taps(uint8_t* p, IntVec<T> v, int64_t n) {
  n >= kLanes<T> ? store_bytes(p, v) : store_bytes_part(p, v, n);
}
template <class T>
FOLDGATE_INLINE void store_taps(int32_t* p, IntVec<T> v, int64_t n) {
  for (int i = 0; i < kLanes<T> && i < n; ++i) p[i] = static_cast<int32_t>(v[i]);
}

template <class T>
FOLDGATE_INLINE void store_taps(NoTaps*, IntVec<T>, int64_t) {}

template <class Tap>
FOLDGATE_INLINE Tap* advance(Tap* taps, int64_t n) {
  return taps + n;
}
FOLDGATE_INLINE NoTaps* advance(NoTaps*, int64_t) { return nullptr; }

}  // namespace foldgate::FOLDGATE_ISA
