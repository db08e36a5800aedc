#include "bindings/calls.h"
#include "bindings/recurrent_sequence.h"
#include "bindings/register.h"
#include "ops/recurrent/step.h"

namespace foldgate {
namespace {

template <class T>
py::tuple forward(const Sequence& s, bool return_sequences, bool return_cache) {
  const char* op = s.op.c_str();
  const RecurrentPlan plan = plan_of<T>(s);
  check_no_c(s, plan);
  require(return_sequences || !return_cache, op,
          ": return_sequences is False with return_cache True; expected True");
  const Shape state{plan.batch, plan.units};
  RecurrentForward<T> a;
  a.x = read<T>(op, "x", s.x, shape_of(s.x));
  a.weights = weights_of<T>(s, plan);
  a.initial_h = read_optional<T>(op, "initial_h", s.initial_h, state);
  a.initial_c = read_optional<T>(op, "initial_c", s.initial_c, state);
  py::array h = new_array<T>(op, state);
  a.h = data_of<T>(h);
  py::object y = py::none(), c = py::none(), cache = py::none();
  if (return_sequences) a.y = output<T>(op, y, plan.sequences(plan.units));
  if (is_lstm(plan)) a.c = output<T>(op, c, state);
  if (return_cache) a.cache = output<T>(op, cache, {plan.cache_size()});
  without_gil(plan.work(), [&] { recurrent_forward(plan, a); });
  return py::make_tuple(y, h, c, cache);
}

template <class T>
py::tuple backward(const py::object& dy, const Sequence& s, const py::array& y, const py::array& cache,
                   const py::object& dh, const py::object& dc, bool need_dx) {
  const char* op = s.op.c_str();
  const RecurrentPlan plan = plan_of<T>(s);
  check_no_c(s, plan);
  const Shape state{plan.batch, plan.units}, sequence = plan.sequences(plan.units);
  require(!dy.is_none() || !dh.is_none() || !dc.is_none(), op, ": ",
          is_lstm(plan) ? "dy, dh and dc are None" : "dy and dh are None", "; expected at least one of them");
  require(is_lstm(plan) || dc.is_none(), op, ": dc is given; expected None for a cell without c");
  RecurrentBackward<T> a;
  a.x = read<T>(op, "x", s.x, shape_of(s.x));
  a.weights = weights_of<T>(s, plan);
  a.dy = read_optional<T>(op, "dy", dy, sequence);
  a.dh = read_optional<T>(op, "dh", dh, state);
  a.dc = read_optional<T>(op, "dc", dc, state);
  a.y = read<T>(op, "y", y, sequence);
  a.cache = read<T>(op, "cache", cache, {plan.cache_size()});
  check_cache(plan, a.cache);
  a.initial_h = read_optional<T>(op, "initial_h", s.initial_h, state);
  a.initial_c = read_optional<T>(op, "initial_c", s.initial_c, state);

  py::object dx = py::none(), dbias = py::none(), dinitial_c = py::none();
  py::object dkernel, drecurrent_kernel, dinitial_h;
  if (need_dx) a.dx = output<T>(op, dx, shape_of(s.x));
  a.dkernel = output<T>(op, dkernel, shape_of(s.kernel));
  a.drecurrent_kernel = output<T>(op, drecurrent_kernel, shape_of(s.recurrent_kernel));
  if (!s.bias.is_none()) a.dbias = output<T>(op, dbias, bias_shape(plan));
  a.dinitial_h = output<T>(op, dinitial_h, state);
  if (is_lstm(plan)) a.dinitial_c = output<T>(op, dinitial_c, state);
  without_gil(4 * plan.work(), [&] { recurrent_backward(plan, a); });
  return py::make_tuple(dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c);
}

// A single step's operands, as a sequence of one.
struct Step {
  std::string op;
  int cell;
  py::array x, h;
  py::object c;
  py::array kernel, recurrent_kernel;
  py::object bias;
};

template <class T>
RecurrentPlan plan_of(const Step& s) {
  const char* op = s.op.c_str();
  require(s.x.ndim() == 2, op, ": x has shape ", shape_text(shape_of(s.x)), "; expected (batch, features)");
  const Shape x{s.x.shape(0), 1, s.x.shape(1)};
  return RecurrentPlan::make({op, enum_from(op, "cell", s.cell, Cell::kRelu), false, false}, x,
                             shape_of(s.kernel), shape_of(s.recurrent_kernel), nullptr, nullptr,
                             kernels<T>().recurrent.lanes);
}

// The fields that the forward and the backward step share.
template <class T, class Arrays>
void read_step(const Step& s, const RecurrentPlan& plan, Arrays& a) {
  const char* op = s.op.c_str();
  const Shape state{plan.batch, plan.units};
  require(is_lstm(plan) != s.c.is_none(), op, ": c is ", s.c.is_none() ? "None" : "given", "; expected ",
          is_lstm(plan) ? "the cell state" : "None for a cell without c");
  a.x = read<T>(op, "x", s.x, shape_of(s.x));
  a.h = read<T>(op, "h", s.h, state);
  a.c = read_optional<T>(op, "c", s.c, state);
  a.weights = {read<T>(op, "kernel", s.kernel, shape_of(s.kernel)),
               read<T>(op, "recurrent_kernel", s.recurrent_kernel, shape_of(s.recurrent_kernel)),
               read_optional<T>(op, "bias", s.bias, bias_shape(plan))};
}

template <class T>
py::tuple step_forward(const Step& s, bool return_cache) {
  const char* op = s.op.c_str();
  const RecurrentPlan plan = plan_of<T>(s);
  StepForward<T> a;
  read_step<T>(s, plan, a);
  py::object h, c = py::none(), cache = py::none();
  a.next_h = output<T>(op, h, {plan.batch, plan.units});
  if (is_lstm(plan)) a.next_c = output<T>(op, c, {plan.batch, plan.units});
  if (return_cache) a.cache = output<T>(op, cache, {step_cache_size(plan)});
  without_gil(plan.work(), [&] { recurrent_step(plan, a); });
  return py::make_tuple(h, c, cache);
}

template <class T>
py::tuple step_backward(const py::object& dh, const py::object& dc, const Step& s, const py::array& cache) {
  const char* op = s.op.c_str();
  const RecurrentPlan plan = plan_of<T>(s);
  const Shape state{plan.batch, plan.units};
  require(!dh.is_none() || !dc.is_none(), op, ": ", is_lstm(plan) ? "dh and dc are None" : "dh is None",
          "; expected ", is_lstm(plan) ? "at least one of them" : "an array");
  require(is_lstm(plan) || dc.is_none(), op, ": dc is given; expected None for a cell without c");
  StepBackward<T> a;
  read_step<T>(s, plan, a);
  a.dh = read_optional<T>(op, "dh", dh, state);
  a.dc = read_optional<T>(op, "dc", dc, state);
  a.cache = read<T>(op, "cache", cache, {step_cache_size(plan)});
  check_cache(plan, a.cache);
  py::object dx, dkernel, drecurrent_kernel, dbias = py::none(), dh_before, dc_before = py::none();
  a.dx = output<T>(op, dx, shape_of(s.x));
  a.dkernel = output<T>(op, dkernel, shape_of(s.kernel));
  a.drecurrent_kernel = output<T>(op, drecurrent_kernel, shape_of(s.recurrent_kernel));
  if (!s.bias.is_none()) a.dbias = output<T>(op, dbias, bias_shape(plan));
  a.dh_before = output<T>(op, dh_before, state);
  if (is_lstm(plan)) a.dc_before = output<T>(op, dc_before, state);
  without_gil(3 * plan.work(), [&] { recurrent_step_backward(plan, a); });
  return py::make_tuple(dx, dkernel, drecurrent_kernel, dbias, dh_before, dc_before);
}

void register_steps(py::module_& module) {
  module.def(
      "recurrent_step",
      [](const std::string& op, int cell, const py::array& x, const py::array& h, const py::object& c,
         const py::array& kernel, const py::array& recurrent_kernel, const py::object& bias,
         bool return_cache) {
        const Step s{op, cell, x, h, c, kernel, recurrent_kernel, bias};
        return by_dtype(op.c_str(), "x", x,
                        [&](auto zero) { return step_forward<decltype(zero)>(s, return_cache); });
      },
      py::arg("op"), py::arg("cell"), py::arg("x"), py::arg("h"), py::arg("c"), py::arg("kernel"),
      py::arg("recurrent_kernel"), py::arg("bias"), py::arg("return_cache"),
      "One step: (h, c, cache), None where not wanted or not there.");
  module.def(
      "recurrent_step_backward",
      [](const std::string& op, int cell, const py::object& dh, const py::object& dc, const py::array& x,
         const py::array& h, const py::object& c, const py::array& kernel, const py::array& recurrent_kernel,
         const py::object& bias, const py::array& cache) {
        const Step s{op, cell, x, h, c, kernel, recurrent_kernel, bias};
        return by_dtype(op.c_str(), "x", x,
                        [&](auto zero) { return step_backward<decltype(zero)>(dh, dc, s, cache); });
      },
      py::arg("op"), py::arg("cell"), py::arg("dh"), py::arg("dc"), py::arg("x"), py::arg("h"), py::arg("c"),
      py::arg("kernel"), py::arg("recurrent_kernel"), py::arg("bias"), py::arg("cache"),
      "(dx, dkernel, drecurrent_kernel, dbias, dh, dc) of the step's operands, None where not there.");
}

}  // namespace

void register_recurrent(py::module_& module) {
  register_steps(module);
  module.def(
      "recurrent_forward",
      [](const std::string& op, int cell, const py::array& x, const py::array& kernel,
         const py::array& recurrent_kernel, const py::object& bias, const py::object& initial_h,
         const py::object& initial_c, const py::object& mask, const py::object& lengths, bool reverse,
         bool zero_output_for_mask, bool time_major, bool return_sequences, bool return_cache) {
        const Sequence s{op,        cell, x,       kernel,  recurrent_kernel,     bias,      initial_h,
                         initial_c, mask, lengths, reverse, zero_output_for_mask, time_major};
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          return forward<decltype(zero)>(s, return_sequences, return_cache);
        });
      },
      py::arg("op"), py::arg("cell"), py::arg("x"), py::arg("kernel"), py::arg("recurrent_kernel"),
      py::arg("bias"), py::arg("initial_h"), py::arg("initial_c"), py::arg("mask"), py::arg("lengths"),
      py::arg("reverse"), py::arg("zero_output_for_mask"), py::arg("time_major"), py::arg("return_sequences"),
      py::arg("return_cache"), "A whole sequence: (y, h, c, cache), None where not wanted or not there.");
  module.def(
      "recurrent_backward",
      [](const std::string& op, int cell, const py::object& dy, const py::array& x, const py::array& kernel,
         const py::array& recurrent_kernel, const py::object& bias, const py::array& y,
         const py::array& cache, const py::object& dh, const py::object& dc, const py::object& initial_h,
         const py::object& initial_c, const py::object& mask, const py::object& lengths, bool reverse,
         bool zero_output_for_mask, bool time_major, bool need_dx) {
        const Sequence s{op,        cell, x,       kernel,  recurrent_kernel,     bias,      initial_h,
                         initial_c, mask, lengths, reverse, zero_output_for_mask, time_major};
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          return backward<decltype(zero)>(dy, s, y, cache, dh, dc, need_dx);
        });
      },
      py::arg("op"), py::arg("cell"), py::arg("dy"), py::arg("x"), py::arg("kernel"),
      py::arg("recurrent_kernel"), py::arg("bias"), py::arg("y"), py::arg("cache"), py::arg("dh"),
      py::arg("dc"), py::arg("initial_h"), py::arg("initial_c"), py::arg("mask"), py::arg("lengths"),
      py::arg("reverse"), py::arg("zero_output_for_mask"), py::arg("time_major"), py::arg("need_dx"),
      "(dx, dkernel, drecurrent_kernel, dbias, dinitial_h, dinitial_c), None where not wanted or not there.");
}

}  // namespace foldgate
