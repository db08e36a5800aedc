// How far apart two cores are: on one chip, on two, or two threads of one core. Where both are changes within seconds, if
// the system moves threads, or a hypervisor its machines' cores.
#pragma once
#include <atomic>

namespace foldgate {

// A value that two threads pass to and fro, and the nanoseconds of its way.
class Rally {
 public:
  // The one's, until end().
  void answer();
  // The other's. Whether the one has come, within so many nanoseconds:
  bool joined(double patience_ns) const;
  // One way's, the mean of `passes` there and back; infinity where that takes all of them longer than `patience_ns`.
  double pass_ns(int passes, double patience_ns);
  void end() { over_.store(true, std::memory_order_release); }

 private:
  alignas(64) std::atomic<int> ball_{0};  // odd: the one's to answer
  alignas(64) std::atomic<bool> joined_{false}, over_{false};
};

// Nanoseconds in which a value passes from the caller's core to another worker's and a new one comes back, halved; the median
// of several bursts. 0 where no worker joined in time, or both had to share a core.
double measure_handover();

}  // namespace foldgate
