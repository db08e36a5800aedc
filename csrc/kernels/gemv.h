// The matrix-vector product c = a B of a row-major B. Bound by memory, so B is walked as it lies: kVectorRows of its rows
// side by side, which the hardware prefetches as so many streams, added into c, which stays in L1.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

constexpr int kVectorRows = 8;

// c[0..n) += a[0] b[0][..] + ... + a[R-1] b[R-1][..], one chain an element.
template <class T, int R>
FOLDGATE_INLINE void add_rows(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t n, T* c) {
  Vec<T> s[R];
  FOLDGATE_UNROLL
  for (int r = 0; r < R; ++r) s[r] = broadcast<T>(a[r * a_step]);
  int64_t j = 0;
  for (; j + kLanes<T> <= n; j += kLanes<T>) {
    Vec<T> sum = load(c + j);
    FOLDGATE_UNROLL
    for (int r = 0; r < R; ++r) sum += s[r] * load(b + r * b_step + j);
    store(c + j, sum);
  }
  if (j == n) return;
  Vec<T> sum = load_part(c + j, n - j);
  FOLDGATE_UNROLL
  for (int r = 0; r < R; ++r) sum += s[r] * load_part(b + r * b_step + j, n - j);
  store_part(c + j, sum, n - j);
}

template <class T>
void vector_matrix(const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t k, int64_t n,
                   const T* bias, T limit, T* c) {
  for (int64_t j = 0; j < n; j += kLanes<T>) store(c + j, bias ? load(bias + j, n - j) : Vec<T>{}, n - j);
  int64_t i = 0;
  for (; i + kVectorRows <= k; i += kVectorRows)
    add_rows<T, kVectorRows>(a + i * a_step, a_step, b + i * b_step, b_step, n, c);
  for (; i < k; ++i) add_rows<T, 1>(a + i * a_step, a_step, b + i * b_step, b_step, n, c);
  for (int64_t j = 0; limit != 0 && j < n; j += kLanes<T>)
    store(c + j, clamp<T>(T(0), limit, load(c + j, n - j)), n - j);
}

}  // namespace foldgate::FOLDGATE_ISA
