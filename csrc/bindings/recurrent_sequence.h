// A sequence's operands from Python, for one direction and for both.
#pragma once
#include <string>

#include "bindings/recurrent.h"
#include "kernels/table.h"

namespace foldgate {

// The operands that forward and backward share, checked against each other.
struct Sequence {
  std::string op;
  int cell;
  py::array x, kernel, recurrent_kernel;
  py::object bias, initial_h, initial_c, mask, lengths;
  bool reverse, zero_output_for_mask, time_major;
};

// x: its shape.
template <class T>
RecurrentPlan plan_of(const Sequence& s, const Shape& x, bool side_by_side = false) {
  const char* op = s.op.c_str();
  const RecurrentOptions options{op,           enum_from(op, "cell", s.cell, Cell::kRelu),
                                 s.reverse,    s.zero_output_for_mask,
                                 side_by_side, s.time_major};
  const CountedSteps counted = counted_steps(options, x, s.mask, s.lengths);
  return RecurrentPlan::make(options, x, shape_of(s.kernel), shape_of(s.recurrent_kernel), counted.mask,
                             counted.lengths, kernels<T>().recurrent.lanes);
}
template <class T>
RecurrentPlan plan_of(const Sequence& s, bool side_by_side = false) {
  return plan_of<T>(s, shape_of(s.x), side_by_side);
}

template <class T>
RecurrentWeights<T> weights_of(const Sequence& s, const RecurrentPlan& plan) {
  const char* op = s.op.c_str();
  return {read<T>(op, "kernel", s.kernel, shape_of(s.kernel)),
          read<T>(op, "recurrent_kernel", s.recurrent_kernel, shape_of(s.recurrent_kernel)),
          read_optional<T>(op, "bias", s.bias, bias_shape(plan))};
}

inline void check_no_c(const Sequence& s, const RecurrentPlan& plan) {
  require(is_lstm(plan) || s.initial_c.is_none(), s.op,
          ": initial_c is given; expected None for a cell without c");
}

}  // namespace foldgate
