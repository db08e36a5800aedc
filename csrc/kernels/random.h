// Random numbers from a counter: four 32-bit words are a function of a 64-bit key (the seed) and a 64-bit counter, so
// that a value depends on neither threads, tiers nor chunks. Value i of a stream has word i mod 4 of counter
// offset + i / 4.
#pragma once
#include <cstdint>

#include "kernels/stream.h"

namespace foldgate {

struct RandomStream {
  uint64_t seed, offset;
};

// Words of a counter; where a call begins within a stream is a multiple of it.
constexpr int64_t kCounterWords = 4;

template <class T>
struct RandomKernels {
  // y[i] = x[i] scale where the word of value begin + i is at least `threshold`, else 0; y may be x.
  void (*dropout)(RandomStream stream, int64_t begin, uint32_t threshold, T scale, const T* x, int64_t n,
                  Target<T> y);
  // y[i] = low + range u, u = the upper 24 bits of the word (32 for double) as a fraction of 1
  void (*uniform)(RandomStream stream, int64_t begin, T low, T range, int64_t n, Target<T> y);
};

}  // namespace foldgate
