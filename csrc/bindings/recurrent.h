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

// A new array in `result`, and its data.
template <class T>
T* output(const char* op, py::object& result, const Shape& shape) {
  py::array array = new_array<T>(op, shape);
  result = array;
  return data_of<T>(array);
}

}  // namespace foldgate
