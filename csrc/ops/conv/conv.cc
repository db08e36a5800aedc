#include "ops/conv/conv.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/conv/depthwise.h"
#include "ops/conv/depthwise_planes.h"
#include "ops/conv/direct.h"
#include "ops/conv/fft.h"
#include "ops/conv/im2col.h"
#include "ops/conv/layout.h"
#include "ops/conv/narrow_groups.h"
#include "ops/conv/output_gradient.h"
#include "ops/conv/turned.h"
#include "ops/conv/winograd.h"

namespace foldgate {
namespace {

int64_t x_size(const ConvPlan& plan) { return plan.window.input_positions() * plan.in_channels; }
int64_t y_size(const ConvPlan& plan) { return plan.window.output_positions() * plan.out_channels; }

// Depthwise kernels and Winograd's transforms read channels_first planes as they are.
bool by_planes(const ConvPlan& plan) {
  return plan.channels_first &&
         (plan.algorithm == ConvAlgorithm::kDepthwise || plan.algorithm == ConvAlgorithm::kWinograd);
}
// channels_first operands that are turned, unless their memory is also that of channels_last.
bool turns_x(const ConvPlan& plan) {
  return plan.channels_first && !by_planes(plan) &&
         !same_layout(plan.in_channels, plan.window.input_positions());
}
bool turns_y(const ConvPlan& plan) {
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
int64_t held_by_algorithm(const ConvPlan& plan) {
  if (plan.algorithm == ConvAlgorithm::kDirect && frames_input(plan))
    return framed_size(plan.window, plan.in_channels);
  if (plan.algorithm == ConvAlgorithm::kDepthwise && !by_planes(plan) && plan.group_out() > 1)
    return plan.window.input_positions() * plan.out_channels;
  return 0;
}

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

// Which operands of a backward pass are taken as planes.
struct PlanesTaken {
  bool x = false, dy = false;  // for the gradient of the kernel
  bool data = false;           // dy and dx
};
template <class T>
PlanesTaken planes_taken(const ConvPlan& plan) {
  if (!plan.channels_first || plan.algorithm == ConvAlgorithm::kIm2col ||
      plan.algorithm == ConvAlgorithm::kFft)
    return {};
  if (by_planes(plan)) return {true, true, true};
  const PlanesRead weights = weights_read_planes<T>(plan);
  return {weights.x, weights.dy, backward_data_reads_planes<T>(plan)};
}

template <class T>
void backward_data_chunk(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, bool planes,
                         T* dx) {
  switch (plan.algorithm) {
    case ConvAlgorithm::kIm2col: return im2col_backward_data(plan, batch, dy, kernel, dx);
    case ConvAlgorithm::kWinograd: return winograd_backward_data(plan, batch, dy, kernel, dx);
    case ConvAlgorithm::kFft: return fft_backward_data(plan, batch, dy, kernel, dx);
    default:
      if (few_backward<T>(plan) && !(planes && backward_by_rows<T>(plan)))
        return few_backward_data(plan, batch, dy, kernel, planes, dx);
      return direct_backward_data(plan, batch, dy, kernel, planes, dx);
  }
}

template <class T>
void backward_weights_chunk(const ConvPlan& plan, const DirectWeights<T>& o) {
  switch (plan.algorithm) {
    case ConvAlgorithm::kIm2col:
      return im2col_backward_weights(plan, o.batch, o.x, o.dy, o.accumulate, o.dkernel);
    case ConvAlgorithm::kWinograd:
      return winograd_backward_weights(plan, o.batch, o.x, o.dy, o.accumulate, o.dkernel);
    case ConvAlgorithm::kFft: return fft_backward_weights(plan, o.batch, o.x, o.dy, o.accumulate, o.dkernel);
    default: return direct_backward_weights(plan, o);
  }
}

template <class T>
void bias_gradient(const ConvPlan& plan, const T* dy, int64_t images, bool accumulate, T* sums) {
  const int64_t outputs = plan.window.output_positions();
  if (plan.channels_first)
    return planar_bias_gradient(dy, images, plan.out_channels, outputs, accumulate, sums);
  pixel_bias_gradient(dy, images * outputs, plan.out_channels, accumulate, sums);
}

// A chunk's dy: after the activation's derivative, and in channels_last for who wants it so.
template <class T>
class OutputGradient {
 public:
  OutputGradient(const ConvPlan& plan, int64_t images, bool turns, bool over_dy)
      : plan_(plan),
        derived_(plan.activation == Activation::kLinear || over_dy ? 0 : images * y_size(plan)),
        turned_(turns ? images * y_size(plan) : 0),
        turns_(turns) {}

  // In the plan's data format.
  const T* of(const ConvBackward<T>& o, int64_t first, int64_t images) const {
    const int64_t offset = first * y_size(plan_);
    if (plan_.activation == Activation::kLinear) return o.dy + offset;
    T* const derived = o.over_dy ? const_cast<T*>(o.dy) + offset : derived_.data();
    activation_gradient(plan_.activation, o.y + offset, o.dy + offset, images * y_size(plan_), derived);
    return derived;
  }
  // In channels_last, from what of() returned: itself unless it `turns`.
  const T* pixels(const T* dy, int64_t images) const {
    if (!turns_) return dy;
    planes_to_pixels(dy, images, plan_.out_channels, plan_.window.output_positions(), turned_.data());
    return turned_.data();
  }

 private:
  const ConvPlan& plan_;
  Scratch<T> derived_, turned_;
  bool turns_;
};

}  // namespace

namespace {

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

// Images of a chunk as planes, and back; nothing is moved where the two are the same.
template <class T>
class TurnedImages {
 public:
  TurnedImages(int64_t images, int64_t channels, int64_t positions)
      : channels_(channels),
        positions_(positions),
        turned_(same_layout(channels, positions) ? 0 : images * channels * positions) {}

