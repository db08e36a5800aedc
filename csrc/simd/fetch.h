// Streams of values that are read once, or written.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// The machine's own prefetch ends with a page of 4 KB and begins late in the next one, and a function of some thirty
// instructions a vector leaves no room to wait: half a page ahead, whatever holds p[i] is there when it is wanted. Where
// little is computed for a vector, a whole page.
template <int Ahead = 2048, class T>
FOLDGATE_INLINE void fetch_stream(const T* p) {
  __builtin_prefetch(reinterpret_cast<const char*>(p) + Ahead);
}
constexpr int kPageAhead = 4096;

}  // namespace foldgate::FOLDGATE_ISA
