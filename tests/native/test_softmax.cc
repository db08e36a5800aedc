// ops/softmax on every tier against the definition in double: sizes around lanes and blocks between guard pages.
#include "ops/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "guard.h"
#include "kernels/softmax.h"
#include "kernels/table.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;

template <class T>
void fill(Guarded<T>& values, uint64_t seed) {
  test::Random random(seed);
  for (T& value : values) value = static_cast<T>(random.uniform(-3, 3));
}

// |x| <= 3: a sum of n powers has an error of n eps at most, and so have its logarithm and its quotients.
template <class T>
void check_plan(const SoftmaxPlan& plan, Flush flush) {
  const int64_t size = plan.outer * plan.n * plan.inner;
  const double allowed =
      (static_cast<double>(plan.n) + 16) * static_cast<double>(std::numeric_limits<T>::epsilon());
  Guarded<T> x(size, flush), y(size, flush), dy(size, flush), dx(size, flush);
  fill(x, 3);
  fill(dy, 5);
  softmax(plan, x.data(), y.data());
  softmax_backward(plan, dy.data(), y.data(), dx.data());
  double worst = 0, worst_slope = 0;
  for (int64_t line = 0; line < plan.outer * plan.inner; ++line) {
    const int64_t first = line / plan.inner * plan.n * plan.inner + line % plan.inner;
    double total = 0, all = 0;
    for (int64_t k = 0; k < plan.n; ++k) total += std::exp(static_cast<double>(x[first + k * plan.inner]));
    for (int64_t k = 0; k < plan.n; ++k) {
      const int64_t i = first + k * plan.inner;
      all += plan.log ? dy[i] : static_cast<double>(dy[i]) * y[i];
    }
    for (int64_t k = 0; k < plan.n; ++k) {
      const int64_t i = first + k * plan.inner;
      const double share = std::exp(static_cast<double>(x[i])) / total;
      worst = std::fmax(worst, std::fabs(y[i] - (plan.log ? std::log(share) : share)));
      const double slope =
          plan.log ? dy[i] - std::exp(static_cast<double>(y[i])) * all : y[i] * (dy[i] - all);
      worst_slope = std::fmax(worst_slope, std::fabs(dx[i] - slope));
    }
  }
  CHECK_LE(worst, allowed);
  CHECK_LE(worst_slope, 8 * allowed);
}

template <class T>
void around_lanes() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t n : test::around({lanes, 2 * lanes})) {
    for (int64_t inner : {int64_t{1}, int64_t{3}, lanes + 1, kSoftmaxColumns + 1}) {
      check_plan<T>({3, n, inner, false}, Flush::kBack);
      check_plan<T>({2, n, inner, true}, Flush::kFront);
    }
  }
}

TEST(softmax, rows_and_columns_around_lanes) {
  test::on_every_tier([] {
    around_lanes<float>();
    around_lanes<double>();
  });
}

template <class T>
void check_losses(int64_t rows, int64_t n) {
  const double allowed =
      (2 * static_cast<double>(n) + 32) * static_cast<double>(std::numeric_limits<T>::epsilon());
  Guarded<T> x(rows * n), p(rows * n), loss(rows), log_sum_exp(rows), dx(rows * n), same(rows * n);
  Guarded<int32_t> labels(rows);
  fill(x, 3);
  for (int64_t r = 0; r < rows; ++r) labels[r] = static_cast<int32_t>(r * 7 % n), p[r * n + labels[r]] = T(1);
  Classes classes;
  classes.narrow = labels.data();
  class_cross_entropy(x.data(), classes, rows, n, loss.data(), log_sum_exp.data());
  const std::vector<T> by_class(loss.begin(), loss.end());
  class_cross_entropy_backward(loss.data(), x.data(), classes, log_sum_exp.data(), rows, n, dx.data());
  cross_entropy_backward(loss.data(), x.data(), p.data(), log_sum_exp.data(), rows, n, same.data());
  cross_entropy(x.data(), p.data(), rows, n, loss.data(), log_sum_exp.data());
  double worst = 0, worst_slope = 0;
  for (int64_t r = 0; r < rows; ++r) {
    double total = 0;
    for (int64_t k = 0; k < n; ++k) total += std::exp(static_cast<double>(x[r * n + k]));
    const double exact = std::log(total) - x[r * n + labels[r]], d = by_class[static_cast<size_t>(r)];
    worst = std::fmax(worst, std::fmax(std::fabs(loss[r] - exact), std::fabs(d - exact)));
    for (int64_t k = 0; k < n; ++k) {
      const int64_t i = r * n + k;
      const double slope = d * (std::exp(static_cast<double>(x[i])) / total - (k == labels[r]));
      worst_slope = std::fmax(worst_slope, std::fmax(std::fabs(dx[i] - slope), std::fabs(same[i] - slope)));
    }
  }
  CHECK_LE(worst, 2 * allowed);
  CHECK_LE(worst_slope, 16 * allowed);
}

TEST(softmax, cross_entropies_of_classes_and_of_probabilities) {
  test::on_every_tier([] {
    for (int64_t n : {1, 2, 10, 16, 17, 33}) {
      check_losses<float>(5, n);
      check_losses<double>(5, n);
    }
  });
}

TEST(softmax, a_class_outside_names_itself) {
  const int64_t labels[] = {0, -100, 3};
  Classes classes;
  classes.wide = labels;
  CHECK_THROWS(classes.check("op", 3, 4), std::out_of_range, "op: labels hold -100; expected 0 to 3");
  classes.ignored = -100;
  CHECK_THROWS(classes.check("op", 3, 3), std::out_of_range, "op: labels hold 3; expected 0 to 2");
  classes.check("op", 3, 4);
}

template <class T>
void check_logistic(int64_t n) {
  Guarded<T> x(n), z(n), loss(n), dx(n);
  fill(x, 3);
  for (int64_t i = 0; i < n; ++i) z[i] = static_cast<T>(i % 5) / 4;
  logistic_cross_entropy(x.data(), z.data(), n, loss.data());
  logistic_cross_entropy_backward(loss.data(), x.data(), z.data(), n, dx.data());
  double worst = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double s = 1 / (1 + std::exp(-static_cast<double>(x[i])));
    const double exact = -z[i] * std::log(s) - (1 - z[i]) * std::log(1 - s);
    worst = std::fmax(worst, std::fmax(std::fabs(loss[i] - exact), std::fabs(dx[i] - loss[i] * (s - z[i]))));
  }
  CHECK_LE(worst, 16 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

TEST(softmax, binary_cross_entropy_of_logits) {
  test::on_every_tier([] {
    for (int64_t n : test::around({4, 16})) {
      check_logistic<float>(n);
      check_logistic<double>(n);
    }
  });
}

}  // namespace
}  // namespace foldgate
