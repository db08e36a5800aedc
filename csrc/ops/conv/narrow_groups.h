// Convolutions of narrow groups, as those of ResNeXt are, of equally many channels in and out: the rows of a depthwise
// convolution, whose vectors of channels hold several groups and multiply each channel's weights with every input of its
// group (kernels/depthwise_groups.h). 32 groups of 4 channels, 8x128x28 k3: .3 of the time of block-diagonal products.
#pragma once
#include "kernels/table.h"
#include "ops/conv/plan.h"

namespace foldgate {

// Whether the plan is one, of channels_last images. Other narrow groups are merged (groups.h).
template <class T>
bool has_narrow_groups(const ConvPlan& plan) {
  const int64_t group = plan.group_in();
  return plan.groups > 1 && group == plan.group_out() && group <= kernels<T>().gemm.lanes &&
         plan.in_channels % kernels<T>().gemm.lanes == 0 &&
         kernels<T>().depthwise.holds_groups(static_cast<int>(group));
}

// As direct_forward and its siblings (direct.h). Scratch: the kernel once, turned.
template <class T>
void narrow_groups_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                           T* y);
template <class T>
void narrow_groups_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx,
                                 const T* bias, Activation activation);
template <class T>
void narrow_groups_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy,
                                    bool accumulate, T* dkernel);

}  // namespace foldgate
