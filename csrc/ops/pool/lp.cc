#include "ops/pool/lp.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/gemm.h"

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

constexpr int64_t kCachedPowers = 1 << 18;  // 1 MB of float: enough for two threads to share out

// The plan of `count` images.
AveragePlan images_of(AveragePlan plan, int64_t count) {
  plan.images = plan.images / plan.input_shape[0] * count;
  plan.input_shape[0] = plan.output_shape[0] = count;
  return plan;
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
  const int64_t inputs = product(plan.sums.input_shape), outputs = product(plan.sums.output_shape);
  if (inputs == 0) return;
  // As many images at a time as leave their powers in cache.
  const int64_t count = plan.sums.input_shape[0], each = inputs / count, y_each = outputs / count;
  const int64_t together = std::min(count, std::max<int64_t>(1, kCachedPowers / each));
  const Scratch<T> powers(together * each);
  T* const p = powers.data();
  with_power<T>(plan.power, [&](auto power, double work) {
    for (int64_t n = 0; n < count; n += together) {
      const AveragePlan part = images_of(plan.sums, std::min(together, count - n));
      const T* const from = x + n * each;
      for_each_value(product(part.input_shape), work, [&](int64_t i) { p[i] = power(std::abs(from[i])); });
      average_pool(part, p, y + n * y_each);
    }
  });
  if (plan.power == 1) return;
  if (plan.power == 2) return for_each_value(outputs, 16, [&](int64_t i) { y[i] = std::sqrt(y[i]); });
  const auto root = static_cast<T>(1 / plan.power);
  for_each_value(outputs, 60, [&](int64_t i) { y[i] = std::pow(y[i], root); });
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
