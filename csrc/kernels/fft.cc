#include "kernels/fft.h"

#include "simd/vec.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
constexpr int64_t kPoint = 2 * kLanes<T>;  // a position's elements
// Sizes from here on are taken part by part: 64 positions are 8 KB, all of whose passes stay in L1.
constexpr int64_t kWhole = 64;

template <class T>
struct Complex {
  Vec<T> re, im;
};
template <class T>
FOLDGATE_INLINE Complex<T> load_point(const T* p) {
  return {load(p), load(p + kLanes<T>)};
}
template <class T>
FOLDGATE_INLINE void store_point(T* p, Complex<T> a) {
  store(p, a.re);
  store(p + kLanes<T>, a.im);
}
template <class T>
FOLDGATE_INLINE Complex<T> operator+(Complex<T> a, Complex<T> b) {
  return {a.re + b.re, a.im + b.im};
}
template <class T>
FOLDGATE_INLINE Complex<T> operator-(Complex<T> a, Complex<T> b) {
  return {a.re - b.re, a.im - b.im};
}
template <class T>
FOLDGATE_INLINE Complex<T> times_i(Complex<T> a) {
  return {-a.im, a.re};
}
// a times the root, or its conjugate
template <class T, bool Conjugate>
FOLDGATE_INLINE Complex<T> turned(Complex<T> a, const T* root) {
  const Vec<T> re = broadcast<T>(root[0]), im = broadcast<T>(root[1]);
  if constexpr (Conjugate) return {a.re * re + a.im * im, a.im * re - a.re * im};
  return {a.re * re - a.im * im, a.re * im + a.im * re};
}

// A transform of n as four of n / 4, in place: x[j + p n/4], p < 4, become the part q's value
//   sum over p of x[j + p n/4] (-i)^(pq), times exp(-2 pi i jq / n),
// at j + q n/4. Turned: false where n = 4, whose only root is 1.
template <class T, bool Turned>
FOLDGATE_INLINE void split(T* data, int64_t n, const T* roots) {
  const int64_t step = n / 4 * kPoint<T>;
  for (int64_t j = 0; j < n / 4; ++j, data += kPoint<T>, roots += 6) {
    const Complex<T> a = load_point(data), b = load_point(data + step), c = load_point(data + 2 * step),
                     d = load_point(data + 3 * step);
    const Complex<T> even = a + c, odd = b + d, left = a - c, right = times_i(b - d);
    Complex<T> one = left - right, two = even - odd, three = left + right;
    if constexpr (Turned) {
      one = turned<T, false>(one, roots);
      two = turned<T, false>(two, roots + 2);
      three = turned<T, false>(three, roots + 4);
    }
    store_point(data, even + odd);
    store_point(data + step, one);
    store_point(data + 2 * step, two);
    store_point(data + 3 * step, three);
  }
}

// split() backwards, without the factor of 1 / 4.
template <class T, bool Turned>
FOLDGATE_INLINE void join(T* data, int64_t n, const T* roots) {
  const int64_t step = n / 4 * kPoint<T>;
  for (int64_t j = 0; j < n / 4; ++j, data += kPoint<T>, roots += 6) {
    const Complex<T> zero = load_point(data);
    Complex<T> one = load_point(data + step), two = load_point(data + 2 * step),
               three = load_point(data + 3 * step);
    if constexpr (Turned) {
      one = turned<T, true>(one, roots);
      two = turned<T, true>(two, roots + 2);
      three = turned<T, true>(three, roots + 4);
    }
    const Complex<T> even = zero + two, odd = one + three, left = zero - two, right = times_i(one - three);
    store_point(data, even + odd);
    store_point(data + step, left + right);
    store_point(data + 2 * step, even - odd);
    store_point(data + 3 * step, left - right);
  }
}

template <class T>
FOLDGATE_INLINE void pairs(T* data, int64_t n) {
  for (int64_t j = 0; j < n; j += 2, data += 2 * kPoint<T>) {
    const Complex<T> a = load_point(data), b = load_point(data + kPoint<T>);
    store_point(data, a + b);
    store_point(data + kPoint<T>, a - b);
  }
}

