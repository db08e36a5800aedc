// Softmax down the columns of a matrix, and what it shares with that along its rows (softmax.cc).
#pragma once
#include "kernels/put.h"
#include "kernels/softmax.h"
#include "simd/exp2.h"
#include "simd/log.h"

namespace foldgate::FOLDGATE_ISA {

// f(i, left) for every vector of a row: `left` values from i on, more than a vector's for all but the last.
template <class T, class Body>
FOLDGATE_INLINE void each(int64_t n, Body body) {
  for (int64_t i = 0; i < n; i += kLanes<T>) body(i, n - i);
}

// What is taken from x before e^x: the largest, but 0 for a row of -inf alone.
template <class T>
FOLDGATE_INLINE Vec<T> finite_or_zero(Vec<T> highest) {
  return highest == broadcast<T>(T(-__builtin_inf())) ? Vec<T>{} : highest;
}
template <class T>
FOLDGATE_INLINE Vec<T> inverse_or_zero(Vec<T> sum) {
  return sum == Vec<T>{} ? Vec<T>{} : T(1) / sum;
}

// A load waits for every earlier store whose address ends in the same 12 bits, and a store past the cache is long on its
// way: sums that begin a page are read ahead of what is stored to rows that do.
constexpr int kPageBytes = 4096;

// Sums over the rows of a block of columns, whose terms are `largest` and `total` as they become known: a vector of
// columns at a time would meet a line of every row in turn, and where rows are a power of two apart no cache holds them.
template <class T>
struct ColumnSums {
  alignas(kPageBytes) T largest[kSoftmaxColumns], total[kSoftmaxColumns];
};

// Rows that are met together, at one power of e for the sum so far; L1 has as many ways, should they share a set.
constexpr int64_t kRowsTogether = 8;

// Into L2, for the same reason.
template <class T>
FOLDGATE_INLINE void fetch_row(const T* p) {
  __builtin_prefetch(p, 0, 2);
}

template <class T>
FOLDGATE_INLINE void sum_powers(const T* x, int64_t rows, int64_t stride, int64_t width,
                                ColumnSums<T>& sums) {
  each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
    const Vec<T> before = load(sums.largest + j, left);
    Vec<T> largest = before;
    for (int64_t r = 0; r < rows; ++r) largest = maximum(largest, load(x + r * stride + j, left));
    const Vec<T> shift = finite_or_zero<T>(largest);
    Vec<T> total = load(sums.total + j, left) * exp_term(before - shift);
    for (int64_t r = 0; r < rows; ++r) {
      fetch_row(x + (r + rows) * stride + j);
      total += exp_term(load(x + r * stride + j, left) - shift);
    }
    store(sums.largest + j, largest, left);
    store(sums.total + j, total, left);
  });
}

template <class T>
static void columns(bool log_of, const T* x, int64_t n, int64_t stride, int64_t width, Target<T> y) {
  ColumnSums<T> sums;
  each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
    store(sums.largest + j, broadcast<T>(T(-__builtin_inf())), left);
    store(sums.total + j, Vec<T>{}, left);
  });
  for (int64_t k = 0; k < n; k += kRowsTogether)
    sum_powers(x + k * stride, n - k < kRowsTogether ? n - k : kRowsTogether, stride, width, sums);
  each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
    const Vec<T> total = load(sums.total + j, left);
    store(sums.largest + j, finite_or_zero<T>(load(sums.largest + j, left)), left);
    store(sums.total + j, log_of ? log<T>(total) : inverse_or_zero<T>(total), left);
  });
  for (int64_t at = n * stride; at > 0;) {  // from the end, which a cache may still hold
    at -= stride;
    each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
      __builtin_prefetch(x + at - 2 * stride + j);
      if (!y.past_cache) __builtin_prefetch(y.data + at - 2 * stride + j);
      const Vec<T> v = load(x + at + j, left), below = v - load(sums.largest + j, left),
                   last = load(sums.total + j, left);
      if (log_of)
        put_fetched<T>(y, at + j, v == T(-__builtin_inf()) ? v : below - last, left);
      else
        put_fetched<T>(y, at + j, exp_below_zero<T>(below) * last, left);
    });
  }
}

template <class T>
static void columns_backward(bool log_of, const T* dy, const T* y, int64_t n, int64_t stride, int64_t width,
                             Target<T> dx) {
  alignas(kPageBytes) T sums[kSoftmaxColumns];
  for (int64_t k = 0; k < n; ++k)
    each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
      const Vec<T> d = load(dy + k * stride + j, left), v = load(y + k * stride + j, left);
      fetch_row(dy + (k + kRowsTogether) * stride + j);
      fetch_row(y + (k + kRowsTogether) * stride + j);
      store(sums + j, (k > 0 ? load(sums + j, left) : Vec<T>{}) + (log_of ? d : d * v), left);
    });
  for (int64_t at = n * stride; at > 0;) {
    at -= stride;
    each<T>(width, [&](int64_t j, int64_t left) FOLDGATE_LAMBDA {
      if (!dx.past_cache) __builtin_prefetch(dx.data + at - 2 * stride + j);
      const Vec<T> d = load(dy + at + j, left), v = load(y + at + j, left), all = load(sums + j, left);
      put_fetched<T>(dx, at + j, log_of ? d - exp<T>(v) * all : v * (d - all), left);
    });
  }
}

}  // namespace foldgate::FOLDGATE_ISA
