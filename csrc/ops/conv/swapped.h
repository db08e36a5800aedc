// The gradient of the kernel with x and dy in each other's place, since few output channels would leave most lanes of a
// panel empty. At stride 1
//
//   dkernel[j][c][o] = sum over positions q of x of  dy[q + before - j * dilation][o] * x[q][c]
//
// is the gradient of a convolution from dy to x whose taps run backwards.
#pragma once
#include <utility>

#include "ops/conv/direct.h"

namespace foldgate {

inline bool swaps_operands(const ConvPlan& plan) {
  if (plan.groups > 1 || plan.out_channels >= kFewChannels || plan.in_channels < 2 * plan.out_channels)
    return false;
  for (const WindowAxis& axis : plan.window.axes)
    if (axis.stride > 1 || axis.before >= axis.extent()) return false;
  return true;
}
inline ConvPlan swapped(const ConvPlan& plan) {
  ConvPlan other = plan;
  std::swap(other.in_channels, other.out_channels);
  for (WindowAxis& axis : other.window.axes) {
    std::swap(axis.input, axis.output);
    axis.before = axis.extent() - 1 - axis.before;
  }
  return other;
}

}  // namespace foldgate
