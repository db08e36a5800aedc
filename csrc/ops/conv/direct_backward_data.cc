#include <cstring>

#include "core/check.h"
#include "core/scratch.h"
#include "ops/conv/direct.h"
#include "ops/conv/groups.h"
#include "ops/conv/phases.h"
#include "ops/conv/strided_gemm.h"

namespace foldgate {

// dx(q) = sum over taps j and outputs p with p * stride - before + j * dilation = q of  dy(p) * kernel_j^T:
// a tap GEMM for every phase of q modulo the strides, over just the taps that reach it.
template <class T>
void direct_backward_data(const ConvPlan& asked, int64_t batch, const T* dy, const T* given_kernel, T* dx) {
  const MergedGroups<T> merged(asked, dy, batch * asked.window.output_positions() * asked.out_channels);
  const ConvPlan& plan = merged.plan();
  const Scratch<T> block_kernel = merged.kernel(given_kernel);
  const Images<T> out = dense_inputs(dx, plan.window, plan.in_channels);
  TapGemm<T> problem;
  problem.batch = batch;
  problem.in = dense_outputs(dy, plan.window, plan.out_channels);
  problem.groups = plan.groups;
  problem.length = plan.group_out();
  problem.columns = plan.group_in();
  problem.weights = block_kernel.data() ? block_kernel.data() : given_kernel;
  problem.k_step = 1;
  problem.column_step = plan.out_channels;
  problem.group_step = plan.group_out();
  if (!phases_cover(plan.window))
    std::memset(static_cast<void*>(dx), 0, static_cast<size_t>(batch * out.step[0]) * sizeof(T));
  for_each_phase(plan.window, [&](const StridePhase& phase) {
    problem.out = dx;
    problem.out_step[0] = out.step[0];
    for (int i = 0; i < kMaxSpatial; ++i) {
      problem.grid[i] = phase.count[i];
      problem.out_step[i + 1] = plan.window.axes[i].stride * out.step[i + 1];
      problem.out += phase.first[i] * out.step[i + 1];
    }
    problem.taps.clear();
    problem.inside = true;
    for (const PhaseTap& tap : phase.taps) {
      problem.taps.push_back(
          {{tap.shift[0], tap.shift[1], tap.shift[2]}, tap.index * plan.group_in() * plan.out_channels});
      for (int i = 0; i < kMaxSpatial; ++i)
        if (tap.shift[i] < 0 || tap.shift[i] + phase.count[i] > problem.in.extent[i]) problem.inside = false;
    }
    direct_gemm(problem);
  });
}

template void direct_backward_data(const ConvPlan&, int64_t, const float*, const float*, float*);
template void direct_backward_data(const ConvPlan&, int64_t, const double*, const double*, double*);

}  // namespace foldgate
