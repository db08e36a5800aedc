// The one-dimensional transforms: a polynomial product modulo (x - p) for the finite points p, and its leading
// coefficient for the point at infinity. With M(x) the product of (x - p):
//
//   input   row p: the coefficients of M(x) / (x - p); row inf: those of M(x)
//   weights row p: (1, p, p^2, ...) / M'(p);           row inf: (0, ..., 0, 1)
//   output  column p: (1, p, p^2, ...);                column inf: (0, ..., 0, 1)
//
// Points +p and -p share their even and odd parts.
#pragma once
#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {

// F(2, 3): points 0, 1, -1, inf.  M = x (x^2 - 1); the row of -1 is negated on both sides, which saves an operation.
template <class T>
struct Winograd23 {
  static constexpr int kOutputs = 2, kTaps = 3, kEdge = 4;
  using V = Vec<T>;

  FOLDGATE_INLINE void input(const V (&x)[4], V (&v)[4]) {
    v[0] = x[0] - x[2];
    v[1] = x[1] + x[2];
    v[2] = x[2] - x[1];
    v[3] = x[3] - x[1];
  }
  FOLDGATE_INLINE void output(const V (&m)[4], V (&y)[2]) {
    y[0] = m[0] + (m[1] + m[2]);
    y[1] = (m[1] - m[2]) + m[3];
  }
  FOLDGATE_INLINE void weights(const V (&g)[3], V (&u)[4]) {
    const V even = T(0.5) * (g[0] + g[2]), odd = T(0.5) * g[1];
    u[0] = g[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = g[2];
  }
  FOLDGATE_INLINE void output_gradient(const V (&y)[2], V (&d)[4]) {
    d[0] = y[0];
    d[1] = y[0] + y[1];
    d[2] = y[0] - y[1];
    d[3] = y[1];
  }
  FOLDGATE_INLINE void weights_gradient(const V (&u)[4], V (&g)[3]) {
    const V even = T(0.5) * (u[1] + u[2]);
    g[0] = u[0] + even;
    g[1] = T(0.5) * (u[1] - u[2]);
    g[2] = even + u[3];
  }
};

// F(4, 3): points 0, +-a, +-b, inf with a = 5/8, b = 3/2: their powers are exact in float, and the transforms magnify
// rounding errors 3 to 4 times less than the usual points 1 and 2.  M = x (x^2 - a^2) (x^2 - b^2).
template <class T>
struct Winograd43 {
  static constexpr int kOutputs = 4, kTaps = 3, kEdge = 6;
  using V = Vec<T>;
  static constexpr T a = T(0.625), b = T(1.5);
  static constexpr T a2 = a * a, b2 = b * b, a3 = a2 * a, b3 = b2 * b;
  static constexpr T kProduct = a2 * b2, kSum = a2 + b2;
  // 1 / M'(p)
  static constexpr T k0 = 1 / kProduct, ka = 1 / (2 * a2 * (a2 - b2)), kb = 1 / (2 * b2 * (b2 - a2));

