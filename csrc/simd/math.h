// exp, sigmoid and tanh on whole vectors, for float and double: no table, no branch; NaN and +-inf propagate.
//   x = n ln2 + r, |r| <= ln2 / 2;  e^x = 2^n (1 + q),  q = e^r - 1 = r + r^2 (1/2 + r/6 + ...)
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// ln2 is split so that n * kLn2High is exact for every n that can occur. Adding kRound, 1.5 * 2^mantissa bits, rounds
// to an integer. exp is 0 below kExpLowest and inf above kExpHighest; tanh is +-1 beyond kTanhHighest.
template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  static constexpr float kLog2e = 1.442695041f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  static constexpr float kRound = 12582912.0f;
  static constexpr float kExpLowest = -104.0f, kExpHighest = 89.0f, kTanhHighest = 9.1f;
  static constexpr int kMantissaBits = 23, kExponentBias = 127;
  static constexpr int kDegree = 7;  // next term: .35^8 / 8! = 5e-9, under a tenth of an ulp
};
template <>
struct ExpConstants<double> {
  static constexpr double kLog2e = 1.4426950408889634, kLn2High = 0.693147180369123816490,
                          kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kRound = 6755399441055744.0;
  static constexpr double kExpLowest = -746.0, kExpHighest = 710.0, kTanhHighest = 19.1;
  static constexpr int kMantissaBits = 52, kExponentBias = 1023;
  static constexpr int kDegree = 13;  // next term: .35^14 / 14! = 4e-18
};

template <class T>
constexpr T inverse_factorial(int n) {
  double f = 1;
  for (int i = 2; i <= n; ++i) f *= i;
  return static_cast<T>(1 / f);
}

template <class T>
struct ExpParts {
  IntVec<T> n;
  Vec<T> q;
};

template <class T>
FOLDGATE_INLINE ExpParts<T> exp_parts(Vec<T> x) {
  using C = ExpConstants<T>;
  const Vec<T> rounded = x * C::kLog2e + C::kRound;
  const Vec<T> n = rounded - C::kRound;
  Vec<T> r = x - n * C::kLn2High;
  r = r - n * C::kLn2Low;
  Vec<T> p = broadcast<T>(inverse_factorial<T>(C::kDegree));
  FOLDGATE_UNROLL
  for (int i = C::kDegree - 1; i >= 2; --i) p = p * r + inverse_factorial<T>(i);
  return {(IntVec<T>)rounded - (IntVec<T>)broadcast<T>(C::kRound), (r * r) * p + r};
}

// 2^n for a normal result
template <class T>
FOLDGATE_INLINE Vec<T> power_of_two(IntVec<T> n) {
  using C = ExpConstants<T>;
  return (Vec<T>)((n + C::kExponentBias) << C::kMantissaBits);
}

template <class T>
FOLDGATE_INLINE Vec<T> clamp(T low, T high, Vec<T> x) {
  return maximum(broadcast<T>(low), minimum(broadcast<T>(high), x));
}

template <class T>
FOLDGATE_INLINE Vec<T> exp(Vec<T> x) {
  using C = ExpConstants<T>;
  const ExpParts<T> e = exp_parts<T>(clamp<T>(C::kExpLowest, C::kExpHighest, x));
  const IntVec<T> half = e.n >> 1;  // two factors, so that each is normal
  return (e.q + T(1)) * power_of_two<T>(half) * power_of_two<T>(e.n - half);
}

template <class T>
FOLDGATE_INLINE Vec<T> sigmoid(Vec<T> x) {
  return T(1) / (exp<T>(-x) + T(1));
}

// em1 / (em1 + 2) with em1 = e^2x - 1: no cancellation near 0
template <class T>
FOLDGATE_INLINE Vec<T> tanh(Vec<T> x) {
  using C = ExpConstants<T>;
  x = clamp<T>(-C::kTanhHighest, C::kTanhHighest, x);
  const ExpParts<T> e = exp_parts<T>(x + x);
  const Vec<T> scale = power_of_two<T>(e.n);
  const Vec<T> em1 = scale * e.q + (scale - T(1));
  return em1 / (em1 + T(2));
}

}  // namespace foldgate::FOLDGATE_ISA
