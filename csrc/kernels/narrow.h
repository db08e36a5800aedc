// Matrix products of up to three columns: vectors run along the rows, which are turned in registers as they are read.
#pragma once
#include <cstdint>

namespace foldgate {

constexpr int kNarrowColumns = 3;

// c[i * columns + j] = f(bias[j] + sum over k of a[i * terms + k] * b[k * k_step + j * column_step])
template <class T>
struct NarrowProduct {
  const T* a;
  int64_t rows, terms;  // terms: a vector's at least
  const T* b;
  int64_t k_step, column_step;
  int columns;    // 1 .. kNarrowColumns
  const T* bias;  // (columns,) or null
  T limit;        // of relu_limit(); 0: the sum as it is
  T* c;
};

template <class T>
struct NarrowKernels {
  // Null for doubles, which few such layers are of: it is 1 KB of code a tier.
  void (*product)(const NarrowProduct<T>&);
};

}  // namespace foldgate
