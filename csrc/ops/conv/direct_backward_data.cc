#include <algorithm>
#include <iterator>

#include "core/check.h"
#include "core/scratch.h"
#include "kernels/table.h"
#include "ops/conv/direct.h"
#include "ops/conv/groups.h"
#include "ops/conv/narrow_groups.h"
#include "ops/conv/phases.h"
#include "ops/conv/strided_gemm.h"
#include "ops/zeros.h"

namespace foldgate {

namespace {

// What the phases share.
template <class T>
TapGemm<T> problem_of(const ConvPlan& plan, int64_t batch, const T* dy) {
  TapGemm<T> problem;
  problem.batch = batch;
  problem.in = dense_outputs(dy, plan.window, plan.out_channels);
  problem.groups = plan.groups;
  problem.length = plan.group_out();
  problem.columns = plan.group_in();
  problem.k_step = 1;
  problem.column_step = plan.out_channels;
  problem.group_step = plan.group_out();
  return problem;
}

// Grid and taps of a phase of dx.
template <class T>
void place(const ConvPlan& plan, const StridePhase& phase, T* dx, TapGemm<T>& problem) {
  const Images<T> out = dense_inputs(dx, plan.window, plan.in_channels);
  problem.out = dx;
  problem.out_step[0] = out.step[0];
  for (int i = 0; i < kMaxSpatial; ++i) {
    problem.grid[i] = phase.count[i];
    problem.out_step[i + 1] = plan.window.axes[i].stride * out.step[i + 1];
    if (!problem.planar) problem.out += phase.first[i] * out.step[i + 1];
  }
  problem.taps.clear();
  problem.inside = true;
  for (const PhaseTap& tap : phase.taps) {
    problem.taps.push_back(
        {{tap.shift[0], tap.shift[1], tap.shift[2]}, tap.index * plan.group_in() * plan.out_channels});
    for (int i = 0; i < kMaxSpatial; ++i)
      if (tap.shift[i] < 0 || tap.shift[i] + phase.count[i] > problem.in.extent[i]) problem.inside = false;
  }
}

// Of planes: weights as planar_gemm reads them, (taps, Cout, Cin / groups), with the channels of a term side by side.
template <class T>
void turn(const ConvPlan& plan, const T* weights, TapGemm<T>& problem) {
  problem.weights = weights;
  problem.planes = problem.planar = true;
  problem.k_step = plan.group_in();
  problem.column_step = 1;
  problem.group_step = plan.group_out() * plan.group_in();
}
template <class T>
Scratch<T> turned_kernel(const ConvPlan& plan, const T* kernel) {
  Scratch<T> turned(plan.kernel_size());
  const int64_t tap_size = plan.group_in() * plan.out_channels;
  for (int64_t tap = 0; tap < plan.taps(); ++tap)
    kernels<T>().gemm.transpose(kernel + tap * tap_size, plan.out_channels, plan.group_in(),
                                plan.out_channels, turned.data() + tap * tap_size, plan.group_in());
  return turned;
}

bool has_strides(const Window& window) {
  return std::any_of(std::begin(window.axes), std::end(window.axes),
                     [](const WindowAxis& axis) { return axis.stride > 1; });
}

}  // namespace

// A single channel's rows would read a vector of dy for each multiply-add: few_backward_data reads it once for all taps.
template <class T>
bool backward_by_rows(const ConvPlan& plan) {
  if (plan.in_channels == 1 || has_strides(plan.window) || has_narrow_groups<T>(plan)) return false;
  TapGemm<T> problem = problem_of<T>(plan, plan.batch, nullptr);
  turn<T>(plan, nullptr, problem);
  for_each_phase(plan.window, [&](const StridePhase& phase) { place<T>(plan, phase, nullptr, problem); });
  return !planar_product_suits(problem) && planar_gemm_suits(problem);
}

// A stride would scatter the outputs of a phase over its planes.
template <class T>
bool backward_data_reads_planes(const ConvPlan& plan) {
  if (few_backward<T>(plan)) return true;
  if (has_narrow_groups<T>(plan) || has_strides(plan.window)) return false;
  TapGemm<T> problem = problem_of<T>(plan, plan.batch, nullptr);
  for_each_phase(plan.window, [&](const StridePhase& phase) { place<T>(plan, phase, nullptr, problem); });
  return direct_gemm_reads_planes(problem);
}

// dx(q) = sum over taps j and outputs p with p * stride - before + j * dilation = q of  dy(p) * kernel_j^T:
// a tap GEMM for every phase of q modulo the strides, over just the taps that reach it.
template <class T>
void direct_backward_data(const ConvPlan& asked, int64_t batch, const T* dy, const T* given_kernel,
                          bool planes, T* dx, const T* bias, Activation activation) {
  if (!phases_cover(asked.window))
    write_zeros(dx, batch * asked.window.input_positions() * asked.in_channels);
  if (has_narrow_groups<T>(asked))
    return narrow_groups_backward_data(asked, batch, dy, given_kernel, dx, bias, activation);
  const MergedGroups<T> merged(asked, dy, batch * asked.window.output_positions() * asked.out_channels);
  const ConvPlan& plan = merged.plan();
  const Scratch<T> block_kernel = merged.kernel(given_kernel);
  TapGemm<T> problem = problem_of(plan, batch, dy);
  problem.weights = block_kernel.data() ? block_kernel.data() : given_kernel;
  problem.planes = problem.planar = planes;
  Scratch<T> turned;
  if (planes && backward_by_rows<T>(plan)) {
    turned = turned_kernel(plan, problem.weights);
    turn<T>(plan, turned.data(), problem);
  }
  problem.bias = bias;
  problem.activation = activation;
  for_each_phase(plan.window, [&](const StridePhase& phase) {
    place(plan, phase, dx, problem);
    direct_gemm(problem);
  });
}

#define FOLDGATE_INSTANTIATE(T)                                                                        \
  template bool backward_by_rows<T>(const ConvPlan&);                                                  \
  template bool backward_data_reads_planes<T>(const ConvPlan&);                                        \
  template void direct_backward_data(const ConvPlan&, int64_t, const T*, const T*, bool, T*, const T*, \
                                     Activation);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
