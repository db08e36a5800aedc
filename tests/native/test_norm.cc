// ops/norm on every tier, for float and double: batch, group, layer and rms norm against the definition in double, around
// lanes, wide rows, parts and pieces, every array flush against a guard page.
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "guard.h"
#include "kernels/table.h"
#include "ops/norm/channels.h"
#include "ops/norm/rows.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;
using Doubles = std::vector<double>;

size_t at(int64_t i) { return static_cast<size_t>(i); }

template <class T>
void fill(Guarded<T>& values, double low, double high, uint64_t seed) {
  test::Random random(seed);
  for (T& value : values) value = static_cast<T>(random.uniform(low, high));
}

// Values between 2 and 4 have a deviation of .58 and lie within 2 of them: eps times 3 / .58, a few times over for the
// sums, and as much again where dx subtracts two means.
template <class T>
void check_close(const Guarded<T>& found, const Doubles& expected, double scale = 1) {
  double error = 0;
  for (int64_t i = 0; i < found.size(); ++i)
    error = std::fmax(error, std::fabs(static_cast<double>(found[i]) - expected[at(i)]));
  CHECK_LE(error, 200 * scale * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

constexpr double kEpsilon = 1e-3;

// The statistic of every value of x, and its channel.
struct Places {
  explicit Places(const ChannelNormPlan& p) {
    for (int64_t n = 0; n < p.samples; ++n)
      for (int64_t r = 0; r < p.rows; ++r)
        for (int64_t c = 0; c < p.channels; ++c)
          for (int64_t i = 0; i < p.inner; ++i) {
            channel.push_back(c);
            statistic.push_back(n * p.groups + c / p.group_channels());
          }
  }
  std::vector<int64_t> channel, statistic;
};

struct Expected {
  Doubles y, mean, variance, dx, dgamma, dbeta;
};

template <class T>
Expected by_definition(const ChannelNormPlan& p, const Guarded<T>& x, const Guarded<T>& dy,
                       const Guarded<T>& gamma, const Guarded<T>& beta) {
  const Places places(p);
  const auto count = static_cast<double>(p.terms());
  Expected e;
  e.mean = e.variance = Doubles(at(p.statistics()));
  e.y = e.dx = Doubles(at(p.size()));
  e.dgamma = e.dbeta = Doubles(at(p.channels));
  Doubles g_mean(e.mean), gx_mean(e.mean), d(e.y), xhat(e.y);
  auto each = [&](auto body) {
    for (int64_t i = 0; i < p.size(); ++i) body(at(i), at(places.statistic[at(i)]), places.channel[at(i)], i);
  };
  each([&](size_t, size_t s, int64_t, int64_t i) { e.mean[s] += static_cast<double>(x[i]) / count; });
  each([&](size_t, size_t s, int64_t, int64_t i) {
    e.variance[s] += std::pow(static_cast<double>(x[i]) - e.mean[s], 2) / count;
  });
  each([&](size_t k, size_t s, int64_t c, int64_t i) {
    xhat[k] = (static_cast<double>(x[i]) - e.mean[s]) / std::sqrt(e.variance[s] + kEpsilon);
    const double before = xhat[k] * static_cast<double>(gamma[c]) + static_cast<double>(beta[c]);
    e.y[k] = std::fmax(before, 0.0);
    d[k] = before > 0 ? static_cast<double>(dy[i]) : 0.0;
    e.dgamma[at(c)] += d[k] * xhat[k];
    e.dbeta[at(c)] += d[k];
    g_mean[s] += d[k] * static_cast<double>(gamma[c]) / count;
    gx_mean[s] += d[k] * static_cast<double>(gamma[c]) * xhat[k] / count;
  });
  each([&](size_t k, size_t s, int64_t c, int64_t) {
    e.dx[k] = (d[k] * static_cast<double>(gamma[c]) - g_mean[s] - xhat[k] * gx_mean[s]) /
              std::sqrt(e.variance[s] + kEpsilon);
  });
  return e;
}

// With relu, whose kinks no value is near: beta moves channels to one side or the other by 3 deviations.
template <class T>
void check_channels(const ChannelNormPlan& plan, Flush flush) {
  Guarded<T> x(plan.size(), flush), dy(plan.size(), flush), y(plan.size(), flush, T(99)),
      dx(plan.size(), flush);
  Guarded<T> gamma(plan.channels, flush), beta(plan.channels, flush), dgamma(plan.channels, flush),
      dbeta(plan.channels, flush);
  Guarded<T> mean(plan.statistics(), flush), variance(plan.statistics(), flush),
      rstd(plan.statistics(), flush);
  fill(x, 2, 4, 1), fill(dy, -1, 1, 2), fill(gamma, 0.5, 1, 3);
  for (int64_t c = 0; c < plan.channels; ++c) beta[c] = T(c % 2 ? 3 : -3);
  const Expected e = by_definition(plan, x, dy, gamma, beta);
  const ChannelAffine<T> affine{gamma.data(), beta.data(), true};
  const T epsilon = static_cast<T>(kEpsilon);
  channel_norm_forward(plan, x.data(), affine, epsilon, y.data(), mean.data(), variance.data());
  check_close(y, e.y), check_close(mean, e.mean), check_close(variance, e.variance);
  for (int64_t i = 0; i < rstd.size(); ++i) rstd[i] = inverse_deviation(variance[i], epsilon);
  channel_norm_backward(plan, dy.data(), x.data(), mean.data(), rstd.data(), affine, false, dx.data(),
                        dgamma.data(), dbeta.data());
  const double terms = std::sqrt(static_cast<double>(plan.samples * plan.rows * plan.inner));
  check_close(dx, e.dx, 4), check_close(dgamma, e.dgamma, terms), check_close(dbeta, e.dbeta, terms);
  for (T& value : y) value = T(99);
  channel_norm_apply(plan, x.data(), mean.data(), rstd.data(), affine, y.data());
  check_close(y, e.y);
}

template <class T>
void channels_around_lanes() {
  const int64_t lanes = kernels<T>().gemm.lanes;
  for (int64_t n : {int64_t{3}, lanes - 1, lanes, 2 * lanes + 1, 5 * lanes + 2}) {
    for (Flush flush : {Flush::kFront, Flush::kBack}) {
      check_channels<T>(ChannelNormPlan::make_batch("op", {7, 5, n}, 2), flush);
      check_channels<T>(ChannelNormPlan::make_batch("op", {7, n, 5}, 1), flush);
      check_channels<T>(ChannelNormPlan::make_batch("op", {7, 5, n}, 1), flush);
      check_channels<T>(ChannelNormPlan::make_group("op", {3, 5, 2 * n}, false, 2), flush);
      check_channels<T>(ChannelNormPlan::make_group("op", {3, 6, n}, true, 3), flush);
    }
  }
}

TEST(norm, channels_around_lanes) {
  test::on_every_tier([] {
    channels_around_lanes<float>();
    channels_around_lanes<double>();
  });
}

TEST(norm, channels_in_parts_and_pieces) {
  const ChannelNormPlan plans[] = {
      ChannelNormPlan::make_batch("op", {1000, 37}, 1),     // parts of wide rows, and a tail
      ChannelNormPlan::make_batch("op", {300, 64}, 1),      // rows that are blocks of columns
      ChannelNormPlan::make_batch("op", {130, 300}, 1),     // several blocks, and vectors besides
      ChannelNormPlan::make_batch("op", {2, 3, 33000}, 1),  // pieces of planes
      ChannelNormPlan::make_batch("op", {3, 5, 1100}, 1),   // whole units in several rows
      ChannelNormPlan::make_group("op", {1, 33000, 4}, false, 2),
      ChannelNormPlan::make_group("op", {1, 4, 66000}, true, 2),
  };
  test::on_every_tier([&] {
    for (const ChannelNormPlan& plan : plans) check_channels<float>(plan, Flush::kBack);
  });
}

template <class T>
void check_rows(const RowNormPlan& plan, Flush flush) {
  const int64_t rows = plan.rows, width = plan.width, size = rows * width;
  Guarded<T> x(size, flush), dy(size, flush), y(size, flush, T(99)), dx(size, flush, T(99));
  Guarded<T> gamma(width, flush), beta(width, flush), dgamma(width, flush), dbeta(width, flush);
  Guarded<T> mean(rows, flush), rstd(rows, flush);
  fill(x, 2, 4, 1), fill(dy, -1, 1, 2), fill(gamma, 0.5, 1, 3), fill(beta, -1, 1, 4);
  const T epsilon = static_cast<T>(kEpsilon);
  T* beta_data = plan.centred ? beta.data() : nullptr;
  T* mean_data = plan.centred ? mean.data() : nullptr;
  row_norm_forward(plan, x.data(), gamma.data(), beta_data, epsilon, y.data(), mean_data, rstd.data());
  row_norm_backward(plan, dy.data(), x.data(), mean_data, rstd.data(), gamma.data(), dx.data(), dgamma.data(),
                    plan.centred ? dbeta.data() : nullptr);
  Doubles y_expected(at(size)), dx_expected(at(size)), dgamma_expected(at(width)), dbeta_expected(at(width));
  for (int64_t r = 0; r < rows; ++r) {
    const auto count = static_cast<double>(width);
    double average = 0, square = 0, g_mean = 0, gx_mean = 0;
    auto hat = [&](int64_t i) { return (static_cast<double>(x[r * width + i]) - average) / square; };
    auto g = [&](int64_t i) {
      return static_cast<double>(dy[r * width + i]) * static_cast<double>(gamma[i]);
    };
    for (int64_t i = 0; plan.centred && i < width; ++i)
      average += static_cast<double>(x[r * width + i]) / count;
    for (int64_t i = 0; i < width; ++i)
      square += std::pow(static_cast<double>(x[r * width + i]) - average, 2) / count;
    square = std::sqrt(square + kEpsilon);
    for (int64_t i = 0; i < width; ++i) g_mean += g(i) / count, gx_mean += g(i) * hat(i) / count;
    if (!plan.centred) g_mean = 0;
    for (int64_t i = 0; i < width; ++i) {
      y_expected[at(r * width + i)] =
          hat(i) * static_cast<double>(gamma[i]) + (plan.centred ? static_cast<double>(beta[i]) : 0.0);
      dx_expected[at(r * width + i)] = (g(i) - g_mean - hat(i) * gx_mean) / square;
      dgamma_expected[at(i)] += static_cast<double>(dy[r * width + i]) * hat(i);
      dbeta_expected[at(i)] += static_cast<double>(dy[r * width + i]);
    }
  }
  // A row of one or two equal values has no deviation but epsilon's: dx is 1 / sqrt(epsilon) = 32 times larger.
  check_close(y, y_expected, 32), check_close(dx, dx_expected, 32 * 32),
      check_close(dgamma, dgamma_expected, 32);
  if (plan.centred) check_close(dbeta, dbeta_expected);
}

TEST(norm, rows_around_lanes) {
  test::on_every_tier([] {
    for (int64_t width : test::around({kernels<float>().gemm.lanes, 256})) {
      for (int64_t rows : {1, 3, 4, 9, 70}) {
        for (bool centred : {false, true}) {
          check_rows<float>(RowNormPlan::make("op", {rows, width}, 1, centred), Flush::kBack);
          check_rows<double>(RowNormPlan::make("op", {rows, width}, 1, centred), Flush::kFront);
        }
      }
    }
    check_rows<float>(RowNormPlan::make("op", {2, 3, 50, 70}, 2, true), Flush::kBack);  // two chunks a row
  });
}

TEST(norm, a_plan_refuses_what_cannot_be) {
  const int64_t huge = int64_t{1} << 40;
  CHECK_THROWS(ChannelNormPlan::make_batch("op", {3, 4}, 2), std::invalid_argument,
               "op: axis is 2; expected 0 to 1");
  CHECK_THROWS(ChannelNormPlan::make_batch("op", {3}, 0), std::invalid_argument, "op: x has shape (3,)");
  CHECK_THROWS(ChannelNormPlan::make_batch("op", {huge, huge}, 0), std::invalid_argument, "op: extents");
  CHECK_THROWS(ChannelNormPlan::make_group("op", {3, 4}, false, 3), std::invalid_argument,
               "op: groups is 3; expected a divisor of x's 4 channels");
  CHECK_THROWS(ChannelNormPlan::make_group("op", {3, 4}, false, 0), std::invalid_argument, "op: groups is 0");
  CHECK_THROWS(ChannelNormPlan::make_group("op", {3, 0, 4}, false, 2), std::invalid_argument, "one position");
  CHECK_THROWS(RowNormPlan::make("op", {3, 4}, 0, true), std::invalid_argument, "op: 0 axes are normalized");
  CHECK_THROWS(RowNormPlan::make("op", {3, 4}, 3, true), std::invalid_argument, "op: 3 axes are normalized");
  CHECK_THROWS(RowNormPlan::make("op", {3, 0}, 1, true), std::invalid_argument, "at least one value");
}

}  // namespace
}  // namespace foldgate
