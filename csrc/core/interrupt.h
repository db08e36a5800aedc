// Long calls that a signal may end: Python's Ctrl-C, of which the core knows only a hook to ask.
#pragma once
#include <exception>

namespace foldgate {

// Thrown by parallel_for and check_interrupt on the caller's thread, after all workers have left.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

// The hook is asked every kInterruptPollSeconds of a long call, on the calling thread only; true ends the call. The
// bindings install one that looks for Python's pending signals; without a hook nothing is asked.
using InterruptHook = bool (*)();
constexpr double kInterruptPollSeconds = 0.05;
void set_interrupt_hook(InterruptHook hook);
void start_interrupt_clock();  // at the start of a call: the first question comes kInterruptPollSeconds later
bool interrupt_requested();    // for loops of their own: reads a clock, and asks when it is time
void check_interrupt();        // throws Interrupted
void ask_on_this_thread(bool asks);  // or not: threads of a pool never do

}  // namespace foldgate
