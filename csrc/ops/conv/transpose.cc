#include "ops/conv/transpose.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/table.h"
#include "ops/conv/choose.h"
#include "ops/conv/conv.h"
#include "ops/conv/direct.h"
#include "ops/conv/output_gradient.h"
#include "ops/conv/phases.h"

namespace foldgate {
namespace {

constexpr int64_t kBlock = 16384;  // numbers of y that a task finishes
constexpr int64_t kTile =
    256;  // numbers of the repeated bias, so that a narrow pixel does not make a short call

void check_ranks(const char* op, const ConvTransposeSpec& spec) {
  const size_t axes = spec.kernel.size();
  if (axes < 3 || axes > 5)
    fail_value(op, ": kernel has shape ", shape_text(spec.kernel),
               "; expected (*kernel_size, Cout / groups, Cin) with 1, 2 or 3 spatial axes");
  if (spec.x.size() != axes)
    fail_value(op, ": x has ", spec.x.size(), " axes; expected ", axes, " as kernel has shape ",
               shape_text(spec.kernel));
  for (const auto& [name, values] : {std::pair{"padding", &spec.before}, {"output shape", &spec.output}})
    require(values->size() == axes - 2, op, ": ", name, " has ", values->size(), " values; expected ",
            axes - 2);
}

void check_channels(const char* op, const ConvPlan& adjoint, int64_t group_out, int64_t kernel_in) {
  const int64_t in = adjoint.out_channels, groups = adjoint.groups;
  if (in < 1) fail_value(op, ": x has ", in, " channels; expected at least 1");
  if (group_out < 1)
    fail_value(op, ": kernel has ", group_out, " output channels per group; expected at least 1");
  if (groups < 1) fail_value(op, ": groups is ", groups, "; expected at least 1");
  if (kernel_in != in)
    fail_value(op, ": kernel has ", kernel_in, " input channels but x has ", in, " channels");
  if (in % groups != 0)
    fail_value(op, ": groups is ", groups, "; expected a divisor of x's ", in, " channels");
}

// The adjoint's window: its images are y's, and it has x's positions even where another would fit behind them.
Window adjoint_window(const char* op, const ConvTransposeSpec& spec) {
  const size_t rank = spec.output.size();
  WindowSpec window{{spec.kernel.begin(), spec.kernel.end() - 2}, spec.strides, spec.dilation, {}};
  const int64_t* input = spec.x.data() + (spec.channels_first ? 2 : 1);
  for (size_t i = 0; i < rank; ++i) {
    require(input[i] >= 1, op, ": x has a spatial extent of ", input[i], "; expected at least 1");
    require(spec.output[i] >= 1, op, ": the output has ", spec.output[i], " positions along spatial axis ", i,
            "; expected at least 1: less padding");
    const bool known =
        spec.strides.size() == rank && spec.dilation.size() == rank;  // else make_window refuses
    const int64_t stride = known ? spec.strides[i] : 1, dilation = known ? spec.dilation[i] : 1;
    const int64_t extent = checked_add(op, checked_mul(op, spec.kernel[i] - 1, dilation), 1);
    const int64_t reach = checked_add(op, checked_mul(op, input[i] - 1, stride), extent);
    const int64_t covered = checked_add(op, spec.before[i], spec.output[i]);
    window.pads.insert(window.pads.end(), {spec.before[i], std::max<int64_t>(0, reach - covered)});
  }
  Window made = make_window(op, spec.output, window);
  for (size_t i = 0; i < rank; ++i) made.axes[kMaxSpatial - rank + i].output = input[i];
  return made;
}

// Whether every value of y is written once, by a product that adds the bias and applies the activation itself.
bool finishes_on_the_way(const ConvPlan& adjoint) {
  return adjoint.algorithm == ConvAlgorithm::kDirect && !adjoint.channels_first && adjoint.batch > 0 &&
         !few_channels(adjoint) && phases_cover(adjoint.window);
}

// values[i] = activation(values[i] + bias of i's channel)
template <class T>
class Finish {
 public:
  Finish(const ConvTransposePlan& plan, const T* bias)
      : plan_(plan), bias_(bias), tile_(bias && !plan.adjoint.channels_first ? tile_size() : 0) {
    const int64_t channels = plan.out_channels();
    for (int64_t i = 0; i < tile_.size(); i += channels) std::copy_n(bias, channels, tile_.data() + i);
  }

