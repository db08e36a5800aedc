// Values to a Target, within kernels.
#pragma once
#include "kernels/stream.h"
#include "simd/fetch.h"

namespace foldgate::FOLDGATE_ISA {

// y[i ..] = the first `left` lanes of v. Only lines that go through the cache are fetched before.
template <class T>
FOLDGATE_INLINE void put(Target<T> y, int64_t i, Vec<T> v, int64_t left) {
  if (kStoresPastCache && y.past_cache && left >= kLanes<T>) return store_past_cache(y.data + i, v);
  fetch_stream(y.data + i);
  store(y.data + i, v, left);
}

}  // namespace foldgate::FOLDGATE_ISA
