#include "ops/pool/lp.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/gemm.h"
#include "kernels/table.h"

namespace foldgate {
namespace {

constexpr int kMostProducts = 8;  // whole powers up to here are products, others the library's pow

// body(i) for i < n in parallel
template <class Body>
void for_each_value(int64_t n, double work_per_value, Body body) {
  const EvenSplit tasks(n, int64_t{1} << 14);
  parallel_for(tasks.parts, workers_for(tasks.parts, work_per_value * static_cast<double>(n)),
               [&](int64_t task, int) {
                 const int64_t end = tasks.begin(task) + tasks.size(task);
                 for (int64_t i = tasks.begin(task); i < end; ++i) body(i);
               });
}

// Calls body(f, work of a value) with f(v) = v^power for v >= 0. Loops over the products are vectors.
template <class T, class Body>
void with_power(double power, Body body) {
  constexpr double kProduct = 8, kLibrary = 60;  // from memory; a call
  if (power == 0) return body([](T) { return T(1); }, kProduct);
  if (power == 1) return body([](T v) { return v; }, kProduct);
  if (power == 2) return body([](T v) { return v * v; }, kProduct);
  if (power == 3) return body([](T v) { return v * v * v; }, kProduct);
  if (power == std::floor(power) && power > 0 && power <= kMostProducts) {
    const int times = static_cast<int>(power);
    return body(
        [times](T v) {
          T product = v;
          for (int i = 1; i < times; ++i) product *= v;
          return product;
        },
        2 * kProduct);
  }
  const auto exponent = static_cast<T>(power);
  body([exponent](T v) { return std::pow(v, exponent); }, kLibrary);
}

int64_t product(const std::vector<int64_t>& shape) {
  int64_t n = 1;
  for (int64_t extent : shape) n *= extent;
  return n;
}

}  // namespace

LpPlan LpPlan::make(const char* op, const std::vector<int64_t>& input_shape, const WindowSpec& spec,
                    double power, bool channels_first) {
  require(std::isfinite(power) && power > 0, op, ": p is ", power, "; expected a finite number above 0");
  LpPlan plan{AveragePlan::make(op, input_shape, spec, false, channels_first), power};
  for (AverageAxis& axis : plan.sums.axes)
    for (WindowSpan& span : axis.spans) span.counted = 1;
  return plan;
}

template <class T>
void lp_pool(const LpPlan& plan, const T* x, T* y) {
  const AverageKernels<T>& kernel = kernels<T>().average;
  const bool square = plan.power == 2;
  auto pool = [&](auto powers, auto roots) {
    const PoolPower<T> power{square, powers, roots};
    average_pool(plan.sums, x, y, &power);
  };
  auto by_vectors = [&](const T* from, int64_t n, bool add, T* to) {
    kernel.powers(from, n, square, add, to);
  };
  if (square) return pool(by_vectors, kernel.roots);
  if (plan.power == 1) return pool(by_vectors, [](int64_t, T*) {});
  const auto root = static_cast<T>(1 / plan.power);
  with_power<T>(plan.power, [&](auto function, double) {
    pool(
        [&](const T* from, int64_t n, bool add, T* to) {
          for (int64_t i = 0; i < n; ++i) to[i] = (add ? to[i] : T(0)) + function(std::abs(from[i]));
        },
        [&](int64_t n, T* sums) {
          for (int64_t i = 0; i < n; ++i) sums[i] = std::pow(sums[i], root);
        });
  });
}

template <class T>
void lp_pool_backward(const LpPlan& plan, const T* dy, const T* x, const T* y, T* dx) {
  const int64_t inputs = product(plan.sums.input_shape), outputs = product(plan.sums.output_shape);
  if (inputs == 0) return;
  const Scratch<T> quotients(outputs);
  T* const u = quotients.data();
  with_power<T>(plan.power - 1, [&](auto power, double work) {
    for_each_value(outputs, work, [&](int64_t i) { u[i] = y[i] == 0 ? T(0) : dy[i] / power(y[i]); });
    average_pool_backward(plan.sums, u, dx);
    for_each_value(inputs, work, [&](int64_t i) {
      const T share = dx[i] * power(std::abs(x[i]));
      dx[i] = x[i] == 0 ? T(0) : x[i] < 0 ? -share : share;
    });
  });
}

template void lp_pool(const LpPlan&, const float*, float*);
template void lp_pool(const LpPlan&, const double*, double*);
template void lp_pool_backward(const LpPlan&, const float*, const float*, const float*, float*);
template void lp_pool_backward(const LpPlan&, const double*, const double*, const double*, double*);

}  // namespace foldgate
