#include "kernels/channel_norm.h"

#include "kernels/channel_norm_columns.h"
#include "kernels/reduce.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
FOLDGATE_INLINE VectorTerms<T> terms_of(const NormTerms<T>& t) {
  return {broadcast<T>(t.mean), broadcast<T>(t.scale), broadcast<T>(t.shift), broadcast<T>(t.slope),
          broadcast<T>(t.offset)};
}

template <class T>
void moments(const T* x, int64_t n, T* mean, T* m2) {
  const Moments<T> all = moments_of(x, n);
  *mean = all.mean;
  *m2 = all.m2;
}

template <class T>
void normalize(const T* x, int64_t n, const T* next, const NormTerms<T>& plane, bool relu, Target<T> y) {
  const VectorTerms<T> terms = terms_of(plane);
  const T floor = floor_of<T>(relu);
  for (int64_t i = 0; i < n; i += kLanes<T>) {
    fetch_stream(x + i);
    __builtin_prefetch(next + i, 0, 2);  // into L2
    put<T>(y, i, normalized(load(x + i, n - i), terms, floor), n - i);
  }
}

template <bool Relu, class T>
FOLDGATE_INLINE void plane_sums(const T* dy, const T* x, int64_t n, const VectorTerms<T>& terms, T* sums) {
  constexpr int64_t L = kLanes<T>;
  Vec<T> d[2] = {}, p[2] = {};
  auto add = [&](int64_t i, int64_t live, int to) FOLDGATE_LAMBDA {
    fetch_stream(dy + i);
    fetch_stream(x + i);
    const Vec<T> deviation = load(x + i, live) - terms.mean;
    const Vec<T> slope = through<Relu>(load(dy + i, live), deviation, terms);
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
  relu ? plane_sums<true>(dy, x, n, terms_of(terms), sums)
       : plane_sums<false>(dy, x, n, terms_of(terms), sums);
}

template <class T>
void gradient(const T* dy, const T* x, int64_t n, const NormTerms<T>& plane, NormMode mode, Target<T> dx) {
  const VectorTerms<T> terms = terms_of(plane);
  by_mode(mode, [&](auto relu, auto constant) FOLDGATE_LAMBDA {
    for (int64_t i = 0; i < n; i += kLanes<T>) {
      fetch_stream(dy + i);
      fetch_stream(x + i);
      put<T>(dx, i, gradient_of<relu.value, constant.value>(dy + i, x + i, n - i, terms), n - i);
    }
  });
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
