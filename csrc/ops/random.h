// Dropout and uniform numbers from a counter: see kernels/random.h. A call on n values uses the counters
// offset .. offset + ceil(n / 4) - 1 of its seed.
#pragma once
#include <cstdint>

#include "kernels/random.h"

namespace foldgate {

// y[i] = x[i] / (1 - rate) with probability 1 - rate, else 0; the same for a gradient. x, y (n,); y may be x.
// 0 <= rate < 1.
template <class T>
void dropout(RandomStream stream, double rate, const T* x, int64_t n, T* y);

// y (n,) from low to high, which does not occur unless it is low
template <class T>
void random_uniform(RandomStream stream, double low, double high, int64_t n, T* y);

}  // namespace foldgate
