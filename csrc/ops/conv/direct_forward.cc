#include "core/scratch.h"
#include "ops/conv/direct.h"
#include "ops/conv/groups.h"
#include "ops/conv/layout.h"
#include "ops/conv/tap_gemm.h"

namespace foldgate {
namespace {

// Taps in ascending address order: the hardware's prefetchers follow, descending costs a fifth.
template <class T>
void add_taps(const ConvPlan& plan, bool rows_only, TapGemm<T>& problem) {
  const WindowAxis &depth = plan.window.depth(), &height = plan.window.height(), &width = plan.window.width();
  const int64_t tap_size = plan.group_in() * plan.out_channels;
  const bool framed = rows_only;  // kernel rows stand in a frame, or there is no padding
  for (int64_t i = 0; i < depth.kernel; ++i)
    for (int64_t j = 0; j < height.kernel; ++j)
      for (int64_t k = 0; k < (rows_only ? 1 : width.kernel); ++k)
        problem.taps.push_back({{i * depth.dilation - (framed ? 0 : depth.before),
                                 j * height.dilation - (framed ? 0 : height.before),
                                 k * width.dilation - (framed ? 0 : width.before)},
                                ((i * height.kernel + j) * width.kernel + k) * tap_size});
}

template <class T>
void set_outputs(const ConvPlan& plan, int64_t batch, T* y, TapGemm<T>& problem) {
  const Images<T> out = dense_outputs(y, plan.window, plan.out_channels);
  problem.batch = batch;
  problem.out = y;
  for (int i = 0; i <= kMaxSpatial; ++i) problem.out_step[i] = out.step[i];
  for (int i = 0; i < kMaxSpatial; ++i) {
    problem.grid[i] = out.extent[i];
    problem.step[i] = plan.window.axes[i].stride;
  }
}

}  // namespace

bool frames_input(const ConvPlan& plan) { return few_channels(plan) && has_padding(plan.window); }

template <class T>
void direct_forward(const ConvPlan& asked, int64_t batch, const T* x, const T* given_kernel, const T* bias,
                    T* y, bool planar) {
  const MergedGroups<T> merged(asked, x, batch * asked.window.input_positions() * asked.in_channels);
  const ConvPlan& plan = merged.plan();
  const Scratch<T> block_kernel = merged.kernel(given_kernel);
  const T* kernel = block_kernel.data() ? block_kernel.data() : given_kernel;
  TapGemm<T> problem;
  set_outputs(plan, batch, y, problem);
  problem.planar = planar;
  problem.groups = plan.groups;
  problem.columns = plan.group_out();
  problem.weights = kernel;
  problem.k_step = plan.out_channels;
  problem.column_step = 1;
  problem.group_step = plan.group_out();
  problem.bias = bias;
  problem.activation = plan.activation;
  problem.in = dense_inputs(x, plan.window, plan.in_channels);
  problem.inside = !has_padding(plan.window);
  const bool few = few_channels(plan), framed = frames_input(plan);
  const Scratch<T> frame(framed ? batch * framed_size(plan.window, plan.in_channels) : 0);
  if (framed) {
    const Images<T> copy = frame_images(x, batch, plan.in_channels, plan.window, frame.data());
    problem.in.data = copy.data;
    for (int i = 0; i <= kMaxSpatial; ++i) problem.in.step[i] = copy.step[i];
    for (int i = 0; i < kMaxSpatial; ++i) problem.in.extent[i] = copy.extent[i];
    problem.inside = true;
  }
  problem.length = few ? plan.window.width().kernel * plan.in_channels : plan.group_in();
  add_taps(plan, few, problem);
  tap_gemm(problem);
}

template void direct_forward(const ConvPlan&, int64_t, const float*, const float*, const float*, float*,
                             bool);
template void direct_forward(const ConvPlan&, int64_t, const double*, const double*, const double*, double*,
                             bool);

}  // namespace foldgate
