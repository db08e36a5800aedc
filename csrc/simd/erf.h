// erf on whole vectors, without a branch: in float by pieces where the tier looks up, else
//   erf(x) = sign(x) (1 - 2^q),  q = t p(t),  t = |x|
// p approximates log2(1 - erf(t)) / t on [0, kErfHighest], minimax in the relative error of erf: 4e-9 for float, 7e-17
// for double; p(0) is the number whose product with exp2's first coefficient is nearest to 2 / sqrt(pi). 2^q - 1 by
// exp2m1_below_zero keeps the digits near 0, and where q is large its rounding is multiplied by 2^q.
#pragma once
#include "simd/exp2.h"
#include "simd/pieces.h"

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

// Minimax in the relative error, 4e-8.
struct ErfPieces {
  static constexpr float kScale = 3.75f;
  static constexpr float kTerms[6][16] = {
      {0.0f, 0.293918252f, 0.54929924f, 0.742100954f, 0.868571997f, 0.940653563f, 0.9763484f, 0.991706073f,
       0.997447014f, 0.999311507f, 0.999837577f, 0.999966502f, 0.99999398f, 0.999999046f, 0.999999881f, 1},
      {0.300901115f, 0.280246824f, 0.226407677f, 0.158662871f, 0.0964479893f, 0.0508562922f, 0.0232610833f,
       0.00922887586f, 0.00317615247f, 0.000948172994f, 0.000245531643f, 5.51519734e-05f, 1.07460364e-05f,
       1.81622318e-06f, 2.66270973e-07f, 0},
      {-2.20483898e-07f, -0.0199281629f, -0.0322002135f, -0.0338475555f, -0.0274347924f, -0.0180824753f,
       -0.00992541667f, -0.00459307944f, -0.00180701877f, -0.000607445254f, -0.000175149282f, -4.2777312e-05f,
       -9.34530999e-06f, -1.42797057e-06f, -5.84707436e-07f, 0},
      {-0.00713043474f, -0.0056987484f, -0.00231394707f, 0.00105314236f, 0.00291607808f, 0.00308070728f,
       0.00227165432f, 0.00130576442f, 0.000609994633f, 0.000236437947f, 7.69512408e-05f, 2.11885326e-05f,
       4.96130588e-06f, 9.91494176e-07f, 1.69571138e-07f, 0},
      {-5.83102701e-06f, 0.000669447414f, 0.000923486426f, 0.000686107494f, 0.000239291534f, -0.000116201933f,
       -0.000245255913f, -0.000219045876f, -0.000130293367f, -5.91291027e-05f, -2.1241789e-05f,
       -8.78291576e-06f, -1.23811537e-06f, -1.41636144e-06f, 1.17973786e-06f, 0},
      {0.000156795068f, 0.000103912527f, -1.96750307e-06f, -8.12001672e-05f, -8.84146139e-05f,
       -4.88740043e-05f, -6.03360513e-06f, 1.49684438e-05f, 1.66585396e-05f, 1.06534981e-05f, 4.98941154e-06f,
       1.83769248e-06f, 5.50017205e-07f, 1.36155435e-07f, 2.81691506e-08f, 0},
  };
};

// erf(scale x)
template <class T>
FOLDGATE_INLINE Vec<T> erf(Vec<T> x, T scale) {
  if constexpr (kLooksUp && sizeof(T) == sizeof(float))
    return by_pieces<ErfPieces>(x, scale * ErfPieces::kScale);
  using P = ErfPolynomial<T>;
  const Vec<T> t = minimum(broadcast<T>(P::kErfHighest), magnitude<T>(x * scale));
  return with_sign<T>(exp2m1_below_zero<T>(t * polynomial<P, T>(t)), x);
}

}  // namespace foldgate::FOLDGATE_ISA
