#include <algorithm>

#include "core/interrupt.h"
#include "core/scratch.h"
#include "ops/conv/chunks.h"
#include "ops/conv/conv.h"
#include "ops/conv/depthwise.h"
#include "ops/conv/depthwise_planes.h"
#include "ops/conv/fft.h"
#include "ops/conv/im2col.h"
#include "ops/conv/narrow_groups.h"
#include "ops/conv/turned.h"
#include "ops/conv/winograd.h"

namespace foldgate {
namespace {

template <class T>
void forward_chunk(const ConvPlan& plan, const DirectForward<T>& o) {
  switch (plan.algorithm) {
    case ConvAlgorithm::kDepthwise:
      return by_planes(plan) ? depthwise_planes_forward(plan, o.batch, o.x, o.kernel, o.bias, o.y)
                             : depthwise_forward(plan, o.batch, o.x, o.kernel, o.bias, o.y);
    case ConvAlgorithm::kIm2col: return im2col_forward(plan, o.batch, o.x, o.kernel, o.bias, o.y);
    case ConvAlgorithm::kWinograd:
      return winograd_forward(plan, o.batch, o.x, o.kernel, o.bias, o.y, o.packed);
    case ConvAlgorithm::kFft: return fft_forward(plan, o.batch, o.x, o.kernel, o.bias, o.y);
    default: return direct_forward(plan, o);
  }
}

// How the operands of a forward pass reach the algorithm.
struct ForwardLayout {
  bool turn_x, turn_y;      // by a pass of their own
  bool x_planes, y_planes;  // direct turns its operands while they are in cache
  int64_t images;           // of a chunk
};
template <class T>
ForwardLayout forward_layout(const ConvPlan& plan) {
  const bool direct = plan.algorithm == ConvAlgorithm::kDirect;
  ForwardLayout l{};
  l.x_planes = plan.channels_first && direct && direct_reads_planes<T>(plan);
  l.y_planes = turns_y(plan) && direct && !has_narrow_groups<T>(plan);
  l.turn_x = turns_x(plan) && !l.x_planes;
  l.turn_y = turns_y(plan) && !l.y_planes;
  const int64_t held = std::max(
      {l.turn_x ? x_size(plan) : 0, l.turn_y ? y_size(plan) : 0, direct ? 0 : held_by_algorithm(plan)});
  l.images = held > 0 ? chunk_images<T>(plan, held) : plan.batch;
  return l;
}

template <class T>
DirectForward<T> direct_operands(const ConvPlan& plan, const T* kernel) {
  const ForwardLayout l = forward_layout<T>(plan);
  return {l.images, nullptr, kernel, nullptr, nullptr, l.x_planes, l.y_planes, nullptr};
}

}  // namespace

template <class T>
WeightForm weight_form(const ConvPlan& plan) {
  if (plan.batch == 0 || turned_forward_pays<T>(plan)) return {};
  if (plan.algorithm == ConvAlgorithm::kWinograd) return winograd_form<T>(plan);
  if (plan.algorithm == ConvAlgorithm::kDirect) return direct_form(plan, direct_operands<T>(plan, nullptr));
  return {};  // depthwise kernels and im2col's product read the kernel as it is
}

template <class T>
PackedWeights<T> pack_weights(const ConvPlan& plan, const T* kernel) {
  if (plan.batch == 0 || turned_forward_pays<T>(plan)) return {};
  if (plan.algorithm == ConvAlgorithm::kWinograd) return winograd_pack(plan, kernel);
  if (plan.algorithm == ConvAlgorithm::kDirect) return direct_pack(plan, direct_operands(plan, kernel));
  return {};
}

namespace {

template <class T>
void turned_forward(const ConvPlan& plan, const T* x, const T* kernel, const T* bias, T* y) {
  const int64_t images = chunk_images<T>(plan, x_size(plan) + y_size(plan));
  const TurnedImages<T> in(images, plan.in_channels, plan.window.input_positions());
  const TurnedImages<T> out(images, plan.out_channels, plan.window.output_positions());
  ConvPlan chunk = as_planes(plan);
  for (int64_t n = 0; n < plan.batch; n += images) {
    chunk.batch = std::min(images, plan.batch - n);
    T* const to = y + n * y_size(plan);
    const T* const planes = in.planes(x + n * x_size(plan), chunk.batch);
    conv_forward<T>(chunk, planes, kernel, bias, out.room(to));
    out.finish(chunk.batch, to);
  }
}

}  // namespace

template <class T>
void conv_forward(const ConvPlan& plan, const T* x, const T* kernel, const T* bias, T* y,
                  const PackedWeights<T>* packed) {
  if (plan.batch == 0) return;
  if (turned_forward_pays<T>(plan)) return turned_forward(plan, x, kernel, bias, y);
  const auto [turn_x, turn_y, x_planes, y_planes, images] = forward_layout<T>(plan);
  const Scratch<T> turned_x(turn_x ? images * x_size(plan) : 0);
  const Scratch<T> turned_y(turn_y ? images * y_size(plan) : 0);
  for (int64_t n = 0; n < plan.batch; n += images) {
    const int64_t count = std::min(images, plan.batch - n);
    const T* from = x + n * x_size(plan);
    T* to = y + n * y_size(plan);
    if (turn_x) {
      planes_to_pixels(from, count, plan.in_channels, plan.window.input_positions(), turned_x.data());
      from = turned_x.data();
    }
    forward_chunk<T>(plan,
                     {count, from, kernel, bias, turn_y ? turned_y.data() : to, x_planes, y_planes, packed});
    if (turn_y)
      pixels_to_planes(turned_y.data(), count, plan.out_channels, plan.window.output_positions(), to);
    check_interrupt();
  }
}

#define FOLDGATE_INSTANTIATE(T)                                                                           \
  template void conv_forward(const ConvPlan&, const T*, const T*, const T*, T*, const PackedWeights<T>*); \
  template WeightForm weight_form<T>(const ConvPlan&);                                                    \
  template PackedWeights<T> pack_weights(const ConvPlan&, const T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
