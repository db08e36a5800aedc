// exp, sigmoid and tanh on whole vectors, for float and double: no branch; NaN and +-inf propagate.
//   x = n ln2 + r, |r| <= ln2 / 2;  e^x = 2^n (1 + q),  q = e^r - 1 = r + r^2 (1/2 + r/6 + ...)
#pragma once
#include "simd/polynomial.h"

namespace foldgate::FOLDGATE_ISA {

// ln2 is split so that n * kLn2High is exact for every n that can occur. Adding kRound, 1.5 * 2^mantissa bits, rounds
// to an integer. exp is 0 below kExpLowest and inf above kExpHighest, e^x - 1 is -1 below kExpm1Lowest; tanh is +-1 beyond
// kTanhHighest.
template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  static constexpr float kLog2e = 1.442695041f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  static constexpr float kRound = 12582912.0f;
  static constexpr float kExpLowest = -104.0f, kExpHighest = 89.0f, kExpm1Lowest = -18.0f,
                         kTanhHighest = 9.1f;
  static constexpr int kMantissaBits = 23, kExponentBias = 127;
  static constexpr int kDegree = 7;  // next term: .35^8 / 8! = 5e-9, under a tenth of an ulp
};
template <>
struct ExpConstants<double> {
  static constexpr double kLog2e = 1.4426950408889634, kLn2High = 0.693147180369123816490,
                          kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kRound = 6755399441055744.0;
  static constexpr double kExpLowest = -746.0, kExpHighest = 710.0, kExpm1Lowest = -38.0, kTanhHighest = 19.1;
  static constexpr int kMantissaBits = 52, kExponentBias = 1023;
  static constexpr int kDegree = 13;  // next term: .35^14 / 14! = 4e-18
};

template <class T>
struct ExpParts {
  Vec<T> rounded, q;  // kRound + n, and q
};

template <class T>
FOLDGATE_INLINE ExpParts<T> exp_parts(Vec<T> x) {
  using C = ExpConstants<T>;
  const Vec<T> rounded = x * C::kLog2e + C::kRound;
  const Vec<T> n = rounded - C::kRound;
  Vec<T> r = x - n * C::kLn2High;
  r = r - n * C::kLn2Low;
  // Pairs of terms by Horner's rule in r^2: as many instructions as in r, in a chain half as long. The degree is odd.
  const Vec<T> square = r * r;
  Vec<T> p = r * inverse_factorial<T>(C::kDegree) + inverse_factorial<T>(C::kDegree - 1);
  FOLDGATE_UNROLL
  for (int i = C::kDegree - 3; i >= 2; i -= 2)
    p = p * square + (r * inverse_factorial<T>(i + 1) + inverse_factorial<T>(i));
  return {rounded, p * square + r};
}

// 2^n for a normal result
template <class T>
FOLDGATE_INLINE Vec<T> power_of_two(IntVec<T> n) {
  using C = ExpConstants<T>;
  return (Vec<T>)((n + C::kExponentBias) << C::kMantissaBits);
}

// v 2^n with n = rounded - kRound: of any size, and where 2^n is normal.
#if defined(__AVX512F__)
FOLDGATE_INLINE Vec<float> scale_any(Vec<float> v, Vec<float> rounded) {
  return _mm512_scalef_ps(v, rounded - ExpConstants<float>::kRound);
}
FOLDGATE_INLINE Vec<double> scale_any(Vec<double> v, Vec<double> rounded) {
  return _mm512_scalef_pd(v, rounded - ExpConstants<double>::kRound);
}
template <class T>
FOLDGATE_INLINE Vec<T> normal_power(Vec<T> rounded) {
  return scale_any(broadcast<T>(T(1)), rounded);
}
#else
template <class T>
FOLDGATE_INLINE IntVec<T> whole(Vec<T> rounded) {
  return (IntVec<T>)rounded - (IntVec<T>)broadcast<T>(ExpConstants<T>::kRound);
}
template <class T>
FOLDGATE_INLINE Vec<T> scale_in_halves(Vec<T> v, Vec<T> rounded) {  // two factors, so that each is normal
  const IntVec<T> n = whole<T>(rounded), half = n >> 1;
  return v * power_of_two<T>(half) * power_of_two<T>(n - half);
}
FOLDGATE_INLINE Vec<float> scale_any(Vec<float> v, Vec<float> rounded) {
  return scale_in_halves<float>(v, rounded);
}
FOLDGATE_INLINE Vec<double> scale_any(Vec<double> v, Vec<double> rounded) {
  return scale_in_halves<double>(v, rounded);
}
template <class T>
FOLDGATE_INLINE Vec<T> normal_power(Vec<T> rounded) {
  return power_of_two<T>(whole<T>(rounded));
}
#endif

