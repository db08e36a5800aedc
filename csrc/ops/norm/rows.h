// Normalisation of rows: layer norm (centred) and rms norm, forward and backward; equations in kernels/row_norm.h.
#pragma once
#include <cstdint>
#include <vector>

namespace foldgate {

// x is seen as (rows, width): the last `axes` axes are one row.
struct RowNormPlan {
  int64_t rows = 0, width = 0;
  bool centred = true;
  std::vector<int64_t> shape;       // of x
  std::vector<int64_t> statistics;  // shape of mean and rstd: the axes before

  // ValueError naming op, argument and value where x has no such axes, they hold nothing, or extents overflow.
  static RowNormPlan make(const char* op, const std::vector<int64_t>& shape, int64_t axes, bool centred);
};

// gamma, beta (width,) or null for 1 and 0. mean is neither written nor read where rows are not centred.
template <class T>
void row_norm_forward(const RowNormPlan& plan, const T* x, const T* gamma, const T* beta, T epsilon, T* y,
                      T* mean, T* rstd);
// dbeta: null where rows are not centred. Scratch: at most kRowNormTasks sums of dgamma and dbeta.
template <class T>
void row_norm_backward(const RowNormPlan& plan, const T* dy, const T* x, const T* mean, const T* rstd,
                       const T* gamma, T* dx, T* dgamma, T* dbeta);

}  // namespace foldgate
