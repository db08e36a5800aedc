#include "core/handover.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "core/spin.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBursts = 15, kPasses = 200;
constexpr std::chrono::milliseconds kPatience{50};  // with each burst; one takes some 20 us

// The caller makes `ball` odd, the worker even again.
class Rally {
 public:
  void answer() {
    joined_.store(true);
    for (int seen = 0; !over_.load(std::memory_order_relaxed);)
      if (const int ball = ball_.load(std::memory_order_acquire); ball != seen && ball % 2 == 1)
        ball_.store(seen = ball + 1, std::memory_order_release);
  }

  double median() {
    double bursts[kBursts] = {};
    const bool played = wait_for([&] { return joined_.load(); }) &&
                        std::all_of(bursts, bursts + kBursts, [&](double& ns) { return (ns = burst()) > 0; });
    over_.store(true);
    std::nth_element(bursts, bursts + kBursts / 2, bursts + kBursts);
    return played ? bursts[kBursts / 2] : 0;
  }

 private:
  template <class Condition>
  static bool wait_for(Condition condition) {
    for (const auto until = Clock::now() + kPatience; !condition(); spin_pause())
      if (Clock::now() > until) return false;
    return true;
  }

  // Nanoseconds of a pass.
  double burst() {
    const auto start = Clock::now();
    for (int i = 0; i < kPasses; ++i) {
      const int ball = ball_.load(std::memory_order_relaxed) + 1;
      ball_.store(ball, std::memory_order_release);
      for (int waits = 0; ball_.load(std::memory_order_acquire) == ball; ++waits)
        if (waits % 1000 == 999 && Clock::now() > start + kPatience) return 0;
    }
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / (2 * kPasses);
  }

  alignas(64) std::atomic<int> ball_{0};
  alignas(64) std::atomic<bool> joined_{false}, over_{false};
};

}  // namespace

double measure_handover() {
  Rally rally;
  double ns = 0;
  parallel_region(2, [&](int worker) { worker == 0 ? void(ns = rally.median()) : rally.answer(); });
  return ns;
}

}  // namespace foldgate
