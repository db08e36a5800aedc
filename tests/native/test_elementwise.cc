// Every function of kernels/elementwise.h on every tier, for float and double, against long double: error bounds in
// units of the last place or of eps |x|, special values, sizes around lanes between guard pages, in place.
#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "guard.h"
#include "kernels/table.h"
#include "random.h"
#include "tiers.h"
#include "ulp.h"

namespace foldgate {
namespace {

using test::Flush;
using test::Guarded;
using Real = long double;

constexpr Real kScale = 1.0507009873554804934193349852946L, kAlpha = 1.6732632423543772848170429916717L;
constexpr Real kTwice = 1.5957691216057307117L, kPi = 3.14159265358979323846L;

Real sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }
Real hard_sigmoid(Real x) { return std::min(std::max(x / 6 + 0.5L, 0.0L), 1.0L); }
Real softplus(Real x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }
Real normal_cdf(Real x) { return std::erfc(-x * std::sqrt(0.5L)) / 2; }
Real gelu_z(Real x) { return kTwice * x * (1 + 0.044715L * x * x); }
Real mish_tanh(Real x) { return std::tanh(softplus(x)); }

// What is right, and how far from it the results may be. `ulps`: units of the last place over [low, high], of the
// result, or with `absolute` eps |x|, where a difference of rounded terms makes it. slope_eps: eps of max(1, |f'|).
struct Case {
  Elementwise function;
  double low, high;
  Real a;
  Real (*of)(Real x, Real a);
  Real (*slope)(Real v, Real a);
  bool absolute;
  double ulps, slope_eps;
};

std::vector<Case> cases() {
  using E = Elementwise;
  return {
      {E::kExp, -80, 85, 0, [](Real x, Real) { return std::exp(x); }, [](Real y, Real) { return y; }, false,
       1.5, 1},
      {E::kTanh, -22, 22, 0, [](Real x, Real) { return std::tanh(x); },
       [](Real y, Real) { return 1 - y * y; }, false, 3, 2},
      {E::kSigmoid, -80, 80, 0, [](Real x, Real) { return sigmoid(x); },
       [](Real y, Real) { return y * (1 - y); }, false, 3, 2},
      {E::kRelu, -9, 9, 0, [](Real x, Real) { return x > 0 ? x : 0; },
       [](Real y, Real) { return Real(y > 0); }, false, 0, 1},
      {E::kRelu6, -9, 9, 0, [](Real x, Real) { return std::min(std::max(x, 0.0L), 6.0L); },
       [](Real y, Real) { return Real(y > 0 && y < 6); }, false, 0, 1},
      {E::kLeakyRelu, -9, 9, 0.25L, [](Real x, Real a) { return x > 0 ? x : a * x; },
       [](Real y, Real a) { return y > 0 ? 1 : a; }, false, 0, 1},
      {E::kElu, -40, 9, 1.5L, [](Real x, Real a) { return x > 0 ? x : a * std::expm1(x); },
       [](Real y, Real a) { return y > 0 ? 1 : y + a; }, false, 3, 2},
      {E::kSelu, -40, 9, 0, [](Real x, Real) { return kScale * (x > 0 ? x : kAlpha * std::expm1(x)); },
       [](Real y, Real) { return y > 0 ? kScale : y + kScale * kAlpha; }, false, 4, 3},
      {E::kHardSigmoid, -9, 9, 0, [](Real x, Real) { return hard_sigmoid(x); },
       [](Real y, Real) { return y > 0 && y < 1 ? 1 / 6.0L : 0; }, true, 1, 1},
      {E::kLogSigmoid, -60, 80, 0, [](Real x, Real) { return -softplus(-x); },
       [](Real y, Real) { return -std::expm1(y); }, false, 3, 2},
      {E::kSoftplus, -80, 60, 0, [](Real x, Real) { return softplus(x); },
       [](Real y, Real) { return -std::expm1(-y); }, false, 3, 2},
      {E::kLog, 1e-37, 9, 0, [](Real x, Real) { return std::log(x); }, [](Real x, Real) { return 1 / x; },
       false, 1, 1},
      {E::kErf, -7, 7, 0, [](Real x, Real) { return std::erf(x); },
       [](Real x, Real) { return 2 / std::sqrt(kPi) * std::exp(-x * x); }, false, 3, 2},
      {E::kGelu, -30, 30, 0, [](Real x, Real) { return x * normal_cdf(x); },
       [](Real x, Real) { return normal_cdf(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * kPi); }, true, 2,
       4},
      {E::kGeluTanh, -30, 30, 0, [](Real x, Real) { return x * sigmoid(gelu_z(x)); },
       [](Real x, Real) {
         const Real s = sigmoid(gelu_z(x)), rest = sigmoid(-gelu_z(x));
         return s * (1 + x * rest * kTwice * (1 + 3 * 0.044715L * x * x));
       },
       true, 3, 8},
      {E::kSilu, -80, 80, 0, [](Real x, Real) { return x * sigmoid(x); },
       [](Real x, Real) { return sigmoid(x) * (1 + x * sigmoid(-x)); }, false, 4, 4},
      {E::kHardSilu, -9, 9, 0, [](Real x, Real) { return x * hard_sigmoid(x); },
       [](Real x, Real) { return x <= -3  ? 0
                                 : x >= 3 ? 1
                                          : x / 3 + 0.5L; }, true, 2, 2},
      {E::kMish, -80, 80, 0, [](Real x, Real) { return x * mish_tanh(x); },
       [](Real x, Real) { return mish_tanh(x) + x * sigmoid(x) * (1 - mish_tanh(x) * mish_tanh(x)); }, false,
       4, 4},
      {E::kSoftsign, -80, 80, 0, [](Real x, Real) { return x / (1 + std::fabs(x)); },
       [](Real x, Real) { return 1 / ((1 + std::fabs(x)) * (1 + std::fabs(x))); }, false, 2, 3},
  };
}

// Uniform over the range, and towards 0 on a logarithmic scale where the range has 0.
template <class T>
void fill(Guarded<T>& x, const Case& c) {
  test::Random random(7);
  for (int64_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<T>(random.uniform(c.low, c.high));
    if (i & 1) x[i] = static_cast<T>((i & 2 && c.low < 0 ? -1 : 1) * std::exp2(random.uniform(-30, 2)));
  }
}

template <class T>
void check_errors(const Case& c) {
  constexpr double kEps = static_cast<double>(std::numeric_limits<T>::epsilon());
  constexpr int64_t kCount = 20001;
  const T a = static_cast<T>(c.a);
  Guarded<T> x(kCount), y(kCount), dy(kCount, Flush::kBack, T(0.75)), dx(kCount);
  fill(x, c);
  elementwise_forward(c.function, a, x.data(), kCount, y.data());
  const Guarded<T>& v = c.function <= Elementwise::kSoftplus ? y : x;
  elementwise_backward(c.function, a, dy.data(), v.data(), kCount, dx.data());
  double worst = 0, worst_slope = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    const Real exact = c.of(x[i], c.a), slope = 0.75L * c.slope(v[i], c.a);
    const Real off = std::fabs(y[i] - exact), slope_off = std::fabs(dx[i] - slope);
    const double error = c.absolute ? static_cast<double>(off / std::max<Real>(std::fabs(x[i]), 1)) / kEps
                                    : test::error_in_ulp<T>(y[i], exact);
    worst = error <= worst ? worst : error;  // a NaN is worse
    const double slope_error = static_cast<double>(slope_off / std::max<Real>(1, std::fabs(slope))) / kEps;
    worst_slope = slope_error <= worst_slope ? worst_slope : slope_error;
  }
  CHECK_LE(worst, c.ulps);
  CHECK_LE(worst_slope, c.slope_eps);
}

