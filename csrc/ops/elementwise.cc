#include "ops/elementwise.h"

#include <algorithm>

#include "core/check.h"
#include "core/thread_pool.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

constexpr int64_t kChunk = 1 << 14;   // values of a task: 64 KB of float, some 10 us
constexpr double kWorkPerValue = 16;  // a value from memory and back, against a multiply-add in registers

// body(begin, size) for every chunk
template <class Body>
void in_chunks(int64_t n, Body body) {
  const int64_t chunks = ceil_div(n, kChunk);
  parallel_for(chunks, workers_for(chunks, kWorkPerValue * static_cast<double>(n)),
               [&](int64_t chunk, int) { body(chunk * kChunk, std::min(kChunk, n - chunk * kChunk)); });
}

}  // namespace

template <class T>
void elementwise_forward(Elementwise function, T a, const T* x, int64_t n, T* y) {
  const auto kernel = kernels<T>().elementwise.forward[static_cast<int>(function)];
  in_chunks(n, [&](int64_t begin, int64_t size) { kernel(a, x + begin, size, y + begin); });
}

template <class T>
void elementwise_backward(Elementwise function, T a, const T* dy, const T* v, int64_t n, T* dx) {
  const auto kernel = kernels<T>().elementwise.backward[static_cast<int>(function)];
  in_chunks(n, [&](int64_t begin, int64_t size) { kernel(a, dy + begin, v + begin, size, dx + begin); });
}

template void elementwise_forward(Elementwise, float, const float*, int64_t, float*);
template void elementwise_forward(Elementwise, double, const double*, int64_t, double*);
template void elementwise_backward(Elementwise, float, const float*, const float*, int64_t, float*);
template void elementwise_backward(Elementwise, double, const double*, const double*, int64_t, double*);

}  // namespace foldgate
