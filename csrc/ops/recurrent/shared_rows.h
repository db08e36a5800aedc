// Rows shared out among threads, and handed over between two steps. Each thread takes a share of the rows and runs it
// through all steps. Who has none left asks for more; who is at work sees that before its next step, keeps half of its
// rows and leaves the other half, from this step on, to the one who asked. So a slower core ends up with fewer rows,
// while on cores alike nothing changes hands before the last steps: the fewer the shares, the more rows a reading of the
// weights serves. A row's result depends on no other row, and so not on who ran it with which others.
//
// Nobody waits for a thread that is not at work: shares are claimed from a counter, so one that never comes has none, and
// nothing is taken from one that sleeps in the midst of a step, since its states are half written.
#pragma once
#include <atomic>
#include <vector>

#include "core/function_ref.h"
#include "ops/recurrent/plan.h"

namespace foldgate {

// Rows [begin, end) of a pass from `step` on.
struct RowShare {
  int64_t pass = 0, begin = 0, end = 0, step = 0;
};

constexpr int64_t kLeastSharedRows =
    4;  // handed over: they take 1.05 to 1.17 times the time a row that 16 do

class SharedRows {
 public:
  // shares: as they are at first. Passes have the plan's lengths.
  SharedRows(const RecurrentPlan& plan, std::vector<RowShare> shares)
      : plan_(plan), shares_(std::move(shares)), left_(static_cast<int64_t>(shares_.size())) {}

  // body(share, worker) runs share.step for its rows, all of which have this step, whatever worker had them before;
  // false: an interrupt ends the share.
  using Body = FunctionRef<bool(const RowShare& share, int worker)>;
  void run(int workers, Body body);

 private:
  // Where one that asks waits: on its own stack, until it has rows or has taken back its question.
  struct Asking {
    RowShare share;
    std::atomic<bool> given{false};
  };
  void run_share(RowShare share, int worker, Body body);
  int64_t hand_over(const RowShare& share);
  bool ask(RowShare& share, int worker);

  const RecurrentPlan& plan_;
  const std::vector<RowShare> shares_;
  std::atomic<int64_t> next_{0};  // of shares_
  alignas(64) std::atomic<Asking*> asking_{nullptr};
  alignas(64) std::atomic<int64_t> left_;  // shares that are not at their end
};

}  // namespace foldgate
