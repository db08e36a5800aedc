// log, and log(1 + u) for u in [0, 1], on whole vectors: no table, no branch.
//   log(1 + f) = 2 artanh(s) = 2 s + s R = f - s (f - R),  s = f / (2 + f),  R = 2 (s^2 / 3 + s^4 / 5 + ...)
// The last form has f, which is exact, as its leading term, so that the result is rounded about once.
#pragma once
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {

// Terms of R beyond which the rest is under a tenth of an ulp of log(1 + f): s^2 <= 0.0295 for a mantissa between
// sqrt(1/2) and sqrt(2), s^2 <= 1/9 for u up to 1 (double alone).
template <class T>
struct LogConstants;
template <>
struct LogConstants<float> {
  static constexpr int kMantissaTerms = 4;
  static constexpr float kSmallestNormal = 1.17549435e-38f, kScale = 33554432.0f;  // 2^25
  static constexpr int kScaleBits = 25;
  static constexpr int32_t kMantissaMask = 0x007fffff, kHalf = 0x3f000000;
};
template <>
struct LogConstants<double> {
  static constexpr int kMantissaTerms = 10, kUnitTerms = 16;
  static constexpr double kSmallestNormal = 2.2250738585072014e-308, kScale = 18014398509481984.0;  // 2^54
  static constexpr int kScaleBits = 54;
  static constexpr int64_t kMantissaMask = 0x000fffffffffffff, kHalf = 0x3fe0000000000000;
};

// s (f - R): log(1 + f) is f minus this.
template <class T, int Terms>
FOLDGATE_INLINE Vec<T> log_correction(Vec<T> f) {
  const Vec<T> s = f / (f + T(2)), z = s * s;
  Vec<T> r = broadcast<T>(T(2) / T(2 * Terms + 1));
  FOLDGATE_UNROLL
  for (int k = Terms - 1; k >= 1; --k) r = r * z + T(2) / T(2 * k + 1);
  return s * (f - r * z);
}

// Float: u + u^2 Q(u), Q minimax in the relative error of the whole, 5e-9: half the time of the division and its terms.
struct Log1pPolynomial {
  static constexpr int kTerms = 9;
  static constexpr float term(int k) {
    constexpr float c[] = {-0.49999931f, 0.33330512f,  -0.24958587f, 0.196954f,     -0.15355395f,
                           0.10680553f,  -0.05766442f, 0.020204572f, -0.0033184695f};
    return c[k];
  }
};
FOLDGATE_INLINE Vec<float> log1p_by_polynomial(Vec<float> u) {
  return u * u * polynomial<Log1pPolynomial, float>(u) + u;
}

template <class T>
FOLDGATE_INLINE Vec<T> log1p_unit(Vec<T> u) {
  if constexpr (sizeof(T) == sizeof(float))
    return log1p_by_polynomial(u);
  else
    return u - log_correction<T, LogConstants<T>::kUnitTerms>(u);
}

// x = 2^n m with sqrt(1/2) <= m < sqrt(2), denormals scaled first. -inf for 0, NaN below.
template <class T>
FOLDGATE_INLINE Vec<T> log(Vec<T> x) {
  using C = LogConstants<T>;
  using E = ExpConstants<T>;
  const IntVec<T> denormal = x < C::kSmallestNormal;
  const Vec<T> scaled = denormal ? x * C::kScale : x;
  const IntVec<T> bits = (IntVec<T>)scaled;
  const Vec<T> half = (Vec<T>)((bits & C::kMantissaMask) | C::kHalf);  // [1/2, 1)
  const IntVec<T> low = half < T(0.70710678118654752);
  const Vec<T> m = low ? half + half : half;
  const IntVec<T> exponent =
      (bits >> E::kMantissaBits) - (E::kExponentBias - 1) + low;  // a comparison's truth is -1
  // an integer below 2^22 as a number: added to the bits of kRound
  const Vec<T> n = (Vec<T>)(exponent + (IntVec<T>)broadcast<T>(E::kRound)) - E::kRound -
                   (denormal ? broadcast<T>(T(C::kScaleBits)) : Vec<T>{});
  const Vec<T> f = m - T(1);
  const Vec<T> correction = log_correction<T, C::kMantissaTerms>(f) - n * E::kLn2Low;
  const Vec<T> finite = n * E::kLn2High + (f - correction);
  const Vec<T> inf = broadcast<T>(T(__builtin_inf()));
  const Vec<T> special = x == T(0) ? -inf : (x < T(0) ? inf - inf : x);  // 0, negative, +inf, NaN
  return (x > T(0)) & (x < inf) ? finite : special;
}

}  // namespace foldgate::FOLDGATE_ISA