template <class T>
void forward(T* data, int64_t n, const T* roots) {
  if (n > kWhole) {
    split<T, true>(data, n, roots);
    roots += 6 * (n / 4);
    for (int q = 0; q < 4; ++q) forward(data + q * (n / 4) * kPoint<T>, n / 4, roots);
    return;
  }
  int64_t part = n;
  for (; part > 4; roots += 6 * (part / 4), part /= 4)
    for (int64_t j = 0; j < n; j += part) split<T, true>(data + j * kPoint<T>, part, roots);
  if (part == 2) return pairs(data, n);
  if (part == 4)
    for (int64_t j = 0; j < n; j += 4) split<T, false>(data + j * kPoint<T>, 4, roots);
}

// roots: as of forward()
template <class T>
void inverse(T* data, int64_t n, const T* roots) {
  if (n > kWhole) {
    for (int q = 0; q < 4; ++q) inverse(data + q * (n / 4) * kPoint<T>, n / 4, roots + 6 * (n / 4));
    return join<T, true>(data, n, roots);
  }
  const T* level[8];
  int64_t part = n;
  int levels = 0;
  for (; part > 4; roots += 6 * (part / 4), part /= 4) level[levels++] = roots;
  if (part == 2) pairs(data, n);
  if (part == 4)
    for (int64_t j = 0; j < n; j += 4) join<T, false>(data + j * kPoint<T>, 4, roots);
  while (levels > 0) {
    part *= 4;
    --levels;
    for (int64_t j = 0; j < n; j += part) join<T, true>(data + j * kPoint<T>, part, level[levels]);
  }
}

template <class T>
void multiply(T* data, const T* factor, int64_t size) {
  for (int64_t f = 0; f < size; ++f, data += kPoint<T>, factor += kPoint<T>) {
    const Complex<T> a = load_point(data), b = load_point(factor);
    store_point(data, Complex<T>{a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re});
  }
}

template <class T>
void correlate(const T* x, const T* y, int64_t size, bool accumulate, T* sum) {
  for (int64_t f = 0; f < size; ++f, x += kPoint<T>, y += kPoint<T>, sum += kPoint<T>) {
    const Complex<T> a = load_point(x), b = load_point(y);
    Complex<T> s = {};
    if (accumulate) s = load_point(sum);
    s.re += a.re * b.re;
    s.im += a.im * b.re;
    s.re += a.im * b.im;
    s.im -= a.re * b.im;
    store_point(sum, s);
  }
}

template <class T>
void triples(const T* data, int64_t size, bool conjugate, T* target, int64_t step) {
  const Vec<T> sign = broadcast<T>(conjugate ? T(-1) : T(1));
  for (int64_t f = 0; f < size; ++f, data += kPoint<T>, target += step) {
    const Complex<T> a = load_point(data);
    const Vec<T> im = a.im * sign;
    store(target, -im);
    store(target + kLanes<T>, a.re);
    store(target + 2 * kLanes<T>, im);
  }
}

template <class T>
void rows(const FftRows<T>& r) {
  const Vec<T> scale = broadcast<T>(r.scale), bias = r.bias ? load(r.bias, r.width) : Vec<T>{};
  const T* from = r.from;
  T* to = r.to;
  const bool whole = r.width == kLanes<T>;
  for (int64_t i = 0; i < r.rows; ++i, from += r.from_step, to += r.to_step) {
    Vec<T> v = whole ? load(from) : load_part(from, r.width);
    v = v * scale + bias;
    if (r.accumulate) v += load(to, r.width);
    whole ? store(to, v) : store_part(to, v, r.width);
  }
}

template <class T>
constexpr FftKernels<T> table() {
  return {kLanes<T>, forward<T>, inverse<T>, multiply<T>, correlate<T>, triples<T>, rows<T>};
}

}  // namespace

extern const FftKernels<float> fft_f32;
extern const FftKernels<double> fft_f64;
const FftKernels<float> fft_f32 = table<float>();
const FftKernels<double> fft_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
