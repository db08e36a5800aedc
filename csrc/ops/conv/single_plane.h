// Convolution of channels_first images of one channel with 3 x 3 taps side by side: its outputs are so many planes of a
// depthwise convolution. Forward it is depthwise_planes_forward, of one group.
#pragma once
#include "ops/conv/direct.h"

namespace foldgate {

// Whether the plan is such a convolution, and its vectors those of the kernels (kernels/depthwise_lines.h).
template <class T>
bool is_single_plane(const ConvPlan& plan);

// As direct_backward_weights, for an even number of rows of outputs. Scratch: for each part of the sum a vector for
// every value of dkernel.
template <class T>
void single_plane_backward_weights(const ConvPlan& plan, const DirectWeights<T>& operands);

}  // namespace foldgate
