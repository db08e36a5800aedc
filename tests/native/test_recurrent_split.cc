// ops/recurrent/split.h: what is shared out, and that every item of a turn is run once, whoever sleeps or comes late.
#include "ops/recurrent/split.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "check.h"

namespace foldgate {
namespace {

RecurrentSplit split_of(Cell cell, int64_t batch, int64_t units, int passes, int64_t steps = 64) {
  RecurrentOptions options;
  options.cell = cell;
  const int64_t columns = kCellGates[static_cast<int>(cell)] * units;
  const RecurrentPlan plan = RecurrentPlan::make(options, {batch, steps, units}, {units, columns},
                                                 {units, columns}, nullptr, nullptr, 16);
  return RecurrentSplit::make(plan, passes, 2);
}

TEST(recurrent_split, rows_where_their_tiles_are_full_and_units_else) {
  CHECK(split_of(Cell::kLstm, 16, 256, 1).by_units);  // 8 rows are two tiles of 4, of at most 6
  CHECK_EQ(split_of(Cell::kLstm, 16, 256, 3).parts(), 2);
  CHECK_EQ(split_of(Cell::kLstm, 20, 256, 1).parts(), 2);
  CHECK_EQ(split_of(Cell::kGru, 16, 256, 1).parts(), 2);  // tiles of 8 rows
  CHECK(split_of(Cell::kGru, 8, 256, 1).by_units);
  CHECK_EQ(split_of(Cell::kLstm, 16, 64, 1).parts(), 2);  // too few units to share
}

TEST(recurrent_split, two_share_the_units_of_few_rows_where_they_are_near) {
  const RecurrentSplit small = split_of(Cell::kLstm, 1, 64, 1, 1000);
  CHECK(small.by_units);
  CHECK(small.nearness.handover_ns > 0);
  CHECK(split_of(Cell::kLstm, 1, 64, 3, 1000).nearness.handover_ns <
        small.nearness.handover_ns);                                  // two turns a step
  CHECK(!split_of(Cell::kLstm, 1, 32, 1, 1000).by_units);             // half a step is no longer than a turn
  CHECK(split_of(Cell::kLstm, 1, 512, 1).nearness.handover_ns == 0);  // pays with any cores
  CHECK_EQ(split_of(Cell::kLstm, 8, 64, 1).parts(), 2);
}

// Runs `turns` turns by so many workers, of which the last sleeps now and then; returns how many items were not run
// once, or before a turn that must see them was over.
int64_t miscounted(int workers, int64_t turns, Nearness nearness = {}) {
  constexpr int64_t kItems = 13;
  Claims claims(workers, nearness);
  std::vector<int64_t> runs(kItems);  // plain: the turns alone keep the threads apart
  std::atomic<int64_t> wrong{0};
  claims.together([&](int worker) {
    for (int64_t turn = 0; turn < turns; ++turn) {
      if (worker > 0 && worker == workers - 1 && turn % 50 == 20)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      claims.run(worker, kItems, 1 + turn % 4, turn & 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) wrong += runs[i]++ != turn;
      });
      claims.run(worker, 1, 1, false, [&](int64_t, int64_t) {
        for (const int64_t count : runs) wrong += count != turn + 1;
      });
    }
  });
  return wrong.load();
}

TEST(claims, every_item_runs_once_a_turn) {
  for (const int workers : {1, 2, 3, 8})
    for (int round = 0; round < 5; ++round) CHECK_EQ(miscounted(workers, 200), 0);
}

TEST(claims, every_item_runs_once_wherever_the_other_worker_is) {
  for (const double handover_ns : {1e-3, 60., 1e9})  // never near, perhaps, always
    for (const double patience_ns : {0., 1e4, 1e7})
      CHECK_EQ(miscounted(2, 50, {handover_ns, patience_ns}), 0);
}

TEST(claims, the_caller_is_alone_where_the_other_worker_is_far) {
  Claims claims(2, {1e-3, 1e7});
  std::vector<int64_t> runs(2);  // by worker
  for (int region = 0; region < 20; ++region)
    claims.together(
        [&](int worker) { claims.run(worker, 6, 2, false, [&](int64_t, int64_t) { ++runs[worker]; }); });
  CHECK_EQ(runs[0], 20);  // all items at once
  CHECK_EQ(runs[1], 0);
}

}  // namespace
}  // namespace foldgate
