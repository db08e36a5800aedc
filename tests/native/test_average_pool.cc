// ops/pool/average on every tier, for float and double: forward and backward against the definition, for sliding windows
// and parts around lanes, every array flush against a guard page.
#include "ops/pool/average.h"

#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "conv_products.h"
#include "guard.h"
#include "kernels/table.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;
using test::product;
using Shape = std::vector<int64_t>;

// body(index of y, index of x, counted) for every position of every window, by the plan's axes.
template <class Body>
void for_each_share(const AveragePlan& plan, Body body) {
  const AverageAxis &d = plan.axes[0], &h = plan.axes[1], &w = plan.axes[2];
  auto each = [](const AverageAxis& axis, auto visit) {
    for (int64_t o = 0; o < axis.output; ++o) {
      const WindowSpan& span = axis.spans[static_cast<size_t>(o)];
      for (int64_t i = 0; i < span.count; ++i) visit(o, span.begin + i * axis.step, span.counted);
    }
  };
  for (int64_t n = 0; n < plan.images; ++n) {
    each(d, [&](int64_t od, int64_t id, int64_t cd) {
      each(h, [&](int64_t oh, int64_t ih, int64_t ch) {
        each(w, [&](int64_t ow, int64_t iw, int64_t cw) {
          const int64_t y = ((n * d.output + od) * h.output + oh) * w.output + ow;
          const int64_t x = ((n * d.input + id) * h.input + ih) * w.input + iw;
          for (int64_t c = 0; c < plan.pixel; ++c) body(y * plan.pixel + c, x * plan.pixel + c, cd * ch * cw);
        });
      });
    });
  }
}

template <class T>
double worst(const Guarded<T>& found, const std::vector<double>& expected) {
  double error = 0;
  for (int64_t i = 0; i < found.size(); ++i)
    error = std::fmax(error, std::fabs(static_cast<double>(found[i]) - expected[static_cast<size_t>(i)]));
  return error;
}

// A mean of at most 2^8 values below 1: 2^8 / 4 eps cover its sum, its division and the double's own rounding.
template <class T>
void check_plan(const AveragePlan& plan, Flush flush) {
  const double allowed = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
  Guarded<T> x(product(plan.input_shape), flush), y(product(plan.output_shape), flush, T(99));
  Guarded<T> dy(y.size(), flush), dx(x.size(), flush, T(99));
  test::Random random(static_cast<uint64_t>(x.size()));
  for (T& value : x) value = static_cast<T>(random.uniform(-1, 1));
  for (T& value : dy) value = static_cast<T>(random.uniform(-1, 1));
  std::vector<double> means(static_cast<size_t>(y.size())), shares(static_cast<size_t>(x.size()));
  for_each_share(plan, [&](int64_t i, int64_t j, int64_t counted) {
    means[static_cast<size_t>(i)] += static_cast<double>(x[j]) / static_cast<double>(counted);
    shares[static_cast<size_t>(j)] += static_cast<double>(dy[i]) / static_cast<double>(counted);
  });
  average_pool(plan, x.data(), y.data());
  CHECK_LE(worst(y, means), allowed);
  average_pool_backward(plan, dy.data(), dx.data());
  CHECK_LE(worst(dx, shares), allowed);
}

template <class T>
void windows_and_parts(int64_t channels, int64_t width, bool first) {
  const Shape shape = first ? Shape{2, channels, 5, width} : Shape{2, 5, width, channels};
  for (int64_t stride : {1, 2, 3}) {
    const WindowSpec spec{{2, 3}, {2, stride}, {1, 1}, {0, 1, 1, 1}, stride == 2};
    check_plan<T>(AveragePlan::make("average_pool", shape, spec, stride == 1, first),
                  first ? Flush::kFront : Flush::kBack);
  }
  const WindowSpec dilated{{2, 2}, {1, 1}, {2, 3}, {0, 0, 1, 1}};
  check_plan<T>(AveragePlan::make("average_pool", shape, dilated, false, first), Flush::kBack);
  for (const Shape& parts : {Shape{1, 1}, Shape{2, 3}, Shape{7, width}})
    check_plan<T>(AveragePlan::make_adaptive("adaptive_average_pool", shape, parts, first), Flush::kFront);
}

template <class T>
void around_lanes() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t channels : {int64_t{1}, int64_t{3}, lanes, lanes + 1}) {
    for (int64_t width : {int64_t{5}, lanes + 4, 2 * lanes + 1, 3 * lanes + 3}) {
      for (bool first : {false, true}) windows_and_parts<T>(channels, width, first);
    }
  }
}

TEST(average_pool, windows_and_parts_around_lanes) {
  test::on_every_tier([] {
    around_lanes<float>();
    around_lanes<double>();
  });
}

TEST(average_pool, all_ranks) {
  const WindowSpec deep{{2, 3, 2}, {1, 2, 2}, {1, 1, 1}, {1, 0, 0, 1, 1, 1}};
  const AveragePlan plans[] = {
      AveragePlan::make("average_pool", {2, 9, 4}, {{3}, {2}, {1}, {1, 1}}, true, false),
      AveragePlan::make("average_pool", {2, 4, 9}, {{3}, {2}, {2}, {1, 1}}, false, true),
      AveragePlan::make("average_pool", {1, 4, 5, 6, 3}, deep, true, false),
      AveragePlan::make_adaptive("adaptive_average_pool", {1, 4, 5, 6, 3}, {2, 1, 4}, false),
  };
  test::on_every_tier([&] {
    for (const AveragePlan& plan : plans) check_plan<float>(plan, Flush::kBack);
  });
}

TEST(average_pool, a_plan_refuses_what_cannot_be) {
  const WindowSpec wide{{2}, {1}, {1}, {2, 0}};
  CHECK_THROWS(AveragePlan::make("average_pool", {2, 9, 4}, wide, true, false), std::invalid_argument,
               "average_pool: padding is (2, 0) along spatial axis 0; expected at most 1");
  CHECK_THROWS(AveragePlan::make_adaptive("op", {2, 9, 4}, {0}, false), std::invalid_argument,
               "op: output_size is (0,); expected at least 1");
  CHECK_THROWS(AveragePlan::make_adaptive("op", {2, 0, 4}, {1}, false), std::invalid_argument,
               "op: x has a spatial extent of 0");
  CHECK_THROWS(AveragePlan::make_adaptive("op", {2, 9, 4}, {1, 1}, false), std::invalid_argument,
               "op: output_size has 2 values; expected 1");
  const int64_t huge = int64_t{1} << 40;
  CHECK_THROWS(AveragePlan::make_adaptive("op", {2, huge, 4}, {huge}, false), std::invalid_argument,
               "op: extents");
}

}  // namespace
}  // namespace foldgate
