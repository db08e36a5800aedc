// Outputs that no cache holds until somebody reads them, written past the caches.
//
// A plain store to a line that is in no cache reads it first: relu reads 2 n bytes to write n. A store past the cache
// writes whole lines and reads none, which leaves two thirds of the bytes. A smaller output is in L2 or L3 when the next
// op reads it, and goes there.
#pragma once
#include <cstdint>

#include "kernels/table.h"

namespace foldgate {

// Of an output: with an input as large it fills an L3 of 32 MB. From here on one thread takes 20 to 30 % less time and
// two 15 to 25 %, the next op's included that reads it; at 8 MB one gains and two lose.
constexpr int64_t kPastCacheBytes = 16 << 20;
constexpr int64_t kLineBytes = 64;

// The `size` values of y for kernels that begin anew at multiples of `stride` values: past the cache where y is large
// and every beginning is a line's.
template <class T>
Target<T> target(T* y, int64_t size, int64_t stride) {
  constexpr int64_t kLine = kLineBytes / static_cast<int64_t>(sizeof(T));
  const bool lines = reinterpret_cast<uintptr_t>(y) % kLineBytes == 0 && stride % kLine == 0;
  return {y, lines && size / kLine >= kPastCacheBytes / kLineBytes && kernels<T>().stream.fence};
}

template <class T>
Target<T> operator+(Target<T> y, int64_t values) {
  return {y.data + values, y.past_cache};
}

// At the end of every task that wrote to y.
template <class T>
void fence(Target<T> y) {
  if (y.past_cache) kernels<T>().stream.fence();
}

}  // namespace foldgate