TEST(elementwise, every_function_is_within_its_bound) {
  test::on_every_tier([] {
    for (const Case& c : cases()) {
      check_errors<float>(c);
      check_errors<double>(c);
    }
  });
}

TEST(elementwise, the_cases_are_all_the_functions) {
  const std::vector<Case> all = cases();
  CHECK_EQ(static_cast<int>(all.size()), kElementwiseFunctions);
  for (size_t i = 0; i < all.size(); ++i) CHECK_EQ(static_cast<size_t>(all[i].function), i);
}

template <class T>
void check_sizes(const Case& c) {
  const T a = static_cast<T>(c.a);
  for (int64_t n : test::around({kernels<T>().gemm.lanes, 1 << 14})) {
    for (Flush flush : {Flush::kFront, Flush::kBack}) {
      Guarded<T> x(n, flush), y(n, flush, T(-7)), dx(n, flush, T(-7));
      fill(x, c);
      elementwise_forward(c.function, a, x.data(), n, y.data());
      elementwise_backward(c.function, a, y.data(), x.data(), n, dx.data());
      bool right = true;
      for (int64_t i = 0; i < n; ++i) {  // alone in its vector: no lane may change another
        T one, done;
        elementwise_forward(c.function, a, &x[i], 1, &one);
        elementwise_backward(c.function, a, &one, &x[i], 1, &done);
        right = right && test::same(one, y[i]) && test::same(done, dx[i]);
      }
      CHECK(right);
      elementwise_backward(c.function, a, y.data(), x.data(), n, y.data());  // dx is dy
      elementwise_forward(c.function, a, x.data(), n, x.data());             // y is x
      for (int64_t i = 0; i < n; ++i) right = right && test::same(y[i], dx[i]);
      CHECK(right);
    }
  }
}

