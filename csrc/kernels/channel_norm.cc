#include "kernels/channel_norm.h"

#include "kernels/put.h"
#include "kernels/reduce.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

// Terms by position: one for all of a plane, or one a column.
template <class T>
struct PlaneTerms {
  explicit PlaneTerms(const NormTerms<T>& terms) : t(terms) {}
  Vec<T> mean(int64_t, int64_t) const { return broadcast<T>(t.mean); }
  Vec<T> scale(int64_t, int64_t) const { return broadcast<T>(t.scale); }
  Vec<T> shift(int64_t, int64_t) const { return broadcast<T>(t.shift); }
  Vec<T> slope(int64_t, int64_t) const { return broadcast<T>(t.slope); }
  Vec<T> offset(int64_t, int64_t) const { return broadcast<T>(t.offset); }
  NormTerms<T> t;
};
template <class T>
struct ColumnTerms {
  explicit ColumnTerms(const NormColumns<T>& columns) : c(columns) {}
  Vec<T> mean(int64_t i, int64_t live) const { return load(c.mean + i, live); }
  Vec<T> scale(int64_t i, int64_t live) const { return load(c.scale + i, live); }
  Vec<T> shift(int64_t i, int64_t live) const { return load(c.shift + i, live); }
  Vec<T> slope(int64_t i, int64_t live) const { return load(c.slope + i, live); }
  Vec<T> offset(int64_t i, int64_t live) const { return load(c.offset + i, live); }
  NormColumns<T> c;
};

// d: dy where relu lets it through. y is computed again, by the forward's own operations; a NaN passes its gradient on.
template <bool Relu, class T, class Terms>
FOLDGATE_INLINE Vec<T> through(Vec<T> dy, Vec<T> deviation, const Terms& terms, int64_t i, int64_t live) {
  if constexpr (!Relu) return dy;
  const Vec<T> y = deviation * terms.scale(i, live) + terms.shift(i, live);
  return y <= Vec<T>{} ? Vec<T>{} : dy;
}

template <bool Relu, class T, class Terms>
FOLDGATE_INLINE void normalize_row(const T* x, int64_t n, const Terms& terms, Target<T> y) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    const int64_t live = n - i;
    fetch_stream(x + i);
    const Vec<T> v = (load(x + i, live) - terms.mean(i, live)) * terms.scale(i, live) + terms.shift(i, live);
    put<T>(y, i, Relu ? maximum(Vec<T>{}, v) : v, live);
  }
}
template <class T, class Terms>
FOLDGATE_INLINE void normalize_row(const T* x, int64_t n, const Terms& terms, bool relu, Target<T> y) {
  relu ? normalize_row<true, T>(x, n, terms, y) : normalize_row<false, T>(x, n, terms, y);
}

template <bool Relu, bool Constant, class T, class Terms>
FOLDGATE_INLINE void gradient_row(const T* dy, const T* x, int64_t n, const Terms& terms, Target<T> dx) {
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    const int64_t live = n - i;
    fetch_stream(dy + i);
    fetch_stream(x + i);
    Vec<T> d = load(dy + i, live), deviation = {};
    if constexpr (Relu || !Constant) deviation = load(x + i, live) - terms.mean(i, live);
    d = through<Relu, T>(d, deviation, terms, i, live) * terms.scale(i, live);
    if constexpr (!Constant) d += deviation * terms.slope(i, live) + terms.offset(i, live);
    put<T>(dx, i, d, live);
  }
}
template <class T, class Terms>
FOLDGATE_INLINE void gradient_row(const T* dy, const T* x, int64_t n, const Terms& terms, NormMode mode,
                                  Target<T> dx) {
  if (mode.constant)
    mode.relu ? gradient_row<true, true, T>(dy, x, n, terms, dx)
              : gradient_row<false, true, T>(dy, x, n, terms, dx);
  else
    mode.relu ? gradient_row<true, false, T>(dy, x, n, terms, dx)
              : gradient_row<false, false, T>(dy, x, n, terms, dx);
}

