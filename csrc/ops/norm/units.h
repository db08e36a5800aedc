// The order of work where a second step over the values needs sums over the first: a unit is what one statistic (or the
// statistics of one sample) is over, a part what a kernel takes at once.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/check.h"
#include "core/thread_pool.h"

namespace foldgate {

// A unit of at most so many values may be done whole by one task: its second step reads from L2 (512 KB of float32).
constexpr int64_t kUnitValues = 1 << 17;
// Larger ones read from L3, up to so many values (4 MB of float32), where there are enough to share out evenly.
constexpr int64_t kLargeUnitValues = 1 << 20, kManyUnits = 16;
constexpr bool is_whole(int64_t units, int64_t values) {
  return values <= kUnitValues || (values <= kLargeUnitValues && units >= kManyUnits);
}
constexpr int64_t kNormTaskValues = 1 << 15;

// Units of `parts` parts and `values` values each. Either tasks do whole units; or both steps go through the parts of
// all units in the order of memory, which a pass numbers as it likes.
//
// A Pass has prepare(slot, unit) and between(slot, unit), where a slot is its own while a unit is under way;
// first(slot, unit) and second(slot, unit) of a whole unit; first_range(begin, end) and second_range(begin, end) of the
// parts of all units, where the slot is the unit.
class Units {
 public:
  Units(int64_t count, int64_t parts, int64_t values, bool whole, double work_per_value)
      : count_(count), parts_(parts), whole_(whole) {
    const double part = static_cast<double>(values) / static_cast<double>(parts);
    const double size = whole ? static_cast<double>(values) : part;
    const int64_t pieces = whole ? count : count * parts;
    group_ = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(kNormTaskValues) / size));
    tasks_ = ceil_div(pieces, group_);
    workers_ = workers_for(tasks_, work_per_value * size * static_cast<double>(pieces));
  }

  int64_t slots() const { return whole_ ? std::min<int64_t>(workers_, tasks_) : count_; }

  template <class Pass>
  void run(Pass& pass) const {
    if (whole_) return run_whole(pass);
    for_units([&](int64_t unit) { pass.prepare(unit, unit); });
    for_ranges([&](int64_t begin, int64_t end) { pass.first_range(begin, end); });
    for_units([&](int64_t unit) { pass.between(unit, unit); });
    for_ranges([&](int64_t begin, int64_t end) { pass.second_range(begin, end); });
  }

 private:
  template <class Pass>
  void run_whole(Pass& pass) const {
    parallel_for(tasks_, workers_, [&](int64_t task, int slot) {
      const int64_t end = std::min(count_, (task + 1) * group_);
      for (int64_t unit = task * group_; unit < end; ++unit) {
        pass.prepare(slot, unit);
        pass.first(slot, unit);
        pass.between(slot, unit);
        pass.second(slot, unit);
      }
    });
  }
  template <class Body>
  void for_units(Body body) const {
    const int64_t each = std::max<int64_t>(1, count_ / kUnitTasks), tasks = ceil_div(count_, each);
    parallel_for(tasks, static_cast<int>(std::min<int64_t>(workers_, tasks)), [&](int64_t task, int) {
      const int64_t end = std::min(count_, (task + 1) * each);
      for (int64_t unit = task * each; unit < end; ++unit) body(unit);
    });
  }
  template <class Body>
  void for_ranges(Body body) const {
    parallel_for(tasks_, workers_, [&](int64_t task, int) {
      body(task * group_, std::min(count_ * parts_, (task + 1) * group_));
    });
  }

  static constexpr int64_t kUnitTasks = 16;
  int64_t count_, parts_, group_, tasks_;
  bool whole_;
  int workers_;
};

}  // namespace foldgate