TEST(elementwise, sizes_around_lanes_and_chunks_and_in_place) {
  test::on_every_tier([] {
    for (const Case& c : cases()) {
      if (c.function != Elementwise::kRelu && c.function != Elementwise::kLog &&
          c.function != Elementwise::kMish)
        continue;  // one body for all
      check_sizes<float>(c);
      check_sizes<double>(c);
    }
  });
}

template <class T>
void check_special(Elementwise function, T a, T at_minus_inf, T at_zero, T at_inf) {
  constexpr T kInf = std::numeric_limits<T>::infinity(), kNan = std::numeric_limits<T>::quiet_NaN();
  const T x[] = {-kInf, T(0), T(-0.0), kInf, kNan};
  const T expected[] = {at_minus_inf, at_zero, at_zero, at_inf, kNan};
  T y[5];
  elementwise_forward(function, a, x, 5, y);
  for (int i = 0; i < 5; ++i)
    CHECK(test::same(y[i], expected[i]) || test::error_in_ulp<T>(y[i], expected[i]) <= 1);
}

template <class T>
void check_specials() {
  using E = Elementwise;
  constexpr T kInf = std::numeric_limits<T>::infinity(), kNan = std::numeric_limits<T>::quiet_NaN();
  check_special<T>(E::kExp, 0, 0, 1, kInf);
  check_special<T>(E::kTanh, 0, -1, 0, 1);
  check_special<T>(E::kSigmoid, 0, 0, T(0.5), 1);
  check_special<T>(E::kRelu, 0, 0, 0, kInf);
  check_special<T>(E::kRelu6, 0, 0, 0, 6);
  check_special<T>(E::kLeakyRelu, T(0.5), -kInf, 0, kInf);
  check_special<T>(E::kElu, T(2), -2, 0, kInf);
  check_special<T>(E::kHardSigmoid, 0, 0, T(0.5), 1);
  check_special<T>(E::kLogSigmoid, 0, -kInf, -std::log(T(2)), 0);
  check_special<T>(E::kSoftplus, 0, 0, std::log(T(2)), kInf);
  check_special<T>(E::kLog, 0, kNan, -kInf, kInf);
  check_special<T>(E::kErf, 0, -1, 0, 1);
  for (E product : {E::kGelu, E::kGeluTanh, E::kSilu, E::kHardSilu, E::kMish})  // -inf times 0
    check_special<T>(product, 0, kNan, 0, kInf);
  check_special<T>(E::kSoftsign, 0, kNan, 0, kNan);  // inf / inf
}

TEST(elementwise, special_values) {
  test::on_every_tier([] {
    check_specials<float>();
    check_specials<double>();
  });
}

template <class T>
void check_denormals() {
  for (T x = std::numeric_limits<T>::denorm_min(); x < 2 * std::numeric_limits<T>::min();
       x = x * T(1.7) + x) {
    T y;
    elementwise_forward(Elementwise::kLog, T(0), &x, 1, &y);
    CHECK_LE(test::error_in_ulp<T>(y, std::log(static_cast<Real>(x))), 1.0);
  }
}

TEST(elementwise, the_logarithm_of_denormals) {
  test::on_every_tier([] {
    check_denormals<float>();
    check_denormals<double>();
  });
}

// Far out, where squares overflow and exponentials vanish, derivatives reach their limits.
template <class T>
void check_far(Elementwise function, T below, T above) {
  for (T x : {T(60), T(1e4), T(1e30), std::numeric_limits<T>::max()}) {
    const T values[] = {-x, x}, dy[] = {1, 1};
    T dx[2];
    elementwise_backward(function, T(1), dy, values, 2, dx);
    CHECK_LE(std::fabs(static_cast<double>(dx[0] - below)), 1e-3);
    CHECK_LE(std::fabs(static_cast<double>(dx[1] - above)), 1e-3);
  }
}

TEST(elementwise, derivatives_far_out) {
  test::on_every_tier([] {
    using E = Elementwise;
    for (E product : {E::kGelu, E::kGeluTanh, E::kSilu, E::kHardSilu, E::kMish}) {
      check_far<float>(product, 0, 1);
      check_far<double>(product, 0, 1);
    }
    for (E bounded : {E::kErf, E::kSoftsign}) {
      check_far<float>(bounded, 0, 0);
      check_far<double>(bounded, 0, 0);
    }
  });
}

}  // namespace
}  // namespace foldgate
