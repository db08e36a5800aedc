// How a recurrent call is shared among threads: not at all, by batch rows (each part runs all steps by itself), or, for
// few rows a thread and many units, by panels of units within each step. Sums do not depend on it: a row's result
// depends on no other row, and a panel's on no other panel.
#pragma once
#include <atomic>
#include <vector>

#include "core/function_ref.h"
#include "ops/recurrent/plan.h"
#include "ops/recurrent/shared_rows.h"

namespace foldgate {

// Whether so many passes over all steps gain more by other threads than sharing or waking them costs.
bool worth_threads(const RecurrentPlan& plan, double passes);

struct RecurrentSplit {
  // passes: 1 forward; 3 backward, which multiplies three times
  static RecurrentSplit make(const RecurrentPlan& plan, int passes, int threads);

  int parts() const { return static_cast<int>(bounds.size()) - 1; }
  std::vector<RowShare> shares() const;  // the parts, from step 0

  int workers = 1;
  bool by_units = false;
  std::vector<int64_t> bounds;  // rows of part i: bounds[i] .. bounds[i + 1]
};

// Two directions of one layer: a thread each, which shares out no more, or one after the other.
struct DirectionSplit {
  static DirectionSplit make(const RecurrentPlan& plan, int passes);

  int workers = 1;
  int threads = 1;  // within a direction
};

// An interrupt, seen by the caller's thread in the midst of a region and obeyed by all.
class StopFlag {
 public:
  bool stopped(int worker);
  void check() const;  // after the region: throws Interrupted

 private:
  std::atomic<bool> stop_{false};
};

// Items shared out within a step, turn by turn: all workers of a region make the same calls of `run`, of which each is a
// turn, and none goes on before its turn is over. Each begins with a range of its own, whose weights stay in its cache,
// and then takes over what others have not begun: one that the system put to sleep holds up no more than the item it is
// at, and one that comes late passes over the turns that are over.
class Claims {
 public:
  explicit Claims(int workers) : workers_(workers), shares_(workers) {}

  int workers() const { return workers_; }
  // The region: body(worker), in which alone several workers run.
  void together(FunctionRef<void(int worker)> body);
  // body(begin, end) for all of [0, items), in pieces of at most `grain`
  void run(int worker, int64_t items, int64_t grain, bool descending,
           FunctionRef<void(int64_t begin, int64_t end)> body);

 private:
  struct alignas(64) Share {         // a worker's
    std::atomic<uint64_t> taken{0};  // pieces of its range, and in the upper half for which turn
    uint32_t turn = 0;               // that this worker is at
  };
  // The next piece of a range of `size`; -1: there is none left, or the turn is over.
  int64_t take(Share& share, uint32_t turn, int64_t size);
  void end_turn(uint32_t turn);

  int workers_;
  std::vector<Share> shares_;
  alignas(64) std::atomic<uint32_t> turn_{0};
  alignas(64) std::atomic<int64_t> done_{0};  // pieces of the turn
};

}  // namespace foldgate
