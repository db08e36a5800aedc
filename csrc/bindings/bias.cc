#include "ops/bias.h"

#include "bindings/arrays.h"
#include "bindings/enums.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

BiasPlan bias_plan(const char* op, const py::array& x, bool channels_first, int activation) {
  return BiasPlan::make(op, shape_of(x), channels_first,
                        enum_from(op, "activation", activation, Activation::kRelu6));
}

template <class T>
py::array forward(const char* op, const BiasPlan& plan, const py::array& x, const py::array& bias) {
  const T* x_data = read<T>(op, "x", x, shape_of(x));
  const T* bias_data = read<T>(op, "bias", bias, {plan.channels});
  py::array y = new_array<T>(op, shape_of(x));
  T* y_data = data_of<T>(y);
  without_gil([&] { bias_add(plan, x_data, bias_data, y_data); });
  return y;
}

template <class T>
py::tuple backward(const char* op, const BiasPlan& plan, const py::array& dy, const py::object& y) {
  const T* dy_data = read<T>(op, "dy", dy, shape_of(dy));
  const T* y_data = read_optional<T>(op, "y", y, shape_of(dy));
  require(y_data || plan.activation == Activation::kLinear, op,
          ": y is None; expected it with an activation");
  py::array dx = new_array<T>(op, shape_of(dy)), dbias = new_array<T>(op, {plan.channels});
  T *dx_data = data_of<T>(dx), *dbias_data = data_of<T>(dbias);
  without_gil([&] { bias_add_backward(plan, dy_data, y_data, dx_data, dbias_data); });
  return py::make_tuple(dx, dbias);
}

template <class T>
py::array join(const py::array& a, const py::array& b) {
  constexpr const char* kOp = "add_relu";
  const T* a_data = read<T>(kOp, "a", a, shape_of(a));
  const T* b_data = read<T>(kOp, "b", b, shape_of(a));
  py::array y = new_array<T>(kOp, shape_of(a));
  T* y_data = data_of<T>(y);
  without_gil([&] { add_relu(a_data, b_data, a.size(), y_data); });
  return y;
}

}  // namespace

void register_bias(py::module_& module) {
  module.def(
      "bias_add",
      [](const py::array& x, const py::array& bias, bool channels_first, int activation) {
        constexpr const char* kOp = "bias_add";
        const BiasPlan plan = bias_plan(kOp, x, channels_first, activation);
        return by_dtype(kOp, "x", x, [&](auto zero) { return forward<decltype(zero)>(kOp, plan, x, bias); });
      },
      py::arg("x"), py::arg("bias"), py::arg("channels_first"), py::arg("activation"),
      "activation(x + bias), the bias along the channels.");
  module.def(
      "bias_add_backward",
      [](const py::array& dy, const py::object& y, bool channels_first, int activation) {
        constexpr const char* kOp = "bias_add_backward";
        const BiasPlan plan = bias_plan(kOp, dy, channels_first, activation);
        return by_dtype(kOp, "dy", dy, [&](auto zero) { return backward<decltype(zero)>(kOp, plan, dy, y); });
      },
      py::arg("dy"), py::arg("y"), py::arg("channels_first"), py::arg("activation"), "(dx, dbias).");
  module.def(
      "add_relu",
      [](const py::array& a, const py::array& b) {
        return by_dtype("add_relu", "a", a, [&](auto zero) { return join<decltype(zero)>(a, b); });
      },
      py::arg("a"), py::arg("b"), "max(a + b, 0).");
}

}  // namespace foldgate