  void operator()(T* y) const {
    if (!bias_ && plan_.activation == Activation::kLinear) return;
    const int64_t unit = plan_.adjoint.channels_first ? plan_.positions() : plan_.out_channels();
    const int64_t units = plan_.y_size() / unit;
    const EvenSplit blocks(units, std::max<int64_t>(1, kBlock / unit));
    parallel_for(blocks.parts, workers_for(blocks.parts, kValueWork * static_cast<double>(plan_.y_size())),
                 [&](int64_t block, int) {
                   const int64_t first = blocks.begin(block), count = blocks.size(block);
                   T* values = y + first * unit;
                   if (bias_)
                     plan_.adjoint.channels_first ? add_to_planes(first, count, values)
                                                  : add_to_pixels(values, count * unit);
                   kernels<T>().activation.forward(plan_.activation, values, count * unit);
                 });
  }

 private:
  int64_t tile_size() const { return std::min(round_up(kTile, plan_.out_channels()), plan_.y_size()); }

  void add_to_pixels(T* values, int64_t n) const {
    for (int64_t i = 0; i < n; i += tile_.size())
      kernels<T>().conv.add(values + i, tile_.data(), std::min(tile_.size(), n - i));
  }
  void add_to_planes(int64_t first, int64_t count, T* values) const {
    for (int64_t i = 0; i < count; ++i)
      kernels<T>().conv.add_bias(values + i * plan_.positions(), plan_.positions(),
                                 bias_[(first + i) % plan_.out_channels()], T(0));
  }

  const ConvTransposePlan& plan_;
  const T* bias_;
  Scratch<T> tile_;
};

}  // namespace

ConvTransposePlan ConvTransposePlan::make(const char* op, const ConvTransposeSpec& spec) {
  check_ranks(op, spec);
  ConvTransposePlan plan;
  ConvPlan& adjoint = plan.adjoint;
  const int64_t group_out = spec.kernel[spec.kernel.size() - 2];
  adjoint.batch = spec.x.front();
  adjoint.out_channels = spec.channels_first ? spec.x[1] : spec.x.back();
  adjoint.groups = spec.groups;
  adjoint.channels_first = spec.channels_first;
  check_channels(op, adjoint, group_out, spec.kernel.back());
  adjoint.in_channels = checked_mul(op, group_out, spec.groups);
  adjoint.window = adjoint_window(op, spec);
  check_rows(op, plan.adjoint);
  checked_product(op, plan.x_shape());
  checked_product(op, plan.y_shape());
  checked_product(op, spec.kernel);
  adjoint.algorithm = choose_conv_algorithm(op, adjoint, spec.algorithm);
  plan.activation = spec.activation;
  return plan;
}

template <class T>
void conv_transpose_forward(const ConvTransposePlan& plan, const T* x, const T* kernel, const T* bias, T* y) {
  if (finishes_on_the_way(plan.adjoint))
    return direct_backward_data(plan.adjoint, plan.adjoint.batch, x, kernel, false, y, bias, plan.activation);
  ConvBackward<T> adjoint{};
  adjoint.dy = x;
  adjoint.kernel = kernel;
  adjoint.dx = y;
  conv_backward(plan.adjoint, adjoint);
  Finish<T>(plan, bias)(y);
}

template <class T>
void conv_transpose_backward(const ConvTransposePlan& plan, const ConvBackward<T>& o) {
  Scratch<T> derived;
  const T* d = o.dy;
  if (plan.activation != Activation::kLinear) {
    derived = Scratch<T>(plan.y_size());
    activation_gradient(plan.activation, o.y, o.dy, plan.y_size(), derived.data());
    d = derived.data();
  }
  const int64_t images = plan.adjoint.batch, positions = plan.positions();
  if (o.dbias && plan.adjoint.channels_first)
    planar_bias_gradient(d, images, plan.out_channels(), positions, false, o.dbias);
  else if (o.dbias)
    pixel_bias_gradient(d, images * positions, plan.out_channels(), false, o.dbias);
  if (o.dx) conv_forward<T>(plan.adjoint, d, o.kernel, nullptr, o.dx);
  if (o.dkernel) {
    ConvBackward<T> adjoint{};
    adjoint.dy = o.x;
    adjoint.x = d;
    adjoint.dkernel = o.dkernel;
    conv_backward(plan.adjoint, adjoint);
  }
}

template void conv_transpose_forward(const ConvTransposePlan&, const float*, const float*, const float*,
                                     float*);
template void conv_transpose_forward(const ConvTransposePlan&, const double*, const double*, const double*,
                                     double*);
template void conv_transpose_backward(const ConvTransposePlan&, const ConvBackward<float>&);
template void conv_transpose_backward(const ConvTransposePlan&, const ConvBackward<double>&);

}  // namespace foldgate
