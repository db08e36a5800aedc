// What the bindings of the recurrent ops share.
#pragma once
#include "bindings/arrays.h"
#include "bindings/enums.h"
#include "ops/recurrent/recurrent.h"

namespace foldgate {

inline bool is_lstm(const RecurrentPlan& plan) { return plan.options.cell == Cell::kLstm; }

inline Shape bias_shape(Cell cell, int64_t columns) {
  return cell == Cell::kGru ? Shape{2, columns} : Shape{columns};
}
inline Shape bias_shape(const RecurrentPlan& plan) {
  return bias_shape(plan.options.cell, plan.gates() * plan.units);
}

// Which steps of x count.
struct CountedSteps {
  const bool* mask = nullptr;        // (N, T)
  const int64_t* lengths = nullptr;  // (N,)
};
inline CountedSteps counted_steps(const RecurrentOptions& options, const Shape& x, const py::object& mask,
                                  const py::object& lengths) {
  const char* op = options.op;
  require_sequences(options, x);
  require(mask.is_none() || lengths.is_none(), op,
          ": both mask and lengths are given; expected at most one of them");
  const int64_t batch = x[options.time_major], steps = x[!options.time_major];
  return {read_optional<bool>(op, "mask", mask, {batch, steps}),
          read_optional<int64_t>(op, "lengths", lengths, {batch})};
}

// A new array in `result`, and its data.
template <class T>
T* output(const char* op, py::object& result, const Shape& shape) {
  py::array array = new_array<T>(op, shape);
  result = array;
  return data_of<T>(array);
}

// What lies beside these arrays, in the next columns of the same rows; x is one for both.
template <class T>
RecurrentForward<T> beside(RecurrentForward<T> a, int64_t columns) {
  if (a.initial_h) a.initial_h += columns;
  if (a.initial_c) a.initial_c += columns;
  if (a.y) a.y += columns;
  a.h += columns;
  if (a.c) a.c += columns;
  return a;
}

}  // namespace foldgate
