// The passes of a depthwise convolution of channels_last images, or of one of narrow groups (narrow_groups.h), as rows to
// compute, a channel an output channel.
#pragma once
#include <vector>

#include "ops/conv/depthwise_rows.h"
#include "ops/conv/plan.h"

namespace foldgate {

// x (batch, *in, Cout), y (batch, *out, Cout).
template <class T>
DepthwiseRows<T> forward_rows(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                              T* y);

// dx (batch, *in, Cout) as convolutions of dy, one for each stride phase of dx that some tap reaches; bias and activation as
// of direct_backward_data. The kernel of groups is (taps, Cout / groups, Cin).
template <class T>
std::vector<DepthwiseRows<T>> data_gradient_rows(const ConvPlan& plan, int64_t batch, const T* dy,
                                                 const T* kernel, T* dx, const T* bias = nullptr,
                                                 Activation activation = Activation::kLinear);

}  // namespace foldgate
