#include "bindings/gil.h"

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <exception>

#include "core/interrupt.h"

namespace foldgate {
namespace py = pybind11;
namespace {

// The thread's own state while its kernels run without the GIL; null while it holds the GIL.
thread_local PyThreadState* released = nullptr;

void release_gil() { released = PyEval_SaveThread(); }

// To a thread that comes for the GIL while the interpreter ends, or when it has ended, CPython before 3.14 answers with
// pthread_exit, whose unwinding would run destructors that need the GIL and abort in the first that is noexcept: such a
// thread sleeps instead until the process is gone, as newer versions let it. Asked for by the state of the thread, of
// which CPython then compares no more than the address: PyGILState_Ensure would look for the interpreter.
void take_gil() {
  PyThreadState* const thread = released;
  released = nullptr;
  try {
    PyEval_RestoreThread(thread);
  } catch (...) {
    for (;;) pause();
  }
}

// Runs on the thread that called into the kernels: Python's own signal handlers run here, KeyboardInterrupt included,
// and may call kernels themselves.
bool python_interrupt() {
  if (!released) return false;  // a call of microseconds
  take_gil();
  const bool stop = PyErr_CheckSignals() != 0;
  release_gil();
  return stop;
}

}  // namespace

void without_gil(FunctionRef<void()> body) {
  start_interrupt_clock();
  std::exception_ptr error;
  release_gil();
  try {
    body();
  } catch (...) {
    error = std::current_exception();
  }
  take_gil();
  if (!error) return;
  try {
    std::rethrow_exception(error);
  } catch (const Interrupted&) {
    throw py::error_already_set();
  }
}

void answer_interrupts() { set_interrupt_hook(python_interrupt); }

}  // namespace foldgate
