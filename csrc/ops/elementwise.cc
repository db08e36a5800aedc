#include "ops/elementwise.h"

#include "kernels/table.h"
#include "ops/chunks.h"

namespace foldgate {
template <class T>
void elementwise_forward(Elementwise function, T a, const T* x, int64_t n, T* y) {
  const auto kernel = kernels<T>().elementwise.forward[static_cast<int>(function)];
  in_chunks(n, 1, y, [&](int64_t begin, int64_t size, Target<T> to) { kernel(a, x + begin, size, to); });
}

template <class T>
void elementwise_backward(Elementwise function, T a, const T* dy, const T* v, int64_t n, T* dx) {
  const auto kernel = kernels<T>().elementwise.backward[static_cast<int>(function)];
  in_chunks(n, 1, dx,
            [&](int64_t begin, int64_t size, Target<T> to) { kernel(a, dy + begin, v + begin, size, to); });
}

template void elementwise_forward(Elementwise, float, const float*, int64_t, float*);
template void elementwise_forward(Elementwise, double, const double*, int64_t, double*);
template void elementwise_backward(Elementwise, float, const float*, const float*, int64_t, float*);
template void elementwise_backward(Elementwise, double, const double*, const double*, int64_t, double*);

}  // namespace foldgate
