// The tasks of a parallel loop, cut into a stretch for each worker. Work that is claimed from one counter falls to another
// core at every call; cut like this, ops of as many tasks, and calls of the same op, meet what they wrote before in the
// caches of their own cores. Cores of a virtual machine may sit on chips of their own: pooling 8x112x112x64 took .69 of the
// time of one counter there, and .9 where both share a cache.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>

namespace foldgate {

// Beyond kMost workers several begin with the same stretch.
class Stretches {
 public:
  Stretches(int64_t tasks, int workers) : count_(std::min(workers, kMost)) {
    for (int i = 0; i < count_; ++i) {
      of_[i].next.store(tasks * i / count_, std::memory_order_relaxed);
      of_[i].end = tasks * (i + 1) / count_;
    }
  }

  // body(task) for what the worker claims, of its own stretch and then of the others', while go_on() says so.
  template <class GoOn, class Body>
  void claim(int worker, GoOn go_on, Body body) {
    for (int i = 0; i < count_; ++i) {
      Stretch& stretch = of_[(worker + i) % count_];
      for (int64_t task; go_on() && (task = stretch.next.fetch_add(1)) < stretch.end;) body(task);
    }
  }

 private:
  static constexpr int kMost = 16;
  struct alignas(64) Stretch {
    std::atomic<int64_t> next;
    int64_t end;
  };
  Stretch of_[kMost];
  const int count_;
};

}  // namespace foldgate
