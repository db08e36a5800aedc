#include "ops/recurrent/claims.h"

#include <algorithm>

#include "core/check.h"
#include "core/handover.h"
#include "core/spin.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

constexpr uint64_t kTurnBit = 1 << 20;  // beyond the pieces of a turn
constexpr int kPatience = 16;           // looks at the others' lines before who waits takes what is theirs

// Whether the other worker is there, and near.
bool meet(Rally& rally, const Nearness& nearness) {
  constexpr int kPasses = 4;
  const double most = 8 * kPasses * nearness.handover_ns;
  return rally.joined(nearness.patience_ns) && rally.pass_ns(1, most) < most &&
         rally.pass_ns(kPasses, most) <= nearness.handover_ns;
}

}  // namespace

void Claims::together(FunctionRef<void(int)> body) {
  const Turn last = std::max_element(shares_.begin(), shares_.end(), [](const Share& a, const Share& b) {
                      return a.turn.number < b.turn.number;
                    })->turn;
  for (Share& share : shares_) share.turn = last;  // a late worker may have left out the last ones
  if (nearness_.handover_ns == 0) return parallel_region(workers_, body);
  Rally rally;
  parallel_region(workers_, [&](int worker) {
    if (worker > 0) {
      rally.answer();
    } else {
      alone_ = !meet(rally, nearness_);
      rally.end();
    }
    if (worker == 0 || !alone_) body(worker);
  });
}

void Claims::run(int worker, int64_t items, int64_t grain, bool descending,
                 FunctionRef<void(int64_t, int64_t)> body) {
  if (items == 0) return;
  if (workers_ == 1 || alone_) return body(0, items);
  Share& own = shares_[worker];
  const int64_t pieces = ceil_div(items, grain);
  const uint64_t turn = ++own.turn.number;
  const int64_t all = own.turn.done += pieces;
  const auto run_range = [&](int range) {
    const int64_t begin = pieces * range / workers_, end = pieces * (range + 1) / workers_;
    int64_t mine = 0;
    for (int64_t taken; (taken = take(shares_[range], turn, end - begin)) >= 0; ++mine) {
      const int64_t piece = descending ? end - 1 - taken : begin + taken;
      body(piece * grain, std::min(items, (piece + 1) * grain));
    }
    if (mine > 0) own.done.store(own.done.load(std::memory_order_relaxed) + mine, std::memory_order_release);
  };
  run_range(worker);
  for (int waits = 0; done() < all; ++waits) {
    if (waits == kPatience)
      for (int i = 1; i < workers_; ++i) run_range((worker + i) % workers_);
    spin_or_yield(waits);
  }
}

int64_t Claims::take(Share& share, uint64_t turn, int64_t size) {
  uint64_t word = share.taken.load(std::memory_order_acquire);
  while (word / kTurnBit <= turn) {
    const uint64_t taken = word / kTurnBit == turn ? word % kTurnBit : 0;
    if (static_cast<int64_t>(taken) >= size) break;
    if (share.taken.compare_exchange_weak(word, turn * kTurnBit + taken + 1))
      return static_cast<int64_t>(taken);
  }
  return -1;
}

// Of one turn no piece is begun before all of the turn before are done: what the workers have done in all says
// which turns are over.
int64_t Claims::done() const {
  int64_t sum = 0;
  for (const Share& share : shares_) sum += share.done.load(std::memory_order_acquire);
  return sum;
}

}  // namespace foldgate
