#include "kernels/row_norm.h"

#include "kernels/put.h"
#include "kernels/reduce.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

FOLDGATE_INLINE float square_root(float v) { return __builtin_sqrtf(v); }
FOLDGATE_INLINE double square_root(double v) { return __builtin_sqrt(v); }

// Wider rows than this go one at a time: they have work enough for themselves.
constexpr int64_t kNarrow = 256;
constexpr int kForwardRows = 4;

template <class T>
FOLDGATE_INLINE T square_sum(const T* x, int64_t n) {
  return total<T>(n, [=](int64_t i, int64_t live) FOLDGATE_LAMBDA {
    fetch_stream(x + i);
    const Vec<T> v = load(x + i, live);
    return v * v;
  });
}

// Several narrow rows at once, as the sums over lanes and the root of one row would wait for each other.
template <int Rows, class T, class Term>
FOLDGATE_INLINE void totals(int64_t n, T (&sums)[Rows], Term term) {
  Vec<T> v[Rows] = {};
  int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) {
    FOLDGATE_UNROLL
    for (int r = 0; r < Rows; ++r) v[r] += term(r, i, kLanes<T>);
  }
  if (i < n) {
    FOLDGATE_UNROLL
    for (int r = 0; r < Rows; ++r) v[r] += first_lanes<T>(term(r, i, n - i), n - i);
  }
  FOLDGATE_UNROLL
  for (int r = 0; r < Rows; ++r) sums[r] = sum(v[r]);
}

template <bool Centred, int Rows, class T>
FOLDGATE_INLINE void row_moments(const T* x, int64_t n, T (&means)[Rows], T (&m2s)[Rows]) {
  if (Rows == 1 && n > kNarrow) {
    if constexpr (!Centred) {
      m2s[0] = square_sum(x, n);
    } else {
      const Moments<T> m = moments_of(x, n);
      means[0] = m.mean;
      m2s[0] = m.m2;
    }
    return;
  }
  if constexpr (Centred) {
    totals<Rows>(n, means,
                 [=](int r, int64_t i, int64_t live) FOLDGATE_LAMBDA { return load(x + r * n + i, live); });
    const T share = T(1) / static_cast<T>(n);
    for (int r = 0; r < Rows; ++r) means[r] *= share;
  }
  totals<Rows>(n, m2s, [&](int r, int64_t i, int64_t live) FOLDGATE_LAMBDA {
    Vec<T> v = load(x + r * n + i, live);
    if constexpr (Centred) v -= means[r];
    return v * v;
  });
}

template <bool Centred, int Rows, class T>
FOLDGATE_INLINE void forward_block(const RowNorm<T>& norm, const T* x, Target<T> y, T* mean, T* rstd) {
  const int64_t n = norm.width;
  T means[Rows] = {}, m2s[Rows], scales[Rows];
  row_moments<Centred, Rows>(x, n, means, m2s);
  FOLDGATE_UNROLL
  for (int r = 0; r < Rows; ++r) {
    scales[r] = T(1) / square_root(m2s[r] / static_cast<T>(n) + norm.epsilon);
    if constexpr (Centred) mean[r] = means[r];
    rstd[r] = scales[r];
  }
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    const int64_t live = n - i;
    const Vec<T> gamma = load(norm.gamma + i, live);
    Vec<T> beta = {};
    if constexpr (Centred) beta = load(norm.beta + i, live);
    FOLDGATE_UNROLL
    for (int r = 0; r < Rows; ++r) {
      Vec<T> v = load(x + r * n + i, live);
      if constexpr (Centred) v -= means[r];
      v = v * scales[r] * gamma;
      if constexpr (Centred) v += beta;
      put<T>(y, r * n + i, v, live);
    }
  }
}

template <bool Centred, class T>
void forward_rows(const RowNorm<T>& norm, const T* x, int64_t rows, Target<T> y, T* mean, T* rstd) {
  const int64_t n = norm.width;
  int64_t r = 0;
  if (n <= kNarrow)
    for (; r + kForwardRows <= rows; r += kForwardRows)
      forward_block<Centred, kForwardRows>(norm, x + r * n, y + r * n, Centred ? mean + r : nullptr,
                                           rstd + r);
  for (; r < rows; ++r)
    forward_block<Centred, 1>(norm, x + r * n, y + r * n, Centred ? mean + r : nullptr, rstd + r);
}
template <class T>
void forward(const RowNorm<T>& norm, const T* x, int64_t rows, Target<T> y, T* mean, T* rstd) {
  norm.centred ? forward_rows<true>(norm, x, rows, y, mean, rstd)
               : forward_rows<false>(norm, x, rows, y, mean, rstd);
}

