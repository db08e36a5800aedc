#include "ops/elementwise.h"

#include "bindings/arrays.h"
#include "bindings/enums.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

template <class T>
py::array forward(const char* op, Elementwise function, const py::array& x, double a, const py::object& out) {
  const T* x_data = read<T>(op, "x", x, shape_of(x));
  py::array y = out.is_none() ? new_array<T>(op, shape_of(x)) : output<T>(op, "out", out, shape_of(x));
  T* y_data = data_of<T>(y);
  apart_or_same(op, "x", x, y);
  without_gil([&] { elementwise_forward(function, static_cast<T>(a), x_data, x.size(), y_data); });
  return y;
}

template <class T>
py::array backward(const char* op, Elementwise function, const py::array& dy, const py::array& v, double a,
                   const py::object& out) {
  const char* name = function <= Elementwise::kSoftplus ? "y" : "x";
  const T* v_data = read<T>(op, name, v, shape_of(v));
  const T* dy_data = read<T>(op, "dy", dy, shape_of(v));
  py::array dx = out.is_none() ? new_array<T>(op, shape_of(v)) : output<T>(op, "out", out, shape_of(v));
  T* dx_data = data_of<T>(dx);
  apart_or_same(op, "dy", dy, dx);
  apart_or_same(op, name, v, dx);
  without_gil([&] { elementwise_backward(function, static_cast<T>(a), dy_data, v_data, v.size(), dx_data); });
  return dx;
}

}  // namespace

void register_elementwise(py::module_& module) {
  module.def(
      "elementwise",
      [](const char* op, int function, const py::array& x, double a, const py::object& out) {
        const Elementwise f = enum_from(op, "function", function, Elementwise::kSoftsign);
        return by_dtype(op, "x", x, [&](auto zero) { return forward<decltype(zero)>(op, f, x, a, out); });
      },
      py::arg("op"), py::arg("function"), py::arg("x"), py::arg("a"), py::arg("out"),
      "A function of every value, with the parameter a; into out where that is given.");
  module.def(
      "elementwise_backward",
      [](const char* op, int function, const py::array& dy, const py::array& v, double a,
         const py::object& out) {
        const Elementwise f = enum_from(op, "function", function, Elementwise::kSoftsign);
        return by_dtype(op, "dy", dy,
                        [&](auto zero) { return backward<decltype(zero)>(op, f, dy, v, a, out); });
      },
      py::arg("op"), py::arg("function"), py::arg("dy"), py::arg("v"), py::arg("a"), py::arg("out"),
      "dy times the derivative of a function, from its result or its argument v.");
}

}  // namespace foldgate
