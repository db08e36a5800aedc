#include "ops/conv/winograd.h"

#include <algorithm>

#include "ops/conv/winograd_product.h"

namespace foldgate {

bool winograd_can(const ConvPlan& plan) {
  if (plan.window.rank != 2 || plan.groups != 1) return false;
  for (const WindowAxis* axis : {&plan.window.height(), &plan.window.width()})
    if (axis->kernel != 3 || axis->stride != 1 || axis->dilation != 1) return false;
  return true;
}

bool winograd_pays(const ConvPlan& plan) {
  const int64_t channels = std::min(plan.in_channels, plan.out_channels);
  if (!winograd_can(plan) || channels < kWinogradFewestChannels) return false;
  const TileGrid tiles(plan.batch, plan.window.height().output, plan.window.width().output, 4);
  const int64_t outputs = plan.batch * plan.window.output_positions();
  return tiles.count >= kWinogradTiles && 2 * 16 * tiles.count <= 3 * outputs;
}

namespace {
template <class T>
WinogradProduct<T> forward_product(const ConvPlan& plan, int64_t batch, const T* kernel) {
  const WindowAxis &height = plan.window.height(), &width = plan.window.width();
  const int64_t tap = plan.in_channels * plan.out_channels;
  return {batch,
          {nullptr, height.input, width.input, plan.in_channels, plan.channels_first},
          {nullptr, height.output, width.output, plan.out_channels, plan.channels_first},
          {height.before, width.before},
          {kernel, tap, plan.out_channels, 1},
          nullptr,
          plan.activation,
          nullptr};
}
}  // namespace

template <class T>
void winograd_forward(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias, T* y,
                      const PackedWeights<T>* packed) {
  WinogradProduct<T> product = forward_product(plan, batch, kernel);
  product.in.data = x;
  product.out.data = y;
  product.bias = bias;
  if (packed && packed->form == winograd_form<T>(plan)) product.packed = packed;
  winograd_product(product);
}

template <class T>
void winograd_forward_pooled(const ConvPlan& plan, const T* x, const T* kernel, const T* bias, T* pooled,
                             uint8_t* taps) {
  WinogradProduct<T> product = forward_product(plan, plan.batch, kernel);
  const PooledOutputs<T> to{pooled, taps, product.out.height / 2, product.out.width / 2};
  product.in.data = x;
  product.bias = bias;
  product.pooled = &to;
  winograd_product(product);
}

template <class T>
PackedWeights<T> winograd_pack(const ConvPlan& plan, const T* kernel) {
  return winograd_pack(forward_product(plan, plan.batch, kernel), winograd_form<T>(plan));
}

template <class T>
WeightForm winograd_form(const ConvPlan& plan) {
  const GemmKernels<T>& gemm = kernels<T>().gemm;
  const WeightForm::Kind kind = winograd_kind<T>(forward_product<T>(plan, plan.batch, nullptr));
  return {kind, 1, panel_shape(gemm, plan.out_channels).width, &gemm};
}

// Pixel q of dx meets the outputs q + before - t: in the order of t' = 2 - t they begin at q - (2 - before).
template <class T>
void winograd_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx) {
  const WindowAxis &height = plan.window.height(), &width = plan.window.width();
  const int64_t tap = plan.in_channels * plan.out_channels;
  winograd_product<T>({batch,
                       {dy, height.output, width.output, plan.out_channels, plan.channels_first},
                       {dx, height.input, width.input, plan.in_channels, plan.channels_first},
                       {2 - height.before, 2 - width.before},
                       {kernel + 8 * tap, -tap, 1, plan.out_channels},
                       nullptr,
                       Activation::kLinear,
                       nullptr});
}

#define FOLDGATE_INSTANTIATE(T)                                                                       \
  template void winograd_forward(const ConvPlan&, int64_t, const T*, const T*, const T*, T*,          \
                                 const PackedWeights<T>*);                                            \
  template void winograd_forward_pooled(const ConvPlan&, const T*, const T*, const T*, T*, uint8_t*); \
  template PackedWeights<T> winograd_pack(const ConvPlan&, const T*);                                 \
  template WeightForm winograd_form<T>(const ConvPlan&);                                              \
  template void winograd_backward_data(const ConvPlan&, int64_t, const T*, const T*, T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
