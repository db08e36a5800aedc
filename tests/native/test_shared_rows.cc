// ops/recurrent/shared_rows.h: every row runs its steps once and in order, whoever sleeps, comes late or hands rows over.
#include "ops/recurrent/shared_rows.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "check.h"
#include "core/thread_pool.h"
#include "recurrent_problem.h"

namespace foldgate {
namespace {

using test::Guarded;
using test::RecurrentCase;
using test::RecurrentProblem;

constexpr int64_t kRows = 40, kSteps = 64;

// A plan of kRows rows of 1 to kSteps steps, or all of kSteps, which are work enough to be handed over.
RecurrentPlan plan_of(bool ragged) {
  std::vector<int64_t> lengths(kRows, kSteps);
  for (int64_t n = 0; ragged && n < kRows; ++n) lengths[n] = 1 + n * 7 % kSteps;
  return RecurrentPlan::make({}, {kRows, kSteps, 256}, {256, 1024}, {256, 1024}, nullptr, lengths.data(), 16);
}

void nap() { std::this_thread::sleep_for(std::chrono::microseconds(100)); }
bool soon(const std::atomic<bool>& flag) {  // within 10 s
  for (int naps = 0; naps < 100000 && !flag.load(); ++naps) nap();
  return flag.load();
}

TEST(shared_rows, every_row_runs_its_steps_in_order) {
  for (const bool ragged : {false, true})
    for (const int workers : {1, 2, 3, 8}) {
      const RecurrentPlan plan = plan_of(ragged);
      std::vector<int64_t> done(
          2 * kRows);  // plain: who hands rows over and who takes them are kept apart by that alone
      std::atomic<int64_t> wrong{0};
      SharedRows rows(plan, {{0, 0, 8}, {0, 8, kRows}, {1, 0, kRows}});
      rows.run(workers, [&](const RowShare& share, int worker) {
        if (worker == 1) nap();
        for (int64_t r = share.begin; r < share.end; ++r) {
          wrong += share.step >= plan.length[r];
          wrong += done[share.pass * kRows + r]++ != share.step;
        }
        return true;
      });
      CHECK_EQ(wrong.load(), 0);
      for (int64_t i = 0; i < 2 * kRows; ++i) CHECK_EQ(done[i], plan.length[i % kRows]);
    }
}

// The worker is held up until the caller has run its share, and slow then: the caller takes rows of it.
TEST(shared_rows, who_has_none_left_is_given_some) {
  const RecurrentPlan plan = plan_of(false);
  std::atomic<bool> joined{false}, caller_done{false}, handed_over{false};
  SharedRows rows(plan, {{0, 0, 20}, {0, 20, kRows}});
  rows.run(2, [&](const RowShare& share, int worker) {
    if (worker == 1) {
      joined = true;
      CHECK(soon(caller_done));
      nap();
    } else if (caller_done) {
      handed_over = true;
    } else {
      CHECK(soon(joined));
      if (share.step == kSteps - 1) caller_done = true;
    }
    return true;
  });
  CHECK(handed_over.load());
}

TEST(shared_rows, an_interrupt_ends_all) {
  const RecurrentPlan plan = plan_of(false);
  std::atomic<bool> stop{false};
  std::atomic<int64_t> steps{0};
  SharedRows rows(plan, {{0, 0, 20}, {0, 20, kRows}});
  rows.run(3, [&](const RowShare& share, int) {
    ++steps;
    if (share.step == 3) stop = true;
    nap();
    return !stop.load();
  });
  CHECK_LE(steps.load(), 20);
}

// More threads than cores: some are always late.
TEST(shared_rows, whoever_runs_them_the_bits_are_the_same) {
  const int before = get_num_threads();
  for (const Cell cell : test::kCells) {
    const RecurrentCase c{cell, 40, 24, 33, 65, false, true};
    RecurrentProblem<float> one(c), more(c);
    set_num_threads(1);
    one.forward();
    one.backward();
    for (const int threads : {2, 3, 5, 5, 5}) {
      set_num_threads(threads);
      more.forward();
      more.backward();
      using Problem = RecurrentProblem<float>;
      for (const auto member : {&Problem::y, &Problem::h, &Problem::cache, &Problem::dx, &Problem::dkernel,
                                &Problem::drecurrent, &Problem::dbias, &Problem::dh0})
        for (int64_t i = 0; i < (one.*member).size(); ++i) CHECK_EQ((one.*member)[i], (more.*member)[i]);
    }
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace foldgate
