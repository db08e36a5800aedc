// Sums and moments of contiguous values, in an order that their number alone fixes.
#pragma once
#include "simd/fetch.h"

namespace foldgate::FOLDGATE_ISA {

// The first n lanes of v, zeros in the others.
template <class T>
FOLDGATE_INLINE Vec<T> first_lanes(Vec<T> v, int64_t n) {
  if (n >= kLanes<T>) return v;
  return iota<T>() < broadcast_int<T>(static_cast<typename VecTraits<T>::Int>(n)) ? v : Vec<T>{};
}

// The sum of n values that come as vectors: term(i, live) holds those from i on, in its first `live` lanes. Four
// accumulators, as an addition takes four cycles.
template <class T, class Term>
FOLDGATE_INLINE T total(int64_t n, Term term) {
  constexpr int64_t L = kLanes<T>;
  Vec<T> a = {}, b = {}, c = {}, d = {};
  int64_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L) {
    a += term(i, L);
    b += term(i + L, L);
    c += term(i + 2 * L, L);
    d += term(i + 3 * L, L);
  }
  for (; i < n; i += L) a += first_lanes<T>(term(i, n - i), n - i);
  return sum((a + b) + (c + d));
}

template <class T>
struct Moments {
  T mean, m2;  // m2: the sum of (x - mean)^2
};

// Values whose deviations are summed from L1: 8 KB or 16 KB.
constexpr int64_t kMomentChunk = 2048;

template <class T>
FOLDGATE_INLINE Moments<T> chunk_moments(const T* x, int64_t n) {
  const T all = total<T>(n, [=](int64_t i, int64_t live) FOLDGATE_LAMBDA {
    fetch_stream(x + i);
    return load(x + i, live);
  });
  const T mean = all / static_cast<T>(n);
  const T m2 = total<T>(n, [=](int64_t i, int64_t live) FOLDGATE_LAMBDA {
    const Vec<T> deviation = load(x + i, live) - mean;
    return deviation * deviation;
  });
  return {mean, m2};
}

// Two passes over each chunk while it is in L1, and chunks merged as by Chan, Golub and LeVeque: nothing cancels,
// however far the mean is from 0.
template <class T>
FOLDGATE_INLINE Moments<T> moments_of(const T* x, int64_t n) {
  Moments<T> all = chunk_moments(x, n < kMomentChunk ? n : kMomentChunk);
  for (int64_t first = kMomentChunk; first < n; first += kMomentChunk) {
    const int64_t count = n - first < kMomentChunk ? n - first : kMomentChunk;
    const Moments<T> chunk = chunk_moments(x + first, count);
    const T delta = chunk.mean - all.mean, share = static_cast<T>(count) / static_cast<T>(first + count);
    all.mean += delta * share;
    all.m2 += chunk.m2 + delta * delta * (share * static_cast<T>(first));
  }
  return all;
}

}  // namespace foldgate::FOLDGATE_ISA
