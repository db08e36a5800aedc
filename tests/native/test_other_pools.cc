// Adaptive max and Lp pooling and max unpooling on every tier, for float and double, against their definitions: channels
// around lanes, every array flush against a guard page, any number of threads.
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "conv_products.h"
#include "core/thread_pool.h"
#include "guard.h"
#include "kernels/table.h"
#include "ops/pool/adaptive_max.h"
#include "ops/pool/lp.h"
#include "ops/pool/unpool.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;
using test::product;
using Shape = std::vector<int64_t>;

// body(index of y, its channel and image, indices of x, their positions in the plane) by the plan's windows.
template <class Body>
void for_each_window(const AveragePlan& plan, Body body) {
  const AverageAxis &h = plan.axes[1], &w = plan.axes[2];
  for (int64_t n = 0; n < plan.images; ++n)
    for (int64_t o = 0; o < h.output * w.output; ++o)
      for (int64_t c = 0; c < plan.pixel; ++c) {
        const WindowSpan &rows = h.spans[static_cast<size_t>(o / w.output)],
                         &columns = w.spans[static_cast<size_t>(o % w.output)];
        std::vector<int64_t> positions;
        for (int64_t i = 0; i < rows.count; ++i)
          for (int64_t j = 0; j < columns.count; ++j)
            positions.push_back((rows.begin + i * h.step) * w.input + columns.begin + j * w.step);
        body((n * h.output * w.output + o) * plan.pixel + c, n * h.input * w.input * plan.pixel + c,
             positions);
      }
}

template <class T>
int64_t wrong_adaptive(const Shape& shape, const Shape& parts, bool first, Flush flush) {
  const AdaptiveMaxPlan plan = AdaptiveMaxPlan::make("adaptive_max_pool", shape, parts, first);
  Guarded<T> x(product(shape), flush), y(product(plan.parts.output_shape), flush, T(99));
  Guarded<T> dy(y.size(), flush), dx(x.size(), flush, T(99));
  Guarded<int64_t> positions(y.size(), flush, -7);
  test::Random random(static_cast<uint64_t>(x.size()));
  random.fill_integers(x, -9, 9);  // ties: the first one wins
  random.fill_integers(dy, -9, 9);
  adaptive_max_pool<T>(plan, x.data(), y.data(), positions.data());
  adaptive_max_pool_backward<T>(plan, dy.data(), positions.data(), dx.data());
  std::vector<double> gradient(static_cast<size_t>(x.size()));
  int64_t wrong = 0;
  for_each_window(plan.parts, [&](int64_t i, int64_t image, const std::vector<int64_t>& window) {
    int64_t best = window[0];
    for (int64_t p : window)
      if (x[image + p * plan.parts.pixel] > x[image + best * plan.parts.pixel]) best = p;
    wrong += y[i] != x[image + best * plan.parts.pixel] || positions[i] != best;
    gradient[static_cast<size_t>(image + best * plan.parts.pixel)] += static_cast<double>(dy[i]);
  });
  return wrong + test::differences(dx, gradient);
}

// A sum of at most 9 powers, two roots and powers of it: 64 roundings.
template <class T>
int64_t wrong_lp(const Shape& shape, double power, bool first, Flush flush) {
  const LpPlan plan = LpPlan::make("lp_pool", shape, {{2, 3}, {2, 2}, {1, 1}, {0, 1, 1, 1}}, power, first);
  Guarded<T> x(product(shape), flush), y(product(plan.sums.output_shape), flush, T(99));
  Guarded<T> dy(y.size(), flush), dx(x.size(), flush, T(99));
  test::Random random(static_cast<uint64_t>(x.size()));
  for (T& value : x) value = static_cast<T>(random.uniform(-2, 2));
  for (T& value : dy) value = static_cast<T>(random.uniform(-1, 1));
  lp_pool<T>(plan, x.data(), y.data());
  lp_pool_backward<T>(plan, dy.data(), x.data(), y.data(), dx.data());
  std::vector<double> expected(static_cast<size_t>(y.size())), gradient(static_cast<size_t>(x.size()));
  for_each_window(plan.sums, [&](int64_t i, int64_t image, const std::vector<int64_t>& window) {
    double sum = 0;
    auto value = [&](int64_t p) { return static_cast<double>(x[image + p * plan.sums.pixel]); };
    for (int64_t p : window) sum += std::pow(std::fabs(value(p)), power);
    const double root = expected[static_cast<size_t>(i)] = std::pow(sum, 1 / power);
    for (int64_t p : window)
      gradient[static_cast<size_t>(image + p * plan.sums.pixel)] +=
          std::copysign(std::pow(std::fabs(value(p)) / root, power - 1), value(p)) *
          static_cast<double>(dy[i]);
  });
  const double allowed = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
  return test::differences(y, expected, 8 * allowed) + test::differences(dx, gradient, 8 * allowed);
}

