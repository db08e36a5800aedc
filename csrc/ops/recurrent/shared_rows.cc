#include "ops/recurrent/shared_rows.h"

#include <algorithm>

#include "core/spin.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

constexpr double kLeastWork = 1e6;  // multiply-adds handed over: ~8 us, against ~1 us until they are begun
// Pauses, ~.5 ms, in which one at work has come to its next step: a worker that waits longer waits for a sleeper, and
// would in its turn be one, asleep inside the region, that the caller waits for at the end.
constexpr int kPatience = 10000;

}  // namespace

void SharedRows::run(int workers, Body body) {
  const auto count = static_cast<int64_t>(shares_.size());
  parallel_region(workers, [&](int worker) {
    for (int64_t i; (i = next_.fetch_add(1)) < count;) run_share(shares_[i], worker, body);
    for (RowShare share; ask(share, worker);) run_share(share, worker, body);
  });
}

void SharedRows::run_share(RowShare share, int worker, Body body) {
  for (; share.step < plan_.longest(); ++share.step) {
    share.end = std::min(share.end, plan_.count(share.step));
    if (share.begin >= share.end) break;
    if (asking_.load(std::memory_order_relaxed)) share.end = hand_over(share);
    if (!body(share, worker)) break;
  }
  left_.fetch_sub(1, std::memory_order_release);
}

// The end of the rows that are kept.
int64_t SharedRows::hand_over(const RowShare& share) {
  const int64_t given = (share.end - share.begin) / 2, kept_end = share.end - given;
  const double row_step = plan_.work() / static_cast<double>(plan_.rows());
  if (given < kLeastSharedRows ||
      row_step * static_cast<double>(given * (plan_.longest() - share.step)) < kLeastWork)
    return share.end;
  Asking* asking = asking_.exchange(nullptr, std::memory_order_acquire);
  if (!asking) return share.end;
  left_.fetch_add(1, std::memory_order_relaxed);
  asking->share = {share.pass, kept_end, share.end, share.step};
  asking->given.store(true, std::memory_order_release);
  return kept_end;
}

// Waits for rows; false: there are no more, or nobody answers.
bool SharedRows::ask(RowShare& share, int worker) {
  Asking self;
  bool asked = false;  // one asks at a time
  for (int waits = 0; !self.given.load(std::memory_order_acquire); ++waits) {
    Asking* nobody = nullptr;
    if (!asked) asked = asking_.compare_exchange_strong(nobody, &self, std::memory_order_release);
    if (left_.load(std::memory_order_acquire) == 0 || (worker > 0 && waits > kPatience)) {
      Asking* mine = &self;
      if (!asked || asking_.compare_exchange_strong(mine, nullptr)) return false;
      asked = true;  // and about to be answered
    }
    spin_pause();
  }
  share = self.share;
  return true;
}

}  // namespace foldgate