  const T* planes(const T* pixels, int64_t count) const {
    if (turned_.size() == 0) return pixels;
    pixels_to_planes(pixels, count, channels_, positions_, turned_.data());
    return turned_.data();
  }
  // Where the planes are made that become these pixels.
  T* room(T* pixels) const { return turned_.size() == 0 ? pixels : turned_.data(); }
  void finish(int64_t count, T* pixels) const {
    if (turned_.size() > 0) planes_to_pixels(turned_.data(), count, channels_, positions_, pixels);
  }

 private:
  int64_t channels_, positions_;
  Scratch<T> turned_;
};

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

template <class T>
void turned_backward_data(const ConvPlan& plan, int64_t count, const T* dy, const T* kernel, T* dx) {
  const TurnedImages<T> out(count, plan.out_channels, plan.window.output_positions());
  const TurnedImages<T> in(count, plan.in_channels, plan.window.input_positions());
  backward_data_chunk(as_planes(plan), count, out.planes(dy, count), kernel, true, in.room(dx));
  in.finish(count, dx);
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

namespace {

// The backward of a depthwise convolution by chunks of images, all gradients of a chunk together.
template <class T>
void depthwise_chunks(const ConvPlan& plan, const ConvBackward<T>& o) {
  const bool derives = plan.activation != Activation::kLinear;
  const int64_t held = std::max(derives ? y_size(plan) : 0, held_by_algorithm(plan));
  const int64_t images = held > 0 ? chunk_images<T>(plan, held) : plan.batch;
  const OutputGradient<T> gradient(plan, images, false, o.over_dy);
  for (int64_t n = 0; n < plan.batch; n += images) {
    const int64_t count = std::min(images, plan.batch - n), offset = n * x_size(plan);
    const DepthwiseGradients<T> chunk{gradient.of(o, n, count),
                                      o.x ? o.x + offset : nullptr,
                                      o.kernel,
                                      o.dx ? o.dx + offset : nullptr,
                                      o.dkernel,
                                      o.dbias,
                                      n > 0};
    by_planes(plan) ? depthwise_planes_backward(plan, count, chunk) : depthwise_backward(plan, count, chunk);
    check_interrupt();
  }
}

}  // namespace

template <class T>
void conv_backward(const ConvPlan& plan, const ConvBackward<T>& o) {
  const auto zero = [](T* gradient, int64_t size) {
    if (gradient) std::memset(static_cast<void*>(gradient), 0, static_cast<size_t>(size) * sizeof(T));
  };
  if (plan.batch == 0) {
    zero(o.dkernel, plan.kernel_size());
    zero(o.dbias, plan.out_channels);
    return;
  }
  if (plan.algorithm == ConvAlgorithm::kDepthwise) return depthwise_chunks(plan, o);
  const PlanesTaken planes = planes_taken<T>(plan);
  const bool turn_x = turns_x(plan) && o.dkernel && !planes.x,
             turn_dx = turns_x(plan) && o.dx && !planes.data;
  const bool turn_dy = turns_y(plan) && ((o.dkernel && !planes.dy) || (o.dx && !planes.data));
  const bool turned = o.dx && turned_backward_data_pays<T>(plan);
  const bool derives = plan.activation != Activation::kLinear || turn_dy;
  const int64_t held = std::max({turn_x || turn_dx || turned ? x_size(plan) : 0,
                                 derives || turned ? y_size(plan) : 0, held_by_algorithm(plan)});
  const int64_t images = held > 0 ? chunk_images<T>(plan, held) : plan.batch;
  const OutputGradient<T> gradient(plan, images, turn_dy, o.over_dy);
  const Scratch<T> turned_x(turn_x || turn_dx ? images * x_size(plan) : 0);  // of x, then of dx
  for (int64_t n = 0; n < plan.batch; n += images) {
    const int64_t count = std::min(images, plan.batch - n), positions = plan.window.input_positions();
    const T *dy = gradient.of(o, n, count), *pixels = gradient.pixels(dy, count);
    if (o.dbias) bias_gradient(plan, dy, count, n > 0, o.dbias);
    if (o.dkernel) {
      const T* x = o.x + n * x_size(plan);
      if (turn_x) planes_to_pixels(x, count, plan.in_channels, positions, turned_x.data());
      backward_weights_chunk<T>(plan, {count, turn_x ? turned_x.data() : x, planes.dy ? dy : pixels, planes.x,
                                       planes.dy, n > 0, o.dkernel});
    }
    if (o.dx) {
      T* dx = o.dx + n * x_size(plan);
      if (turned)
        turned_backward_data(plan, count, dy, o.kernel, dx);
      else
        backward_data_chunk(plan, count, planes.data ? dy : pixels, o.kernel, planes.data,
                            turn_dx ? turned_x.data() : dx);
      if (turn_dx) pixels_to_planes(turned_x.data(), count, plan.in_channels, positions, dx);
    }
    check_interrupt();
  }
}

#define FOLDGATE_INSTANTIATE(T)                                                                           \
  template void conv_forward(const ConvPlan&, const T*, const T*, const T*, T*, const PackedWeights<T>*); \
  template void conv_backward(const ConvPlan&, const ConvBackward<T>&);                                   \
  template WeightForm weight_form<T>(const ConvPlan&);                                                    \
  template PackedWeights<T> pack_weights(const ConvPlan&, const T*);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
