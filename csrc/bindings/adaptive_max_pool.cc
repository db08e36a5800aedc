#include "bindings/calls.h"
#include "bindings/register.h"
#include "ops/pool/adaptive_max.h"

namespace foldgate {
namespace {

constexpr const char* kAdaptiveMaxPool = "adaptive_max_pool";
constexpr const char* kAdaptiveMaxPoolBackward = "adaptive_max_pool_backward";

template <class T>
py::tuple forward(const py::array& x, const Shape& output_size, bool channels_first, bool return_indices) {
  const AdaptiveMaxPlan plan =
      AdaptiveMaxPlan::make(kAdaptiveMaxPool, shape_of(x), output_size, channels_first);
  const T* x_data = read<T>(kAdaptiveMaxPool, "x", x, plan.parts.input_shape);
  py::array y = new_array<T>(kAdaptiveMaxPool, plan.parts.output_shape);
  T* y_data = data_of<T>(y);
  py::object indices = py::none();
  int64_t* positions = nullptr;
  if (return_indices) {
    py::array array = new_array<int64_t>(kAdaptiveMaxPool, plan.parts.output_shape);
    positions = data_of<int64_t>(array);
    indices = array;
  }
  without_gil(2.0 * static_cast<double>(x.size()),
              [&] { adaptive_max_pool(plan, x_data, y_data, positions); });
  return py::make_tuple(y, indices);
}

template <class T>
py::array backward(const py::array& dy, const py::array& indices, const Shape& input_shape,
                   bool channels_first) {
  const Shape shape = shape_of(dy);
  require(shape.size() >= 3, kAdaptiveMaxPoolBackward, ": dy has shape ", shape_text(shape),
          "; expected 3 to 5 axes");
  const Shape output_size =
      channels_first ? Shape(shape.begin() + 2, shape.end()) : Shape(shape.begin() + 1, shape.end() - 1);
  const AdaptiveMaxPlan plan =
      AdaptiveMaxPlan::make(kAdaptiveMaxPoolBackward, input_shape, output_size, channels_first);
  const T* dy_data = read<T>(kAdaptiveMaxPoolBackward, "dy", dy, plan.parts.output_shape);
  const auto* positions =
      read<int64_t>(kAdaptiveMaxPoolBackward, "indices", indices, plan.parts.output_shape);
  py::array dx = new_array<T>(kAdaptiveMaxPoolBackward, plan.parts.input_shape);
  T* dx_data = data_of<T>(dx);
  without_gil([&] { adaptive_max_pool_backward(plan, dy_data, positions, dx_data); });
  return dx;
}

}  // namespace

void register_adaptive_max_pool(py::module_& module) {
  module.def(
      kAdaptiveMaxPool,
      [](const py::array& x, const Shape& output_size, bool channels_first, bool return_indices) {
        return by_dtype(kAdaptiveMaxPool, "x", x, [&](auto zero) {
          return forward<decltype(zero)>(x, output_size, channels_first, return_indices);
        });
      },
      py::arg("x"), py::arg("output_size"), py::arg("channels_first"), py::arg("return_indices"),
      "(y, indices): the largest value of each part, and its position or None.");
  module.def(
      kAdaptiveMaxPoolBackward,
      [](const py::array& dy, const py::array& indices, const Shape& input_shape, bool channels_first) {
        return by_dtype(kAdaptiveMaxPoolBackward, "dy", dy, [&](auto zero) {
          return backward<decltype(zero)>(dy, indices, input_shape, channels_first);
        });
      },
      py::arg("dy"), py::arg("indices"), py::arg("input_shape"), py::arg("channels_first"),
      "dx: every dy at the position that won its part.");
}

}  // namespace foldgate
