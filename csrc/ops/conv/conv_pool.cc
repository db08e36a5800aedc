#include "ops/conv/conv_pool.h"

#include "core/check.h"
#include "core/scratch.h"
#include "ops/conv/conv.h"
#include "ops/conv/winograd.h"

namespace foldgate {
namespace {

// tanh and sigmoid are applied to stored outputs; dilated taps leave a tile's outputs apart.
bool pools_in_transform(const ConvPlan& plan) {
  return plan.algorithm == ConvAlgorithm::kWinograd && plan.groups == 1 && !plan.channels_first &&
         !is_curve(plan.activation) && plan.window.height().dilation == 1;
}

}  // namespace

ConvPoolPlan ConvPoolPlan::make(const char* op, const ConvSpec& spec) {
  require(spec.kernel.size() == 4, op, ": kernel has ", spec.kernel.size(),
          " axes; expected 4, (height, width, Cin / groups, Cout)");
  const ConvPlan conv = ConvPlan::make(op, spec);
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t outputs = (axis == 0 ? conv.window.height() : conv.window.width()).output;
    require(outputs >= 2, op, ": the convolution has ", outputs, " outputs along spatial axis ", axis,
            "; expected at least 2, the pool's window");
  }
  const WindowSpec window{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, false};
  return {conv, PoolPlan::make(op, conv.y_shape(), window, spec.channels_first)};
}

template <class T>
void conv_max_pool(const ConvPoolPlan& plan, const T* x, const T* kernel, const T* bias, T* y,
                   uint8_t* taps) {
  if (pools_in_transform(plan.conv)) return winograd_forward_pooled(plan.conv, x, kernel, bias, y, taps);
  const Scratch<T> convolved(plan.conv.batch * plan.conv.window.output_positions() * plan.conv.out_channels);
  conv_forward(plan.conv, x, kernel, bias, convolved.data());
  PoolIndices indices;
  indices.taps.bytes = taps;
  max_pool(plan.pool, static_cast<const T*>(convolved.data()), y, indices);
}

template void conv_max_pool(const ConvPoolPlan&, const float*, const float*, const float*, float*, uint8_t*);
template void conv_max_pool(const ConvPoolPlan&, const double*, const double*, const double*, double*,
                            uint8_t*);

}  // namespace foldgate
