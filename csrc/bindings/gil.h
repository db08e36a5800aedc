// Kernels without the GIL, and the GIL for a moment to look for Python's signals meanwhile.
#pragma once
#include "core/function_ref.h"

namespace foldgate {

// Runs the kernels of one call without the GIL. Ctrl-C, or what a handler of another signal raised, surfaces as the
// Python error.
void without_gil(FunctionRef<void()> body);

// Multiply-adds of a call that keeps the GIL: it takes a few microseconds, and another thread waits as long for the GIL
// to be handed over.
constexpr double kWorkWithGil = 5e4;

// The same for a call of `work` multiply-adds, which gives the GIL away where that is worth it.
template <class Body>
void without_gil(double work, Body body) {
  if (work < kWorkWithGil) return body();
  without_gil(body);
}

// Lets long calls look for signals. Once, by the module.
void answer_interrupts();

}  // namespace foldgate
