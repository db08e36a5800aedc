// Streams of values that are read once, or written.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// The machine's own prefetch ends with a page of 4 KB and begins late in the next one, and a function of some thirty
// instructions a vector leaves no room to wait: half a page ahead, whatever holds p[i] is there when it is wanted.
template <class T>
FOLDGATE_INLINE void fetch_stream(const T* p) {
  __builtin_prefetch(reinterpret_cast<const char*>(p) + 2048);
}

}  // namespace foldgate::FOLDGATE_ISA
