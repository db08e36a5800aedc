// Both directions of a recurrent layer in one call. The backward direction's weights have the shapes of the forward's.
#include "bindings/calls.h"
#include "bindings/recurrent_sequence.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

// The operands that forward and backward share: those of the forward direction, and the other's weights.
struct BothDirections {
  Sequence forward;
  py::array reverse_kernel, reverse_recurrent_kernel;
  py::object reverse_bias;
};

template <class T>
struct Operands {
  Directions<RecurrentPlan> plans;
  Directions<RecurrentWeights<T>> weights;
  const T *x, *initial_h, *initial_c;
  Shape state, sequence;  // (N, 2 U), (N, T, 2 U)
};

template <class T>
Operands<T> operands_of(const BothDirections& both) {
  const Sequence& s = both.forward;
  const char* op = s.op.c_str();
  Operands<T> o;
  o.plans[0] = plan_of<T>(s, true);
  o.plans[1] = o.plans[0];
  o.plans[1].options.reverse = true;
  const RecurrentPlan& plan = o.plans[0];
  check_no_c(s, plan);
  require(s.bias.is_none() == both.reverse_bias.is_none(), op, ": ",
          s.bias.is_none() ? "bias" : "reverse_bias",
          " is None and the other direction's is given; expected both or none");
  o.weights[0] = weights_of<T>(s, plan);
  o.weights[1] = {
      read<T>(op, "reverse_kernel", both.reverse_kernel, shape_of(s.kernel)),
      read<T>(op, "reverse_recurrent_kernel", both.reverse_recurrent_kernel, shape_of(s.recurrent_kernel)),
      read_optional<T>(op, "reverse_bias", both.reverse_bias, bias_shape(plan))};
  o.state = {plan.batch, 2 * plan.units};
  o.sequence = plan.sequences(2 * plan.units);
  o.x = read<T>(op, "x", s.x, shape_of(s.x));
  o.initial_h = read_optional<T>(op, "initial_h", s.initial_h, o.state);
  o.initial_c = read_optional<T>(op, "initial_c", s.initial_c, o.state);
  return o;
}

// Direction d's columns of rows of 2 U.
template <class Pointer>
Pointer half(Pointer rows, const RecurrentPlan& plan, int d) {
  return rows ? rows + d * plan.units : nullptr;
}

template <class T>
py::tuple forward(const BothDirections& both, bool return_sequences, bool return_cache) {
  const char* op = both.forward.op.c_str();
  const Operands<T> o = operands_of<T>(both);
  const RecurrentPlan& plan = o.plans[0];
  require(return_sequences || !return_cache, op,
          ": return_sequences is False with return_cache True; expected True");
  py::object y = py::none(), h, c = py::none(), cache = py::none();
  RecurrentForward<T> whole;
  whole.x = o.x;
  whole.h = output<T>(op, h, o.state);
  if (return_sequences) whole.y = output<T>(op, y, o.sequence);
  if (is_lstm(plan)) whole.c = output<T>(op, c, o.state);
  if (return_cache) whole.cache = output<T>(op, cache, {2 * plan.cache_size()});
  whole.initial_h = o.initial_h;
  whole.initial_c = o.initial_c;
  Directions<RecurrentForward<T>> arrays{whole, beside(whole, plan.units)};
  for (int d = 0; d < 2; ++d) {
    arrays[d].weights = o.weights[d];
    if (return_cache) arrays[d].cache = whole.cache + d * plan.cache_size();
  }
  without_gil(2 * plan.work(), [&] { bidirectional_forward(o.plans, arrays); });
  return py::make_tuple(y, h, c, cache);
}

// The gradients of one direction's weights.
struct WeightResults {
  py::object dkernel, drecurrent_kernel, dbias = py::none();
};

template <class T>
WeightResults new_weight_gradients(const BothDirections& both, RecurrentBackward<T>& a,
                                   const RecurrentPlan& plan) {
  const Sequence& s = both.forward;
  const char* op = s.op.c_str();
  WeightResults results;
  a.dkernel = output<T>(op, results.dkernel, shape_of(s.kernel));
  a.drecurrent_kernel = output<T>(op, results.drecurrent_kernel, shape_of(s.recurrent_kernel));
  if (!s.bias.is_none()) a.dbias = output<T>(op, results.dbias, bias_shape(plan));
  return results;
}

struct Upstream {
  py::object dy;
  py::array y, cache;
  py::object dh, dc;
};

