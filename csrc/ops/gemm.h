// C[M][N] = activation(A[M][K] B[K][N] + bias), any strides of A and B, over a batch of matrices.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/activation.h"

namespace foldgate {

struct MatrixStep {
  int64_t row = 0, column = 0;
};

// Geometry of one product. Validated by GemmPlan::make; kernels trust it.
struct GemmPlan {
  int64_t m = 0, n = 0, k = 0;
  MatrixStep a, b;
  int64_t c_step = 0;  // from row to row of C, whose columns are contiguous
  Activation activation = Activation::kLinear;

  static GemmPlan make(int64_t m, int64_t n, int64_t k, MatrixStep a, MatrixStep b,
                       Activation activation = Activation::kLinear);
};

// a, b, c as the plan strides them; bias (N,) or null. c must not overlap a or b.
template <class T>
void gemm(const GemmPlan& plan, const T* a, const T* b, const T* bias, T* c);

// Many products of one plan: matrix i is at a + a_offsets[i], b + b_offsets[i], c + i * m * n.
template <class T>
void batched_gemm(const GemmPlan& plan, const T* a, const std::vector<int64_t>& a_offsets, const T* b,
                  const std::vector<int64_t>& b_offsets, const T* bias, T* c);

}  // namespace foldgate
