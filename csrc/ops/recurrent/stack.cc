#include "ops/recurrent/stack.h"

#include <deque>

#include "kernels/table.h"
#include "ops/recurrent/backward_pass.h"
#include "ops/recurrent/forward_pass.h"
#include "ops/recurrent/wavefront.h"

namespace foldgate {

template <class T>
void stacked_forward(const std::vector<RecurrentPlan>& plans,
                     const std::vector<RecurrentForward<T>>& arrays) {
  const StackSplit split = StackSplit::make(plans.back(), static_cast<int64_t>(plans.size()), 1);
  if (split.workers == 1) {
    for (size_t l = 0; l < plans.size(); ++l) recurrent_forward(plans[l], arrays[l]);
    return;
  }
  const RecurrentKernels<T>& table = kernels<T>().recurrent;
  StopFlag stop;
  std::deque<std::vector<PackedPhase<T>>> phases;
  std::deque<ForwardPass<T>> layers;
  for (size_t l = 0; l < plans.size(); ++l) {
    phases.push_back(pack_phases(plans[l], table, arrays[l].weights));
    layers.emplace_back(plans[l], arrays[l], table, phases.back(), 1, stop).begin();
  }
  Wavefront(static_cast<int64_t>(plans.size()), split.pieces)
      .run(split.workers, [&](int64_t l, int64_t piece) {
        const int64_t first = piece * split.piece_steps;
        layers[l].advance(first, std::min(first + split.piece_steps, plans[l].longest()));
      });
  for (ForwardPass<T>& layer : layers) layer.end();
  stop.check();
}

template <class T>
void stacked_backward(const std::vector<RecurrentPlan>& plans, std::vector<RecurrentBackward<T>> arrays) {
  const auto count = static_cast<int64_t>(plans.size());
  const int64_t size = plans.back().batch * plans.back().steps * plans.back().units;
  const Scratch<T> between((count - 1) * size);
  for (int64_t l = 0; l + 1 < count; ++l) {
    arrays[l].dy = between.data() + l * size;
    arrays[l + 1].dx = between.data() + l * size;
  }
  const StackSplit split = StackSplit::make(plans.back(), count, 3);
  if (split.workers == 1) {
    for (int64_t l = count - 1; l >= 0; --l) recurrent_backward(plans[l], arrays[l]);
    return;
  }
  StopFlag stop;
  std::deque<BackwardPass<T>> layers;  // from the last
  for (int64_t l = count - 1; l >= 0; --l) layers.emplace_back(plans[l], arrays[l], 1, stop).begin();
  Wavefront(count, split.pieces).run(split.workers, [&](int64_t l, int64_t piece) {
    const int64_t end = plans[0].longest() - piece * split.piece_steps;
    layers[l].retreat(std::max<int64_t>(0, end - split.piece_steps), end);
  });
  for (BackwardPass<T>& layer : layers) layer.end();
  stop.check();
}

template void stacked_forward(const std::vector<RecurrentPlan>&, const std::vector<RecurrentForward<float>>&);
template void stacked_forward(const std::vector<RecurrentPlan>&,
                              const std::vector<RecurrentForward<double>>&);
template void stacked_backward(const std::vector<RecurrentPlan>&, std::vector<RecurrentBackward<float>>);
template void stacked_backward(const std::vector<RecurrentPlan>&, std::vector<RecurrentBackward<double>>);

}  // namespace foldgate
