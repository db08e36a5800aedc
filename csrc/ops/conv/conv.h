// Convolution, forward and backward, in either data format, by the plan's algorithm.
#pragma once
#include "ops/conv/packed.h"
#include "ops/conv/plan.h"

namespace foldgate {

// x, kernel, y as the plan's shapes; bias (Cout,) or null; packed: of the kernel (packed.h), or null.
// Scratch: the algorithm's; with channels_first a channels_last copy of at most kChunkBytes of images, or of one, and the
// other way round where that pays (turned.h).
constexpr int64_t kChunkBytes = 4 << 20;
template <class T>
void conv_forward(const ConvPlan& plan, const T* x, const T* kernel, const T* bias, T* y,
                  const PackedWeights<T>* packed = nullptr);

// Gradients of sum(dy * y). What is null is not computed; y is needed where the plan has an activation.
template <class T>
struct ConvBackward {
  const T *dy, *x, *kernel, *y;
  T *dx, *dkernel, *dbias;
  bool over_dy = false;  // the gradient before the activation is written over dy, and needs no scratch
};
// Scratch: the algorithm's; with an activation, or channels_first where an algorithm wants pixels, of dy, x and dx at
// most kChunkBytes each, or an image.
template <class T>
void conv_backward(const ConvPlan& plan, const ConvBackward<T>& operands);

}  // namespace foldgate
