// The vector contract that every kernel stands on, on every tier: tails touch nothing beyond their lanes, shuffles
// move what they say, and exp, sigmoid and tanh hold their error bounds, NaN and the infinities included.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "check.h"
#include "guard.h"
#include "random.h"
#include "simd_contract.h"
#include "tiers.h"
#include "ulp.h"

namespace foldgate {
namespace {

using test::error_in_ulp;
using test::Flush;
using test::Guarded;
using test::same;
using test::SimdContract;

template <class T>
const SimdContract<T>& contract_of(const SimdContract<float>& f32, const SimdContract<double>& f64) {
  if constexpr (std::is_same_v<T, float>)
    return f32;
  else
    return f64;
}

template <class T>
const SimdContract<T>& contract([[maybe_unused]] Isa isa) {
#if defined(__x86_64__) && !defined(FOLDGATE_BASELINE_ONLY)
  if (isa == Isa::kAvx512) return contract_of<T>(avx512::contract_f32, avx512::contract_f64);
  if (isa == Isa::kAvx2) return contract_of<T>(avx2::contract_f32, avx2::contract_f64);
#elif defined(__aarch64__)
  if (isa == Isa::kNeon) return contract_of<T>(neon::contract_f32, neon::contract_f64);
#endif
#if defined(__aarch64__)
  return contract_of<T>(neon::contract_f32, neon::contract_f64);
#else
  return contract_of<T>(baseline::contract_f32, baseline::contract_f64);
#endif
}

// body(contract) on every tier, for float and for double.
template <class Body>
void every_tier(Body body) {
  for (Isa isa : test::tiers()) {
    body(contract<float>(isa), float());
    body(contract<double>(isa), double());
  }
}

TEST(simd, whole_vectors_are_copied_at_any_alignment) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    Guarded<T> from(p.lanes + 3), to(p.lanes + 3);
    for (int64_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i + 1);
    for (int shift = 0; shift <= 3; ++shift) {
      p.copy(from.data() + shift, to.data() + shift);
      for (int i = 0; i < p.lanes; ++i) CHECK_EQ(to[shift + i], from[shift + i]);
    }
  });
}

TEST(simd, vectors_past_the_cache_are_the_same) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    Guarded<T> from(2 * p.lanes), to(2 * p.lanes);
    for (int64_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i + 1);
    p.copy_past_cache(from.data() + 1, to.data() + p.lanes);
    for (int i = 0; i < p.lanes; ++i) {
      CHECK_EQ(to[i], T(0));
      CHECK_EQ(to[p.lanes + i], from[1 + i]);
    }
  });
}

TEST(simd, tails_read_and_write_their_lanes_alone) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    for (int n = 0; n <= p.lanes; ++n) {
      Guarded<T> from(n), exact(n);  // one element more would be a fault
      for (int i = 0; i < n; ++i) from[i] = static_cast<T>(10 + i);
      p.copy_part(from.data(), exact.data(), n);
      for (int i = 0; i < n; ++i) CHECK_EQ(exact[i], from[i]);

      Guarded<T> wide(p.lanes + 1, Flush::kBack, T(-7));
      p.copy_part(from.data(), wide.data(), n);
      for (int i = n; i <= p.lanes; ++i) CHECK_EQ(wide[i], T(-7));
      p.load_part(from.data(), wide.data(), n);
      for (int i = 0; i < p.lanes; ++i) CHECK_EQ(wide[i], i < n ? from[i] : T(0));
    }
  });
}

TEST(simd, a_count_beyond_the_lanes_means_the_whole_vector) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    Guarded<T> from(p.lanes), to(p.lanes);
    for (int i = 0; i < p.lanes; ++i) from[i] = static_cast<T>(i - 2);
    p.copy_part(from.data(), to.data(), p.lanes + 5);
    for (int i = 0; i < p.lanes; ++i) CHECK_EQ(to[i], from[i]);
  });
}

