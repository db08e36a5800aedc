// log, and log(1 + e^-|x|), on whole vectors: no branch. Double by
//   log(1 + f) = 2 artanh(s) = 2 s + s R = f - s (f - R),  s = f / (2 + f),  R = 2 (s^2 / 3 + s^4 / 5 + ...)
// and float by f + f^2 Q(f), which takes half the time of the division and its terms, Q minimax in the relative error of
// the whole, 5e-9. Both have f, which is exact, as their leading term, so that the result is rounded about once.
#pragma once
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {

// ln2 in parts of one sign, so that an infinite n makes them one infinity; n times the high one is exact.
template <class T>
struct LogConstants;
template <>
struct LogConstants<float> {
  static constexpr float kSmallestNormal = 1.17549435e-38f, kScale = 33554432.0f;  // 2^25
  static constexpr float kLn2High = 0.693145751953125f, kLn2Low = 1.42860682e-6f;
  static constexpr int kScaleBits = 25;
  static constexpr int32_t kMantissaMask = 0x007fffff, kHalf = 0x3f000000;
};
template <>
struct LogConstants<double> {
  // Terms of R beyond which the rest is under a tenth of an ulp of log(1 + f): s^2 <= .04 for a mantissa from 3/4 to 3/2,
  // s^2 <= 1/9 for u up to 1.
  static constexpr int kMantissaTerms = 10, kUnitTerms = 16;
  static constexpr double kSmallestNormal = 2.2250738585072014e-308, kScale = 18014398509481984.0;  // 2^54
  static constexpr double kLn2High = ExpConstants<double>::kLn2High, kLn2Low = ExpConstants<double>::kLn2Low;
  static constexpr int kScaleBits = 54;
  static constexpr int64_t kMantissaMask = 0x000fffffffffffff, kHalf = 0x3fe0000000000000;
};

// s (f - R): log(1 + f) is f minus this.
template <int Terms>
FOLDGATE_INLINE Vec<double> log_correction(Vec<double> f) {
  const Vec<double> s = f / (f + 2.0), z = s * s;
  Vec<double> r = broadcast<double>(2.0 / (2 * Terms + 1));
  FOLDGATE_UNROLL
  for (int k = Terms - 1; k >= 1; --k) r = r * z + 2.0 / (2 * k + 1);
  return s * (f - r * z);
}

// Q for f from -1/4 to 1/2, and from 0 to 1.
struct LogPolynomial {
  static constexpr int kTerms = 9;
  static constexpr float term(int k) {
    constexpr float c[] = {-0.5f,        0.333334506f, -0.250001073f, 0.199908286f,  -0.166468933f,
                           0.144779518f, -0.13164565f, 0.104726367f,  -0.0451478995f};
    return c[k];
  }
};
struct Log1pPolynomial {
  static constexpr int kTerms = 9;
  static constexpr float term(int k) {
    constexpr float c[] = {-0.49999931f, 0.33330512f,  -0.24958587f, 0.196954f,     -0.15355395f,
                           0.10680553f,  -0.05766442f, 0.020204572f, -0.0033184695f};
    return c[k];
  }
};

// log(1 + e^x) for x <= 0
FOLDGATE_INLINE Vec<double> log1p_exp_below_zero(Vec<double> x) {
  const Vec<double> u = exp_below_zero<double>(x);
  return u - log_correction<LogConstants<double>::kUnitTerms>(u);
}
#if defined(__AVX512F__)
// log(1 + u) / u, which hardly bends, as 16 polynomials p_j(r), 15 u = j + r: minimax, 5e-8.
struct Log1pPieces {
  static constexpr float kScale = 15.0f;
  static constexpr float kTerms[4][16] = {
      {1.0f, 0.968077779f, 0.938723564f, 0.911607742f, 0.88645792f, 0.863046229f, 0.841180563f, 0.820697665f,
       0.801457524f, 0.783339381f, 0.766238451f, 0.750063181f, 0.734733343f, 0.720178068f, 0.706334591f,
       0.693147182f},
      {-0.0333332419f, -0.0305778161f, -0.0281853136f, -0.0260914825f, -0.0242460575f, -0.0226092432f,
       -0.0211491454f, -0.0198399276f, -0.0186604504f, -0.0175932646f, -0.0166238435f, -0.015740009f,
       -0.0149314813f, -0.0141895199f, -0.0135066584f, -0.0128764724f},
      {0.0014803895f, 0.00128190254f, 0.00111751503f, 0.000981895486f, 0.000868038391f, 0.00077218638f,
       0.000690860441f, 0.000620929117f, 0.000560614164f, 0.000508280937f, 0.000462549331f, 0.000422503217f,
       0.000387090346f, 0.000355739205f, 0.000327926537f, 0.000302786822f},
      {-7.03410333e-05f, -6.02778164e-05f, -4.96237881e-05f, -4.12864501e-05f, -3.46830529e-05f,
       -2.93872727e-05f, -2.50975409e-05f, -2.15877953e-05f, -1.86880989e-05f, -1.62709039e-05f,
       -1.42458157e-05f, -1.25377683e-05f, -1.10824403e-05f, -9.84063627e-06f, -8.77320872e-06f,
       -8.13998668e-06f},
  };
};
// j is of the power next to u, which is known before u: a twentieth of u lies between, and pieces reach as far.
FOLDGATE_INLINE Vec<float> log1p_exp_below_zero(Vec<float> x) {
  constexpr float kRound = ExpConstants<float>::kRound, kScale = Log1pPieces::kScale;
  const SixteenthParts e = sixteenth_parts(maximum(broadcast(ExpConstants<float>::kExpLowest), x));
  const Vec<float> power = _mm512_scalef_ps(e.power, e.n), u = e.q * power + power;
  const Vec<float> rounded = power * kScale + kRound, r = u * kScale - (rounded - kRound);
  const auto term = [&](int k)
                        FOLDGATE_LAMBDA { return lookup(Log1pPieces::kTerms[k], (IntVec<float>)rounded); };
  const Vec<float> high = term(3) * r + term(2), low = term(1) * r + term(0);
  return u * (high * (r * r) + low);
}
#else
FOLDGATE_INLINE Vec<float> log1p_exp_below_zero(Vec<float> x) {
  const Vec<float> u = exp_below_zero<float>(x);
  return u * u * polynomial<Log1pPolynomial, float>(u) + u;
}
#endif

// log(1 + e^-|x|)
template <class T>
FOLDGATE_INLINE Vec<T> log1p_exp(Vec<T> x) {
  return log1p_exp_below_zero(-magnitude<T>(x));
}

// f - log(1 + f) for a mantissa 1 + f
FOLDGATE_INLINE Vec<float> mantissa_correction(Vec<float> f) {
  return -(f * f * polynomial<LogPolynomial, float>(f));
}
FOLDGATE_INLINE Vec<double> mantissa_correction(Vec<double> f) {
  return log_correction<LogConstants<double>::kMantissaTerms>(f);
}

// n ln2 + log m
template <class T>
FOLDGATE_INLINE Vec<T> log_of(Vec<T> n, Vec<T> m) {
  using C = LogConstants<T>;
  const Vec<T> f = m - T(1);
  return n * C::kLn2High + (f - (mantissa_correction(f) - n * C::kLn2Low));
}

#if defined(__AVX512F__)
// The whole n and the m of x = 2^n m, 1 <= m < 2: -inf and 1 for 0, inf and 1 for inf. near_one(x): m as it is, or half of
// it from 3/2 on, and NaN for what has no logarithm.
FOLDGATE_INLINE Vec<float> exponent(Vec<float> x) { return _mm512_getexp_ps(x); }
FOLDGATE_INLINE Vec<double> exponent(Vec<double> x) { return _mm512_getexp_pd(x); }
FOLDGATE_INLINE Vec<float> near_one(Vec<float> x) {
  return _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
}
FOLDGATE_INLINE Vec<double> near_one(Vec<double> x) {
  return _mm512_getmant_pd(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
}
template <class T>
FOLDGATE_INLINE Vec<T> log(Vec<T> x) {
  const Vec<T> m = near_one(x);
  return log_of<T>(exponent(x) - exponent(m), m);
}
#else
// x = 2^n m with 3/4 <= m < 3/2, denormals scaled first. -inf for 0, NaN below.
template <class T>
FOLDGATE_INLINE Vec<T> log(Vec<T> x) {
  using C = LogConstants<T>;
  using E = ExpConstants<T>;
  const IntVec<T> denormal = x < C::kSmallestNormal;
  const IntVec<T> bits = (IntVec<T>)(denormal ? x * C::kScale : x);
  const Vec<T> half = (Vec<T>)((bits & C::kMantissaMask) | C::kHalf);  // [1/2, 1)
  const IntVec<T> low = half < T(0.75);
  const IntVec<T> whole =
      (bits >> E::kMantissaBits) - (E::kExponentBias - 1) + low;  // a comparison's truth is -1
  // an integer below 2^22 as a number: added to the bits of kRound
  const Vec<T> n = (Vec<T>)(whole + (IntVec<T>)broadcast<T>(E::kRound)) - E::kRound -
                   (denormal ? broadcast<T>(T(C::kScaleBits)) : Vec<T>{});
  const Vec<T> finite = log_of<T>(n, low ? half + half : half), inf = broadcast<T>(T(__builtin_inf()));
  const Vec<T> special = x == T(0) ? -inf : (x < T(0) ? inf - inf : x);  // 0, negative, +inf, NaN
  return (x > T(0)) & (x < inf) ? finite : special;
}
#endif

}  // namespace foldgate::FOLDGATE_ISA
