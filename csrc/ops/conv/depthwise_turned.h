// Depthwise convolution of channels_first planes whose rows leave vectors short or strided: a task turns a block of
// channels to channels_last in its own cache, convolves it as depthwise.h does, and turns the result back.
#pragma once
#include "ops/conv/depthwise.h"

namespace foldgate {

// Whether planes are turned: enough of them for a vector, small enough to stay in L2 meanwhile, whose rows of outputs are
// strided or, under more than a row or a column of taps, leave so many lanes idle that turning takes less.
template <class T>
bool turns_planes(const ConvPlan& plan);

// As depthwise_planes.h, without a channel multiplier. Scratch: the kernel, and a worker's blocks of x and y.
template <class T>
void depthwise_turned_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                              T* y);
// Scratch also: dkernel and dbias of every chunk of images, and a worker's block of dx.
template <class T>
void depthwise_turned_backward(const ConvPlan& plan, int64_t batch, const DepthwiseGradients<T>& o);

}  // namespace foldgate
