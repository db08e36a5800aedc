// Products of row-major matrices and their transposes, for the recurrent ops that leave them to the GEMM.
#pragma once
#include "ops/gemm.h"

namespace foldgate {

template <class T>
struct Matrix {
  const T* data;
  MatrixStep step;
};
template <class T>
Matrix<T> rows_of(const T* data, int64_t step) {
  return {data, {step, 1}};
}
template <class T>
Matrix<T> transposed(const T* data, int64_t step) {
  return {data, {1, step}};
}

// c[m][n], c_step apart, = a[m][k] b[k][n] + bias
template <class T>
void multiply(int64_t m, int64_t n, int64_t k, Matrix<T> a, Matrix<T> b, const T* bias, T* c,
              int64_t c_step) {
  GemmPlan plan = GemmPlan::make(m, n, k, a.step, b.step);
  plan.c_step = c_step;
  gemm(plan, a.data, b.data, bias, c);
}

}  // namespace foldgate
