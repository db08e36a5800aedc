// The roots of unity that kernels/fft.h reads, made once for each size and kept.
#pragma once
#include <cstdint>

namespace foldgate {

constexpr int64_t kFftMostSize = 1 << 16;

// For n = size, size / 4, ... while n > 4, one after the other: exp(-2 pi i k / n) for k = j, 2 j, 3 j, j < n / 4.
template <class T>
const T* fft_roots(int64_t size);

}  // namespace foldgate