// body(offset, n) for every row of a matrix of n values
template <class Body>
FOLDGATE_INLINE void for_rows(int64_t n, int64_t width, Body body) {
  for (int64_t first = 0; first < n; first += width) body(first, n - first < width ? n - first : width);
}

template <class T>
void moments(const T* x, int64_t n, T* mean, T* m2) {
  const Moments<T> all = moments_of(x, n);
  *mean = all.mean;
  *m2 = all.m2;
}

// Four rows at a time: their columns' sums are loaded and stored once for four loads of x.
constexpr int kRows = 4;

template <int Rows, class T>
FOLDGATE_INLINE void add_deviations(const T* x, int64_t width, const T* from, bool first, T* sums,
                                    T* squares) {
  for (int64_t i = 0; i < width; i += kLanes<T>) {
    const int64_t live = width - i;
    const Vec<T> base = load(from + i, live);
    Vec<T> s = {}, q = {};
    if (!first) s = load(sums + i, live), q = load(squares + i, live);
    FOLDGATE_UNROLL
    for (int r = 0; r < Rows; ++r) {
      __builtin_prefetch(x + (r + Rows) * width + i);
      const Vec<T> d = load(x + r * width + i, live) - base;
      s += d;
      q += d * d;
    }
    store(sums + i, s, live);
    store(squares + i, q, live);
  }
}

template <class T>
void column_moments(const T* x, int64_t rows, int64_t width, T* mean, T* m2) {
  int64_t r = 0;
  for (; r + kRows <= rows; r += kRows) add_deviations<kRows>(x + r * width, width, x, r == 0, mean, m2);
  for (; r < rows; ++r) add_deviations<1>(x + r * width, width, x, r == 0, mean, m2);
  const T share = T(1) / static_cast<T>(rows);
  for (int64_t i = 0; i < width; i += kLanes<T>) {
    const int64_t live = width - i;
    const Vec<T> s = load(mean + i, live), distance = s * share;
    store(m2 + i, load(m2 + i, live) - s * distance, live);
    store(mean + i, load(x + i, live) + distance, live);
  }
}

// mean = means[0] + sum of shares[p] (means[p] - means[0]), m2 = sum of m2s[p] + rows shares[p] (means[p] - mean)^2
template <class T>
void merge_columns(const T* means, const T* m2s, const T* shares, T rows, int64_t parts, int64_t width,
                   T* mean, T* m2) {
  for (int64_t i = 0; i < width; i += kLanes<T>) {
    const int64_t live = width - i;
    const Vec<T> base = load(means + i, live);
    Vec<T> distance = {}, between = {}, within = {};
    for (int64_t p = 0; p < parts; ++p) distance += (load(means + p * width + i, live) - base) * shares[p];
    const Vec<T> all = base + distance;
    for (int64_t p = 0; p < parts; ++p) {
      const Vec<T> d = load(means + p * width + i, live) - all;
      between += d * d * shares[p];
      within += load(m2s + p * width + i, live);
    }
    store(mean + i, all, live);
    store(m2 + i, within + between * rows, live);
  }
}

template <class T>
void normalize(const T* x, int64_t n, const NormTerms<T>& terms, bool relu, Target<T> y) {
  normalize_row(x, n, PlaneTerms<T>(terms), relu, y);
}
template <class T>
void normalize_columns(const T* x, int64_t n, int64_t width, const NormColumns<T>& columns, bool relu,
                       Target<T> y) {
  const ColumnTerms<T> terms(columns);
  for_rows(n, width, [&](int64_t at, int64_t live) { normalize_row(x + at, live, terms, relu, y + at); });
}

