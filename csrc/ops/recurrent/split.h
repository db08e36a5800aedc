// How a recurrent call is shared among threads: not at all, by batch rows (each part runs all steps by itself), or, for
// few rows a thread and many units, by panels of units within each step. Sums do not depend on it: a row's result
// depends on no other row, and a panel's on no other panel.
#pragma once
#include <atomic>
#include <vector>

#include "ops/recurrent/claims.h"
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
  Nearness nearness;            // of two that share units
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

}  // namespace foldgate
