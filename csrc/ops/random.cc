#include "ops/random.h"

#include <algorithm>
#include <cmath>

#include "kernels/table.h"
#include "ops/chunks.h"

namespace foldgate {

static_assert(kChunk % kCounterWords == 0);

template <class T>
void dropout(RandomStream stream, double rate, const T* x, int64_t n, T* y) {
  // rate rounds to a multiple of 2^-32; a word is below the threshold with that probability
  const auto threshold = static_cast<uint32_t>(std::min(std::floor(rate * 0x1p32 + 0.5), 0x1p32 - 1));
  const T scale = static_cast<T>(1 / (1 - rate));
  const auto kernel = kernels<T>().random.dropout;
  in_chunks(n, 1, y, [&](int64_t begin, int64_t size, Target<T> to) {
    kernel(stream, begin, threshold, scale, x + begin, size, to);
  });
}

namespace {

// high - low; but where the largest fraction of it would be rounded to high, with or without a fused multiply-add, up to
// the last number before that.
template <class T>
T range_below(double low, double high) {
  constexpr T kLargestFraction = 1 - (sizeof(T) == sizeof(float) ? T(0x1p-24) : T(0x1p-32));
  const T from = static_cast<T>(low), to = static_cast<T>(high), range = static_cast<T>(high - low);
  const T product = std::fma(kLargestFraction, range, T(0));
  const T most[] = {std::fma(kLargestFraction, range, from), product + from};
  const bool reached = to < from ? std::min(most[0], most[1]) <= to : std::max(most[0], most[1]) >= to;
  return reached ? std::nextafter(to, from) - from : range;
}

}  // namespace

template <class T>
void random_uniform(RandomStream stream, double low, double high, int64_t n, T* y) {
  const auto kernel = kernels<T>().random.uniform;
  const T range = range_below<T>(low, high);
  in_chunks(n, 1, y, [&](int64_t begin, int64_t size, Target<T> to) {
    kernel(stream, begin, static_cast<T>(low), range, size, to);
  });
}

template void dropout(RandomStream, double, const float*, int64_t, float*);
template void dropout(RandomStream, double, const double*, int64_t, double*);
template void random_uniform(RandomStream, double, double, int64_t, float*);
template void random_uniform(RandomStream, double, double, int64_t, double*);

}  // namespace foldgate
