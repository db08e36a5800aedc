#include "ops/conv/choose.h"

#include "core/check.h"
#include "ops/conv/fft.h"
#include "ops/conv/winograd.h"

namespace foldgate {
namespace {

std::vector<int64_t> of_axes(const Window& window, int64_t WindowAxis::* value) {
  std::vector<int64_t> values;
  for (int axis = kMaxSpatial - window.rank; axis < kMaxSpatial; ++axis)
    values.push_back(window.axes[axis].*value);
  return values;
}

[[noreturn]] void refuse(const char* op, const char* algorithm, const ConvPlan& plan, const char* expected) {
  const Window& window = plan.window;
  fail_value(op, ": algorithm is '", algorithm, "' for kernel_size ",
             shape_text(of_axes(window, &WindowAxis::kernel)), ", strides ",
             shape_text(of_axes(window, &WindowAxis::stride)), ", dilation_rate ",
             shape_text(of_axes(window, &WindowAxis::dilation)), " and groups ", plan.groups,
             "; expected another, since that one is for ", expected);
}

static_assert(kFftMostTaps == 32768, "as the message says");

}  // namespace

ConvAlgorithm choose_conv_algorithm(const char* op, const ConvPlan& plan, ConvAlgorithm asked) {
  const bool depthwise = plan.groups == plan.in_channels;
  if (asked == ConvAlgorithm::kDepthwise && !depthwise)
    fail_value(op, ": algorithm is 'depthwise' but groups is ", plan.groups,
               "; expected as many groups as x has channels (", plan.in_channels, ")");
  if (asked == ConvAlgorithm::kWinograd && !winograd_can(plan))
    refuse(
        op, "winograd", plan,
        "kernels of 3 x 3 or 5 x 5 taps, in 3-D of up to 7 such planes, with strides of 1, and one "
        "dilation_rate of height and width within the outputs, of 1 along the depth and with channels first");
  if (asked == ConvAlgorithm::kFft && !fft_can(plan))
    refuse(op, "fft", plan, "1-D kernels of at most 32768 taps with strides of 1");
  if (asked != ConvAlgorithm::kByShape) return asked;
  if (winograd_pays(plan)) return ConvAlgorithm::kWinograd;
  if (fft_pays(plan)) return ConvAlgorithm::kFft;
  // One input channel a group leaves the tile GEMM a single term of k a tap. A single group of one channel is a dense
  // problem: whole kernel rows are its segments.
  return depthwise && plan.groups > 1 ? ConvAlgorithm::kDepthwise : ConvAlgorithm::kDirect;
}

}  // namespace foldgate
