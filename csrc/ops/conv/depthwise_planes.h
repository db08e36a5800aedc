// Depthwise convolution of channels_first planes, forward and backward: every output channel is a plane convolved with
// taps of its own, and with a channel multiplier several of them share an input plane. Some are turned (depthwise_turned.h).
#pragma once
#include "ops/conv/depthwise.h"

namespace foldgate {

// As depthwise.h, x (batch, Cin, *in), y and dy (batch, Cout, *out).
// Scratch: a worker's frame of at most kFrameBytes, or of four rows of outputs; backward one for x, and one of dy for
// each stride phase of the rows.
template <class T>
void depthwise_planes_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                              T* y);
// Scratch also: dkernel and dbias of every image, and a worker's band of dx.
template <class T>
void depthwise_planes_backward(const ConvPlan& plan, int64_t batch, const DepthwiseGradients<T>& o);

}  // namespace foldgate
