// Passes backward in rounds of tasks that are independent of one another (BackwardPass::next_round).
#pragma once
#include <vector>

#include "core/thread_pool.h"
#include "ops/recurrent/split.h"

namespace foldgate {

template <class Pass>
struct RoundTask {
  Pass* pass;
  void (Pass::*run)(int64_t task, int worker);
  int64_t number;
};

// The tasks of a round in the order of the stretches (stretches.h) that the workers begin with: each has its share of the rows,
// which are long tasks, and after them gradients of the weights, which are many. So a worker's rows and the sums that it
// adds to are in its own core's caches at every round, and who is done with its rows takes more of the others' gradients.
template <class Pass>
std::vector<RoundTask<Pass>> in_stretches(const std::vector<RoundTask<Pass>>& rows,
                                          const std::vector<RoundTask<Pass>>& weights, int workers) {
  const size_t count = rows.size() + weights.size(), n = static_cast<size_t>(workers);
  std::vector<RoundTask<Pass>> tasks;
  size_t row = 0, weight = 0;
  for (size_t i = 1; i <= n; ++i) {
    while (row < rows.size() * i / n) tasks.push_back(rows[row++]);
    while (tasks.size() < count * i / n) tasks.push_back(weights[weight++]);
  }
  return tasks;
}

// All rounds of one pass, or of several side by side whose chunks are the same steps.
template <class Pass>
void run_rounds(const std::vector<Pass*>& passes, int workers, StopFlag& stop) {
  const auto next_round = [&] {
    bool any = false;
    for (Pass* pass : passes) any |= pass->next_round();
    return any;
  };
  while (!stop.stopped(0) && next_round()) {
    std::vector<RoundTask<Pass>> rows, weights;
    for (Pass* pass : passes) {
      for (int64_t i = 0; i < pass->row_tasks(); ++i) rows.push_back({pass, &Pass::run_row_task, i});
      for (int64_t i = 0; i < pass->weight_tasks(); ++i) weights.push_back({pass, &Pass::run_weight_task, i});
    }
    const auto tasks = in_stretches(rows, weights, workers);
    parallel_for(static_cast<int64_t>(tasks.size()), workers,
                 [&](int64_t i, int worker) { (tasks[i].pass->*tasks[i].run)(tasks[i].number, worker); });
  }
}

}  // namespace foldgate
