// Where a woken thread goes. Linux likes to wake a thread on the core of the one that wakes it, caches warm, although
// others idle; a worker and its caller then share a core until the load balancer looks, milliseconds later, and a
// parallel call of that length gains nothing.
#pragma once
#include <pthread.h>
#include <sched.h>

namespace foldgate {

// Keeps a sleeping thread off the core of the one that is about to wake it, until release().
class AwayFromWaker {
 public:
  // Changes nothing when that core is the only one that the thread may use, or when the system says no. Again before
  // the thread woke up: the core to avoid is the new one.
  void confine(pthread_t sleeper);
  // The cores it had before; by the thread itself, once awake.
  void release();

 private:
  cpu_set_t allowed_;
  bool confined_ = false;
};

}  // namespace foldgate
