#include "ops/recurrent/split.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

// Of a unit's cell, as many multiply-adds a gate take as long (1.0 to 1.2 ns a unit).
constexpr double kCellWork = 30;
constexpr int64_t kLeastRows = 8;      // of a part, which still fill register tiles
constexpr int64_t kLeastLstmRows = 9;  // forward, where tiles are of 6: 8 rows are two of 4
constexpr int64_t kFewestRows =
    4;  // of a part where units cannot be shared: shorter tiles beat an idle thread
constexpr double kLeastStepWork = 5e5;   // of one thread's share of a step: ~10 us
constexpr double kLeastPairWork = 4e4;   // of a step that two share where rows cannot be shared: ~.5 us
constexpr int64_t kMemoryBoundRows = 4;  // fewer rows take as long: the weights' way from memory does

// Parts of as many steps as they can be, all together.
std::vector<int64_t> balanced(const std::vector<int64_t>& length, int64_t parts) {
  const int64_t total = std::accumulate(length.begin(), length.end(), int64_t{0});
  std::vector<int64_t> bounds{0};
  int64_t sum = 0;
  for (int64_t r = 0; r < static_cast<int64_t>(length.size()); ++r) {
    sum += length[r];
    if (static_cast<int64_t>(bounds.size()) < parts &&
        sum * parts >= total * static_cast<int64_t>(bounds.size()))
      bounds.push_back(r + 1);
  }
  if (bounds.back() < static_cast<int64_t>(length.size()))
    bounds.push_back(static_cast<int64_t>(length.size()));
  return bounds;
}

// For steps of so much work, counted as of kMemoryBoundRows: .01 ns for each of their multiply-adds. Sharing saves half a
// step and costs five ways from core to core, of the lines that say who is done and of those of h; backward ten, as cells take
// a turn of their own. One row, on one chip of a Zen 4, time over one thread's: LSTM of 64 units .74 forward and .82 in
// training, of 96 units .60 and .66, GRU of 64 .79 and .92; on two chips twice the time.
Nearness nearness_for(double step, int64_t steps, int passes) {
  constexpr double kWorkNs = 1. / 100, kWaitedShare = 1. / 32;
  const double step_ns = step * kWorkNs, ways = passes == 1 ? 5 : 10;
  return {step_ns / 2 / ways, step_ns * static_cast<double>(steps) * kWaitedShare};
}

// Rows of a part that are worth it, where units would keep so many threads busy.
int64_t least_rows(const RecurrentPlan& plan, int passes, int64_t by_units) {
  if (by_units < 2) return kFewestRows;
  return passes == 1 && plan.options.cell == Cell::kLstm ? kLeastLstmRows : kLeastRows;
}

}  // namespace

bool worth_threads(const RecurrentPlan& plan, double passes) {
  const double cells = static_cast<double>(plan.rows()) * plan.gates() * plan.units;
  return workers_for(2, passes * (plan.work() + kCellWork * cells)) > 1;
}

RecurrentSplit RecurrentSplit::make(const RecurrentPlan& plan, int passes, int threads) {
  RecurrentSplit split;
  split.bounds = {0, plan.batch};
  if (threads == 1 || !worth_threads(plan, passes)) return split;
  const double step =
      static_cast<double>(std::max(plan.batch, kMemoryBoundRows)) * plan.gates() * plan.units * plan.units;
  const bool pair = plan.batch < 2 * kFewestRows && step >= kLeastPairWork;
  const int64_t useful = std::max<int64_t>(static_cast<int64_t>(step / kLeastStepWork), pair ? 2 : 1);
  const int64_t by_units = std::min({int64_t{threads}, useful, plan.vectors() / 2});
  const int64_t parts = std::min<int64_t>(threads, plan.batch / least_rows(plan, passes, by_units));
  if (parts >= 2 && parts >= by_units) {
    split.bounds = balanced(plan.length, parts);
    split.workers = split.parts();
  } else if (by_units >= 2) {
    split.workers = static_cast<int>(by_units);
    split.by_units = true;
    if (step < 2 * kLeastStepWork) split.nearness = nearness_for(step, plan.longest(), passes);
  }
  return split;
}

std::vector<RowShare> RecurrentSplit::shares() const {
  std::vector<RowShare> shares;
  for (size_t i = 0; i + 1 < bounds.size(); ++i) shares.push_back({0, bounds[i], bounds[i + 1], 0});
  return shares;
}

DirectionSplit DirectionSplit::make(const RecurrentPlan& plan, int passes) {
  const int threads = get_num_threads();
  if (!worth_threads(plan, 2 * passes)) return {};
  if (RecurrentSplit::make(plan, passes, threads).workers > 2) return {1, threads};
  return {2, 1};
}

bool StopFlag::stopped(int worker) {
  if (worker == 0 && interrupt_requested()) stop_.store(true, std::memory_order_relaxed);
  return stop_.load(std::memory_order_relaxed);
}

void StopFlag::check() const {
  if (stop_.load()) throw Interrupted();
}

}  // namespace foldgate
