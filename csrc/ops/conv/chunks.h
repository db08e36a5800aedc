// What the forward and the backward pass of a convolution share: how operands are laid out, and how many images are
// converted at a time.
#pragma once
#include <algorithm>

#include "ops/conv/conv.h"
#include "ops/conv/direct.h"
#include "ops/conv/layout.h"

namespace foldgate {

inline int64_t x_size(const ConvPlan& plan) { return plan.window.input_positions() * plan.in_channels; }
inline int64_t y_size(const ConvPlan& plan) { return plan.window.output_positions() * plan.out_channels; }

// Depthwise kernels and Winograd's transforms read channels_first planes as they are.
inline bool by_planes(const ConvPlan& plan) {
  return plan.channels_first &&
         (plan.algorithm == ConvAlgorithm::kDepthwise || plan.algorithm == ConvAlgorithm::kWinograd);
}
// channels_first operands that are turned, unless their memory is also that of channels_last.
inline bool turns_x(const ConvPlan& plan) {
  return plan.channels_first && !by_planes(plan) &&
         !same_layout(plan.in_channels, plan.window.input_positions());
}
inline bool turns_y(const ConvPlan& plan) {
  return plan.channels_first && !by_planes(plan) &&
         !same_layout(plan.out_channels, plan.window.output_positions());
}

// Images converted at a time.
template <class T>
int64_t chunk_images(const ConvPlan& plan, int64_t image_size) {
  const int64_t bytes = image_size * static_cast<int64_t>(sizeof(T));
  return std::min(plan.batch, std::max<int64_t>(1, kChunkBytes / bytes));
}

// What an algorithm holds of an image besides: its frame, or its repeated channels.
inline int64_t held_by_algorithm(const ConvPlan& plan) {
  if (plan.algorithm == ConvAlgorithm::kDirect && frames_input(plan))
    return framed_size(plan.window, plan.in_channels);
  if (plan.algorithm == ConvAlgorithm::kDepthwise && !by_planes(plan) && plan.group_out() > 1)
    return plan.window.input_positions() * plan.out_channels;
  return 0;
}

}  // namespace foldgate
