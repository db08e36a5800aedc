#include "ops/recurrent/split.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

constexpr double kLeastWork =
    1e7;  // multiply-adds of a call, ~.2 ms: below, other threads cost more than they give
constexpr int64_t kLeastRows = 8;  // of a part, which still fill register tiles
constexpr int64_t kFewestRows =
    4;  // of a part where units cannot be shared: shorter tiles beat an idle thread
constexpr double kLeastStepWork = 5e5;  // of one thread's share of a step: ~10 us against ~.5 us for a region
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

}  // namespace

bool worth_threads(double work) { return work >= kLeastWork; }

RecurrentSplit RecurrentSplit::make(const RecurrentPlan& plan, int passes, int threads) {
  RecurrentSplit split;
  split.bounds = {0, plan.batch};
  if (threads == 1 || !worth_threads(plan.work() * passes)) return split;
  const double step =
      static_cast<double>(std::max(plan.batch, kMemoryBoundRows)) * plan.gates() * plan.units * plan.units;
  const int64_t useful = std::min<int64_t>(static_cast<int64_t>(step / kLeastStepWork), plan.vectors() / 2);
  const int64_t parts = std::min<int64_t>(threads, plan.batch / (useful >= 2 ? kLeastRows : kFewestRows));
  if (parts >= 2) {
    split.bounds = balanced(plan.length, parts);
    split.workers = split.parts();
    return split;
  }
  split.workers = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(threads, useful)));
  split.by_units = split.workers > 1;
  return split;
}

DirectionSplit DirectionSplit::make(const RecurrentPlan& plan, int passes) {
  const int threads = get_num_threads();
  if (workers_for(2, 2 * plan.work() * passes) == 1) return {};  // a thread is woken once a call
  if (RecurrentSplit::make(plan, passes, threads).workers > 2) return {1, threads};
  return {2, 1};
}

void DirectionSplit::run(FunctionRef<void(int64_t, int)> body) const {
  if (workers == 2) return parallel_for(2, 2, body);
  body(0, 0);
  body(1, 0);
}

bool StopFlag::stopped(int worker) {
  if (worker == 0 && interrupt_requested()) stop_.store(true, std::memory_order_relaxed);
  return stop_.load(std::memory_order_relaxed);
}

void StopFlag::check() const {
  if (stop_.load()) throw Interrupted();
}

void Claims::run(int64_t items, int64_t grain, bool descending, FunctionRef<void(int64_t, int64_t)> body) {
  if (workers_ == 1) return body(0, items);
  const int64_t pieces = ceil_div(items, grain);
  for (Counter& counter : next_) counter.value.store(0, std::memory_order_relaxed);
  parallel_region(workers_, [&](int worker) {
    for (int i = 0; i < workers_; ++i) {
      const int range = (worker + i) % workers_;
      const int64_t begin = pieces * range / workers_, end = pieces * (range + 1) / workers_;
      for (int64_t taken;
           (taken = next_[range].value.fetch_add(1, std::memory_order_relaxed)) < end - begin;) {
        const int64_t piece = descending ? end - 1 - taken : begin + taken;
        body(piece * grain, std::min(items, (piece + 1) * grain));
      }
    }
  });
}

}  // namespace foldgate
