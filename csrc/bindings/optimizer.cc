#include "ops/optimizer.h"

#include <algorithm>

#include "bindings/calls.h"
#include "bindings/enums.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

void apart(const char* op, const std::string& a_name, const py::array& a, const std::string& b_name,
           const py::array& b) {
  const auto x = reinterpret_cast<uintptr_t>(a.data()), y = reinterpret_cast<uintptr_t>(b.data());
  require(x + static_cast<uintptr_t>(a.nbytes()) <= y || y + static_cast<uintptr_t>(b.nbytes()) <= x, op,
          ": ", b_name, " overlaps ", a_name, "; expected memory of its own");
}

struct Written {
  const char* name;
  py::array array;
};

template <class T>
OptimizerConstants<T> constants_of(const char* op, const std::vector<double>& values) {
  require(values.size() == 10, op, ": ", values.size(), " constants are given; expected 10");
  T k[10];
  for (size_t i = 0; i < 10; ++i) k[i] = static_cast<T>(values[i]);
  return {k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7], k[8], k[9]};
}

// The variable and its slots: writeable, of one shape and dtype, and apart; the gradient may be none of them.
template <class T>
void update(const char* op, Optimizer kind, const py::array& variable, const py::array& gradient,
            const std::vector<std::string>& names, const std::vector<py::object>& slots,
            const std::vector<double>& values) {
  const auto count = static_cast<size_t>(kOptimizerSlots[static_cast<int>(kind)]);
  require(slots.size() == count && names.size() == count, op, ": ", slots.size(),
          " slots are given; expected ", count);
  const OptimizerConstants<T> k = constants_of<T>(op, values);
  const Shape shape = shape_of(variable);
  std::vector<Written> written{{"variable", output<T>(op, "variable", variable, shape)}};
  for (size_t i = 0; i < count; ++i)
    written.push_back({names[i].c_str(), output<T>(op, names[i].c_str(), slots[i], shape)});
  const T* gradient_data = read<T>(op, "gradient", gradient, shape);
  for (size_t i = 0; i < written.size(); ++i) {
    apart(op, written[i].name, written[i].array, "gradient", gradient);
    for (size_t j = 0; j < i; ++j)
      apart(op, written[j].name, written[j].array, written[i].name, written[i].array);
  }
  T* data[1 + kMaxSlots] = {};
  for (size_t i = 0; i < written.size(); ++i) data[i] = data_of<T>(written[i].array);
  const int64_t n = variable.size();
  without_gil(static_cast<double>(n),
              [&] { optimizer_update(kind, k, gradient_data, n, data[0], data + 1); });
}

// Whether the kernels read or write an array as it is: exactly an array of T, contiguous, aligned, of the variable's shape.
template <class T>
bool is_plain(PyObject* object, PyObject* variable, bool written) {
  const auto& numpy = py::detail::npy_api::get();
  if (Py_TYPE(object) != numpy.PyArray_Type_) return false;
  const auto *array = py::detail::array_proxy(object), *like = py::detail::array_proxy(variable);
  const int needed = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_ |
                     (written ? py::detail::npy_api::NPY_ARRAY_WRITEABLE_ : 0);
  return array->descr == dtype_of<T>() && (array->flags & needed) == needed && array->nd == like->nd &&
         std::equal(array->dimensions, array->dimensions + array->nd, like->dimensions);
}

// `update` where a look at each array finds nothing amiss; else false, and `update` says what it is. On small variables
// its vectors and names take longer than the kernel.
template <class T>
bool update_plain(Optimizer kind, PyObject* variable, PyObject* gradient, PyObject* slots,
                  const OptimizerConstants<T>& constants) {
  const Py_ssize_t count = kOptimizerSlots[static_cast<int>(kind)];
  if (!PyList_Check(slots) || PyList_GET_SIZE(slots) != count) return false;
  PyObject* arrays[2 + kMaxSlots] = {gradient, variable};
  py::object held[kMaxSlots];  // the list may change while the GIL is away
  for (Py_ssize_t i = 0; i < count; ++i) {
    arrays[2 + i] = PyList_GET_ITEM(slots, i);
    held[i] = object_of(arrays[2 + i]);
  }
  T* data[2 + kMaxSlots] = {};
  int64_t n = 1;
  for (int axis = 0; axis < py::detail::array_proxy(variable)->nd; ++axis)
    n *= py::detail::array_proxy(variable)->dimensions[axis];
  for (Py_ssize_t i = 0; i < 2 + count; ++i) {
    if (!is_plain<T>(arrays[i], variable, i > 0)) return false;
    data[i] = static_cast<T*>(static_cast<void*>(py::detail::array_proxy(arrays[i])->data));
    for (Py_ssize_t j = 0; j < i; ++j)
      if (data[i] < data[j] + n && data[j] < data[i] + n) return false;
  }
  without_gil(static_cast<double>(n),
              [&] { optimizer_update(kind, constants, data[0], n, data[1], data + 2); });
  return true;
}

