// The functions of kernels/elementwise.h on vectors: of(x, a), and chain(d, v, a) = d f', v being y or x. A NaN in x
// gives a NaN; where a comparison makes a derivative 0, its product with an infinite d is 0 too.
#pragma once
#include "kernels/gelu_slopes.h"
#include "simd/erf.h"
#include "simd/log.h"
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// --- Derivatives from the result ------------------------------------------------------------------------------------

template <class T, class V = Vec<T>>
struct Exp {
  FOLDGATE_INLINE V of(V x, T) { return exp<T>(x); }
  FOLDGATE_INLINE V chain(V d, V y, T) { return d * y; }
};

template <class T, class V = Vec<T>>
struct Tanh {
  FOLDGATE_INLINE V of(V x, T) { return tanh<T>(x); }
  FOLDGATE_INLINE V chain(V d, V y, T) { return d * (T(1) - y * y); }
};

template <class T, class V = Vec<T>>
struct Sigmoid {
  FOLDGATE_INLINE V of(V x, T) { return sigmoid<T>(x); }
  FOLDGATE_INLINE V chain(V d, V y, T) { return d * (y * (T(1) - y)); }
};

template <class T, class V = Vec<T>>
struct Relu {
  FOLDGATE_INLINE V of(V x, T) { return maximum(V{}, x); }
  FOLDGATE_INLINE V chain(V d, V y, T) { return y <= V{} ? V{} : d; }
};

template <class T, class V = Vec<T>>
struct Relu6 {
  FOLDGATE_INLINE V of(V x, T) { return clamp<T>(0, 6, x); }
  FOLDGATE_INLINE V chain(V d, V y, T) { return (y <= T(0)) | (y >= T(6)) ? V{} : d; }
};

template <class T, class V = Vec<T>>
struct LeakyRelu {
  FOLDGATE_INLINE V of(V x, T a) { return x > T(0) ? x : x * a; }
  FOLDGATE_INLINE V chain(V d, V y, T a) { return y > T(0) ? d : d * a; }
};

template <class T, class V = Vec<T>>
struct Elu {
  FOLDGATE_INLINE V of(V x, T a) { return x >= T(0) ? x : expm1_below_zero<T>(x) * a; }
  FOLDGATE_INLINE V chain(V d, V y, T a) { return y > T(0) ? d : d * (y + a); }
};

// scale elu(x, alpha), with which the mean 0 and variance 1 of a layer's inputs are a fixed point
template <class T, class V = Vec<T>>
struct Selu {
  static constexpr T kScale = T(1.0507009873554804934), kAlpha = T(1.6732632423543772848);
  FOLDGATE_INLINE V of(V x, T) { return (x >= T(0) ? x : expm1_below_zero<T>(x) * kAlpha) * kScale; }
  FOLDGATE_INLINE V chain(V d, V y, T) { return d * (y > T(0) ? broadcast<T>(kScale) : y + kScale * kAlpha); }
};

// Clamped before it is divided: x / 6 + 1 / 2, rounded once, is no 0 at -3.
template <class T, class V = Vec<T>>
struct HardSigmoid {
  FOLDGATE_INLINE V of(V x, T) { return clamp<T>(0, 6, x + T(3)) * T(1.0 / 6); }
  FOLDGATE_INLINE V chain(V d, V y, T) { return (y <= T(0)) | (y >= T(1)) ? V{} : d * T(1.0 / 6); }
};

// Both derivatives are 1 - e^-|y|.
template <class T, class V = Vec<T>>
struct LogSigmoid {
  FOLDGATE_INLINE V of(V x, T) { return minimum(V{}, x) - log1p_exp<T>(x); }
  FOLDGATE_INLINE V chain(V d, V y, T) { return -(d * expm1_below_zero<T>(y)); }
};
template <class T, class V = Vec<T>>
struct Softplus {
  FOLDGATE_INLINE V of(V x, T) { return maximum(V{}, x) + log1p_exp<T>(x); }
  FOLDGATE_INLINE V chain(V d, V y, T) { return -(d * expm1_below_zero<T>(-y)); }
};

// --- Derivatives from x ---------------------------------------------------------------------------------------------

template <class T, class V = Vec<T>>
struct Log {
  FOLDGATE_INLINE V of(V x, T) { return log<T>(x); }
  FOLDGATE_INLINE V chain(V d, V x, T) { return d / x; }
};

template <class T, class V = Vec<T>>
struct Erf {
  FOLDGATE_INLINE V of(V x, T) { return erf<T>(x, 1); }
  FOLDGATE_INLINE V chain(V d, V x, T) {
    return d * (exp_below_zero<T>(-(x * x)) * T(1.1283791670955125739));
  }
};

