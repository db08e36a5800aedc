#include "core/interrupt.h"

#include <time.h>

#include <atomic>
#include <cstdint>

namespace foldgate {
namespace {

std::atomic<InterruptHook> interrupt_hook{nullptr};
thread_local bool asks = true;
thread_local int64_t next_question = 0;  // when the hook is asked again, by coarse_now_ns()

// To a few milliseconds, at a fifth of the cost: what is asked after every task.
int64_t coarse_now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

void set_interrupt_hook(InterruptHook hook) { interrupt_hook.store(hook); }

void start_interrupt_clock() {
  next_question = coarse_now_ns() + static_cast<int64_t>(kInterruptPollSeconds * 1e9);
}

bool interrupt_requested() {
  const InterruptHook hook = interrupt_hook.load(std::memory_order_relaxed);
  if (!hook || !asks || coarse_now_ns() < next_question) return false;
  const bool stop = hook();
  start_interrupt_clock();
  return stop;
}

void check_interrupt() {
  if (interrupt_requested()) throw Interrupted();
}

void ask_on_this_thread(bool asked) { asks = asked; }

}  // namespace foldgate