TEST(simd, broadcasts_and_lane_numbers) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    Guarded<T> to(p.lanes);
    p.iota(to.data());
    for (int i = 0; i < p.lanes; ++i) CHECK_EQ(to[i], T(i));
    for (T value :
         {T(1.5), T(-0.0), std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN()}) {
      p.broadcast(value, to.data());
      for (int i = 0; i < p.lanes; ++i)
        CHECK(same(to[i], value) && std::signbit(to[i]) == std::signbit(value));
    }
  });
}

TEST(simd, a_nan_in_the_second_operand_wins) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
    Guarded<T> a(p.lanes), b(p.lanes), high(p.lanes), low(p.lanes);
    for (T x : {T(-1), T(0), T(2), inf, -inf}) {
      for (T y : {T(-1), T(0), T(3), inf, -inf, nan}) {
        for (int i = 0; i < p.lanes; ++i) a[i] = x, b[i] = y;
        p.maximum(a.data(), b.data(), high.data());
        p.minimum(a.data(), b.data(), low.data());
        for (int i = 0; i < p.lanes; ++i) {
          CHECK(same(high[i], std::isnan(y) ? y : (x > y ? x : y)));
          CHECK(same(low[i], std::isnan(y) ? y : (x < y ? x : y)));
        }
      }
    }
  });
}

TEST(simd, the_sum_holds_every_lane_once) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    Guarded<T> from(p.lanes);
    for (int lane = 0; lane < p.lanes; ++lane) {
      for (int i = 0; i < p.lanes; ++i) from[i] = static_cast<T>(i == lane);
      CHECK_EQ(p.sum(from.data()), T(1));
    }
    for (int i = 0; i < p.lanes; ++i) from[i] = static_cast<T>(1 << i);
    CHECK_EQ(p.sum(from.data()), static_cast<T>((1 << p.lanes) - 1));
  });
}

TEST(simd, transposes_in_registers) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    Guarded<T> from(p.lanes * p.lanes), to(p.lanes * p.lanes);
    for (int64_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i);
    p.transpose(from.data(), to.data());
    for (int r = 0; r < p.lanes; ++r) {
      for (int c = 0; c < p.lanes; ++c) CHECK_EQ(to[c * p.lanes + r], from[r * p.lanes + c]);
    }
  });
}

TEST(simd, bytes_widen_and_narrow) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    Guarded<uint8_t> from(p.lanes), to(p.lanes);
    Guarded<T> widened(p.lanes);
    for (int base = 0; base < 256; base += p.lanes) {
      for (int i = 0; i < p.lanes; ++i) from[i] = static_cast<uint8_t>(base + i);
      p.copy_bytes(from.data(), to.data(), widened.data());
      for (int i = 0; i < p.lanes; ++i) {
        CHECK_EQ(to[i], from[i]);
        CHECK_EQ(widened[i], T(from[i]));
      }
    }
  });
}

// ---- math ----

// The largest error over a sweep of [low, high] and the same range on a logarithmic scale towards 0.
template <class T, class Exact>
double worst_error(const SimdContract<T>& p, void (*function)(const T*, T*), double low, double high,
                   Exact exact) {
  Guarded<T> x(p.lanes), y(p.lanes);
  test::Random random(7);
  double worst = 0;
  for (int round = 0; round < 60000 / p.lanes; ++round) {
    for (int i = 0; i < p.lanes; ++i) {
      const double sign = random.bits() & 1 ? 1 : -1;
      x[i] = static_cast<T>(round & 1 ? random.uniform(low, high) : sign * std::exp2(random.uniform(-30, 2)));
    }
    function(x.data(), y.data());
    for (int i = 0; i < p.lanes; ++i) {
      const double error = error_in_ulp<T>(y[i], exact(static_cast<long double>(x[i])));
      worst = error > worst ? error : worst;
    }
  }
  return worst;
}

