// erf on whole vectors: no table, no branch.
//   erf(x) = sign(x) (1 - 2^q),  q = t p(t),  t = |x|
// p approximates log2(1 - erf(t)) / t on [0, kErfHighest], minimax in the relative error of erf: 4e-9 for float, 7e-17
// for double; p(0) is the number whose product with exp2's first coefficient is nearest to 2 / sqrt(pi). 2^q - 1 by
// exp2m1_below_zero keeps the digits near 0, and where q is large its rounding is multiplied by 2^q.
#pragma once
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {

template <class T>
struct ErfPolynomial;
template <>
struct ErfPolynomial<float> {
  static constexpr float kErfHighest = 4.0f;
  static constexpr int kTerms = 9;
  static constexpr float term(int k) {
    constexpr float c[] = {-1.62790704f,    -0.918447614f,    -0.148277074f,
                           0.0276320409f,   0.000231405371f,  -0.00240505906f,
                           0.000913043623f, -0.000169742241f, 1.33569984e-05f};
    return c[k];
  }
};
template <>
struct ErfPolynomial<double> {
  static constexpr double kErfHighest = 6.0;
  static constexpr int kTerms = 23;
  static constexpr double term(int k) {
    constexpr double c[] = {
        -1.627907028611115,      -0.9184481885266146,     -0.14826952512022348,   0.0275965155732665,
        0.00030180492250692954,  -0.0024471145192936088,  0.0008514018480439183,  -3.7445270158810705e-05,
        -9.275142912579518e-05,  4.230606208298928e-05,   -4.035279121469165e-06, -5.140854494831049e-06,
        3.5038366195787918e-06,  -1.2305817588558262e-06, 2.506154405983908e-07,  -1.1857804911420032e-08,
        -1.1295641753570487e-08, 4.565082734507674e-09,   -9.854648453654538e-10, 1.3811788749112346e-10,
        -1.2613886641332748e-11, 6.876950691040686e-13,   -1.706595925026798e-14};
    return c[k];
  }
};

template <class T>
FOLDGATE_INLINE Vec<T> erf(Vec<T> x) {
  using P = ErfPolynomial<T>;
  const Vec<T> t = minimum(broadcast<T>(P::kErfHighest), magnitude<T>(x));
  return with_sign<T>(exp2m1_below_zero<T>(t * polynomial<P, T>(t)), x);
}

}  // namespace foldgate::FOLDGATE_ISA
