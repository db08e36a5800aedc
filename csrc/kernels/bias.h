// A bias added to rows or planes, and two arrays added with a relu: what stands between products and their successors.
#pragma once
#include <cstdint>

#include "kernels/stream.h"

namespace foldgate {

template <class T>
struct BiasKernels {
  // y[r][c] = f(x[r][c] + bias[c]) for `rows` rows of n, f as by relu_limit()
  void (*rows)(const T* x, const T* bias, int64_t rows, int64_t n, T limit, Target<T> y);
  // y[i] = f(x[i] + bias)
  void (*plane)(const T* x, T bias, int64_t n, T limit, Target<T> y);
  // y[i] = max(0, a[i] + b[i])
  void (*add_relu)(const T* a, const T* b, int64_t n, Target<T> y);
};

}  // namespace foldgate
