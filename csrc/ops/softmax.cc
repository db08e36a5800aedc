#include "ops/softmax.h"

#include "kernels/table.h"
#include "ops/chunks.h"

namespace foldgate {
namespace {

// body(first element, columns, where the element goes) for blocks of columns, each of n values from row to row of `inner`,
// of an output y. Blocks are as wide as leaves one for every thread: the wider, the fewer pages and the longer streams. A
// column's sum is the same in any.
template <class T, class Body>
void in_blocks(const SoftmaxPlan& plan, T* y, Body body) {
  constexpr int64_t kLine = 64;  // whole cache lines, and vectors
  const int64_t shared = ceil_div(plan.inner, ceil_div(get_num_threads(), plan.outer));
  const int64_t block = std::min(kSoftmaxColumns, ceil_div(shared, kLine) * kLine),
                blocks = ceil_div(plan.inner, block);
  const Target<T> out = target(y, plan.outer * plan.n * plan.inner, plan.inner);
  in_chunks(plan.outer * blocks, plan.n * std::min(block, plan.inner), [&](int64_t begin, int64_t size) {
    for (int64_t i = begin; i < begin + size; ++i) {
      const int64_t column = i % blocks * block, at = i / blocks * plan.n * plan.inner + column;
      body(at, std::min(block, plan.inner - column), out + at);
    }
    fence(out);
  });
}

}  // namespace

SoftmaxPlan SoftmaxPlan::make(const char* op, const std::vector<int64_t>& shape, int64_t axis, bool log) {
  const int64_t axes = static_cast<int64_t>(shape.size());
  require(axis >= -axes && axis < axes, op, ": axis is ", axis, "; expected one of ", axes, " axes");
  const int64_t at = axis < 0 ? axis + axes : axis;
  SoftmaxPlan plan{1, shape[static_cast<size_t>(at)], 1, log};
  for (int64_t i = 0; i < at; ++i) plan.outer = checked_mul(op, plan.outer, shape[static_cast<size_t>(i)]);
  for (int64_t i = at + 1; i < axes; ++i)
    plan.inner = checked_mul(op, plan.inner, shape[static_cast<size_t>(i)]);
  return plan;
}

template <class T>
void softmax(const SoftmaxPlan& plan, const T* x, T* y) {
  const SoftmaxKernels<T>& kernel = kernels<T>().softmax;
  if (plan.outer == 0 || plan.n == 0 || plan.inner == 0) return;
  if (plan.inner > 1)
    return in_blocks(plan, y, [&](int64_t at, int64_t width, Target<T> to) {
      kernel.columns(plan.log, x + at, plan.n, plan.inner, width, to);
    });
  in_chunks(plan.outer, plan.n, [&](int64_t begin, int64_t size) {
    kernel.rows(plan.log, x + begin * plan.n, size, plan.n, y + begin * plan.n);
  });
}

template <class T>
void softmax_backward(const SoftmaxPlan& plan, const T* dy, const T* y, T* dx) {
  const SoftmaxKernels<T>& kernel = kernels<T>().softmax;
  if (plan.outer == 0 || plan.n == 0 || plan.inner == 0) return;
  if (plan.inner > 1)
    return in_blocks(plan, dx, [&](int64_t at, int64_t width, Target<T> to) {
      kernel.columns_backward(plan.log, dy + at, y + at, plan.n, plan.inner, width, to);
    });
  in_chunks(plan.outer, plan.n, dx, [&](int64_t begin, int64_t size, Target<T> to) {
    const int64_t at = begin * plan.n;
    kernel.rows_backward(plan.log, dy + at, y + at, size, plan.n, to);
  });
}

template void softmax(const SoftmaxPlan&, const float*, float*);
template void softmax(const SoftmaxPlan&, const double*, double*);
template void softmax_backward(const SoftmaxPlan&, const float*, const float*, float*);
template void softmax_backward(const SoftmaxPlan&, const double*, const double*, double*);

}  // namespace foldgate