#if defined(__AVX512F__)
// Float: x = n ln2 + r with n in sixteenths, |r| <= ln2 / 32, and the power of the fraction looked up: two terms of e^r
// where ln2 / 2 takes six. Those are minimax, 2e-9; vscalefps takes the whole part of n by itself.
constexpr float kSixteenthPowers[16] = {
    1.0f,        1.04427378f, 1.09050773f, 1.13878863f, 1.18920712f, 1.24185781f, 1.29683955f, 1.35425555f,
    1.41421356f, 1.47682615f, 1.54221083f, 1.61049033f, 1.68179283f, 1.75625216f, 1.83400809f, 1.91520656f};
constexpr float kPowersRest[16] = {0.0f,          4.62855e-08f,  -1.19922e-08f, 4.72978e-08f,
                                   3.19342e-08f,  3.62106e-08f,  -3.09907e-08f, -7.47521e-09f,
                                   1.71143e-08f,  -3.04768e-08f, 5.23333e-09f,  6.10759e-09f,
                                   -1.47196e-08f, -5.2588e-09f,  -6.12826e-09f, 5.14061e-09f};
struct SixteenthParts {
  Vec<float> n, power, q;  // e^x = 2^floor(n) power (1 + q)
};
// ln2 is its nearest number here: a fused x - n ln2 rounds once, and what n times the rest of ln2 is, as what rounding the
// powers leaves, matters in q's last place alone.
FOLDGATE_INLINE SixteenthParts sixteenth_parts(Vec<float> x) {
  using C = ExpConstants<float>;
  constexpr float kRound = C::kRound / 16, kSquare = 0.50001651f, kCube = 0.166670576f;
  constexpr float kLn2 = 0.693147182f, kLn2Rest = -1.90465421e-9f;
  const Vec<float> rounded = x * C::kLog2e + kRound, n = rounded - kRound;
  const Vec<float> r = x - n * kLn2, rest = lookup(kPowersRest, (IntVec<float>)rounded) - n * kLn2Rest;
  return {n, lookup(kSixteenthPowers, (IntVec<float>)rounded), (r * kCube + kSquare) * (r * r) + (r + rest)};
}
FOLDGATE_INLINE Vec<float> exp_within(Vec<float> x) {  // 0.61 ulp
  const SixteenthParts e = sixteenth_parts(x);
  return _mm512_scalef_ps(e.q * e.power + e.power, e.n);
}
#else
FOLDGATE_INLINE Vec<float> exp_within(Vec<float> x) {
  const ExpParts<float> e = exp_parts<float>(x);
  return scale_any(e.q + 1.0f, e.rounded);
}
#endif
FOLDGATE_INLINE Vec<double> exp_within(Vec<double> x) {
  const ExpParts<double> e = exp_parts<double>(x);
  return scale_any(e.q + 1.0, e.rounded);
}

template <class T>
FOLDGATE_INLINE Vec<T> exp(Vec<T> x) {
  using C = ExpConstants<T>;
  return exp_within(clamp<T>(C::kExpLowest, C::kExpHighest, x));
}

template <class T>
FOLDGATE_INLINE Vec<T> exp_below_zero(Vec<T> x) {  // for x <= 0
  return exp_within(maximum(broadcast<T>(ExpConstants<T>::kExpLowest), x));
}

// e^min(x, 0) - 1 = 2^n q + (2^n - 1): no cancellation near 0.
template <class T>
FOLDGATE_INLINE Vec<T> expm1_below_zero(Vec<T> x) {
  const ExpParts<T> e = exp_parts<T>(clamp<T>(ExpConstants<T>::kExpm1Lowest, T(0), x));
  const Vec<T> scale = normal_power<T>(e.rounded);
  return scale * e.q + (scale - T(1));
}

// |x|, and `size`, whatever its sign, with the sign of x
template <class T>
constexpr typename VecTraits<T>::Int kSignBit =
    static_cast<typename VecTraits<T>::Int>(1ull << (8 * sizeof(T) - 1));
template <class T>
FOLDGATE_INLINE Vec<T> magnitude(Vec<T> x) {
  return (Vec<T>)((IntVec<T>)x & ~kSignBit<T>);
}
template <class T>
FOLDGATE_INLINE Vec<T> with_sign(Vec<T> size, Vec<T> x) {
  return (Vec<T>)(((IntVec<T>)size & ~kSignBit<T>) | ((IntVec<T>)x & kSignBit<T>));
}

template <class T>
FOLDGATE_INLINE Vec<T> sigmoid(Vec<T> x) {
  return T(1) / (exp<T>(-x) + T(1));
}

// em1 / (em1 + 2) with em1 = e^2x - 1: no cancellation near 0, where scale - 1 is a 0 without the sign of x
template <class T>
FOLDGATE_INLINE Vec<T> tanh(Vec<T> x) {
  using C = ExpConstants<T>;
  x = clamp<T>(-C::kTanhHighest, C::kTanhHighest, x);
  const ExpParts<T> e = exp_parts<T>(x + x);
  const Vec<T> scale = normal_power<T>(e.rounded);
  const Vec<T> em1 = scale * e.q + (scale - T(1));
  return with_sign<T>(em1 / (em1 + T(2)), x);
}

}  // namespace foldgate::FOLDGATE_ISA
