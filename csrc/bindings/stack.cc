// Layers over one another in one call: the operands of the first layer as a Sequence, and the weights of the others.
#include "ops/recurrent/stack.h"

#include "bindings/recurrent_sequence.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

// (kernel, recurrent_kernel, bias), bias None or not.
using LayerWeights = std::tuple<py::array, py::array, py::object>;

// The operands that forward and backward share.
struct Stack {
  std::string op;
  int cell;
  py::array x;
  std::vector<LayerWeights> layers;
  py::object initial_h, initial_c, mask, lengths;  // states (layers, N, U)
  bool reverse, zero_output_for_mask, time_major;
};

template <class T>
struct Operands {
  std::vector<RecurrentPlan> plans;
  std::vector<RecurrentWeights<T>> weights;
  const T *x, *initial_h, *initial_c;
  Shape states, sequence;  // (layers, N, U), (N, T, U)
  int64_t state;           // elements of a layer's
};

// The layer as a sequence of its own, but for x and the states.
Sequence sequence_of(const Stack& s, size_t layer) {
  const auto& [kernel, recurrent_kernel, bias] = s.layers[layer];
  return {s.op,       s.cell, s.x,       kernel,    recurrent_kernel,       bias,        py::none(),
          py::none(), s.mask, s.lengths, s.reverse, s.zero_output_for_mask, s.time_major};
}

template <class T>
Operands<T> operands_of(const Stack& s) {
  const char* op = s.op.c_str();
  require(!s.layers.empty(), op, ": layers is empty; expected at least one");
  Operands<T> o;
  Shape x = shape_of(s.x);
  for (size_t l = 0; l < s.layers.size(); ++l) {
    const Sequence sequence = sequence_of(s, l);
    RecurrentPlan plan = plan_of<T>(sequence, x);
    plan.options.op = op;  // the sequence's own name goes with it
    if (l > 0)
      require(plan.units == o.plans[0].units, op, ": layer ", l, " has ", plan.units, " units; expected ",
              o.plans[0].units, ", as layer 0 has");
    x = plan.sequences(plan.units);
    o.weights.push_back(weights_of<T>(sequence, plan));
    o.plans.push_back(plan);
  }
  const RecurrentPlan& plan = o.plans[0];
  require(is_lstm(plan) || s.initial_c.is_none(), op,
          ": initial_c is given; expected None for a cell without c");
  o.states = {static_cast<int64_t>(s.layers.size()), plan.batch, plan.units};
  o.sequence = plan.sequences(plan.units);
  o.state = plan.batch * plan.units;
  o.x = read<T>(op, "x", s.x, shape_of(s.x));
  o.initial_h = read_optional<T>(op, "initial_h", s.initial_h, o.states);
  o.initial_c = read_optional<T>(op, "initial_c", s.initial_c, o.states);
  return o;
}

// Layer l's part of states.
template <class Pointer>
Pointer part(Pointer states, int64_t state, size_t l) {
  return states ? states + static_cast<int64_t>(l) * state : nullptr;
}

template <class T>
py::tuple forward(const Stack& s, bool return_sequences, bool return_cache) {
  const char* op = s.op.c_str();
  const Operands<T> o = operands_of<T>(s);
  require(return_sequences || !return_cache, op,
          ": return_sequences is False with return_cache True; expected True");
  const size_t layers = o.plans.size();
  py::object h, c = py::none();
  T* const all_h = output<T>(op, h, o.states);
  T* const all_c = is_lstm(o.plans[0]) ? output<T>(op, c, o.states) : nullptr;
  std::vector<RecurrentForward<T>> arrays(layers);
  std::vector<py::object> ys(layers, py::none()), caches(layers, py::none());
  for (size_t l = 0; l < layers; ++l) {
    RecurrentForward<T>& a = arrays[l];
    a.x = l == 0 ? o.x : arrays[l - 1].y;
    a.weights = o.weights[l];
    a.initial_h = part(o.initial_h, o.state, l);
    a.initial_c = part(o.initial_c, o.state, l);
    a.h = part(all_h, o.state, l);
    a.c = part(all_c, o.state, l);
    if (l + 1 < layers || return_sequences) a.y = output<T>(op, ys[l], o.sequence);
    if (return_cache) a.cache = output<T>(op, caches[l], {o.plans[l].cache_size()});
  }
  without_gil([&] { stacked_forward(o.plans, arrays); });
  return py::make_tuple(ys, h, c, caches);
}

// What backward is given of the results.
struct Upstream {
  py::object dy;
  std::vector<py::array> ys, caches;
  py::object dh, dc;
};

