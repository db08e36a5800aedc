#include "ops/norm/channels.h"

#include <algorithm>

#include "core/scratch.h"
#include "ops/norm/statistics.h"

namespace foldgate {
namespace {

template <class T>
void forward(const NormForward<T>& call) {
  if (call.plan.size() == 0) return;
  call.plan.inner > 1 ? planes_forward(call) : columns_forward(call);
}

}  // namespace

template <class T>
void channel_norm_forward(const ChannelNormPlan& plan, const T* x, const ChannelAffine<T>& affine, T epsilon,
                          T* y, T* mean, T* variance) {
  if (plan.size() == 0) {
    std::fill_n(mean, plan.statistics(), T(0));
    std::fill_n(variance, plan.statistics(), T(0));
  }
  forward<T>({plan, x, affine, epsilon, y, mean, variance, nullptr});
}

template <class T>
void channel_norm_apply(const ChannelNormPlan& plan, const T* x, const T* mean, const T* rstd,
                        const ChannelAffine<T>& affine, T* y) {
  forward<T>({plan, x, affine, T(0), y, const_cast<T*>(mean), nullptr, rstd});  // mean is read alone
}

template <class T>
void channel_norm_backward(const ChannelNormPlan& plan, const T* dy, const T* x, const T* mean, const T* rstd,
                           const ChannelAffine<T>& affine, bool constant, T* dx, T* dgamma, T* dbeta) {
  std::fill_n(dgamma, plan.channels, T(0));
  std::fill_n(dbeta, plan.channels, T(0));
  if (plan.size() == 0) return;
  const Scratch<T> sums(2 * plan.samples * plan.channels);
  T *d_sums = sums.data(), *dx_sums = sums.data() + plan.samples * plan.channels;
  const NormBackward<T> call{plan, dy, x, mean, rstd, affine, constant, dx, d_sums, dx_sums};
  plan.inner > 1 ? planes_backward(call) : columns_backward(call);
  for (int64_t n = 0; n < plan.samples; ++n, d_sums += plan.channels, dx_sums += plan.channels)
    for (int64_t c = 0; c < plan.channels; ++c) {
      dgamma[c] += dx_sums[c] * rstd[n * plan.groups + c / plan.group_channels()];
      dbeta[c] += d_sums[c];
    }
}

#define FOLDGATE_INSTANTIATE(T)                                                                            \
  template void channel_norm_forward(const ChannelNormPlan&, const T*, const ChannelAffine<T>&, T, T*, T*, \
                                     T*);                                                                  \
  template void channel_norm_apply(const ChannelNormPlan&, const T*, const T*, const T*,                   \
                                   const ChannelAffine<T>&, T*);                                           \
  template void channel_norm_backward(const ChannelNormPlan&, const T*, const T*, const T*, const T*,      \
                                      const ChannelAffine<T>&, bool, T*, T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
