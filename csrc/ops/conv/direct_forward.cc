#include "core/scratch.h"
#include "ops/conv/depthwise_planes.h"
#include "ops/conv/direct.h"
#include "ops/conv/groups.h"
#include "ops/conv/layout.h"
#include "ops/conv/narrow_groups.h"
#include "ops/conv/single_plane.h"
#include "ops/conv/strided_gemm.h"
#include "ops/conv/tap_gemm.h"

namespace foldgate {
namespace {

// Taps in ascending address order: the hardware's prefetchers follow, descending costs a fifth.
template <class T>
void add_taps(const ConvPlan& plan, TapGemm<T>& problem) {
  const WindowAxis &depth = plan.window.depth(), &height = plan.window.height(), &width = plan.window.width();
  const int64_t tap_size = plan.group_in() * plan.out_channels;
  problem.taps.reserve(static_cast<size_t>(plan.taps()));
  for (int64_t i = 0; i < depth.kernel; ++i)
    for (int64_t j = 0; j < height.kernel; ++j)
      for (int64_t k = 0; k < width.kernel; ++k)
        problem.taps.push_back({{i * depth.dilation - depth.before, j * height.dilation - height.before,
                                 k * width.dilation - width.before},
                                ((i * height.kernel + j) * width.kernel + k) * tap_size});
}

template <class T>
TapGemm<T> problem_of(const ConvPlan& plan, int64_t batch, bool planes, bool planar) {
  const Images<T> out = dense_outputs(static_cast<T*>(nullptr), plan.window, plan.out_channels);
  TapGemm<T> problem;
  problem.batch = batch;
  for (int i = 0; i <= kMaxSpatial; ++i) problem.out_step[i] = out.step[i];
  for (int i = 0; i < kMaxSpatial; ++i) {
    problem.grid[i] = out.extent[i];
    problem.step[i] = plan.window.axes[i].stride;
  }
  problem.in = dense_inputs(static_cast<const T*>(nullptr), plan.window, plan.in_channels);
  problem.inside = !has_padding(plan.window);
  problem.planes = planes;
  problem.planar = planar || (planes && plan.out_channels == 1);  // a single plane is its pixels
  problem.groups = plan.groups;
  problem.length = plan.group_in();
  problem.columns = plan.group_out();
  problem.k_step = plan.out_channels;
  problem.column_step = 1;
  problem.group_step = plan.group_out();
  problem.activation = plan.activation;
  add_taps(plan, problem);
  return problem;
}

}  // namespace

bool frames_input(const ConvPlan& plan) { return few_channels(plan) && has_padding(plan.window); }

template <class T>
bool direct_reads_planes(const ConvPlan& plan) {
  return !has_narrow_groups<T>(plan) && direct_gemm_reads_planes(problem_of<T>(plan, plan.batch, true, true));
}

template <class T>
bool forward_by_rows(const ConvPlan& plan) {
  if (has_narrow_groups<T>(plan)) return false;
  const TapGemm<T> problem = problem_of<T>(plan, plan.batch, true, true);
  return !planar_product_suits(problem) && planar_gemm_suits(problem);
}

template <class T>
void direct_forward(const ConvPlan& asked, const DirectForward<T>& o) {
  if (is_single_plane<T>(asked)) return depthwise_planes_forward(asked, o.batch, o.x, o.kernel, o.bias, o.y);
  if (has_narrow_groups<T>(asked)) return narrow_groups_forward(asked, o.batch, o.x, o.kernel, o.bias, o.y);
  const MergedGroups<T> merged(asked, o.x, o.batch * asked.window.input_positions() * asked.in_channels);
  TapGemm<T> problem = problem_of<T>(merged.plan(), o.batch, o.x_planes, o.y_planes);
  // The engines look at the form themselves, but need the kernel where they cannot use it.
  if (o.packed && o.packed->data.data() && (!merged.any() || o.packed->form == direct_gemm_form(problem)))
    problem.packed = o.packed;
  const Scratch<T> block_kernel = problem.packed ? Scratch<T>() : merged.kernel(o.kernel);
  problem.in.data = o.x;
  problem.weights = block_kernel.data() ? block_kernel.data() : o.kernel;
  problem.bias = o.bias;
  problem.out = o.y;
  direct_gemm(problem);
}

template <class T>
PackedWeights<T> direct_pack(const ConvPlan& asked, const DirectForward<T>& o) {
  if (is_single_plane<T>(asked) || has_narrow_groups<T>(asked)) return {};
  const MergedGroups<T> merged(asked, nullptr, 0);
  const Scratch<T> block_kernel = merged.kernel(o.kernel);
  TapGemm<T> problem = problem_of<T>(merged.plan(), o.batch, o.x_planes, o.y_planes);
  problem.weights = block_kernel.data() ? block_kernel.data() : o.kernel;
  return direct_gemm_pack(problem);
}

template <class T>
WeightForm direct_form(const ConvPlan& asked, const DirectForward<T>& o) {
  if (is_single_plane<T>(asked) || has_narrow_groups<T>(asked)) return {};
  TapGemm<T> problem =
      problem_of<T>(MergedGroups<T>(asked, nullptr, 0).plan(), o.batch, o.x_planes, o.y_planes);
  return direct_gemm_form(problem);
}

template bool direct_reads_planes<float>(const ConvPlan&);
template bool direct_reads_planes<double>(const ConvPlan&);
template bool forward_by_rows<float>(const ConvPlan&);
template bool forward_by_rows<double>(const ConvPlan&);
#define FOLDGATE_INSTANTIATE(T)                                                    \
  template void direct_forward(const ConvPlan&, const DirectForward<T>&);          \
  template PackedWeights<T> direct_pack(const ConvPlan&, const DirectForward<T>&); \
  template WeightForm direct_form(const ConvPlan&, const DirectForward<T>&);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
