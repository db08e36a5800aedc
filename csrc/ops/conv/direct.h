// Direct convolution: implicit products over taps (tap_gemm.h), nothing unrolled in memory.
// `batch` images of the plan's geometry; x (batch, *in, Cin), y and dy (batch, *out, Cout), kernel (*k, Cin/groups, Cout).
#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/table.h"
#include "ops/conv/packed.h"

namespace foldgate {

// With fewer channels a tap is too short a segment for the tiles: whole kernel rows are the segments instead.
constexpr int64_t kFewChannels = 16;
inline bool few_channels(const ConvPlan& plan) {
  const WindowAxis& width = plan.window.width();
  return plan.groups == 1 && plan.in_channels < kFewChannels && width.dilation == 1 && width.kernel > 1;
}

// Whether x is copied into a frame of its padding for the gradient of the kernel, so that kernel rows never leave it.
bool frames_input(const ConvPlan& plan);

// y = activation(x * kernel + bias). bias (Cout,) or null. x_planes, y_planes: (batch, C, *spatial) instead.
// Scratch: strided_gemm's or tap_gemm's.
template <class T>
struct DirectForward {
  int64_t batch;
  const T *x, *kernel, *bias;
  T* y;
  bool x_planes, y_planes;
  const PackedWeights<T>* packed;  // of the kernel, or null
};
template <class T>
void direct_forward(const ConvPlan& plan, const DirectForward<T>& operands);
// The kernel for `packed`, and the form that direct_forward wants with the other operands' layout; no data is read.
template <class T>
PackedWeights<T> direct_pack(const ConvPlan& plan, const DirectForward<T>& operands);
template <class T>
WeightForm direct_form(const ConvPlan& plan, const DirectForward<T>& operands);

// Whether direct_forward takes x_planes.
template <class T>
bool direct_reads_planes(const ConvPlan& plan);

// Whether direct_forward multiplies planes by whole rows (planar_gemm.h), which few channels cost no lanes.
template <class T>
bool forward_by_rows(const ConvPlan& plan);

// What follows reads and writes planes, (batch, C, *spatial), where it says so.

// dx = the gradient of sum(dy * y) by x; all of dx is written. planes: of dy and dx. What a transposed convolution adds
// to its pixels, which must all be reached by some tap (phases_cover): bias (Cin,) or null, and an activation.
template <class T>
void direct_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, bool planes,
                          T* dx, const T* bias = nullptr, Activation activation = Activation::kLinear);

// The same of direct_backward_data.
template <class T>
bool backward_by_rows(const ConvPlan& plan);

// Whether few_backward_data is the faster for its plan, but for planes that are multiplied by rows: up to half a vector of
// channels, below which the tiles' columns of direct_backward_data are mostly empty, or beyond where the sums over the
// outputs are long: what idle lanes cost grows with them, and what adding the products of taps to dx costs does not.
template <class T>
bool few_backward(const ConvPlan& plan) {
  if (!few_channels(plan)) return false;
  const int64_t channels = plan.in_channels, outputs = plan.out_channels, lanes = kernels<T>().gemm.lanes;
  if (2 * channels < std::max<int64_t>(lanes, 8)) return true;
  const int64_t idle = std::max<int64_t>(0, lanes - channels);
  return outputs * idle * idle >= 20 * channels * channels &&
         (plan.window.width().stride > 1 || outputs >= 48);
}

// The same with few_channels: one group, whose kernel's (tap, channel) pairs are the rows of a product.
// Scratch: for each worker dx of a stripe and the products of a block.
template <class T>
void few_backward_data(const ConvPlan& plan, int64_t batch, const T* dy, const T* kernel, bool planes, T* dx);

// Whether the one of the two that does the plan takes planes.
template <class T>
bool backward_data_reads_planes(const ConvPlan& plan);

// dkernel = the gradient by the kernel, added to what is there with `accumulate`.
// Scratch: up to kWeightParts - 1 copies of dkernel, never more than kPartBytes or one copy; packed x and dy of a
// block for each worker, or up to 4 MB of dy for all.
template <class T>
struct DirectWeights {
  int64_t batch;
  const T *x, *dy;
  bool x_planes, dy_planes;  // as weights_read_planes allows
  bool accumulate;
  T* dkernel;
};
template <class T>
void direct_backward_weights(const ConvPlan& plan, const DirectWeights<T>& operands);

// Which operands the gradient of the kernel may be given as planes.
struct PlanesRead {
  bool x, dy;
};
template <class T>
PlanesRead weights_read_planes(const ConvPlan& plan);

}  // namespace foldgate
