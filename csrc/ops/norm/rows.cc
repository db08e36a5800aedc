#include "ops/norm/rows.h"

#include <algorithm>
#include <vector>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/stream.h"

namespace foldgate {
namespace {

constexpr int64_t kTaskValues = 1 << 14;
constexpr int64_t kRowNormTasks = 16;  // of the backward, each with sums of its own

// gamma or beta, or a constant in their place.
template <class T>
class Weights {
 public:
  Weights(const T* given, int64_t width, T otherwise) : constant_(given ? 0 : width), data_(given) {
    if (given) return;
    std::fill_n(constant_.data(), width, otherwise);
    data_ = constant_.data();
  }
  const T* data() const { return data_; }

 private:
  const Scratch<T> constant_;
  const T* data_;
};

// body(task, first row, rows)
template <class Body>
void for_rows(const RowNormPlan& plan, int64_t rows_each, double work_per_value, Body body) {
  const int64_t tasks = ceil_div(plan.rows, rows_each);
  const double work = work_per_value * static_cast<double>(plan.rows) * static_cast<double>(plan.width);
  parallel_for(tasks, workers_for(tasks, work), [&](int64_t task, int) {
    const int64_t first = task * rows_each;
    body(task, first, std::min(rows_each, plan.rows - first));
  });
}

}  // namespace

RowNormPlan RowNormPlan::make(const char* op, const std::vector<int64_t>& shape, int64_t axes, bool centred) {
  const auto rank = static_cast<int64_t>(shape.size());
  require(axes >= 1 && axes <= rank, op, ": ", axes, " axes are normalized of x's ", rank,
          "; expected at least one and no more than it has");
  for (const int64_t extent : shape)
    require(extent >= 0, op, ": x has shape ", shape_text(shape), "; expected no negative extents");
  RowNormPlan plan;
  plan.centred = centred;
  plan.shape = shape;
  plan.statistics.assign(shape.begin(), shape.end() - axes);
  plan.rows = checked_product(op, plan.statistics);
  plan.width = checked_product(op, {shape.end() - axes, shape.end()});
  require(plan.width >= 1, op, ": x has shape ", shape_text(shape),
          "; expected at least one value to normalize");
  checked_mul(op, plan.rows, plan.width);
  return plan;
}

template <class T>
void row_norm_forward(const RowNormPlan& plan, const T* x, const T* gamma, const T* beta, T epsilon, T* y,
                      T* mean, T* rstd) {
  const Weights<T> factors(gamma, plan.width, T(1)), terms(beta, plan.centred ? plan.width : 0, T(0));
  const RowNorm<T> norm{plan.width, factors.data(), terms.data(), epsilon, plan.centred};
  const auto forward = kernels<T>().row_norm.forward;
  const Target<T> out = target(y, plan.rows * plan.width, plan.width);
  for_rows(plan, std::max<int64_t>(1, kTaskValues / plan.width), kValueWork,
           [&](int64_t, int64_t first, int64_t rows) {
             const int64_t at = first * plan.width;
             forward(norm, x + at, rows, out + at, plan.centred ? mean + first : nullptr, rstd + first);
             fence(out);
           });
}

template <class T>
void row_norm_backward(const RowNormPlan& plan, const T* dy, const T* x, const T* mean, const T* rstd,
                       const T* gamma, T* dx, T* dgamma, T* dbeta) {
  const Weights<T> factors(gamma, plan.width, T(1));
  const RowNorm<T> norm{plan.width, factors.data(), nullptr, T(0), plan.centred};
  const int64_t rows_each =
      std::max({ceil_div(plan.rows, kRowNormTasks), ceil_div(kTaskValues, plan.width), int64_t{8}});
  const int64_t tasks = ceil_div(plan.rows, rows_each), sums = plan.centred ? 2 : 1;
  const Scratch<T> partial(std::max<int64_t>(tasks, 1) * sums * plan.width);
  partial.zero();
  auto part = [&](int64_t task) { return partial.data() + task * sums * plan.width; };
  const auto backward = kernels<T>().row_norm.backward;
  const Target<T> out = target(dx, plan.rows * plan.width, plan.width);
  for_rows(plan, rows_each, 1.5 * kValueWork, [&](int64_t task, int64_t first, int64_t rows) {
    const int64_t at = first * plan.width;
    backward(norm, dy + at, x + at, plan.centred ? mean + first : nullptr, rstd + first, rows, out + at,
             part(task), plan.centred ? part(task) + plan.width : nullptr);
    fence(out);
  });
  std::vector<const T*> parts{part(0)};
  for (int64_t task = 1; task < tasks; ++task) parts.push_back(part(task));
  const auto count = static_cast<int64_t>(parts.size());
  kernels<T>().average.add_rows(parts.data(), count, plan.width, dgamma);
  if (!plan.centred) return;
  for (const T*& row : parts) row += plan.width;
  kernels<T>().average.add_rows(parts.data(), count, plan.width, dbeta);
}

#define FOLDGATE_INSTANTIATE(T)                                                                             \
  template void row_norm_forward(const RowNormPlan&, const T*, const T*, const T*, T, T*, T*, T*);          \
  template void row_norm_backward(const RowNormPlan&, const T*, const T*, const T*, const T*, const T*, T*, \
                                  T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
