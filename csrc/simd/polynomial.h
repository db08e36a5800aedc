// Coefficients of e^x and 2^f, and polynomials on whole vectors. Coefficients are tables: loops that compute them would run
// for every vector.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

constexpr double kInverseFactorial[] = {1.0,
                                        1.0,
                                        1.0 / 2,
                                        1.0 / 6,
                                        1.0 / 24,
                                        1.0 / 120,
                                        1.0 / 720,
                                        1.0 / 5040,
                                        1.0 / 40320,
                                        1.0 / 362880,
                                        1.0 / 3628800,
                                        1.0 / 39916800,
                                        1.0 / 479001600,
                                        1.0 / 6227020800.0};
template <class T>
constexpr T inverse_factorial(int n) {
  return static_cast<T>(kInverseFactorial[n]);
}

// 2^f = 1 + f (c[0] + f (c[1] + ...)): minimax for float, ln2^k / k! for double, whose next term is 4e-18.
template <class T>
struct Exp2Polynomial;
template <>
struct Exp2Polynomial<float> {
  static constexpr int kTerms = 6;
  static constexpr float term(int k) {
    constexpr float c[] = {6.931471825e-1f, 2.402264923e-1f, 5.550357327e-2f,
                           9.618237615e-3f, 1.339084934e-3f, 1.540351223e-4f};
    return c[k];
  }
};
template <>
struct Exp2Polynomial<double> {
  static constexpr int kTerms = 13;
  static constexpr double term(int k) {
    constexpr double c[] = {0.6931471805599453,     0.24022650695910072,    0.05550410866482158,
                            0.009618129107628477,   0.0013333558146428443,  0.0001540353039338161,
                            1.5252733804059841e-05, 1.321548679014431e-06,  1.01780860092397e-07,
                            7.054911620801123e-09,  4.4455382718708116e-10, 2.5678435993488206e-11,
                            1.3691488853904128e-12};
    return c[k];
  }
};

// c[0] + c[1] x + ...: pairs of terms by Horner's rule in x^2, in a chain half as long as Horner's in x.
template <class P, class T>
FOLDGATE_INLINE Vec<T> polynomial(Vec<T> x) {
  constexpr int kFirst = (P::kTerms - 1) / 2 * 2;
  const Vec<T> square = x * x;
  constexpr T first = P::term(kFirst), last = P::term(P::kTerms - 1);
  Vec<T> p = P::kTerms % 2 == 1 ? broadcast<T>(first) : x * last + first;
  FOLDGATE_UNROLL
  for (int k = kFirst - 2; k >= 0; k -= 2) p = p * square + (x * P::term(k + 1) + P::term(k));
  return p;
}

}  // namespace foldgate::FOLDGATE_ISA
