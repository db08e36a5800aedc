// Values to a Target, within kernels.
#pragma once
#include "kernels/stream.h"
#include "simd/fetch.h"

namespace foldgate::FOLDGATE_ISA {

template <class T>
FOLDGATE_INLINE Target<T> operator+(Target<T> y, int64_t values) {
  return {y.data + values, y.past_cache};
}

// y[i ..] = the first `left` lanes of v. That a vector is whole is asked first, as loads of the same loop ask it.
template <class T>
FOLDGATE_INLINE void put_fetched(Target<T> y, int64_t i, Vec<T> v, int64_t left) {
  if (left < kLanes<T>) return store_part(y.data + i, v, left);
  if (kStoresPastCache && y.past_cache) return store_past_cache(y.data + i, v);
  store(y.data + i, v);
}

// The same, where lines that go through the cache are fetched as a stream.
template <class T>
FOLDGATE_INLINE void put(Target<T> y, int64_t i, Vec<T> v, int64_t left) {
  if (!(kStoresPastCache && y.past_cache)) fetch_stream(y.data + i);
  put_fetched<T>(y, i, v, left);
}

}  // namespace foldgate::FOLDGATE_ISA
