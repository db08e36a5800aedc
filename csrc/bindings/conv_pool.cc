#include "ops/conv/conv_pool.h"

#include "bindings/arrays.h"
#include "bindings/conv_options.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr const char* kConvMaxPool = "conv_max_pool";

template <class T>
py::tuple forward(const py::array& x, const py::array& kernel, const py::object& bias,
                  const ConvOptions& options, bool with_taps) {
  const ConvPoolPlan plan =
      ConvPoolPlan::make(kConvMaxPool, spec_of(kConvMaxPool, shape_of(x), shape_of(kernel), options));
  const T* x_data = read<T>(kConvMaxPool, "x", x, plan.conv.x_shape());
  const T* kernel_data = read<T>(kConvMaxPool, "kernel", kernel, shape_of(kernel));
  const T* bias_data = read_optional<T>(kConvMaxPool, "bias", bias, {plan.conv.out_channels});
  py::array y = new_array<T>(kConvMaxPool, plan.pool.output_shape);
  T* y_data = data_of<T>(y);
  py::object taps = py::none();
  uint8_t* taps_data = nullptr;
  if (with_taps) {
    py::array array = new_array<uint8_t>(kConvMaxPool, plan.pool.output_shape);
    taps_data = data_of<uint8_t>(array);
    taps = std::move(array);
  }
  without_gil([&] { conv_max_pool(plan, x_data, kernel_data, bias_data, y_data, taps_data); });
  return py::make_tuple(y, taps);
}

}  // namespace

void register_conv_pool(py::module_& module) {
  module.def(
      kConvMaxPool,
      [](const py::array& x, const py::array& kernel, const py::object& bias, Shape strides, Shape pads,
         Shape dilation, int64_t groups, bool channels_first, int activation, int algorithm, bool taps) {
        const ConvOptions options{
            std::move(strides), std::move(pads), std::move(dilation), groups, channels_first,
            activation,         algorithm};
        return by_dtype(kConvMaxPool, "x", x,
                        [&](auto zero) { return forward<decltype(zero)>(x, kernel, bias, options, taps); });
      },
      py::arg("x"), py::arg("kernel"), py::arg("bias"), py::arg("strides"), py::arg("pads"),
      py::arg("dilation"), py::arg("groups"), py::arg("channels_first"), py::arg("activation"),
      py::arg("algorithm"), py::arg("taps"),
      "(y, taps): the largest of every window of 2 x 2 outputs of conv, and which it is, or None.");
}

}  // namespace foldgate
