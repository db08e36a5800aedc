// Depthwise convolution of channels_last images: every channel has kernels of its own. With a channel multiplier, each
// input channel is repeated in a copy as often as it has outputs, and the rest is as without one; with a large one its
// taps and outputs are a product (direct.h).
#pragma once
#include <cstdint>

#include "ops/conv/plan.h"

namespace foldgate {

// A term of a depthwise convolution, a multiply-add with its loads, in multiply-adds of a matrix product.
constexpr double kTermWork = 4;

// As direct_forward and its siblings (direct.h). Scratch: with a multiplier a repeated copy of x (or of dx).
template <class T>
void depthwise_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias, T* y);

// The gradients that are not null, in one pass; dkernel and dbias are added to what is there with `accumulate`.
template <class T>
struct DepthwiseGradients {
  const T *dy, *x, *kernel;
  T *dx, *dkernel, *dbias;
  bool accumulate;
};
// Scratch also: up to kWeightParts copies of dkernel and dbias.
template <class T>
void depthwise_backward(const ConvPlan& plan, int64_t batch, DepthwiseGradients<T> o);

// That of the kernel alone, whose groups may have several channels each (narrow_groups.h).
template <class T>
void depthwise_weights_gradient(const ConvPlan& plan, int64_t batch, const T* x, const T* dy, bool accumulate,
                                T* dkernel);

}  // namespace foldgate
