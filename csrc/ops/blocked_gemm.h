// The general matrix product: panels of B, blocks of A, register tiles. gemm() comes here with what is not thin.
#pragma once
#include "ops/gemm.h"

namespace foldgate {

// Tasks of a product, where it has as many tiles: enough to balance a few threads. Fixed, so that shape alone cuts.
constexpr int64_t kGemmTasks = 16;

template <class T>
struct GemmOperands {
  const GemmPlan& plan;
  const T* a;
  const T* b;
  const T* bias;  // or null
  T* c;

  T limit() const { return relu_limit<T>(plan.activation); }
  double work() const { return static_cast<double>(plan.m) * plan.n * plan.k; }
};

// Scratch: packed panels of B (at most kPackedBytes, or one panel a worker where rows are few) and, where A has no unit
// stride, a packed block of A a worker.
template <class T>
void blocked_gemm(const GemmOperands<T>& operands);

}  // namespace foldgate
