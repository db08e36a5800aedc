#include "core/handover.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "core/spin.h"
#include "core/thread_pool.h"

namespace foldgate {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kBursts = 15, kPasses = 200;
constexpr double kBurstPatience = 5e7;  // one takes some 20 us

double since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

double median_burst(Rally& rally) {
  double bursts[kBursts];
  for (double& ns : bursts)
    if ((ns = rally.pass_ns(kPasses, kBurstPatience)) == kInfinity) return 0;
  std::nth_element(bursts, bursts + kBursts / 2, bursts + kBursts);
  return bursts[kBursts / 2];
}

}  // namespace

void Rally::answer() {
  joined_.store(true);
  for (int seen = 0; !over_.load(std::memory_order_acquire);)
    if (const int ball = ball_.load(std::memory_order_acquire); ball != seen && ball % 2 == 1)
      ball_.store(seen = ball + 1, std::memory_order_release);
}

bool Rally::joined(double patience_ns) const {
  for (const auto start = Clock::now(); !joined_.load(std::memory_order_acquire); spin_pause())
    if (since(start) > patience_ns) return false;
  return true;
}

double Rally::pass_ns(int passes, double patience_ns) {
  constexpr int kLooks = 64;  // between two of the clock
  const auto start = Clock::now();
  for (int i = 0; i < passes; ++i) {
    const int ball = ball_.load(std::memory_order_relaxed) + 1;
    ball_.store(ball, std::memory_order_release);
    for (int looks = 1; ball_.load(std::memory_order_acquire) == ball; ++looks)
      if (looks % kLooks == 0 && since(start) > patience_ns) return kInfinity;
  }
  return since(start) / (2 * passes);
}

double measure_handover() {
  Rally rally;
  double ns = 0;
  parallel_region(2, [&](int worker) {
    if (worker > 0) return rally.answer();
    if (rally.joined(kBurstPatience)) ns = median_burst(rally);
    rally.end();
  });
  return ns;
}

}  // namespace foldgate