// Every second position of the plane, some of them named twice: the last value stays.
template <class T>
int64_t wrong_unpool(int64_t images, int64_t channels, int64_t inputs, int64_t outputs, Flush flush) {
  const UnpoolPlan plan =
      UnpoolPlan::make("max_unpool", {images, inputs, channels}, {images, outputs, channels}, false);
  const int64_t size = images * inputs * channels;
  Guarded<T> x(size, flush), y(images * outputs * channels, flush, T(99)), dy(y.size(), flush);
  Guarded<T> dx(size, flush, T(99));
  Guarded<int64_t> positions(size, flush);
  test::Random random(static_cast<uint64_t>(size));
  random.fill_integers(x, 1, 9);
  random.fill_integers(dy, 1, 9);
  random.fill_integers(positions, 0, outputs - 1);
  max_unpool<T>(plan, x.data(), positions.data(), y.data());
  max_unpool_backward<T>(plan, dy.data(), positions.data(), dx.data());
  std::vector<double> expected(static_cast<size_t>(y.size())), gradient(static_cast<size_t>(size));
  std::vector<int64_t> last(static_cast<size_t>(y.size()), -1);
  auto target = [&](int64_t i) {
    return (i / (inputs * channels) * outputs + positions[i]) * channels + i % channels;
  };
  for (int64_t i = 0; i < size; ++i) {
    expected[static_cast<size_t>(target(i))] = static_cast<double>(x[i]);
    last[static_cast<size_t>(target(i))] = i;
  }
  for (int64_t i = 0; i < size; ++i)
    if (last[static_cast<size_t>(target(i))] == i)
      gradient[static_cast<size_t>(i)] = static_cast<double>(dy[target(i)]);
  return test::differences(y, expected) + test::differences(dx, gradient);
}

template <class T>
void around_lanes() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t channels : {int64_t{1}, lanes - 1, lanes, 2 * lanes + 1})
    for (Flush flush : {Flush::kFront, Flush::kBack}) {
      for (bool first : {false, true}) {
        const Shape shape = first ? Shape{2, channels, 6, 9} : Shape{2, 6, 9, channels};
        for (const Shape& parts : {Shape{1, 1}, Shape{3, 3}, Shape{4, 7}})
          CHECK_EQ(wrong_adaptive<T>(shape, parts, first, flush), 0);
        for (double power : {2.0, 3.0}) CHECK_EQ(wrong_lp<T>(shape, power, first, flush), 0);
      }
      CHECK_EQ(wrong_unpool<T>(2, channels, 7, 15, flush), 0);
    }
}

TEST(other_pools, definitions_around_lanes) {
  test::on_every_tier([] {
    around_lanes<float>();
    around_lanes<double>();
  });
}

TEST(other_pools, any_number_of_threads) {
  const int before = get_num_threads();
  for (int threads : {1, 3}) {
    set_num_threads(threads);
    CHECK_EQ(wrong_adaptive<float>({3, 120, 121, 33}, {30, 7}, false, Flush::kBack), 0);
    CHECK_EQ(wrong_adaptive<float>({3, 33, 120, 121}, {60, 11}, true, Flush::kBack), 0);
    CHECK_EQ(wrong_lp<float>({3, 120, 121, 33}, 2, false, Flush::kBack), 0);
    CHECK_EQ(wrong_unpool<float>(3, 33, 5000, 20000, Flush::kBack), 0);
  }
  set_num_threads(before);
}

TEST(other_pools, positions_of_nowhere_are_refused) {
  const UnpoolPlan plan = UnpoolPlan::make("max_unpool", {1, 2, 1}, {1, 4, 1}, false);
  const float x[2] = {1, 2};
  float y[4];
  for (int64_t wrong : {int64_t{-1}, int64_t{4}}) {
    const int64_t positions[2] = {0, wrong};
    CHECK_THROWS(max_unpool<float>(plan, x, positions, y), std::out_of_range, "max_unpool");
  }
}

}  // namespace
}  // namespace foldgate
