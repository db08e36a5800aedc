#include "ops/conv/winograd.h"

#include <algorithm>

#include "ops/conv/winograd_product.h"

namespace foldgate {

bool winograd_can(const ConvPlan& plan) {
  if (plan.window.rank < 2) return false;
  const WindowAxis &depth = plan.window.depth(), &height = plan.window.height(), &width = plan.window.width();
  if (height.stride != 1 || width.stride != 1 || height.dilation != width.dilation) return false;
  // More phases than outputs would be images of nothing.
  const int64_t most = plan.channels_first ? 1 : std::min(height.output, width.output);
  if (height.dilation > std::max<int64_t>(1, most)) return false;
  return depth.stride == 1 && depth.dilation == 1 && depth.kernel <= kMaxDepthTaps &&
         height.kernel == width.kernel && (height.kernel == 3 || height.kernel == 5);
}

namespace {
int64_t pairs_of(const ConvPlan& plan) { return plan.group_in() * plan.group_out(); }

// The tiles of all planes of outputs.
int64_t tiles_of(const ConvPlan& plan, int64_t edge) {
  const WindowAxis &height = plan.window.height(), &width = plan.window.width();
  return plan.window.depth().output *
         TileGrid(plan.batch, height.output, width.output, edge, height.dilation).count;
}

// Of a tile's sixteen outputs nine, or of many pairs two thirds, are outputs.
bool volumes_pay(const ConvPlan& plan, int64_t outputs, int64_t tiles) {
  if (pairs_of(plan) * plan.window.depth().kernel < kWinogradFewestPairs) return false;
  const bool many = pairs_of(plan) > kWinogradManyPairsOfVolumes;
  return many ? tiles >= 2 * kWinogradTilesOfVolumes && 2 * 16 * tiles <= 3 * outputs
              : tiles >= kWinogradTilesOfVolumes && 9 * tiles <= outputs;
}

// Three halves, or of narrow groups eight sevenths, or for 5 x 5 taps six fifths, of many tiles four thirds, of the
// outputs may be computed.
bool three_pays(const ConvPlan& plan, int64_t outputs) {
  const int64_t tiles = tiles_of(plan, 4);
  if (plan.window.depth().kernel > 1) return volumes_pay(plan, outputs, tiles);
  if (plan.groups > 1 && pairs_of(plan) < kWinogradFewestPairs)
    return pairs_of(plan) >= kWinogradFewestPairsOfGroups && tiles >= kWinogradTilesOfNarrowGroups &&
           7 * 16 * tiles <= 8 * outputs;
  if (plan.groups > 1 && pairs_of(plan) >= kWinogradManyPairsOfGroups && 3 * 16 * tiles <= 4 * outputs)
    return tiles >= kWinogradTilesOfGroups;
  return pairs_of(plan) >= kWinogradFewestPairs && tiles >= kWinogradTiles && 2 * 16 * tiles <= 3 * outputs;
}

bool five_pays(const ConvPlan& plan, int64_t outputs) {
  const int64_t tiles = tiles_of(plan, 2);
  const int64_t least =
      pairs_of(plan) >= kWinogradManyPairs ? kWinogradTilesOfFiveMany : kWinogradTilesOfFive;
  const bool fills =
      tiles >= kWinogradManyTilesOfFive ? 3 * 4 * tiles <= 4 * outputs : 5 * 4 * tiles <= 6 * outputs;
  return pairs_of(plan) * plan.window.depth().kernel >= kWinogradFewestPairsOfFive && tiles >= least && fills;
}
}  // namespace

bool winograd_pays(const ConvPlan& plan) {
  if (!winograd_can(plan) || std::min(plan.group_in(), plan.group_out()) < kWinogradFewestChannels)
    return false;
  const int64_t outputs = plan.batch * plan.window.output_positions();
  return plan.window.height().kernel == 5 ? five_pays(plan, outputs) : three_pays(plan, outputs);
}

namespace {
template <class T>
WinogradProduct<T> forward_product(const ConvPlan& plan, int64_t batch, const T* kernel) {
  const WindowAxis &depth = plan.window.depth(), &height = plan.window.height(), &width = plan.window.width();
  const int64_t tap = plan.group_in() * plan.out_channels;
  return {batch,
          plan.groups,
          input_planes<const T>(plan, nullptr),
          output_planes<T>(plan, nullptr),
          {depth.kernel, depth.before, depth.input},
          {height.before, width.before},
          height.dilation,
          {height.kernel, kernel, tap, plan.out_channels, 1, plan.group_out()},
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
  return {kind, plan.groups, panel_shape(gemm, plan.group_out()).width, &gemm};
}

// Pixel q of dx meets the outputs q + before - d t: in the order of t' = r - 1 - t they begin at q - (d (r - 1) - before).
template <class T>
void winograd_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, T* dx) {
  const WindowAxis &depth = plan.window.depth(), &height = plan.window.height(), &width = plan.window.width();
  const int64_t tap = plan.group_in() * plan.out_channels, last = (height.kernel - 1) * height.dilation;
  winograd_product<T>(
      {batch,
       plan.groups,
       output_planes(plan, dy),
       input_planes(plan, dx),
       {depth.kernel, depth.kernel - 1 - depth.before, depth.output},
       {last - height.before, last - width.before},
       height.dilation,
       {height.kernel, kernel + (plan.taps() - 1) * tap, -tap, 1, plan.out_channels, plan.group_out()},
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
