// math.h's functions in base 2, for arguments that are sums and so are rounded themselves, as those of recurrent cells'
// gates: x log2(e) is rounded once, which is as much as half an ulp of x. About two thirds of the instructions; absolute
// errors stay below 2 eps. Terms of a sum and erf can afford that as well.
#pragma once
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {

// reciprocal(v): 1 / v for v between 2^-100 and the largest power of two that has a normal inverse, and for NaN.
// scale_by_power(v, n): v 2^n for whole n whose power is normal.
// split_power(t): the whole n nearest to t, and t - n.
// at_most(high, t): t, no further than scale_by_power and high allow; high is positive.
template <class T>
struct PowerSplit {
  Vec<T> n, fraction;
};
#if defined(__AVX512F__)
// 14 bits and one Newton step (two for double): a division takes ten times as long.
FOLDGATE_INLINE Vec<float> reciprocal(Vec<float> v) {
  const Vec<float> r = _mm512_rcp14_ps(v);
  return r + r * (1.0f - v * r);
}
FOLDGATE_INLINE Vec<double> reciprocal(Vec<double> v) {
  Vec<double> r = _mm512_rcp14_pd(v);
  r = r + r * (1.0 - v * r);
  return r + r * (1.0 - v * r);
}
FOLDGATE_INLINE Vec<float> scale_by_power(Vec<float> v, Vec<float> n) { return _mm512_scalef_ps(v, n); }
FOLDGATE_INLINE Vec<double> scale_by_power(Vec<double> v, Vec<double> n) { return _mm512_scalef_pd(v, n); }
FOLDGATE_INLINE PowerSplit<float> split_power(Vec<float> t) {
  const Vec<float> fraction = _mm512_reduce_ps(t, 0);
  return {t - fraction, fraction};
}
FOLDGATE_INLINE PowerSplit<double> split_power(Vec<double> t) {
  const Vec<double> fraction = _mm512_reduce_pd(t, 0);
  return {t - fraction, fraction};
}
template <class T>
FOLDGATE_INLINE Vec<T> at_most(T high, Vec<T> t) {  // below, scalef gives 0 by itself
  return minimum(broadcast<T>(high), t);
}
#else
FOLDGATE_INLINE Vec<float> reciprocal(Vec<float> v) { return 1.0f / v; }
FOLDGATE_INLINE Vec<double> reciprocal(Vec<double> v) { return 1.0 / v; }
template <class T>
FOLDGATE_INLINE Vec<T> shifted_power(Vec<T> n) {
  constexpr T kRound = ExpConstants<T>::kRound;
  return power_of_two<T>((IntVec<T>)(n + kRound) - (IntVec<T>)broadcast<T>(kRound));
}
FOLDGATE_INLINE Vec<float> scale_by_power(Vec<float> v, Vec<float> n) { return v * shifted_power<float>(n); }
FOLDGATE_INLINE Vec<double> scale_by_power(Vec<double> v, Vec<double> n) {
  return v * shifted_power<double>(n);
}
template <class T>
FOLDGATE_INLINE PowerSplit<T> rounded_power(Vec<T> t) {
  constexpr T kRound = ExpConstants<T>::kRound;
  const Vec<T> n = (t + kRound) - kRound;
  return {n, t - n};
}
FOLDGATE_INLINE PowerSplit<float> split_power(Vec<float> t) { return rounded_power<float>(t); }
FOLDGATE_INLINE PowerSplit<double> split_power(Vec<double> t) { return rounded_power<double>(t); }
template <class T>
FOLDGATE_INLINE Vec<T> at_most(T high, Vec<T> t) {
  return clamp<T>(-high, high, t);
}
#endif

template <class T>
struct Exp2Parts {
  Vec<T> n, q;  // 2^t = 2^n (1 + q), n whole, |t - n| <= 1/2
};

template <class T>
FOLDGATE_INLINE Exp2Parts<T> exp2_parts(Vec<T> t) {
  using P = Exp2Polynomial<T>;
  const auto [n, f] = split_power(t);
  constexpr T last = P::term(P::kTerms - 1);
  Vec<T> p = broadcast<T>(last);
  FOLDGATE_UNROLL
  for (int k = P::kTerms - 2; k >= 0; --k) p = p * f + P::term(k);
  return {n, p * f};
}

// exp_term(x): e^x for x <= 0, in a sum of at least 1, whose error is below 2 eps. 0 where it would be denormal, or is.
template <class T>
FOLDGATE_INLINE Vec<T> exp_term_by_halves(Vec<T> x) {
  using C = ExpConstants<T>;
  const Vec<T> t = x * C::kLog2e;
  const Exp2Parts<T> e = exp2_parts<T>(at_most<T>(T(C::kExponentBias - 1), t));
  const Vec<T> power = scale_by_power(e.q + T(1), e.n);
#if defined(__AVX512F__)
  return power;  // 0 by itself
#else
  return t < T(1 - C::kExponentBias) ? Vec<T>{} : power;
#endif
}
FOLDGATE_INLINE Vec<double> exp_term(Vec<double> x) { return exp_term_by_halves<double>(x); }
#if defined(__AVX512F__)
// The bits of 2^(j / 32), less j << 18: what j + 32 n, shifted as far, adds makes them those of 2^(n + j / 32).
alignas(64) constexpr int32_t kPowerBits[32] = {
    0x3f800000, 0x3f7ecd87, 0x3f7daac3, 0x3f7c980f, 0x3f7b95c2, 0x3f7aa43a, 0x3f79c3d3, 0x3f78f4f0,
    0x3f7837f0, 0x3f778d3a, 0x3f76f532, 0x3f767043, 0x3f75fed7, 0x3f75a15b, 0x3f75583f, 0x3f7523f6,
    0x3f7504f3, 0x3f74fbaf, 0x3f7508a4, 0x3f752c4d, 0x3f75672a, 0x3f75b9be, 0x3f76248c, 0x3f76a81e,
    0x3f7744fd, 0x3f77fbb8, 0x3f78ccdf, 0x3f79b907, 0x3f7ac0c7, 0x3f7be4ba, 0x3f7d257d, 0x3f7e83b3};
// By 32nds of a power, the fraction's being 1 + f (c + c' f): minimax, 6e-8. The sum's error is below 1 eps.
FOLDGATE_INLINE Vec<float> exp_term(Vec<float> x) {
  constexpr float kRound = ExpConstants<float>::kRound / 32, kLog2e = ExpConstants<float>::kLog2e;
  constexpr float kLinear = 0.693157315f, kSquare = 0.240226507f, kLowest = -87.3f;
  const Vec<float> rounded = x * kLog2e + kRound, f = x * kLog2e - (rounded - kRound);
  const __m512i steps = (__m512i)rounded;
  const __m512i bits =
      _mm512_permutex2var_epi32(_mm512_load_si512(kPowerBits), steps, _mm512_load_si512(kPowerBits + 16));
  const Vec<float> power = (Vec<float>)_mm512_add_epi32(bits, _mm512_slli_epi32(steps, 18));
  const __mmask16 live = _mm512_cmp_ps_mask(x, _mm512_set1_ps(kLowest), _CMP_NLT_UQ);
  return _mm512_maskz_fmadd_ps(live, f * kSquare + kLinear, f * power, power);
}
#else
FOLDGATE_INLINE Vec<float> exp_term(Vec<float> x) { return exp_term_by_halves<float>(x); }
#endif

// 2^t - 1 for t <= 0, no lower than a power that is normal. The first term is added last: near 0 it is rounded once.
template <class T>
FOLDGATE_INLINE Vec<T> exp2m1_below_zero(Vec<T> t) {
  using P = Exp2Polynomial<T>;
  const auto [n, f] = split_power(t);
  constexpr T last = P::term(P::kTerms - 1), first = P::term(0);
  Vec<T> p = broadcast<T>(last);
  FOLDGATE_UNROLL
  for (int k = P::kTerms - 2; k >= 1; --k) p = p * f + P::term(k);
  const Vec<T> rest = f * f * p, q = f * first + rest;
  const Vec<T> scale = scale_by_power(broadcast<T>(T(1)), n);
  return scale * q + (scale - T(1));
}

// 0 to within 2^-126 (2^-1022) below, 1 above.
template <class T>
FOLDGATE_INLINE Vec<T> gate_sigmoid(Vec<T> x) {
  using C = ExpConstants<T>;
  constexpr T kMost = T(C::kExponentBias - 1);
  const Exp2Parts<T> e = exp2_parts<T>(at_most<T>(kMost, x * -C::kLog2e));
  return reciprocal(scale_by_power(e.q + T(1), e.n) + T(1));
}

template <class T>
FOLDGATE_INLINE Vec<T> gate_tanh(Vec<T> x) {
  using C = ExpConstants<T>;
  const Exp2Parts<T> e = exp2_parts<T>(clamp<T>(-C::kTanhHighest, C::kTanhHighest, x) * (2 * C::kLog2e));
  const Vec<T> scale = scale_by_power(broadcast<T>(T(1)), e.n);
  const Vec<T> em1 = scale * e.q + (scale - T(1));
  return em1 * reciprocal(em1 + T(2));
}

}  // namespace foldgate::FOLDGATE_ISA
