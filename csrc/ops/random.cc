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

template <class T>
void random_uniform(RandomStream stream, double low, double high, int64_t n, T* y) {
  const auto kernel = kernels<T>().random.uniform;
  in_chunks(n, 1, y, [&](int64_t begin, int64_t size, Target<T> to) {
    kernel(stream, begin, static_cast<T>(low), static_cast<T>(high - low), size, to);
  });
}

template void dropout(RandomStream, double, const float*, int64_t, float*);
template void dropout(RandomStream, double, const double*, int64_t, double*);
template void random_uniform(RandomStream, double, double, int64_t, float*);
template void random_uniform(RandomStream, double, double, int64_t, double*);

}  // namespace foldgate
