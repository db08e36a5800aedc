// Calls that were made before, found again by the shapes and the dtypes of their operands and the values of their
// options (of words by identity): on small arrays the checks of the arguments, the plan and pybind11's casts cost more
// than the kernel.
//
// What makes a call known is what nobody can change meanwhile. An operand is None or what the kernels read as it is: an
// exact numpy.ndarray of float32 or float64, C-contiguous, aligned, of the machine's byte order, of the dtype of the
// others, or one of indices. An option is None, a bool, an int, a float, a str or a tuple of these, and the entry holds
// it, so that no other object takes its address. Any other call goes the long way, through every check.
#pragma once
#include "bindings/arrays.h"

namespace foldgate {

// A planned call of an op, ready for operands of the planned shapes, which it checks all the same.
class NativeCall {
 public:
  explicit NativeCall(int operands) : operands_(operands) {}
  virtual ~NativeCall() = default;
  int operands() const { return operands_; }
  // operands: borrowed; of any kind. TypeError unless they are arrays, or None where that has a meaning.
  virtual py::object run(const py::handle* operands) = 0;

 private:
  int operands_;
};

inline py::object object_of(py::handle operand) { return py::reinterpret_borrow<py::object>(operand); }

}  // namespace foldgate
