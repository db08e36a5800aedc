// Depthwise convolution of channels_last images: every channel has kernels of its own. With a channel multiplier, each
// input channel is repeated in a copy as often as it has outputs, and the rest is as without one.
#pragma once
#include <cstdint>

#include "ops/conv/plan.h"

namespace foldgate {

// As direct_forward and its siblings (direct.h). Scratch: with a multiplier a repeated copy of x (or of dx).
template <class T>
void depthwise_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias, T* y);
template <class T>
void depthwise_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx);
// Scratch also: up to kWeightParts - 1 copies of dkernel.
template <class T>
void depthwise_backward_weights(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                                T* dkernel);

}  // namespace foldgate
