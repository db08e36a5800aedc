// The gradient of a convolution's kernel for few outputs: with dkernel[window][o] = sum over pixels p of
// window(p) * dy[p][o], tiles whose vectors run along o would be mostly empty. Here the outputs are the rows of a tile, and
// its vectors run along the values of whole windows, kernel rows after one another.
#pragma once
#include "ops/conv/direct.h"

namespace foldgate {

// Whether that takes less than direct_backward_weights' tiles otherwise would.
template <class T>
bool takes_whole_windows(const ConvPlan& plan);

// Whether the kernel has a single row. Where it has more, x is turned to pixels once rather than for each of them.
inline bool has_one_row(const ConvPlan& plan) {
  return plan.window.depth().kernel == 1 && plan.window.height().kernel == 1;
}

// direct_backward_weights for such plans; of x_planes where has_one_row.
// Scratch: dkernel, once more for each part but the first; the windows of a block for each worker.
template <class T>
void whole_windows_backward_weights(const ConvPlan& plan, const DirectWeights<T>& operands);

}  // namespace foldgate
