#include "bindings/arrays.h"
#include "bindings/register.h"
#include "ops/pool/lp.h"

namespace foldgate {
namespace {

constexpr const char* kLpPool = "lp_pool";
constexpr const char* kLpPoolBackward = "lp_pool_backward";

template <class T>
py::array forward(const py::array& x, const WindowSpec& spec, bool channels_first, double p) {
  const LpPlan plan = LpPlan::make(kLpPool, shape_of(x), spec, p, channels_first);
  const T* x_data = read<T>(kLpPool, "x", x, plan.sums.input_shape);
  py::array y = new_array<T>(kLpPool, plan.sums.output_shape);
  T* y_data = data_of<T>(y);
  without_gil([&] { lp_pool(plan, x_data, y_data); });
  return y;
}

template <class T>
py::array backward(const py::array& dy, const py::array& x, const py::array& y, const WindowSpec& spec,
                   bool channels_first, double p) {
  const LpPlan plan = LpPlan::make(kLpPoolBackward, shape_of(x), spec, p, channels_first);
  const T* dy_data = read<T>(kLpPoolBackward, "dy", dy, plan.sums.output_shape);
  const T* x_data = read<T>(kLpPoolBackward, "x", x, plan.sums.input_shape);
  const T* y_data = read<T>(kLpPoolBackward, "y", y, plan.sums.output_shape);
  py::array dx = new_array<T>(kLpPoolBackward, plan.sums.input_shape);
  T* dx_data = data_of<T>(dx);
  without_gil([&] { lp_pool_backward(plan, dy_data, x_data, y_data, dx_data); });
  return dx;
}

}  // namespace

void register_lp_pool(py::module_& module) {
  module.def(
      kLpPool,
      [](const py::array& x, Shape pool_size, Shape strides, Shape dilation, Shape pads, bool ceil_mode,
         bool channels_first, double p) {
        const WindowSpec spec{std::move(pool_size), std::move(strides), std::move(dilation), std::move(pads),
                              ceil_mode};
        return by_dtype(kLpPool, "x", x,
                        [&](auto zero) { return forward<decltype(zero)>(x, spec, channels_first, p); });
      },
      py::arg("x"), py::arg("pool_size"), py::arg("strides"), py::arg("dilation"), py::arg("pads"),
      py::arg("ceil_mode"), py::arg("channels_first"), py::arg("p"), "The p-norm of every window.");
  module.def(
      kLpPoolBackward,
      [](const py::array& dy, const py::array& x, const py::array& y, Shape pool_size, Shape strides,
         Shape dilation, Shape pads, bool ceil_mode, bool channels_first, double p) {
        const WindowSpec spec{std::move(pool_size), std::move(strides), std::move(dilation), std::move(pads),
                              ceil_mode};
        return by_dtype(kLpPoolBackward, "dy", dy, [&](auto zero) {
          return backward<decltype(zero)>(dy, x, y, spec, channels_first, p);
        });
      },
      py::arg("dy"), py::arg("x"), py::arg("y"), py::arg("pool_size"), py::arg("strides"),
      py::arg("dilation"), py::arg("pads"), py::arg("ceil_mode"), py::arg("channels_first"), py::arg("p"),
      "The gradient of every window's p-norm.");
}

}  // namespace foldgate
