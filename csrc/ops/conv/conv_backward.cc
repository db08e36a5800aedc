#include <algorithm>
#include <cstring>

#include "core/interrupt.h"
#include "core/scratch.h"
#include "ops/conv/chunks.h"
#include "ops/conv/conv.h"
#include "ops/conv/depthwise.h"
#include "ops/conv/depthwise_planes.h"
#include "ops/conv/fft.h"
#include "ops/conv/im2col.h"
#include "ops/conv/output_gradient.h"
#include "ops/conv/turned.h"
#include "ops/conv/winograd.h"

namespace foldgate {
namespace {

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

template <class T>
void turned_backward_data(const ConvPlan& plan, int64_t count, const T* dy, const T* kernel, T* dx) {
  const TurnedImages<T> out(count, plan.out_channels, plan.window.output_positions());
  const TurnedImages<T> in(count, plan.in_channels, plan.window.input_positions());
  backward_data_chunk(as_planes(plan), count, out.planes(dy, count), kernel, true, in.room(dx));
  in.finish(count, dx);
}

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
  const bool by_rows = o.dx && turned_backward_data_pays<T>(plan);
  const bool derives = plan.activation != Activation::kLinear || turn_dy;
  const int64_t held = std::max({turn_x || turn_dx || by_rows ? x_size(plan) : 0,
                                 derives || by_rows ? y_size(plan) : 0, held_by_algorithm(plan)});
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
      if (by_rows)
        turned_backward_data(plan, count, dy, o.kernel, dx);
      else
        backward_data_chunk(plan, count, planes.data ? dy : pixels, o.kernel, planes.data,
                            turn_dx ? turned_x.data() : dx);
      if (turn_dx) pixels_to_planes(turned_x.data(), count, plan.in_channels, positions, dx);
    }
    check_interrupt();
  }
}

template void conv_backward(const ConvPlan&, const ConvBackward<float>&);
template void conv_backward(const ConvPlan&, const ConvBackward<double>&);

}  // namespace foldgate
