// ops/optimizer on every tier, for float and double: updates around lanes against the definition in double, every array
// flush against a guard page. What each formula means is tested in Python; here, that no lane differs from the others.
#include "ops/optimizer.h"

#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "guard.h"
#include "kernels/table.h"
#include "random.h"
#include "tiers.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;

template <class T>
void fill(Guarded<T>& values, double low, double high, uint64_t seed) {
  test::Random random(seed);
  for (T& value : values) value = static_cast<T>(random.uniform(low, high));
}

// Adam with decay: m += (g - m) p, v += (g^2 - v) q, w = decay w - lr m / (sqrt(v) + eps), of values below 1.
template <class T>
void check_adam(int64_t n, Flush flush) {
  Guarded<T> w(n, flush), g(n, flush), m(n, flush), v(n, flush);
  fill(w, -1, 1, 1), fill(g, -1, 1, 2), fill(m, -1, 1, 3), fill(v, 0.1, 1, 4);
  OptimizerConstants<T> k{};
  k.decay = T(0.75), k.lr = T(0.5), k.epsilon = T(0.125), k.p = T(0.25), k.q = T(0.5);
  std::vector<double> expected;
  for (int64_t i = 0; i < n; ++i) {
    const double gradient = static_cast<double>(g[i]);
    const double mean = 0.75 * static_cast<double>(m[i]) + 0.25 * gradient;
    const double square = 0.5 * static_cast<double>(v[i]) + 0.5 * gradient * gradient;
    expected.push_back(0.75 * static_cast<double>(w[i]) - 0.5 * mean / (std::sqrt(square) + 0.125));
  }
  T* slots[] = {m.data(), v.data()};
  optimizer_update(Optimizer::kAdam, k, g.data(), n, w.data(), slots);
  double error = 0;
  for (int64_t i = 0; i < n; ++i)
    error = std::fmax(error, std::fabs(static_cast<double>(w[i]) - expected[static_cast<size_t>(i)]));
  CHECK_LE(error, 16 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

// Every kind treats equal values alike, in whole vectors and in the tail.
template <class T>
void check_lanes(Optimizer kind, int64_t n) {
  Guarded<T> w(n, Flush::kBack, T(1)), g(n, Flush::kBack, T(0.5));
  Guarded<T> a(n, Flush::kBack, T(0.25)), b(n, Flush::kBack, T(0.125)), c(n, Flush::kBack, T(0.0625));
  const OptimizerConstants<T> k{T(0.9), T(0.1), T(1),   T(0.5), T(0.75),
                                T(0.2), T(0.3), T(0.4), T(0.6), T(0.7)};
  T* slots[] = {a.data(), b.data(), c.data()};
  optimizer_update(kind, k, g.data(), n, w.data(), slots);
  CHECK(w[0] < T(1));
  for (int64_t i = 1; i < n; ++i) {
    CHECK_EQ(w[i], w[0]);
    CHECK_EQ(a[i], a[0]);
    CHECK_EQ(b[i], b[0]);
    CHECK_EQ(c[i], c[0]);
  }
}

TEST(optimizer, adam_around_lanes) {
  test::on_every_tier([] {
    for (int64_t n : test::around({kernels<float>().gemm.lanes, 1 << 14})) {
      check_adam<float>(n, Flush::kBack);
      check_adam<double>(n, Flush::kFront);
    }
  });
}

TEST(optimizer, no_lane_differs) {
  test::on_every_tier([] {
    for (int kind = 0; kind < kOptimizers; ++kind) {
      for (int64_t n : test::around({kernels<float>().gemm.lanes})) {
        check_lanes<float>(static_cast<Optimizer>(kind), n);
        check_lanes<double>(static_cast<Optimizer>(kind), n);
      }
    }
  });
}

TEST(optimizer, sums_of_squares) {
  test::on_every_tier([] {
    for (int64_t n : test::around({kernels<float>().gemm.lanes, 1 << 14})) {
      Guarded<float> x(n, Flush::kBack), y(n, Flush::kFront);
      test::Random(static_cast<uint64_t>(n)).fill_integers(x, -4, 4);
      double expected = 0;
      for (float value : x) expected += static_cast<double>(value * value);
      CHECK_EQ(square_sum(x.data(), n), expected);
      scale(x.data(), n, 0.5f, y.data());
      for (int64_t i = 0; i < n; ++i) CHECK_EQ(y[i], x[i] / 2);
    }
  });
}

}  // namespace
}  // namespace foldgate
