#include "kernels/attention.h"

#include "kernels/reduce.h"
#include "simd/log.h"
#include "simd/math.h"

namespace foldgate::FOLDGATE_ISA {
namespace {

template <class T>
constexpr T kHidden = -__builtin_inf();

// scale score + bias from column i on, -inf where it is hidden and beyond `live`.
template <class T>
FOLDGATE_INLINE Vec<T> score(const ScoreBlock<T>& b, const T* scores, int64_t row, int64_t i) {
  using Int = typename VecTraits<T>::Int;
  const int64_t live = b.columns - i;
  Vec<T> s = load(scores + row * b.step + i, live) * b.scale;
  if (b.bias) s += load(b.bias + row * b.mask_step + i, live);
  const Vec<T> hidden = broadcast<T>(kHidden<T>);
  if (b.seen) {
    IntVec<T> seen = {};
    for (int j = 0; j < kLanes<T> && j < live; ++j) seen[j] = b.seen[row * b.mask_step + i + j];
    s = seen != IntVec<T>{} ? s : hidden;
  }
  int64_t past = row + b.diagonal + 1 - i;  // columns seen from i on
  past = past < live ? past : live;
  if (past < kLanes<T>) s = iota<T>() < broadcast_int<T>(static_cast<Int>(past < 0 ? 0 : past)) ? s : hidden;
  return s;
}

template <class T>
FOLDGATE_INLINE T largest_of(Vec<T> v) {
  T m = v[0];
  for (int i = 1; i < kLanes<T>; ++i) m = v[i] > m ? v[i] : m;
  return m;
}

template <class T>
FOLDGATE_INLINE T exp_of(T x) {
  return exp<T>(broadcast<T>(x))[0];
}

template <class T>
FOLDGATE_INLINE void multiply(T* values, int64_t width, T factor) {
  for (int64_t i = 0; i < width; i += kLanes<T>)
    store(values + i, load(values + i, width - i) * factor, width - i);
}

template <class T>
void softmax(const ScoreBlock<T>& b, T* scores, bool first, T* largest, T* sums, const HeadRows<T>& out) {
  for (int64_t r = 0; r < b.rows; ++r) {
    Vec<T> most = broadcast<T>(first ? kHidden<T> : largest[r]);
    for (int64_t i = 0; i < b.columns; i += kLanes<T>) {
      const Vec<T> s = score(b, scores, r, i);
      store(scores + r * b.step + i, s, b.columns - i);
      most = maximum(s, most);  // a NaN is lost here, and comes back by exp(NaN - m)
    }
    const T m = largest_of<T>(most), from = m == kHidden<T> ? T(0) : m;
    Vec<T> sum_p = {};
    for (int64_t i = 0; i < b.columns; i += kLanes<T>) {
      const int64_t live = b.columns - i;
      const Vec<T> p = exp<T>(load(scores + r * b.step + i, live) - from);
      store(scores + r * b.step + i, p, live);
      sum_p += first_lanes<T>(p, live);
    }
    if (first) {
      sums[r] = sum(sum_p);
    } else {
      const T shrink = exp_of(largest[r] - from);
      sums[r] = sums[r] * shrink + sum(sum_p);
      if (m != largest[r]) multiply(out.data + r * out.step, out.width, shrink);
    }
    largest[r] = m;
  }
}

template <class T>
void finish(int64_t rows, const T* largest, const T* sums, const HeadRows<T>& out, T* lse) {
  for (int64_t r = 0; r < rows; ++r) {
    const bool nothing = sums[r] == 0;
    const T share = nothing ? T(0) : T(1) / sums[r];
    multiply(out.data + r * out.step, out.width, share);
    lse[r] = nothing ? kHidden<T> : largest[r] + log<T>(broadcast<T>(sums[r]))[0];
  }
}

template <class T>
void gradient(const ScoreBlock<T>& b, T* scores, const T* from, const T* share, const T* delta, T* dp) {
  for (int64_t r = 0; r < b.rows; ++r) {
    const T shift = from[r] == kHidden<T> ? T(0) : from[r];
    for (int64_t i = 0; i < b.columns; i += kLanes<T>) {
      const int64_t live = b.columns - i, at = r * b.step + i;
      const Vec<T> p = exp<T>(score(b, scores, r, i) - shift) * share[r];
      store(scores + at, p, live);
      store(dp + at, p * (load(dp + at, live) - delta[r]) * b.scale, live);
    }
  }
}

template <class T>
void row_products(int64_t rows, const HeadRows<const T>& dout, const HeadRows<const T>& out, T* delta) {
  for (int64_t r = 0; r < rows; ++r) {
    const T *a = dout.data + r * dout.step, *b = out.data + r * out.step;
    delta[r] = total<T>(out.width, [=](int64_t i, int64_t live)
                                       FOLDGATE_LAMBDA { return load(a + i, live) * load(b + i, live); });
  }
}

template <class T>
constexpr AttentionKernels<T> table() {
  return {softmax<T>, finish<T>, gradient<T>, row_products<T>};
}

}  // namespace

extern const AttentionKernels<float> attention_f32;
extern const AttentionKernels<double> attention_f64;
const AttentionKernels<float> attention_f32 = table<float>();
const AttentionKernels<double> attention_f64 = table<double>();

}  // namespace foldgate::FOLDGATE_ISA
