// Where pools of single values write their results. Pixels' results, among loads from several rows at once, took .9 to
// 1.3 times as long past the cache.
#pragma once
#include "ops/stream.h"

namespace foldgate {

// Past the cache where results do not stay in L2 and fill an L3 together with what is read for them, which is several
// times as much: with an input as large, that is as stream.h has it. `stride` as there.
template <class T>
Target<T> pooled(T* y, int64_t outputs, int64_t inputs, int64_t stride) {
  constexpr int64_t kLeast = (int64_t{4} << 20) / static_cast<int64_t>(sizeof(T));
  if (outputs < kLeast) return {y, false};
  return target(y, (inputs + outputs) / 2, stride);
}

}  // namespace foldgate