// Rows at once: dgamma and dbeta are loaded and stored once for both. The next two are fetched meanwhile, dy in the first
// pass and x in the second, so that memory is never idle; L1 holds both pairs of rows of 1,024 floats.
constexpr int kRows = 2;

template <bool Centred, int Rows, class T>
FOLDGATE_INLINE void backward_block(const RowNorm<T>& norm, const T* dy, const T* x, const T* mean,
                                    const T* rstd, Target<T> dx, T* dgamma, T* dbeta) {
  const int64_t n = norm.width;
  Vec<T> g_sum[Rows] = {}, gx_sum[Rows] = {};
  auto hat = [&](int r, int64_t i, int64_t live) FOLDGATE_LAMBDA {
    const Vec<T> v = load(x + r * n + i, live);
    if constexpr (Centred) return (v - mean[r]) * rstd[r];
    return v * rstd[r];
  };
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    const int64_t live = n - i;
    const Vec<T> gamma = load(norm.gamma + i, live);
    Vec<T> dg = load(dgamma + i, live), db = {};
    if constexpr (Centred) db = load(dbeta + i, live);
    FOLDGATE_UNROLL
    for (int r = 0; r < Rows; ++r) {
      if (!dx.past_cache) __builtin_prefetch(dx.data + r * n + i);
      __builtin_prefetch(dy + (r + Rows) * n + i);
      const Vec<T> d = load(dy + r * n + i, live), xhat = hat(r, i, live), g = d * gamma;
      gx_sum[r] += g * xhat;
      dg += d * xhat;
      if constexpr (Centred) {
        g_sum[r] += g;
        db += d;
      }
    }
    store(dgamma + i, dg, live);
    if constexpr (Centred) store(dbeta + i, db, live);
  }
  const T share = T(1) / static_cast<T>(n);
  FOLDGATE_UNROLL
  for (int r = 0; r < Rows; ++r) {
    const T g_mean = Centred ? sum(g_sum[r]) * share : T(0), gx_mean = sum(gx_sum[r]) * share;
    for (int64_t i = 0; i < n; i += kLanes<T>) {
      const int64_t live = n - i;
      __builtin_prefetch(x + (r + Rows) * n + i);
      Vec<T> d = load(dy + r * n + i, live) * load(norm.gamma + i, live) - hat(r, i, live) * gx_mean;
      if constexpr (Centred) d -= g_mean;
      put_fetched<T>(dx, r * n + i, d * rstd[r], live);
    }
  }
}

template <bool Centred, class T>
void backward_rows(const RowNorm<T>& norm, const T* dy, const T* x, const T* mean, const T* rstd,
                   int64_t rows, Target<T> dx, T* dgamma, T* dbeta) {
  const int64_t n = norm.width;
  int64_t r = 0;
  for (; r + kRows <= rows; r += kRows)
    backward_block<Centred, kRows>(norm, dy + r * n, x + r * n, Centred ? mean + r : nullptr, rstd + r,
                                   dx + r * n, dgamma, dbeta);
  for (; r < rows; ++r)
    backward_block<Centred, 1>(norm, dy + r * n, x + r * n, Centred ? mean + r : nullptr, rstd + r,
                               dx + r * n, dgamma, dbeta);
}
template <class T>
void backward(const RowNorm<T>& norm, const T* dy, const T* x, const T* mean, const T* rstd, int64_t rows,
              Target<T> dx, T* dgamma, T* dbeta) {
  norm.centred ? backward_rows<true>(norm, dy, x, mean, rstd, rows, dx, dgamma, dbeta)
               : backward_rows<false>(norm, dy, x, mean, rstd, rows, dx, dgamma, dbeta);
}

}  // namespace

extern const RowNormKernels<float> row_norm_f32;
extern const RowNormKernels<double> row_norm_f64;
const RowNormKernels<float> row_norm_f32{forward<float>, backward<float>};
const RowNormKernels<double> row_norm_f64{forward<double>, backward<double>};

}  // namespace foldgate::FOLDGATE_ISA