template <bool Relu, class T>
FOLDGATE_INLINE void plane_sums(const T* dy, const T* x, int64_t n, const NormTerms<T>& values, T* sums) {
  const PlaneTerms<T> terms(values);
  constexpr int64_t L = kLanes<T>;
  Vec<T> d[2] = {}, p[2] = {};
  auto add = [&](int64_t i, int64_t live, int to) FOLDGATE_LAMBDA {
    fetch_stream(dy + i);
    fetch_stream(x + i);
    const Vec<T> deviation = load(x + i, live) - terms.mean(i, live);
    const Vec<T> slope = through<Relu, T>(load(dy + i, live), deviation, terms, i, live);
    d[to] += slope;
    p[to] += first_lanes<T>(slope * deviation, live);
  };
  int64_t i = 0;
  for (; i + 2 * L <= n; i += 2 * L) {
    add(i, L, 0);
    add(i + L, L, 1);
  }
  for (; i < n; i += L) add(i, n - i, 0);
  sums[0] = sum(d[0] + d[1]);
  sums[1] = sum(p[0] + p[1]);
}
template <class T>
void sums(const T* dy, const T* x, int64_t n, const NormTerms<T>& terms, bool relu, T* sums) {
  relu ? plane_sums<true>(dy, x, n, terms, sums) : plane_sums<false>(dy, x, n, terms, sums);
}

template <bool Relu, int Rows, class T>
FOLDGATE_INLINE void add_gradients(const T* dy, const T* x, int64_t width, const ColumnTerms<T>& terms,
                                   bool first, T* d_sums, T* dx_sums) {
  for (int64_t i = 0; i < width; i += kLanes<T>) {
    const int64_t live = width - i;
    const Vec<T> mean = terms.mean(i, live);
    Vec<T> s = {}, p = {};
    if (!first) s = load(d_sums + i, live), p = load(dx_sums + i, live);
    FOLDGATE_UNROLL
    for (int r = 0; r < Rows; ++r) {
      __builtin_prefetch(x + (r + Rows) * width + i);
      __builtin_prefetch(dy + (r + Rows) * width + i);
      const Vec<T> deviation = load(x + r * width + i, live) - mean;
      const Vec<T> d = through<Relu, T>(load(dy + r * width + i, live), deviation, terms, i, live);
      s += d;
      p += d * deviation;
    }
    store(d_sums + i, s, live);
    store(dx_sums + i, p, live);
  }
}
template <bool Relu, class T>
FOLDGATE_INLINE void matrix_sums(const T* dy, const T* x, int64_t rows, int64_t width,
                                 const NormColumns<T>& columns, T* d_sums, T* dx_sums) {
  const ColumnTerms<T> terms(columns);
  int64_t r = 0;
  for (; r + kRows <= rows; r += kRows)
    add_gradients<Relu, kRows>(dy + r * width, x + r * width, width, terms, r == 0, d_sums, dx_sums);
  for (; r < rows; ++r)
    add_gradients<Relu, 1>(dy + r * width, x + r * width, width, terms, r == 0, d_sums, dx_sums);
}
template <class T>
void column_sums(const T* dy, const T* x, int64_t rows, int64_t width, const NormColumns<T>& columns,
                 bool relu, T* d_sums, T* dx_sums) {
  relu ? matrix_sums<true>(dy, x, rows, width, columns, d_sums, dx_sums)
       : matrix_sums<false>(dy, x, rows, width, columns, d_sums, dx_sums);
}

template <class T>
void gradient(const T* dy, const T* x, int64_t n, const NormTerms<T>& terms, NormMode mode, Target<T> dx) {
  gradient_row(dy, x, n, PlaneTerms<T>(terms), mode, dx);
}
template <class T>
void gradient_columns(const T* dy, const T* x, int64_t n, int64_t width, const NormColumns<T>& columns,
                      NormMode mode, Target<T> dx) {
  const ColumnTerms<T> terms(columns);
  for_rows(n, width,
           [&](int64_t at, int64_t live) { gradient_row(dy + at, x + at, live, terms, mode, dx + at); });
}

template <class T>
constexpr ChannelNormKernels<T> table() {
  return {moments<T>, column_moments<T>, merge_columns<T>, normalize<T>,       normalize_columns<T>,
          sums<T>,    column_sums<T>,    gradient<T>,      gradient_columns<T>};
}

}  // namespace

extern const ChannelNormKernels<float> channel_norm_f32;
extern const ChannelNormKernels<double> channel_norm_f64;
const ChannelNormKernels<float> channel_norm_f32 = table<float>();
const ChannelNormKernels<double> channel_norm_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
