#include "kernels/narrow.h"

#include "simd/fetch.h"
#include "simd/transpose.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// The terms k .. k + kLanes - 1 of kLanes rows, a term a vector. Rows past the last one are that one.
template <class T>
FOLDGATE_INLINE void turned(const NarrowProduct<T>& p, int64_t row, int64_t k, Vec<T> (&terms)[kLanes<T>]) {
  FOLDGATE_UNROLL
  for (int i = 0; i < kLanes<T>; ++i) {
    const T* a = p.a + (row + i < p.rows ? row + i : p.rows - 1) * p.terms + k;
    fetch_stream(a);
    terms[i] = load(a);
  }
  transpose<T>(terms);
}

// kLanes rows: kLanes + kNarrowColumns vectors in registers. Fewer columns are computed as many times as there are lacking,
// which costs less than a kernel for each number of them. Every output is one chain over the terms in their order.
template <class T>
FOLDGATE_INLINE void rows_at(const NarrowProduct<T>& p, int64_t row) {
  Vec<T> sum[kNarrowColumns];
  int64_t column[kNarrowColumns];
  FOLDGATE_UNROLL
  for (int j = 0; j < kNarrowColumns; ++j) {
    const int from = j < p.columns ? j : 0;
    sum[j] = broadcast<T>(p.bias ? p.bias[from] : T(0));
    column[j] = from * p.column_step;
  }
  for (int64_t k = 0; k < p.terms; k += kLanes<T>) {
    const int64_t first = k + kLanes<T> <= p.terms ? k : p.terms - kLanes<T>;  // the last ones are read twice
    Vec<T> terms[kLanes<T>];
    turned<T>(p, row, first, terms);
    const T* b = p.b + first * p.k_step;
    FOLDGATE_UNROLL
    for (int q = 0; q < kLanes<T>; ++q, b += p.k_step) {
      if (first + q < k) continue;
      FOLDGATE_UNROLL
      for (int j = 0; j < kNarrowColumns; ++j) sum[j] += terms[q] * b[column[j]];
    }
  }
  T results[kNarrowColumns][kLanes<T>];
  FOLDGATE_UNROLL
  for (int j = 0; j < kNarrowColumns; ++j)
    store(results[j], p.limit != 0 ? clamp<T>(T(0), p.limit, sum[j]) : sum[j]);
  const int64_t live = p.rows - row < kLanes<T> ? p.rows - row : kLanes<T>;
  T* c = p.c + row * p.columns;
  for (int64_t i = 0; i < live; ++i)
    for (int j = 0; j < p.columns; ++j) *c++ = results[j][i];
}

template <class T>
void product(const NarrowProduct<T>& p) {
  for (int64_t row = 0; row < p.rows; row += kLanes<T>) rows_at<T>(p, row);
}

}  // namespace

extern const NarrowKernels<float> narrow_f32;
extern const NarrowKernels<double> narrow_f64;
const NarrowKernels<float> narrow_f32{product<float>};
const NarrowKernels<double> narrow_f64{nullptr};

}  // namespace foldgate::FOLDGATE_ISA