template <class T, class V = Vec<T>>
struct Gelu {
  FOLDGATE_INLINE V cdf(V x) { return erf<T>(x, T(0.70710678118654752440)) * T(0.5) + T(0.5); }
  FOLDGATE_INLINE V of(V x, T) { return x * cdf(x); }
  FOLDGATE_INLINE V chain(V d, V x, T) {
    if constexpr (kLooksUp && sizeof(T) == sizeof(float)) return d * (by_pieces<GeluSlope>(x) + 0.5f);
    const V density = exp_below_zero<T>(x * x * T(-0.5)) * T(0.39894228040143267794);
    return d * (cdf(x) + x * density);
  }
};

// sigmoid(z) and sigmoid(-z), each to its own last place: 1 - sigmoid(z) would lose the small one.
template <class T>
struct SigmoidPair {
  Vec<T> plus, minus;
};
template <class T>
FOLDGATE_INLINE SigmoidPair<T> sigmoid_pair(Vec<T> z) {
  const Vec<T> e = exp_below_zero<T>(-magnitude<T>(z)), large = T(1) / (e + T(1)), small = e * large;
  const IntVec<T> negative = z < T(0);
  return {negative ? small : large, negative ? large : small};
}

template <class T, class V = Vec<T>>
struct GeluTanh {
  static constexpr T kTwice = T(1.5957691216057307117), kCubic = T(0.044715);  // 2 sqrt(2 / pi)
  static constexpr T kReach = sizeof(T) == 4 ? 11 : 22;                        // e^-z is 0 from there on
  FOLDGATE_INLINE V of(V x, T) { return x * sigmoid<T>(x * (x * x * kCubic + T(1)) * kTwice); }
  FOLDGATE_INLINE V chain(V d, V x, T) {
    if constexpr (kLooksUp && sizeof(T) == sizeof(float)) return d * (by_pieces<GeluTanhSlope>(x) + 0.5f);
    x = clamp<T>(-kReach, kReach, x);
    const V square = x * x;
    const SigmoidPair<T> s = sigmoid_pair<T>(x * (square * kCubic + T(1)) * kTwice);
    const V dz = (square * (3 * kCubic) + T(1)) * kTwice;
    return d * (s.plus * (x * s.minus * dz + T(1)));
  }
};

template <class T, class V = Vec<T>>
struct Silu {
  FOLDGATE_INLINE V of(V x, T) { return x * sigmoid<T>(x); }
  FOLDGATE_INLINE V chain(V d, V x, T) {
    const SigmoidPair<T> s = sigmoid_pair<T>(x);
    return d * (s.plus * (x * s.minus + T(1)));
  }
};

template <class T, class V = Vec<T>>
struct HardSilu {
  FOLDGATE_INLINE V of(V x, T a) { return x * HardSigmoid<T>::of(x, a); }
  FOLDGATE_INLINE V chain(V d, V x, T) {
    const V inside = d * (x * T(1.0 / 3) + T(0.5));
    return x <= T(-3) ? V{} : x >= T(3) ? d : inside;
  }
};

// tanh(log(1 + e^x)) = n / (n + 2) with n = e^x (e^x + 2), and its derivative 4 e^x (e^x + 1) / (n + 2)^2
template <class T, class V = Vec<T>>
struct Mish {
  static constexpr T kReach = sizeof(T) == 4 ? 20 : 40;  // n / (n + 2) is 1 from there on
  FOLDGATE_INLINE V of(V x, T) {
    const V e = exp<T>(minimum(broadcast<T>(kReach), x)), n = e * (e + T(2));
    return x * (n / (n + T(2)));
  }
  FOLDGATE_INLINE V chain(V d, V x, T) {
    x = minimum(broadcast<T>(kReach), x);
    const V e = exp<T>(x), n = e * (e + T(2)), inverse = T(1) / (n + T(2));
    return d * (inverse * (n + x * (inverse * T(4) * e * (e + T(1)))));
  }
};

template <class T, class V = Vec<T>>
struct Softsign {
  FOLDGATE_INLINE V of(V x, T) { return x / (magnitude<T>(x) + T(1)); }
  FOLDGATE_INLINE V chain(V d, V x, T) {
    const V inverse = T(1) / (magnitude<T>(x) + T(1));
    return d * (inverse * inverse);
  }
};

}  // namespace
}  // namespace foldgate::FOLDGATE_ISA
