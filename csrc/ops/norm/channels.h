// Normalisation by channels: batch, group and instance norm, forward and backward. For the values of a statistic, with
// m of them,
//   y = f(gamma xhat + beta),  xhat = (x - mean) rstd,  rstd = 1 / sqrt(variance + epsilon),  f: identity or relu
//   g = dy f'(y) gamma,  dx = rstd (g - sum(g) / m - xhat sum(g xhat) / m)
//   dgamma = sum of dy f'(y) xhat,  dbeta = sum of dy f'(y), each over all values of a channel
#pragma once
#include <cstdint>
#include <vector>

namespace foldgate {

// x is seen as (samples, rows, channels, inner). A statistic is over the rows, the inner positions and the channels of
// a group, of one sample; batch norm has one sample, and a group a channel.
struct ChannelNormPlan {
  int64_t samples = 0, rows = 0, channels = 0, inner = 0, groups = 0;
  std::vector<int64_t> shape;  // of x

  // ValueError naming op, argument and value where axis is not one of x's, counted from 0, or extents overflow.
  static ChannelNormPlan make_batch(const char* op, const std::vector<int64_t>& shape, int64_t axis);
  // x (N, C, ...) or (N, ..., C). ValueError also where groups do not divide the channels, or there are no positions.
  static ChannelNormPlan make_group(const char* op, const std::vector<int64_t>& shape, bool channels_first,
                                    int64_t groups);

  int64_t size() const { return samples * rows * channels * inner; }
  int64_t statistics() const { return samples * groups; }
  int64_t group_channels() const { return channels / groups; }
  int64_t terms() const { return rows * inner * group_channels(); }
};

template <class T>
struct ChannelAffine {
  const T* gamma;  // (channels,), or null for 1
  const T* beta;   // (channels,), or null for 0
  bool relu;
};

// 1 / sqrt(variance + epsilon), for forward and backward alike
template <class T>
T inverse_deviation(T variance, T epsilon);

// Writes mean and (biased) variance, (samples, groups); zeros where a statistic is over no values. Scratch: statistics
// of parts, 3 to 12 % of x where rows are channels.
template <class T>
void channel_norm_forward(const ChannelNormPlan& plan, const T* x, const ChannelAffine<T>& affine, T epsilon,
                          T* y, T* mean, T* variance);
// By given statistics.
template <class T>
void channel_norm_apply(const ChannelNormPlan& plan, const T* x, const T* mean, const T* rstd,
                        const ChannelAffine<T>& affine, T* y);
// constant: mean and rstd were given and do not depend on x.
template <class T>
void channel_norm_backward(const ChannelNormPlan& plan, const T* dy, const T* x, const T* mean, const T* rstd,
                           const ChannelAffine<T>& affine, bool constant, T* dx, T* dgamma, T* dbeta);

}  // namespace foldgate
