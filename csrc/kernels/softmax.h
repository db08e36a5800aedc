// Softmax of rows, or of columns a vector of them at a time, and the losses that begin with it.
//   softmax: y = e^(x - m) / s;  log_softmax: y = (x - m) - log s;  m = max x, s = sum e^(x - m)
// A row of -inf alone has m = 0 and 1 / s = 0: zeros, and -inf.
#pragma once
#include <cstdint>

#include "kernels/stream.h"

namespace foldgate {

// At most, of a block: their sums stay in L1, and pieces of rows are pages of 4 KB, which the machine fetches ahead.
constexpr int64_t kSoftmaxColumns = 1024;

template <class T>
struct SoftmaxKernels {
  // Each of `rows` rows of n values.
  void (*rows)(bool log, const T* x, int64_t rows, int64_t n, T* y);
  // softmax: dx = y (dy - sum dy y); log_softmax: dx = dy - e^y sum dy.
  void (*rows_backward)(bool log, const T* dy, const T* y, int64_t rows, int64_t n, Target<T> dx);
  // The same along k of x[k * stride + j], for each j < width, at most
  // kSoftmaxColumns.
  void (*columns)(bool log, const T* x, int64_t n, int64_t stride, int64_t width, Target<T> y);
  void (*columns_backward)(bool log, const T* dy, const T* y, int64_t n, int64_t stride, int64_t width,
                           Target<T> dx);

  // m and log s of each of `rows` rows of n values
  void (*log_sums)(const T* x, int64_t rows, int64_t n, T* highest, T* log_sum);
  // y = scale softmax(x), whose log sum e^x is known, but for its rounding
  void (*scaled_shares)(const T* x, int64_t n, T log_sum_exp, T scale, T* y);
  // sum p (m + log s - x); a p of 0 adds 0, whatever x is
  T (*cross)(const T* p, const T* x, int64_t n, T highest, T log_sum);
  // dx = scale (softmax(x) sum p - p)
  void (*cross_backward)(const T* p, const T* x, int64_t n, T log_sum_exp, T scale, T* dx);
  // loss = max(x, 0) - x z + log(1 + e^-|x|), of every value
  void (*logistic)(const T* x, const T* z, int64_t n, Target<T> loss);
  // dx = d (sigmoid(x) - z)
  void (*logistic_backward)(const T* d, const T* x, const T* z, int64_t n, Target<T> dx);
};

}  // namespace foldgate
