#include "ops/conv/narrow_groups.h"

#include "core/scratch.h"
#include "ops/conv/depthwise.h"
#include "ops/conv/depthwise_passes.h"

namespace foldgate {
namespace {

// (taps, in of a group, out) as (taps, out of a group, in).
template <class T>
Scratch<T> turned_groups(const ConvPlan& plan, const T* kernel) {
  const int64_t group = plan.group_in(), channels = plan.out_channels, tap_size = group * channels;
  Scratch<T> turned(plan.kernel_size());
  for (int64_t first = 0; first < plan.taps() * tap_size; first += tap_size)
    for (int64_t c = 0; c < channels; c += group)
      for (int64_t i = 0; i < group; ++i)
        for (int64_t j = 0; j < group; ++j)
          turned[first + j * channels + c + i] = kernel[first + i * channels + c + j];
  return turned;
}

}  // namespace

template <class T>
void narrow_groups_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                           T* y) {
  forward_rows(plan, batch, x, kernel, bias, y).run();
}

template <class T>
void narrow_groups_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx,
                                 const T* bias, Activation activation) {
  const Scratch<T> turned = turned_groups(plan, kernel);
  for (const DepthwiseRows<T>& phase :
       data_gradient_rows<T>(plan, batch, dy, turned.data(), dx, bias, activation))
    phase.run();
}

template <class T>
void narrow_groups_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy,
                                    bool accumulate, T* dkernel) {
  depthwise_weights_gradient(plan, batch, x, dy, accumulate, dkernel);
}

#define FOLDGATE_INSTANTIATE(T)                                                                         \
  template void narrow_groups_forward(const ConvPlan&, int64_t, const T*, const T*, const T*, T*);      \
  template void narrow_groups_backward_data(const ConvPlan&, int64_t, const T*, const T*, T*, const T*, \
                                            Activation);                                                \
  template void narrow_groups_backward_weights(const ConvPlan&, int64_t, const T*, const T*, bool, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
