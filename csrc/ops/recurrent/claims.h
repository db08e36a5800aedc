// Threads that share out the items of every step of a pass, as panels of units.
#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

#include "core/function_ref.h"

namespace foldgate {

// When workers share out units, at every step of which each waits for what the other wrote. The time of a step gained by
// it depends on where the cores are: what takes 35 ns from core to core of one chip takes 170 and more between two.
struct Nearness {
  double handover_ns = 0;  // the most that sharing pays with; 0: nobody asks
  double patience_ns = 0;  // with a worker that is not there yet
};

// Items shared out within a step, turn by turn: all workers of a region make the same calls of `run`, of which each is a
// turn, and none goes on before its turn is over. Each begins with a range of its own, whose weights stay in its cache.
// Who is done says so in a line that is its own, and waits a little before it looks for what others have not begun:
// so a turn costs two workers a line each way, one that the system put to sleep holds up no more
// than the item it is at, and one that comes late passes over the turns that are over.
class Claims {
 public:
  explicit Claims(int workers, Nearness nearness = {})
      : workers_(workers), nearness_(nearness), shares_(workers) {}

  int workers() const { return workers_; }
  // The region: body(worker), in which alone several workers run: all, or the caller where the other one is not near.
  void together(FunctionRef<void(int worker)> body);
  // body(begin, end) for all of [0, items), in pieces of at most `grain`
  void run(int worker, int64_t items, int64_t grain, bool descending,
           FunctionRef<void(int64_t begin, int64_t end)> body);

 private:
  struct Turn {
    uint64_t number = 0;
    int64_t done = 0;  // pieces of all turns up to the end of this one
  };
  struct Share {                                 // a worker's
    alignas(64) std::atomic<uint64_t> taken{0};  // pieces of its range; from kTurnBit on, in which turn
    alignas(64) std::atomic<int64_t> done{0};    // pieces of whatever range, of all turns, that it has run
    alignas(64) Turn turn;                       // that it is at
  };
  // The next piece of a range of `size`; -1: there is none left, or the turn is over.
  static int64_t take(Share& share, uint64_t turn, int64_t size);
  int64_t done() const;

  const int workers_;
  const Nearness nearness_;
  bool alone_ = false;  // the caller, in this region
  std::vector<Share> shares_;
};

}  // namespace foldgate
