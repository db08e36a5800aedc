#include "ops/conv/conv.h"

#include "bindings/arrays.h"
#include "bindings/conv_options.h"
#include "bindings/register.h"
#include "ops/conv/im2col.h"

namespace foldgate {
namespace {

// The plan of conv for operands of known shapes: making it costs as much as a small convolution.
class ConvCall {
 public:
  ConvCall(const Shape& x, const Shape& kernel, const ConvOptions& options) : kernel_(kernel) {
    ConvSpec spec = spec_of(kOp, x, kernel, options);
    spec.forward_alone = true;
    plan_ = ConvPlan::make(kOp, spec);
    x_ = plan_.x_shape();
    y_ = plan_.y_shape();
    bias_ = {plan_.out_channels};
  }

  py::array operator()(const py::array& x, const py::array& kernel, const py::object& bias) const {
    return by_dtype(kOp, "x", x, [&](auto zero) { return run<decltype(zero)>(x, kernel, bias); });
  }

 private:
  static constexpr const char* kOp = "conv";

  template <class T>
  py::array run(const py::array& x, const py::array& kernel, const py::object& bias) const {
    const T* x_data = read<T>(kOp, "x", x, x_);
    const T* kernel_data = read<T>(kOp, "kernel", kernel, kernel_);
    const T* bias_data = read_optional<T>(kOp, "bias", bias, bias_);
    py::array y = new_array<T>(kOp, y_);
    T* y_data = data_of<T>(y);
    without_gil([&] { conv_forward(plan_, x_data, kernel_data, bias_data, y_data); });
    return y;
  }

