#include "bindings/calls.h"
#include "bindings/enums.h"
#include "bindings/register.h"
#include "ops/conv/transpose.h"

namespace foldgate {
namespace {

// What both directions are told of the window and the algorithm, in this order.
struct Options {
  Shape strides, before, output, dilation;
  int64_t groups;
  bool channels_first;
  int activation, algorithm;
};

ConvTransposePlan make_plan(const char* op, const py::array& x, const py::array& kernel, const Options& o) {
  ConvTransposeSpec spec;
  spec.x = shape_of(x);
  spec.kernel = shape_of(kernel);
  spec.strides = o.strides;
  spec.before = o.before;
  spec.output = o.output;
  spec.dilation = o.dilation;
  spec.groups = o.groups;
  spec.channels_first = o.channels_first;
  spec.activation = enum_from(op, "activation", o.activation, Activation::kRelu6);
  spec.algorithm = enum_from(op, "algorithm", o.algorithm, kLastConvAlgorithm);
  return ConvTransposePlan::make(op, spec);
}

template <class T>
py::array forward(const py::array& x, const py::array& kernel, const py::object& bias,
                  const Options& options) {
  constexpr const char* kOp = "conv_transpose";
  const ConvTransposePlan plan = make_plan(kOp, x, kernel, options);
  const T* x_data = read<T>(kOp, "x", x, plan.x_shape());
  const T* kernel_data = read<T>(kOp, "kernel", kernel, shape_of(kernel));
  const T* bias_data = read_optional<T>(kOp, "bias", bias, {plan.out_channels()});
  py::array y = new_array<T>(kOp, plan.y_shape());
  T* y_data = data_of<T>(y);
  without_gil(plan.adjoint.work(),
              [&] { conv_transpose_forward(plan, x_data, kernel_data, bias_data, y_data); });
  return y;
}

struct TransposeNeeds {
  bool dx, dkernel, dbias;
};

template <class T>
py::tuple backward(const py::array& dy, const py::array& x, const py::array& kernel, const py::object& y,
                   const Options& options, const TransposeNeeds& needs) {
  constexpr const char* kOp = "conv_transpose_backward";
  const ConvTransposePlan plan = make_plan(kOp, x, kernel, options);
  ConvTransposeBackward<T> o{};
  o.dy = read<T>(kOp, "dy", dy, plan.y_shape());
  o.x = read<T>(kOp, "x", x, plan.x_shape());
  o.kernel = read<T>(kOp, "kernel", kernel, shape_of(kernel));
  o.y = read_optional<T>(kOp, "y", y, plan.y_shape());
  if (plan.activation != Activation::kLinear && !o.y)
    fail_value(kOp, ": y is None; expected what conv_transpose returned, as there is an activation");
  py::object results[3] = {py::none(), py::none(), py::none()};
  auto gradient = [&](int i, const Shape& shape) {
    py::array array = new_array<T>(kOp, shape);
    T* data = data_of<T>(array);
    results[i] = std::move(array);
    return data;
  };
  if (needs.dx) o.dx = gradient(0, plan.x_shape());
  if (needs.dkernel) o.dkernel = gradient(1, shape_of(kernel));
  if (needs.dbias) o.dbias = gradient(2, {plan.out_channels()});
  without_gil(2 * plan.adjoint.work(), [&] { conv_transpose_backward(plan, o); });
  return py::make_tuple(results[0], results[1], results[2]);
}

}  // namespace

void register_conv_transpose(py::module_& module) {
  module.def(
      "conv_transpose",
      [](const py::array& x, const py::array& kernel, const py::object& bias, Shape strides, Shape before,
         Shape output, Shape dilation, int64_t groups, bool channels_first, int activation, int algorithm) {
        const Options options{
            std::move(strides), std::move(before), std::move(output), std::move(dilation), groups,
            channels_first,     activation,        algorithm};
        return by_dtype("conv_transpose", "x", x,
                        [&](auto zero) { return forward<decltype(zero)>(x, kernel, bias, options); });
      },
      py::arg("x"), py::arg("kernel"), py::arg("bias"), py::arg("strides"), py::arg("before"),
      py::arg("output"), py::arg("dilation"), py::arg("groups"), py::arg("channels_first"),
      py::arg("activation"), py::arg("algorithm"),
      "The adjoint of a convolution, with bias and activation; output holds y's spatial extents.");
  module.def(
      "conv_transpose_backward",
      [](const py::array& dy, const py::array& x, const py::array& kernel, const py::object& y, Shape strides,
         Shape before, Shape output, Shape dilation, int64_t groups, bool channels_first, int activation,
         int algorithm, bool need_dx, bool need_dkernel, bool need_dbias) {
        const Options options{
            std::move(strides), std::move(before), std::move(output), std::move(dilation), groups,
            channels_first,     activation,        algorithm};
        return by_dtype("conv_transpose_backward", "x", x, [&](auto zero) {
          return backward<decltype(zero)>(dy, x, kernel, y, options, {need_dx, need_dkernel, need_dbias});
        });
      },
      py::arg("dy"), py::arg("x"), py::arg("kernel"), py::arg("y"), py::arg("strides"), py::arg("before"),
      py::arg("output"), py::arg("dilation"), py::arg("groups"), py::arg("channels_first"),
      py::arg("activation"), py::arg("algorithm"), py::arg("need_dx"), py::arg("need_dkernel"),
      py::arg("need_dbias"), "(dx, dkernel, dbias), None where not needed.");
}

}  // namespace foldgate