template <class T>
py::tuple backward(const BothDirections& both, const Upstream& up, bool need_dx) {
  const Sequence& s = both.forward;
  const char* op = s.op.c_str();
  const Operands<T> o = operands_of<T>(both);
  const RecurrentPlan& plan = o.plans[0];
  require(!up.dy.is_none() || !up.dh.is_none() || !up.dc.is_none(), op, ": ",
          is_lstm(plan) ? "dy, dh and dc are None" : "dy and dh are None", "; expected at least one of them");
  require(is_lstm(plan) || up.dc.is_none(), op, ": dc is given; expected None for a cell without c");
  const T* dy = read_optional<T>(op, "dy", up.dy, o.sequence);
  const T* dh = read_optional<T>(op, "dh", up.dh, o.state);
  const T* dc = read_optional<T>(op, "dc", up.dc, o.state);
  const T* y = read<T>(op, "y", up.y, o.sequence);
  const T* cache = read<T>(op, "cache", up.cache, {2 * plan.cache_size()});

  py::object dx = py::none(), dinitial_h, dinitial_c = py::none();
  T* const dx_data = need_dx ? output<T>(op, dx, shape_of(s.x)) : nullptr;
  T* const dinitial_h_data = output<T>(op, dinitial_h, o.state);
  T* const dinitial_c_data = is_lstm(plan) ? output<T>(op, dinitial_c, o.state) : nullptr;
  Directions<RecurrentBackward<T>> arrays;
  Directions<WeightResults> weights;
  for (int d = 0; d < 2; ++d) {
    RecurrentBackward<T>& a = arrays[d];
    a.dy = half(dy, plan, d);
    a.dh = half(dh, plan, d);
    a.dc = half(dc, plan, d);
    a.x = o.x;
    a.weights = o.weights[d];
    a.y = half(y, plan, d);
    a.cache = cache + d * plan.cache_size();
    check_cache(plan, a.cache);
    a.initial_h = half(o.initial_h, plan, d);
    a.initial_c = half(o.initial_c, plan, d);
    a.dx = dx_data;
    a.dinitial_h = half(dinitial_h_data, plan, d);
    a.dinitial_c = half(dinitial_c_data, plan, d);
    weights[d] = new_weight_gradients(both, a, plan);
  }
  without_gil([&] { bidirectional_backward(o.plans, arrays); });
  return py::make_tuple(dx, weights[0].dkernel, weights[0].drecurrent_kernel, weights[0].dbias,
                        weights[1].dkernel, weights[1].drecurrent_kernel, weights[1].dbias, dinitial_h,
                        dinitial_c);
}

}  // namespace

void register_bidirectional(py::module_& module) {
  module.def(
      "bidirectional_forward",
      [](const std::string& op, int cell, const py::array& x, const py::array& kernel,
         const py::array& recurrent_kernel, const py::object& bias, const py::array& reverse_kernel,
         const py::array& reverse_recurrent_kernel, const py::object& reverse_bias,
         const py::object& initial_h, const py::object& initial_c, const py::object& mask,
         const py::object& lengths, bool zero_output_for_mask, bool time_major, bool return_sequences,
         bool return_cache) {
        const BothDirections both{{op, cell, x, kernel, recurrent_kernel, bias, initial_h, initial_c, mask,
                                   lengths, false, zero_output_for_mask, time_major},
                                  reverse_kernel,
                                  reverse_recurrent_kernel,
                                  reverse_bias};
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          return forward<decltype(zero)>(both, return_sequences, return_cache);
        });
      },
      py::arg("op"), py::arg("cell"), py::arg("x"), py::arg("kernel"), py::arg("recurrent_kernel"),
      py::arg("bias"), py::arg("reverse_kernel"), py::arg("reverse_recurrent_kernel"),
      py::arg("reverse_bias"), py::arg("initial_h"), py::arg("initial_c"), py::arg("mask"),
      py::arg("lengths"), py::arg("zero_output_for_mask"), py::arg("time_major"), py::arg("return_sequences"),
      py::arg("return_cache"),
      "Both directions over a whole sequence: (y, h, c, cache), None where not wanted or not there.");
  module.def(
      "bidirectional_backward",
      [](const std::string& op, int cell, const py::object& dy, const py::array& x, const py::array& kernel,
         const py::array& recurrent_kernel, const py::object& bias, const py::array& reverse_kernel,
         const py::array& reverse_recurrent_kernel, const py::object& reverse_bias, const py::array& y,
         const py::array& cache, const py::object& dh, const py::object& dc, const py::object& initial_h,
         const py::object& initial_c, const py::object& mask, const py::object& lengths,
         bool zero_output_for_mask, bool time_major, bool need_dx) {
        const BothDirections both{{op, cell, x, kernel, recurrent_kernel, bias, initial_h, initial_c, mask,
                                   lengths, false, zero_output_for_mask, time_major},
                                  reverse_kernel,
                                  reverse_recurrent_kernel,
                                  reverse_bias};
        const Upstream up{dy, y, cache, dh, dc};
        return by_dtype(op.c_str(), "x", x,
                        [&](auto zero) { return backward<decltype(zero)>(both, up, need_dx); });
      },
      py::arg("op"), py::arg("cell"), py::arg("dy"), py::arg("x"), py::arg("kernel"),
      py::arg("recurrent_kernel"), py::arg("bias"), py::arg("reverse_kernel"),
      py::arg("reverse_recurrent_kernel"), py::arg("reverse_bias"), py::arg("y"), py::arg("cache"),
      py::arg("dh"), py::arg("dc"), py::arg("initial_h"), py::arg("initial_c"), py::arg("mask"),
      py::arg("lengths"), py::arg("zero_output_for_mask"), py::arg("time_major"), py::arg("need_dx"),
      "(dx, dkernel, drecurrent_kernel, dbias, dreverse_kernel, dreverse_recurrent_kernel, dreverse_bias,\n"
      "dinitial_h, dinitial_c), None where not wanted or not there.");
}

}  // namespace foldgate
