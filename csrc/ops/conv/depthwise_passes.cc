#include "ops/conv/depthwise_passes.h"

#include <utility>

#include "ops/conv/phases.h"

namespace foldgate {

template <class T>
DepthwiseRows<T> forward_rows(const ConvPlan& plan, int64_t batch, const T* x, const T* kernel, const T* bias,
                              T* y) {
  const Window& w = plan.window;
  TapGemm<T> problem;
  problem.batch = batch;
  problem.in = dense_inputs(x, w, plan.out_channels);
  problem.columns = plan.out_channels;
  problem.length = plan.group_in();
  problem.k_step = plan.out_channels;
  problem.weights = kernel;
  problem.bias = bias;
  problem.activation = plan.activation;
  problem.out = y;
  const Images<T> out = dense_outputs(y, w, plan.out_channels);
  for (int i = 0; i <= kMaxSpatial; ++i) problem.out_step[i] = out.step[i];
  for (int i = 0; i < kMaxSpatial; ++i) {
    problem.grid[i] = out.extent[i];
    problem.step[i] = w.axes[i].stride;
  }
  int64_t index = 0;
  for (int64_t i = 0; i < w.depth().kernel; ++i)
    for (int64_t j = 0; j < w.height().kernel; ++j)
      for (int64_t k = 0; k < w.width().kernel; ++k, ++index)
        problem.taps.push_back(
            {{i * w.depth().dilation - w.depth().before, j * w.height().dilation - w.height().before,
              k * w.width().dilation - w.width().before},
             index * plan.group_in() * plan.out_channels});
  return DepthwiseRows<T>(std::move(problem));
}

template <class T>
std::vector<DepthwiseRows<T>> data_gradient_rows(const ConvPlan& plan, int64_t batch, const T* dy,
                                                 const T* kernel, T* dx, const T* bias,
                                                 Activation activation) {
  const Window& w = plan.window;
  const int64_t channels = plan.out_channels;
  const Images<T> out = dense_inputs(dx, w, channels);
  std::vector<DepthwiseRows<T>> phases;
  TapGemm<T> problem;
  problem.batch = batch;
  problem.in = dense_outputs(dy, w, channels);
  problem.columns = channels;
  problem.length = plan.group_in();
  problem.k_step = channels;
  problem.weights = kernel;
  problem.bias = bias;
  problem.activation = activation;
  for_each_phase(w, [&](const StridePhase& phase) {
    problem.out = dx;
    problem.out_step[0] = out.step[0];
    for (int i = 0; i < kMaxSpatial; ++i) {
      problem.grid[i] = phase.count[i];
      problem.out_step[i + 1] = w.axes[i].stride * out.step[i + 1];
      problem.out += phase.first[i] * out.step[i + 1];
    }
    problem.taps.clear();
    for (const PhaseTap& tap : phase.taps)
      problem.taps.push_back(
          {{tap.shift[0], tap.shift[1], tap.shift[2]}, tap.index * plan.group_in() * channels});
    phases.push_back(DepthwiseRows<T>(problem));
  });
  return phases;
}

#define FOLDGATE_INSTANTIATE(T)                                                                           \
  template DepthwiseRows<T> forward_rows(const ConvPlan&, int64_t, const T*, const T*, const T*, T*);     \
  template std::vector<DepthwiseRows<T>> data_gradient_rows(const ConvPlan&, int64_t, const T*, const T*, \
                                                            T*, const T*, Activation);
FOLDGATE_INSTANTIATE(float)
FOLDGATE_INSTANTIATE(double)
#undef FOLDGATE_INSTANTIATE

}  // namespace foldgate
