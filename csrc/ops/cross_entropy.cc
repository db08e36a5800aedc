#include <algorithm>
#include <stdexcept>

#include "kernels/table.h"
#include "ops/chunks.h"
#include "ops/softmax.h"

namespace foldgate {
namespace {

// body(row) in parallel
template <class Body>
void each_row(int64_t rows, int64_t n, Body body) {
  in_chunks(rows, n, [&](int64_t begin, int64_t size) {
    for (int64_t r = begin; r < begin + size; ++r) body(r);
  });
}

}  // namespace

void Classes::check(const char* op, int64_t rows, int64_t n) const {
  for (int64_t r = 0; r < rows; ++r)
    if (counts(r) && (at(r) < 0 || at(r) >= n))
      throw std::out_of_range(text(op, ": labels hold ", at(r), "; expected 0 to ", n - 1));
}

template <class T>
void class_cross_entropy(const T* x, const Classes& classes, int64_t rows, int64_t n, T* loss,
                         T* log_sum_exp) {
  const SoftmaxKernels<T>& kernel = kernels<T>().softmax;
  in_chunks(rows, n, [&](int64_t begin, int64_t size) {
    kernel.log_sums(x + begin * n, size, n, loss + begin, log_sum_exp + begin);
    for (int64_t r = begin; r < begin + size; ++r) {
      const T highest = loss[r], log_sum = log_sum_exp[r];
      log_sum_exp[r] = highest + log_sum;
      loss[r] = classes.counts(r) ? (highest - x[r * n + classes.at(r)]) + log_sum : T(0);
    }
  });
}

template <class T>
void class_cross_entropy_backward(const T* dloss, const T* x, const Classes& classes, const T* log_sum_exp,
                                  int64_t rows, int64_t n, T* dx) {
  const SoftmaxKernels<T>& kernel = kernels<T>().softmax;
  each_row(rows, n, [&](int64_t r) {
    T* row = dx + r * n;
    if (!classes.counts(r)) {
      std::fill_n(row, n, T(0));
      return;
    }
    kernel.scaled_shares(x + r * n, n, log_sum_exp[r], dloss[r], row);
    row[classes.at(r)] -= dloss[r];
  });
}

template <class T>
void cross_entropy(const T* x, const T* p, int64_t rows, int64_t n, T* loss, T* log_sum_exp) {
  const SoftmaxKernels<T>& kernel = kernels<T>().softmax;
  each_row(rows, n, [&](int64_t r) {
    T highest, log_sum;
    kernel.log_sums(x + r * n, 1, n, &highest, &log_sum);
    log_sum_exp[r] = highest + log_sum;
    loss[r] = kernel.cross(p + r * n, x + r * n, n, highest, log_sum);
  });
}

template <class T>
void cross_entropy_backward(const T* dloss, const T* x, const T* p, const T* log_sum_exp, int64_t rows,
                            int64_t n, T* dx) {
  const SoftmaxKernels<T>& kernel = kernels<T>().softmax;
  each_row(rows, n, [&](int64_t r) {
    kernel.cross_backward(p + r * n, x + r * n, n, log_sum_exp[r], dloss[r], dx + r * n);
  });
}

template <class T>
void logistic_cross_entropy(const T* x, const T* z, int64_t n, T* loss) {
  const auto kernel = kernels<T>().softmax.logistic;
  in_chunks(n, 1, loss,
            [&](int64_t begin, int64_t size, Target<T> to) { kernel(x + begin, z + begin, size, to); });
}

template <class T>
void logistic_cross_entropy_backward(const T* dloss, const T* x, const T* z, int64_t n, T* dx) {
  const auto kernel = kernels<T>().softmax.logistic_backward;
  in_chunks(n, 1, dx, [&](int64_t begin, int64_t size, Target<T> to) {
    kernel(dloss + begin, x + begin, z + begin, size, to);
  });
}

#define FOLDGATE_CROSS_ENTROPY(T)                                                                            \
  template void class_cross_entropy(const T*, const Classes&, int64_t, int64_t, T*, T*);                     \
  template void class_cross_entropy_backward(const T*, const T*, const Classes&, const T*, int64_t, int64_t, \
                                             T*);                                                            \
  template void cross_entropy(const T*, const T*, int64_t, int64_t, T*, T*);                                 \
  template void cross_entropy_backward(const T*, const T*, const T*, const T*, int64_t, int64_t, T*);        \
  template void logistic_cross_entropy(const T*, const T*, int64_t, T*);                                     \
  template void logistic_cross_entropy_backward(const T*, const T*, const T*, int64_t, T*);
FOLDGATE_CROSS_ENTROPY(float)
FOLDGATE_CROSS_ENTROPY(double)
#undef FOLDGATE_CROSS_ENTROPY

}  // namespace foldgate
