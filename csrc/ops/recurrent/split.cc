#include "ops/recurrent/split.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/spin.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

// Of a unit's cell, as many multiply-adds a gate take as long (1.0 to 1.2 ns a unit).
constexpr double kCellWork = 30;
constexpr int64_t kLeastRows = 8;      // of a part, which still fill register tiles
constexpr int64_t kLeastLstmRows = 9;  // forward, where tiles are of 6: 8 rows are two of 4
constexpr int64_t kFewestRows =
    4;  // of a part where units cannot be shared: shorter tiles beat an idle thread
constexpr double kLeastStepWork = 5e5;   // of one thread's share of a step: ~10 us against ~.5 us for a turn
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
  const int64_t useful = std::min<int64_t>(static_cast<int64_t>(step / kLeastStepWork), plan.vectors() / 2);
  const int64_t by_units = std::min<int64_t>(threads, useful);
  const int64_t parts = std::min<int64_t>(threads, plan.batch / least_rows(plan, passes, by_units));
  if (parts >= 2 && parts >= by_units) {
    split.bounds = balanced(plan.length, parts);
    split.workers = split.parts();
  } else if (by_units >= 2) {
    split.workers = static_cast<int>(by_units);
    split.by_units = true;
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

void Claims::together(FunctionRef<void(int)> body) {
  for (Share& share : shares_) share.turn = turn_.load(std::memory_order_relaxed);
  parallel_region(workers_, body);
}

void Claims::run(int worker, int64_t items, int64_t grain, bool descending,
                 FunctionRef<void(int64_t, int64_t)> body) {
  if (items == 0) return;
  if (workers_ == 1) return body(0, items);
  const uint32_t turn = shares_[worker].turn++;
  const int64_t pieces = ceil_div(items, grain);
  int64_t mine = 0;
  for (int i = 0; i < workers_; ++i) {
    const int range = (worker + i) % workers_;
    const int64_t begin = pieces * range / workers_, end = pieces * (range + 1) / workers_;
    for (int64_t taken; (taken = take(shares_[range], turn, end - begin)) >= 0; ++mine) {
      const int64_t piece = descending ? end - 1 - taken : begin + taken;
      body(piece * grain, std::min(items, (piece + 1) * grain));
    }
  }
  if (mine > 0 && done_.fetch_add(mine) + mine == pieces) return end_turn(turn);
  for (int waits = 0; turn_.load(std::memory_order_acquire) == turn; ++waits) spin_or_yield(waits);
}

int64_t Claims::take(Share& share, uint32_t turn, int64_t size) {
  uint64_t word = share.taken.load(std::memory_order_acquire);
  while (word >> 32 == turn && static_cast<uint32_t>(word) < size)
    if (share.taken.compare_exchange_weak(word, word + 1)) return static_cast<uint32_t>(word);
  return -1;
}

// By the worker whose pieces were the last to be done: no other has one, nor finds one before turn_ moves on.
void Claims::end_turn(uint32_t turn) {
  done_.store(0, std::memory_order_relaxed);
  for (Share& share : shares_) share.taken.store(uint64_t{turn + 1} << 32, std::memory_order_release);
  turn_.store(turn + 1, std::memory_order_release);
}

}  // namespace foldgate