  ConvPlan plan_;
  Shape x_, kernel_, y_, bias_;
};

struct Needs {
  bool dx, dkernel, dbias;
};

template <class T>
py::tuple backward(const py::array& dy, const py::array& x, const py::array& kernel, const py::object& y,
                   const ConvOptions& options, const Needs& needs) {
  constexpr const char* kOp = "conv_backward";
  const ConvPlan plan = ConvPlan::make(kOp, spec_of(kOp, shape_of(x), shape_of(kernel), options));
  ConvBackward<T> o{};
  o.dy = read<T>(kOp, "dy", dy, plan.y_shape());
  o.x = read<T>(kOp, "x", x, plan.x_shape());
  o.kernel = read<T>(kOp, "kernel", kernel, shape_of(kernel));
  o.y = read_optional<T>(kOp, "y", y, plan.y_shape());
  if (plan.activation != Activation::kLinear && !o.y)
    fail_value(kOp, ": y is None; expected what conv returned, as there is an activation");
  py::object results[3] = {py::none(), py::none(), py::none()};
  auto gradient = [&](int i, const Shape& shape) {
    py::array array = new_array<T>(kOp, shape);
    T* data = data_of<T>(array);
    results[i] = std::move(array);
    return data;
  };
  if (needs.dx) o.dx = gradient(0, plan.x_shape());
  if (needs.dkernel) o.dkernel = gradient(1, shape_of(kernel));
  if (needs.dbias) o.dbias = gradient(2, {plan.out_channels});
  without_gil([&] { conv_backward(plan, o); });
  return py::make_tuple(results[0], results[1], results[2]);
}

template <class T>
py::array run_im2col(const py::array& x, bool channels_first, const WindowSpec& window) {
  constexpr const char* kOp = "im2col";
  const ColumnsPlan plan = ColumnsPlan::make(kOp, shape_of(x), channels_first, window);
  const T* data = read<T>(kOp, "x", x, plan.image_shape());
  py::array columns = new_array<T>(kOp, plan.columns_shape());
  T* target = data_of<T>(columns);
  without_gil([&] { im2col(plan, data, target); });
  return columns;
}

template <class T>
py::array run_col2im(const py::array& columns, const Shape& image, bool channels_first,
                     const WindowSpec& window) {
  constexpr const char* kOp = "col2im";
  const ColumnsPlan plan = ColumnsPlan::make(kOp, image, channels_first, window);
  const T* data = read<T>(kOp, "columns", columns, plan.columns_shape());
  py::array x = new_array<T>(kOp, plan.image_shape());
  T* target = data_of<T>(x);
  without_gil([&] { col2im(plan, data, target); });
  return x;
}

void register_forward(py::module_& module) {
  py::class_<ConvCall>(module, "ConvPlan",
                       "A convolution of operands of known shapes; a call takes the operands.")
      .def(py::init([](const Shape& x, const Shape& kernel, Shape strides, Shape pads, Shape dilation,
                       int64_t groups, bool channels_first, int activation, int algorithm) {
             return ConvCall(x, kernel,
                             {std::move(strides), std::move(pads), std::move(dilation), groups,
                              channels_first, activation, algorithm});
           }),
           py::arg("x"), py::arg("kernel"), py::arg("strides"), py::arg("pads"), py::arg("dilation"),
           py::arg("groups"), py::arg("channels_first"), py::arg("activation"), py::arg("algorithm"))
      .def("__call__", &ConvCall::operator(), py::arg("x"), py::arg("kernel"), py::arg("bias"),
           "activation(x * kernel + bias)");
}

void register_backward(py::module_& module) {
  module.def(
      "conv_backward",
      [](const py::array& dy, const py::array& x, const py::array& kernel, const py::object& y, Shape strides,
         Shape pads, Shape dilation, int64_t groups, bool channels_first, int activation, int algorithm,
         bool need_dx, bool need_dkernel, bool need_dbias) {
        const ConvOptions options{
            std::move(strides), std::move(pads), std::move(dilation), groups, channels_first,
            activation,         algorithm};
        return by_dtype("conv_backward", "x", x, [&](auto zero) {
          return backward<decltype(zero)>(dy, x, kernel, y, options, {need_dx, need_dkernel, need_dbias});
        });
      },
      py::arg("dy"), py::arg("x"), py::arg("kernel"), py::arg("y"), py::arg("strides"), py::arg("pads"),
      py::arg("dilation"), py::arg("groups"), py::arg("channels_first"), py::arg("activation"),
      py::arg("algorithm"), py::arg("need_dx"), py::arg("need_dkernel"), py::arg("need_dbias"),
      "(dx, dkernel, dbias), None where not needed.");
}

void register_columns(py::module_& module) {
  module.def(
      "im2col",
      [](const py::array& x, Shape kernel, Shape strides, Shape pads, Shape dilation, bool channels_first) {
        const WindowSpec window{std::move(kernel), std::move(strides), std::move(dilation), std::move(pads)};
        return by_dtype("im2col", "x", x,
                        [&](auto zero) { return run_im2col<decltype(zero)>(x, channels_first, window); });
      },
      py::arg("x"), py::arg("kernel"), py::arg("strides"), py::arg("pads"), py::arg("dilation"),
      py::arg("channels_first"), "Windows of x as columns of (tap, channel).");
  module.def(
      "col2im",
      [](const py::array& columns, const Shape& image, Shape kernel, Shape strides, Shape pads,
         Shape dilation, bool channels_first) {
        const WindowSpec window{std::move(kernel), std::move(strides), std::move(dilation), std::move(pads)};
        return by_dtype("col2im", "columns", columns, [&](auto zero) {
          return run_col2im<decltype(zero)>(columns, image, channels_first, window);
        });
      },
      py::arg("columns"), py::arg("image"), py::arg("kernel"), py::arg("strides"), py::arg("pads"),
      py::arg("dilation"), py::arg("channels_first"),
      "The adjoint of im2col: columns added to where they came from.");
}

}  // namespace

void register_conv(py::module_& module) {
  register_forward(module);
  register_backward(module);
  register_columns(module);
}

}  // namespace foldgate