void update_all(const char* op, Optimizer kind, const py::list& variables, const py::list& gradients,
                const py::list& names, const py::list& slots, const std::vector<double>& values) {
  require(variables.size() == gradients.size() && variables.size() == slots.size(), op, ": there are ",
          variables.size(), " variables, ", gradients.size(), " gradients and the slots of ", slots.size(),
          "; expected as many");
  const auto single = constants_of<float>(op, values);
  const auto twice = constants_of<double>(op, values);
  for (size_t i = 0; i < variables.size(); ++i) {
    const py::object variable = variables[i], gradient = gradients[i], own = slots[i];
    const auto& numpy = py::detail::npy_api::get();
    if (Py_TYPE(variable.ptr()) == numpy.PyArray_Type_ &&
        (update_plain<float>(kind, variable.ptr(), gradient.ptr(), own.ptr(), single) ||
         update_plain<double>(kind, variable.ptr(), gradient.ptr(), own.ptr(), twice)))
      continue;
    const py::array array = array_of(op, "variable", variable);
    by_dtype(op, "variable", array, [&](auto zero) {
      update<decltype(zero)>(op, kind, array, array_of(op, "gradient", gradient),
                             names.cast<std::vector<std::string>>(), own.cast<std::vector<py::object>>(),
                             values);
    });
  }
}

// average = momentum average + (1 - momentum) value
template <class T>
void average_in(const char* op, const py::array& average, const py::array& value, double momentum) {
  const Shape shape = shape_of(average);
  py::array result = output<T>(op, "average", average, shape);
  const T *x = read<T>(op, "value", value, shape), keep = static_cast<T>(momentum),
          take = static_cast<T>(1 - momentum);
  T* y = data_of<T>(result);
  for (int64_t i = 0; i < value.size(); ++i) y[i] = y[i] * keep + x[i] * take;
}

}  // namespace

void register_optimizer(py::module_& module) {
  module.def(
      "optimizer_updates",
      [](const char* op, int kind, const py::list& variables, const py::list& gradients,
         const py::list& names, const py::list& slots, const std::vector<double>& constants) {
        const Optimizer optimizer = enum_from(op, "kind", kind, static_cast<Optimizer>(kOptimizers - 1));
        update_all(op, optimizer, variables, gradients, names, slots, constants);
      },
      py::arg("op"), py::arg("kind"), py::arg("variables"), py::arg("gradients"), py::arg("names"),
      py::arg("slots"), py::arg("constants"),
      "One step of each variable in place, whose slots have the same names; constants: decay, lr, epsilon, "
      "mu, rho, p, q, "
      "a, b, c.");
  module.def(
      "moving_averages",
      [](const char* op, const std::vector<py::array>& averages, const std::vector<py::array>& values,
         double momentum) {
        require(averages.size() == values.size(), op, ": there are ", averages.size(), " averages and ",
                values.size(), " values; expected as many");
        for (size_t i = 0; i < averages.size(); ++i)
          by_dtype(op, "average", averages[i],
                   [&](auto zero) { average_in<decltype(zero)>(op, averages[i], values[i], momentum); });
      },
      py::arg("op"), py::arg("averages"), py::arg("values"), py::arg("momentum"),
      "momentum average + (1 - momentum) value of each pair, in place.");
  module.def(
      "square_sum",
      [](const char* op, const py::list& arrays) {
        double sum = 0;
        for (size_t i = 0; i < arrays.size(); ++i) {
          const py::array x = array_of(op, "arrays", arrays[i]);
          by_dtype(op, "arrays", x, [&](auto zero) {
            const auto* data = read<decltype(zero)>(op, "arrays", x, shape_of(x));
            without_gil(static_cast<double>(x.size()), [&] { sum += square_sum(data, x.size()); });
          });
        }
        return sum;
      },
      py::arg("op"), py::arg("arrays"), "The sum of the squares of all values of all arrays.");
  module.def(
      "scale",
      [](const char* op, const std::string& name, const py::array& x, double factor) {
        return by_dtype(op, name.c_str(), x, [&](auto zero) {
          using T = decltype(zero);
          const T* data = read<T>(op, name.c_str(), x, shape_of(x));
          py::array y = new_array<T>(op, shape_of(x));
          T* y_data = data_of<T>(y);
          without_gil([&] { scale(data, x.size(), static_cast<T>(factor), y_data); });
          return y;
        });
      },
      py::arg("op"), py::arg("name"), py::arg("x"), py::arg("factor"), "factor x");
}

}  // namespace foldgate
