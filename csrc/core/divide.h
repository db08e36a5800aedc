// Division in small calls, which are full of it.
#pragma once
#include <cstdint>

namespace foldgate {

// Quotient, for non-negative a and positive b: one of 32 bits takes a third of the time of one of 64 on CPUs up to
// Skylake.
constexpr int64_t divide(int64_t a, int64_t b) {
  return ((a | b) >> 32) == 0 ? int64_t{static_cast<uint32_t>(a) / static_cast<uint32_t>(b)} : a / b;
}

}  // namespace foldgate
