// Outputs that are written once, and too large for a cache to hold until somebody reads them.
#pragma once
#include <cstdint>

namespace foldgate {

// Where a kernel writes each value once and reads none again.
template <class T>
struct Target {
  T* data;
  bool past_cache;  // whole vectors go past the cache: they begin at multiples of 64 bytes
};

template <class T>
struct StreamKernels {
  void (*copy)(const T* x, int64_t n, Target<T> y);
  // Ends a task that wrote past the cache: until then other threads may see what was written so after what was written
  // later. Null where the tier has no such stores.
  void (*fence)();
};

}  // namespace foldgate
