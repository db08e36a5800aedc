// Passes backward in rounds of tasks that are independent of one another (BackwardPass::next_round).
#pragma once
#include <vector>

#include "core/thread_pool.h"
#include "ops/recurrent/split.h"

namespace foldgate {

// All rounds of one pass, or of several side by side whose chunks are the same steps. Rows, which are long tasks, come
// before the gradients of the weights, which are many: who is done with its rows takes more of these.
template <class Pass>
void run_rounds(const std::vector<Pass*>& passes, int workers, StopFlag& stop) {
  struct Task {
    Pass* pass;
    void (Pass::*run)(int64_t task, int worker);
    int64_t number;
  };
  const auto next_round = [&] {
    bool any = false;
    for (Pass* pass : passes) any |= pass->next_round();
    return any;
  };
  while (!stop.stopped(0) && next_round()) {
    std::vector<Task> tasks;
    for (Pass* pass : passes)
      for (int64_t i = 0; i < pass->row_tasks(); ++i) tasks.push_back({pass, &Pass::run_row_task, i});
    for (Pass* pass : passes)
      for (int64_t i = 0; i < pass->weight_tasks(); ++i) tasks.push_back({pass, &Pass::run_weight_task, i});
    parallel_for(static_cast<int64_t>(tasks.size()), workers,
                 [&](int64_t i, int worker) { (tasks[i].pass->*tasks[i].run)(tasks[i].number, worker); });
  }
}

}  // namespace foldgate
