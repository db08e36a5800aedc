// What planes and columns share: statistics of parts made one, and the terms of a channel.
#pragma once
#include <cstdint>

#include "kernels/channel_norm.h"
#include "ops/norm/channels.h"

namespace foldgate {

// mean and m2 of several parts, the first of size(p) values with means[p] and m2s[p], to a mean and a variance.
template <class T, class Size>
void merge_parts(const T* means, const T* m2s, int64_t parts, Size size, T* mean, T* variance) {
  const double base = static_cast<double>(means[0]);
  double values = 0, distance = 0, m2 = 0;
  for (int64_t p = 0; p < parts; ++p) {
    const double count = static_cast<double>(size(p));
    values += count;
    distance += count * (static_cast<double>(means[p]) - base);
  }
  const double all = base + distance / values;
  for (int64_t p = 0; p < parts; ++p) {
    const double d = static_cast<double>(means[p]) - all;
    m2 += static_cast<double>(m2s[p]) + static_cast<double>(size(p)) * d * d;
  }
  *mean = static_cast<T>(all);
  *variance = static_cast<T>(m2 / values);
}

template <class T>
NormTerms<T> forward_terms(const ChannelAffine<T>& affine, int64_t channel, T mean, T rstd) {
  const T gamma = affine.gamma ? affine.gamma[channel] : T(1),
          beta = affine.beta ? affine.beta[channel] : T(0);
  return {mean, gamma * rstd, beta, T(0), T(0)};
}

// dx = rstd (g - sum(g) / m - xhat sum(g xhat) / m), by its slope along x - mean and its offset, from the sums of
// d = dy f'(y) and of d (x - mean) of each channel of a group.
template <class T>
void group_gradient(const ChannelNormPlan& plan, const ChannelAffine<T>& affine, int64_t group, T rstd,
                    const T* d_sums, const T* dx_sums, T* slope, T* offset) {
  double g = 0, gx = 0;
  const int64_t first = group * plan.group_channels();
  for (int64_t c = first; c < first + plan.group_channels(); ++c) {
    const double gamma = affine.gamma ? static_cast<double>(affine.gamma[c]) : 1.0;
    g += gamma * static_cast<double>(d_sums[c]);
    gx += gamma * static_cast<double>(dx_sums[c]);
  }
  const double r = static_cast<double>(rstd), share = 1.0 / static_cast<double>(plan.terms());
  *slope = static_cast<T>(-r * r * r * gx * share);
  *offset = static_cast<T>(-r * g * share);
}

// Channels whose values are contiguous (inner > 1), and those that are columns (inner == 1). The sums of the backward
// are (samples, channels).
template <class T>
struct NormForward {
  const ChannelNormPlan& plan;
  const T* x;
  const ChannelAffine<T>& affine;
  T epsilon;
  T* y;
  T* mean;
  T* variance;
  const T* rstd;  // given: statistics are not computed, and variance is not written
};
template <class T>
struct NormBackward {
  const ChannelNormPlan& plan;
  const T* dy;
  const T* x;
  const T* mean;
  const T* rstd;
  const ChannelAffine<T>& affine;
  bool constant;
  T* dx;
  T* d_sums;
  T* dx_sums;

  NormMode mode() const { return {affine.relu, constant}; }
};

template <class T>
void planes_forward(const NormForward<T>&);
template <class T>
void columns_forward(const NormForward<T>&);
template <class T>
void planes_backward(const NormBackward<T>&);
template <class T>
void columns_backward(const NormBackward<T>&);

}  // namespace foldgate
