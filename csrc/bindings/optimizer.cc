#include "ops/optimizer.h"

#include "bindings/arrays.h"
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
  std::string name;
  py::array array;
};

// The variable and its slots: writeable, of one shape and dtype, and apart; the gradient may be none of them.
template <class T>
void update(const char* op, Optimizer kind, const py::array& variable, const py::array& gradient,
            const std::vector<std::pair<std::string, py::object>>& slots, const std::vector<double>& values) {
  const auto count = static_cast<size_t>(kOptimizerSlots[static_cast<int>(kind)]);
  require(slots.size() == count, op, ": ", slots.size(), " slots are given; expected ", count);
  require(values.size() == 10, op, ": ", values.size(), " constants are given; expected 10");
  const Shape shape = shape_of(variable);
  std::vector<Written> written{{"variable", output<T>(op, "variable", variable, shape)}};
  for (const auto& [name, array] : slots)
    written.push_back({name, output<T>(op, name.c_str(), array, shape)});
  const T* gradient_data = read<T>(op, "gradient", gradient, shape);
  for (size_t i = 0; i < written.size(); ++i) {
    apart(op, written[i].name, written[i].array, "gradient", gradient);
    for (size_t j = 0; j < i; ++j)
      apart(op, written[j].name, written[j].array, written[i].name, written[i].array);
  }
  T constants[10], *data[1 + kMaxSlots] = {};
  for (size_t i = 0; i < 10; ++i) constants[i] = static_cast<T>(values[i]);
  for (size_t i = 0; i < written.size(); ++i) data[i] = data_of<T>(written[i].array);
  const OptimizerConstants<T> k{constants[0], constants[1], constants[2], constants[3], constants[4],
                                constants[5], constants[6], constants[7], constants[8], constants[9]};
  const int64_t n = variable.size();
  without_gil([&] { optimizer_update(kind, k, gradient_data, n, data[0], data + 1); });
}

}  // namespace

void register_optimizer(py::module_& module) {
  module.def(
      "optimizer_update",
      [](const char* op, int kind, const py::array& variable, const py::array& gradient,
         const std::vector<std::pair<std::string, py::object>>& slots, const std::vector<double>& constants) {
        const Optimizer optimizer = enum_from(op, "kind", kind, static_cast<Optimizer>(kOptimizers - 1));
        by_dtype(op, "variable", variable, [&](auto zero) {
          update<decltype(zero)>(op, optimizer, variable, gradient, slots, constants);
        });
      },
      py::arg("op"), py::arg("kind"), py::arg("variable"), py::arg("gradient"), py::arg("slots"),
      py::arg("constants"),
      "One step in place. slots: (name, array) each; constants: decay, lr, epsilon, mu, rho, p, q, a, b, c.");
  module.def(
      "square_sum",
      [](const char* op, const std::string& name, const py::array& x) {
        return by_dtype(op, name.c_str(), x, [&](auto zero) {
          using T = decltype(zero);
          const T* data = read<T>(op, name.c_str(), x, shape_of(x));
          double sum = 0;
          without_gil([&] { sum = square_sum(data, x.size()); });
          return sum;
        });
      },
      py::arg("op"), py::arg("name"), py::arg("x"), "The sum of the squares of all values.");
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
