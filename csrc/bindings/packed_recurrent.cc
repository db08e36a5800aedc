// Packed weights reach Python as capsules: they cannot be made there, only handed back, so that none is ever half made.
#include <memory>

#include "bindings/recurrent.h"
#include "bindings/register.h"
#include "kernels/table.h"
#include "ops/recurrent/packed.h"

namespace foldgate {
namespace {

constexpr const char* kCapsule = "foldgate.PackedRecurrent";

// One of the two.
struct Handle {
  std::unique_ptr<const PackedRecurrent<float>> f32;
  std::unique_ptr<const PackedRecurrent<double>> f64;
};
const Handle& handle_of(const char* op, const py::capsule& capsule) {
  if (!PyCapsule_IsValid(capsule.ptr(), kCapsule))
    throw py::type_error(text(op, ": packed is another capsule; expected what pack_recurrent returned"));
  return *static_cast<const Handle*>(PyCapsule_GetPointer(capsule.ptr(), kCapsule));
}

// body(packed weights) of the handle's own type.
template <class Body>
auto by_handle(const Handle& handle, Body body) {
  return handle.f32 ? body(*handle.f32) : body(*handle.f64);
}

// The weights of the other direction; null where there is none.
template <class T>
const PackedRecurrent<T>* other_direction(const char* op, const PackedRecurrent<T>& packed,
                                          const py::object& other) {
  if (other.is_none()) return nullptr;
  const Handle& handle = handle_of(op, py::reinterpret_borrow<py::capsule>(other));
  const PackedRecurrent<T>* found;
  if constexpr (sizeof(T) == sizeof(float))
    found = handle.f32.get();
  else
    found = handle.f64.get();
  require(found && packed.is_like(*found), op,
          ": other is of another cell, shape, dtype or tier; expected what packed is of");
  return found;
}

template <class T>
std::unique_ptr<const PackedRecurrent<T>> pack(const char* op, Cell cell, const py::array& kernel,
                                               const py::array& recurrent_kernel, const py::object& bias) {
  require(kernel.ndim() == 2, op, ": kernel has shape ", shape_text(shape_of(kernel)),
          "; expected (features, ", kCellGates[static_cast<int>(cell)], " * units)");
  const RecurrentKernels<T>& table = kernels<T>().recurrent;
  const RecurrentPlan plan =
      RecurrentPlan::make({op, cell, false, false}, {0, 0, kernel.shape(0)}, shape_of(kernel),
                          shape_of(recurrent_kernel), nullptr, nullptr, table.lanes);
  const RecurrentWeights<T> weights{
      read<T>(op, "kernel", kernel, shape_of(kernel)),
      read<T>(op, "recurrent_kernel", recurrent_kernel, shape_of(recurrent_kernel)),
      read_optional<T>(op, "bias", bias, bias_shape(plan))};
  std::unique_ptr<const PackedRecurrent<T>> packed;
  without_gil([&] { packed = std::make_unique<const PackedRecurrent<T>>(plan, weights, table); });
  return packed;
}

py::capsule pack_recurrent(const std::string& op, int cell_code, const py::array& kernel,
                           const py::array& recurrent_kernel, const py::object& bias) {
  const Cell cell = enum_from(op.c_str(), "cell", cell_code, Cell::kRelu);
  auto handle = std::make_unique<Handle>();
  by_dtype(op.c_str(), "kernel", kernel, [&](auto zero) {
    using T = decltype(zero);
    auto packed = pack<T>(op.c_str(), cell, kernel, recurrent_kernel, bias);
    if constexpr (sizeof(T) == sizeof(float))
      handle->f32 = std::move(packed);
    else
      handle->f64 = std::move(packed);
  });
  py::capsule capsule(handle.get(), kCapsule, [](PyObject* object) {
    delete static_cast<Handle*>(PyCapsule_GetPointer(object, kCapsule));
  });
  handle.release();
  return capsule;
}

void check_c(const char* op, Cell cell, const char* name, const py::object& c) {
  require(cell == Cell::kLstm || c.is_none(), op, ": ", name,
          " is given; expected None for a cell without c");
}

// A sequence's operands; with `reverse`, of both directions.
template <class T>
py::tuple run(const char* op, const PackedRecurrent<T>& packed, const PackedRecurrent<T>* reverse,
              const py::array& x, const py::object& initial_h, const py::object& initial_c,
              const py::object& mask, const py::object& lengths, const RecurrentOptions& options,
              bool return_sequences) {
  check_c(op, packed.cell(), "initial_c", initial_c);
  const Shape shape = shape_of(x);
  require(shape.size() == 3 && shape[2] == packed.inputs(), op, ": x has shape ", shape_text(shape),
          "; expected ", options.time_major ? "(steps, batch, " : "(batch, steps, ", packed.inputs(), ")");
  const CountedSteps counted = counted_steps(options, shape, mask, lengths);
  const int64_t columns = packed.gates() * packed.units();
  const RecurrentPlan plan =
      RecurrentPlan::make(options, shape, {packed.inputs(), columns}, {packed.units(), columns}, counted.mask,
                          counted.lengths, packed.lanes());
  const Shape state{plan.batch, plan.output_step()};
  RecurrentForward<T> a;
  a.x = read<T>(op, "x", x, shape);
  a.initial_h = read_optional<T>(op, "initial_h", initial_h, state);
  a.initial_c = read_optional<T>(op, "initial_c", initial_c, state);
  py::object y = py::none(), h, c = py::none();
  if (return_sequences) a.y = output<T>(op, y, plan.sequences(plan.output_step()));
  a.h = output<T>(op, h, state);
  if (is_lstm(plan)) a.c = output<T>(op, c, state);
  if (reverse) {
    Directions<RecurrentPlan> plans{plan, plan};
    plans[1].options.reverse = true;
    const Directions<RecurrentForward<T>> arrays{a, beside(a, plan.units)};
    without_gil([&] { packed.forward(*reverse, plans, arrays); });
  } else {
    without_gil([&] { packed.forward(plan, a); });
  }
  return py::make_tuple(y, h, c);
}

template <class T>
py::tuple step(const char* op, const PackedRecurrent<T>& packed, const py::array& x, const py::array& h,
               const py::object& c) {
  require(x.ndim() == 2 && x.shape(1) == packed.inputs(), op, ": x has shape ", shape_text(shape_of(x)),
          "; expected (batch, ", packed.inputs(), ")");
  const bool lstm = packed.cell() == Cell::kLstm;
  require(lstm != c.is_none(), op, ": c is ", c.is_none() ? "None" : "given", "; expected ",
          lstm ? "the cell state" : "None for a cell without c");
  const Shape state{x.shape(0), packed.units()};
  checked_product(op, {state[0], packed.units() + packed.lanes(), 8, 8});
  PackedStep<T> a;
  a.x = read<T>(op, "x", x, shape_of(x));
  a.h = read<T>(op, "h", h, state);
  a.c = read_optional<T>(op, "c", c, state);
  py::object next_h, next_c = py::none();
  a.next_h = output<T>(op, next_h, state);
  if (lstm) a.next_c = output<T>(op, next_c, state);
  without_gil([&] { packed.step(state[0], a); });
  return py::make_tuple(next_h, next_c);
}

}  // namespace

void register_packed_recurrent(py::module_& module) {
  module.def("pack_recurrent", &pack_recurrent, py::arg("op"), py::arg("cell"), py::arg("kernel"),
             py::arg("recurrent_kernel"), py::arg("bias"),
             "Copies of a layer's weights as the kernels of the active tier read them.");
  module.def(
      "packed_recurrent_forward",
      [](const std::string& op, const py::capsule& packed, const py::object& other, const py::array& x,
         const py::object& initial_h, const py::object& initial_c, const py::object& mask,
         const py::object& lengths, bool reverse, bool zero_output_for_mask, bool time_major,
         bool return_sequences) {
        return by_handle(handle_of(op.c_str(), packed), [&](const auto& weights) {
          const auto* beside = other_direction(op.c_str(), weights, other);
          const RecurrentOptions options{op.c_str(),           weights.cell(),    reverse,
                                         zero_output_for_mask, beside != nullptr, time_major};
          return run(op.c_str(), weights, beside, x, initial_h, initial_c, mask, lengths, options,
                     return_sequences);
        });
      },
      py::arg("op"), py::arg("packed"), py::arg("other"), py::arg("x"), py::arg("initial_h"),
      py::arg("initial_c"), py::arg("mask"), py::arg("lengths"), py::arg("reverse"),
      py::arg("zero_output_for_mask"), py::arg("time_major"), py::arg("return_sequences"),
      "A whole sequence with packed weights: (y, h, c), None where not wanted or not there. other: those of "
      "the\n"
      "reverse direction, whose results lie beside the forward one's, or None.");
  module.def(
      "packed_recurrent_step",
      [](const std::string& op, const py::capsule& packed, const py::array& x, const py::array& h,
         const py::object& c) {
        return by_handle(handle_of(op.c_str(), packed),
                         [&](const auto& weights) { return step(op.c_str(), weights, x, h, c); });
      },
      py::arg("op"), py::arg("packed"), py::arg("x"), py::arg("h"), py::arg("c"),
      "One step with packed weights: (h, c), c None where there is none.");
}

}  // namespace foldgate