template <class T>
py::tuple backward(const Stack& s, const Upstream& up, bool need_dx) {
  const char* op = s.op.c_str();
  const Operands<T> o = operands_of<T>(s);
  const size_t layers = o.plans.size();
  const bool lstm = is_lstm(o.plans[0]);
  require(!up.dy.is_none() || !up.dh.is_none() || !up.dc.is_none(), op, ": ",
          lstm ? "dy, dh and dc are None" : "dy and dh are None", "; expected at least one of them");
  require(lstm || up.dc.is_none(), op, ": dc is given; expected None for a cell without c");
  require(up.ys.size() == layers && up.caches.size() == layers, op, ": cache is of ", up.caches.size(),
          " layers; expected ", layers);
  const T* const dh = read_optional<T>(op, "dh", up.dh, o.states);
  const T* const dc = read_optional<T>(op, "dc", up.dc, o.states);
  py::object dx = py::none(), dinitial_h, dinitial_c = py::none();
  T* const dinitial_h_data = output<T>(op, dinitial_h, o.states);
  T* const dinitial_c_data = lstm ? output<T>(op, dinitial_c, o.states) : nullptr;
  std::vector<RecurrentBackward<T>> arrays(layers);
  py::list weights;
  for (size_t l = 0; l < layers; ++l) {
    const RecurrentPlan& plan = o.plans[l];
    const auto& [kernel, recurrent_kernel, bias] = s.layers[l];
    RecurrentBackward<T>& a = arrays[l];
    py::object dkernel, drecurrent_kernel, dbias = py::none();
    a.weights = o.weights[l];
    a.y = read<T>(op, "y", up.ys[l], o.sequence);
    a.x = l == 0 ? o.x : arrays[l - 1].y;
    a.cache = read<T>(op, "cache", up.caches[l], {plan.cache_size()});
    check_cache(plan, a.cache);
    a.dh = part(dh, o.state, l);
    a.dc = part(dc, o.state, l);
    a.initial_h = part(o.initial_h, o.state, l);
    a.initial_c = part(o.initial_c, o.state, l);
    a.dinitial_h = part(dinitial_h_data, o.state, l);
    a.dinitial_c = part(dinitial_c_data, o.state, l);
    a.dkernel = output<T>(op, dkernel, shape_of(kernel));
    a.drecurrent_kernel = output<T>(op, drecurrent_kernel, shape_of(recurrent_kernel));
    if (!bias.is_none()) a.dbias = output<T>(op, dbias, bias_shape(plan));
    weights.append(py::make_tuple(dkernel, drecurrent_kernel, dbias));
  }
  arrays[layers - 1].dy = read_optional<T>(op, "dy", up.dy, o.sequence);
  if (need_dx) arrays[0].dx = output<T>(op, dx, shape_of(s.x));
  without_gil([&] { stacked_backward(o.plans, arrays); });
  return py::make_tuple(dx, weights, dinitial_h, dinitial_c);
}

}  // namespace

void register_stack(py::module_& module) {
  module.def(
      "stacked_forward",
      [](const std::string& op, int cell, const py::array& x, const std::vector<LayerWeights>& layers,
         const py::object& initial_h, const py::object& initial_c, const py::object& mask,
         const py::object& lengths, bool reverse, bool zero_output_for_mask, bool time_major,
         bool return_sequences, bool return_cache) {
        const Stack stack{op,        cell, x,       layers,  initial_h,
                          initial_c, mask, lengths, reverse, zero_output_for_mask,
                          time_major};
        return by_dtype(op.c_str(), "x", x, [&](auto zero) {
          return forward<decltype(zero)>(stack, return_sequences, return_cache);
        });
      },
      py::arg("op"), py::arg("cell"), py::arg("x"), py::arg("layers"), py::arg("initial_h"),
      py::arg("initial_c"), py::arg("mask"), py::arg("lengths"), py::arg("reverse"),
      py::arg("zero_output_for_mask"), py::arg("time_major"), py::arg("return_sequences"),
      py::arg("return_cache"),
      "Layers of one direction over one another: (y by layer, h, c, cache by layer).");
  module.def(
      "stacked_backward",
      [](const std::string& op, int cell, const py::object& dy, const py::array& x,
         const std::vector<LayerWeights>& layers, const std::vector<py::array>& ys,
         const std::vector<py::array>& caches, const py::object& dh, const py::object& dc,
         const py::object& initial_h, const py::object& initial_c, const py::object& mask,
         const py::object& lengths, bool reverse, bool zero_output_for_mask, bool time_major, bool need_dx) {
        const Stack stack{op,        cell, x,       layers,  initial_h,
                          initial_c, mask, lengths, reverse, zero_output_for_mask,
                          time_major};
        const Upstream up{dy, ys, caches, dh, dc};
        return by_dtype(op.c_str(), "x", x,
                        [&](auto zero) { return backward<decltype(zero)>(stack, up, need_dx); });
      },
      py::arg("op"), py::arg("cell"), py::arg("dy"), py::arg("x"), py::arg("layers"), py::arg("ys"),
      py::arg("caches"), py::arg("dh"), py::arg("dc"), py::arg("initial_h"), py::arg("initial_c"),
      py::arg("mask"), py::arg("lengths"), py::arg("reverse"), py::arg("zero_output_for_mask"),
      py::arg("time_major"), py::arg("need_dx"),
      "(dx, (dkernel, drecurrent_kernel, dbias) by layer, dinitial_h, dinitial_c), None where not wanted.");
}

}  // namespace foldgate