  FOLDGATE_INLINE void input(const V (&x)[6], V (&v)[6]) {
    const V even_a = x[4] - b2 * x[2], odd_a = x[3] - b2 * x[1];
    const V even_b = x[4] - a2 * x[2], odd_b = x[3] - a2 * x[1];
    v[0] = kProduct * x[0] + (x[4] - kSum * x[2]);
    v[1] = even_a + a * odd_a;
    v[2] = even_a - a * odd_a;
    v[3] = even_b + b * odd_b;
    v[4] = even_b - b * odd_b;
    v[5] = kProduct * x[1] + (x[5] - kSum * x[3]);
  }
  FOLDGATE_INLINE void output(const V (&m)[6], V (&y)[4]) {
    const V even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = m[0] + (even_a + even_b);
    y[1] = a * odd_a + b * odd_b;
    y[2] = a2 * even_a + b2 * even_b;
    y[3] = a3 * odd_a + (b3 * odd_b + m[5]);
  }
  FOLDGATE_INLINE void weights(const V (&g)[3], V (&u)[6]) {
    const V even_a = ka * g[0] + (ka * a2) * g[2], even_b = kb * g[0] + (kb * b2) * g[2];
    u[0] = k0 * g[0];
    u[1] = even_a + (ka * a) * g[1];
    u[2] = even_a - (ka * a) * g[1];
    u[3] = even_b + (kb * b) * g[1];
    u[4] = even_b - (kb * b) * g[1];
    u[5] = g[2];
  }
  FOLDGATE_INLINE void output_gradient(const V (&y)[4], V (&d)[6]) {
    const V even_a = y[0] + a2 * y[2], odd_a = y[1] + a2 * y[3];
    const V even_b = y[0] + b2 * y[2], odd_b = y[1] + b2 * y[3];
    d[0] = y[0];
    d[1] = even_a + a * odd_a;
    d[2] = even_a - a * odd_a;
    d[3] = even_b + b * odd_b;
    d[4] = even_b - b * odd_b;
    d[5] = y[3];
  }
  FOLDGATE_INLINE void weights_gradient(const V (&u)[6], V (&g)[3]) {
    const V even_a = ka * (u[1] + u[2]), even_b = kb * (u[3] + u[4]);
    g[0] = k0 * u[0] + (even_a + even_b);
    g[1] = (ka * a) * (u[1] - u[2]) + (kb * b) * (u[3] - u[4]);
    g[2] = a2 * even_a + (b2 * even_b + u[5]);
  }
};

// F(2, 5): the points of F(4, 3), whose input transform it has; 9 multiplications an output instead of 25.
template <class T>
struct Winograd25 {
  static constexpr int kOutputs = 2, kTaps = 5, kEdge = 6;
  using V = Vec<T>;
  using Of3 = Winograd43<T>;
  static constexpr T a = Of3::a, b = Of3::b, a2 = Of3::a2, b2 = Of3::b2, k0 = Of3::k0, ka = Of3::ka,
                     kb = Of3::kb;

  FOLDGATE_INLINE void output(const V (&m)[6], V (&y)[2]) {
    y[0] = m[0] + ((m[1] + m[2]) + (m[3] + m[4]));
    y[1] = a * (m[1] - m[2]) + (b * (m[3] - m[4]) + m[5]);
  }
  FOLDGATE_INLINE void weights(const V (&g)[5], V (&u)[6]) {
    const V even_a = ka * (g[0] + a2 * (g[2] + a2 * g[4])), odd_a = (ka * a) * (g[1] + a2 * g[3]);
    const V even_b = kb * (g[0] + b2 * (g[2] + b2 * g[4])), odd_b = (kb * b) * (g[1] + b2 * g[3]);
    u[0] = k0 * g[0];
    u[1] = even_a + odd_a;
    u[2] = even_a - odd_a;
    u[3] = even_b + odd_b;
    u[4] = even_b - odd_b;
    u[5] = g[4];
  }
  FOLDGATE_INLINE void output_gradient(const V (&y)[2], V (&d)[6]) {
    d[0] = y[0];
    d[1] = y[0] + a * y[1];
    d[2] = y[0] - a * y[1];
    d[3] = y[0] + b * y[1];
    d[4] = y[0] - b * y[1];
    d[5] = y[1];
  }
  FOLDGATE_INLINE void weights_gradient(const V (&u)[6], V (&g)[5]) {
    const V even_a = ka * (u[1] + u[2]), odd_a = (ka * a) * (u[1] - u[2]);
    const V even_b = kb * (u[3] + u[4]), odd_b = (kb * b) * (u[3] - u[4]);
    g[0] = k0 * u[0] + (even_a + even_b);
    g[1] = odd_a + odd_b;
    g[2] = a2 * even_a + b2 * even_b;
    g[3] = a2 * odd_a + b2 * odd_b;
    g[4] = (a2 * a2) * even_a + ((b2 * b2) * even_b + u[5]);
  }
};

}  // namespace foldgate::FOLDGATE_ISA
