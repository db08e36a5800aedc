#include "core/affinity.h"

namespace foldgate {

void AwayFromWaker::confine(pthread_t sleeper) {
  const int here = sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE) return;
  if (!confined_ && pthread_getaffinity_np(sleeper, sizeof allowed_, &allowed_) != 0) return;
  cpu_set_t others = allowed_;
  CPU_CLR(here, &others);
  if (CPU_COUNT(&others) > 0 && pthread_setaffinity_np(sleeper, sizeof others, &others) == 0)
    confined_ = true;
}

void AwayFromWaker::release() {
  if (confined_) pthread_setaffinity_np(pthread_self(), sizeof allowed_, &allowed_);
  confined_ = false;
}

}  // namespace foldgate