template <class T>
void check_special(void (*function)(const T*, T*), int lanes, T at_minus_inf, T at_zero, T at_inf) {
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const T inputs[] = {-inf, T(-1e30f), T(0), T(-0.0), T(1e30f), inf, nan};
  const T outputs[] = {at_minus_inf, at_minus_inf, at_zero, at_zero, at_inf, at_inf, nan};
  Guarded<T> x(lanes), y(lanes);
  for (int which = 0; which < 7; ++which) {
    for (int lane = 0; lane < lanes; ++lane) {  // alone in its vector: no lane may change another
      for (int i = 0; i < lanes; ++i) x[i] = i == lane ? inputs[which] : T(0);
      function(x.data(), y.data());
      for (int i = 0; i < lanes; ++i) CHECK(same(y[i], i == lane ? outputs[which] : at_zero));
    }
  }
}

TEST(simd_math, exp_is_within_an_ulp_and_keeps_the_special_values) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    const bool wide = sizeof(T) == 8;
    auto exact = [](long double x) { return std::exp(x); };
    CHECK_LE(worst_error<T>(p, p.exp, wide ? -708 : -87, wide ? 709.5 : 88.5, exact), 1.5);
    CHECK_LE(worst_error<T>(p, p.exp, wide ? -745 : -103, wide ? -708 : -87, exact),
             1.5);  // denormal results
    check_special<T>(p.exp, p.lanes, T(0), T(1), std::numeric_limits<T>::infinity());
  });
}

TEST(simd_math, sigmoid_is_within_three_ulp) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    const double reach = sizeof(T) == 8 ? 700 : 85;
    auto exact = [](long double x) { return 1 / (1 + std::exp(-x)); };
    CHECK_LE(worst_error<T>(p, p.sigmoid, -reach, reach, exact), 3.0);
    check_special<T>(p.sigmoid, p.lanes, T(0), T(0.5), T(1));
  });
}

TEST(simd_math, tanh_is_within_three_ulp) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    auto exact = [](long double x) { return std::tanh(x); };
    CHECK_LE(worst_error<T>(p, p.tanh, -22, 22, exact), 3.0);
    check_special<T>(p.tanh, p.lanes, T(-1), T(0), T(1));
  });
}

// Their arguments are rounded sums, so what counts is the absolute error, of values of at most 1.
template <class T, class Exact>
double worst_absolute_error(const SimdContract<T>& p, void (*function)(const T*, T*), Exact exact) {
  Guarded<T> x(p.lanes), y(p.lanes);
  test::Random random(9);
  double worst = 0;
  for (int round = 0; round < 60000 / p.lanes; ++round) {
    for (int i = 0; i < p.lanes; ++i) x[i] = static_cast<T>(random.uniform(-40, 40));
    function(x.data(), y.data());
    for (int i = 0; i < p.lanes; ++i) {
      const long double error =
          std::fabs(static_cast<long double>(y[i]) - exact(static_cast<long double>(x[i])));
      worst = std::isnan(error) ? 1e30 : std::max(worst, static_cast<double>(error));
    }
  }
  return worst / std::numeric_limits<T>::epsilon();
}

TEST(simd_math, gates_are_within_two_eps) {
  every_tier([](const auto& p, auto zero) {
    using T = decltype(zero);
    CHECK_LE(worst_absolute_error<T>(p, p.gate_sigmoid, [](long double x) { return 1 / (1 + std::exp(-x)); }),
             2.0);
    CHECK_LE(worst_absolute_error<T>(p, p.gate_tanh, [](long double x) { return std::tanh(x); }), 2.0);
    CHECK_LE(worst_error<T>(p, p.gate_tanh, -22, 22, [](long double x) { return std::tanh(x); }), 5.0);
    check_special<T>(p.gate_sigmoid, p.lanes, std::numeric_limits<T>::min(), T(0.5), T(1));
    check_special<T>(p.gate_tanh, p.lanes, T(-1), T(0), T(1));
  });
}

}  // namespace
}  // namespace foldgate
