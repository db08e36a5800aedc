#include "bindings/arrays.h"
#include "bindings/register.h"
#include "ops/pool/unpool.h"

namespace foldgate {
namespace {

constexpr const char* kMaxUnpool = "max_unpool";
constexpr const char* kMaxUnpoolBackward = "max_unpool_backward";

template <class T>
py::array forward(const py::array& x, const py::array& indices, const Shape& output_shape,
                  bool channels_first) {
  const Shape shape = shape_of(x);
  const UnpoolPlan plan = UnpoolPlan::make(kMaxUnpool, shape, output_shape, channels_first);
  const T* x_data = read<T>(kMaxUnpool, "x", x, shape);
  const auto* positions = read<int64_t>(kMaxUnpool, "indices", indices, shape);
  py::array y = new_array<T>(kMaxUnpool, output_shape);
  T* y_data = data_of<T>(y);
  without_gil([&] { max_unpool(plan, x_data, positions, y_data); });
  return y;
}

template <class T>
py::array backward(const py::array& dy, const py::array& indices, bool channels_first) {
  const Shape shape = shape_of(indices), output_shape = shape_of(dy);
  const UnpoolPlan plan = UnpoolPlan::make(kMaxUnpoolBackward, shape, output_shape, channels_first);
  const T* dy_data = read<T>(kMaxUnpoolBackward, "dy", dy, output_shape);
  const auto* positions = read<int64_t>(kMaxUnpoolBackward, "indices", indices, shape);
  py::array dx = new_array<T>(kMaxUnpoolBackward, shape);
  T* dx_data = data_of<T>(dx);
  without_gil([&] { max_unpool_backward(plan, dy_data, positions, dx_data); });
  return dx;
}

}  // namespace

void register_max_unpool(py::module_& module) {
  module.def(
      kMaxUnpool,
      [](const py::array& x, const py::array& indices, const Shape& output_shape, bool channels_first) {
        return by_dtype(kMaxUnpool, "x", x, [&](auto zero) {
          return forward<decltype(zero)>(x, indices, output_shape, channels_first);
        });
      },
      py::arg("x"), py::arg("indices"), py::arg("output_shape"), py::arg("channels_first"),
      "Every value at its position of a plane of zeros; of several the last.");
  module.def(
      kMaxUnpoolBackward,
      [](const py::array& dy, const py::array& indices, bool channels_first) {
        return by_dtype(kMaxUnpoolBackward, "dy", dy,
                        [&](auto zero) { return backward<decltype(zero)>(dy, indices, channels_first); });
      },
      py::arg("dy"), py::arg("indices"), py::arg("channels_first"),
      "dx: dy at each value's position, 0 where another value stayed.");
}

}  // namespace foldgate
