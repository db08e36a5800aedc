#include "ops/conv/conv.h"

#include "bindings/calls.h"
#include "bindings/conv_options.h"
#include "bindings/register.h"
#include "ops/conv/im2col.h"

namespace foldgate {
namespace {

// The plan of conv for operands of known shapes: making it costs as much as a small convolution.
class ConvCall : public NativeCall {
 public:
  ConvCall(const Shape& x, const Shape& kernel, const ConvOptions& options) : NativeCall(3), kernel_(kernel) {
    plan_ = ConvPlan::make(kOp, spec_of(kOp, x, kernel, options));
    x_ = plan_.x_shape();
    y_ = plan_.y_shape();
    bias_ = {plan_.out_channels};
  }

  py::object run(const py::handle* operands) override {
    return (*this)(array_of(kOp, "x", operands[0]), array_of(kOp, "kernel", operands[1]),
                   object_of(operands[2]));
  }
  py::array operator()(const py::array& x, const py::array& kernel, const py::object& bias) const {
    return by_dtype(kOp, "x", x, [&](auto zero) { return forward<decltype(zero)>(x, kernel, bias); });
  }

 private:
  static constexpr const char* kOp = "conv";

  template <class T>
  py::array forward(const py::array& x, const py::array& kernel, const py::object& bias) const {
    const T* x_data = read<T>(kOp, "x", x, x_);
    const T* kernel_data = read<T>(kOp, "kernel", kernel, kernel_);
    const T* bias_data = read_optional<T>(kOp, "bias", bias, bias_);
    py::array y = new_array<T>(kOp, y_);
    T* y_data = data_of<T>(y);
    without_gil(plan_.work(), [&] { conv_forward(plan_, x_data, kernel_data, bias_data, y_data); });
    return y;
  }

  ConvPlan plan_;
  Shape x_, kernel_, y_, bias_;
};

struct ConvNeeds {
  bool dx, dkernel, dbias;
  bool over_dy;  // whether the call may write over dy
};

// The plan of conv_backward, likewise.
class ConvBackwardCall : public NativeCall {
 public:
  ConvBackwardCall(const Shape& x, const Shape& kernel, const ConvOptions& options, const ConvNeeds& needs)
      : NativeCall(4),
        plan_(ConvPlan::make(kOp, spec_of(kOp, x, kernel, options))),
        needs_(needs),
        x_(plan_.x_shape()),
        kernel_(kernel),
        y_(plan_.y_shape()),
        bias_{plan_.out_channels} {}

  py::object run(const py::handle* operands) override {
    return (*this)(array_of(kOp, "dy", operands[0]), array_of(kOp, "x", operands[1]),
                   array_of(kOp, "kernel", operands[2]), object_of(operands[3]));
  }
  py::tuple operator()(const py::array& dy, const py::array& x, const py::array& kernel,
                       const py::object& y) const {
    return by_dtype(kOp, "x", x, [&](auto zero) { return backward<decltype(zero)>(dy, x, kernel, y); });
  }

 private:
  static constexpr const char* kOp = "conv_backward";

  template <class T>
  py::tuple backward(const py::array& dy, const py::array& x, const py::array& kernel,
                     const py::object& y) const {
    ConvBackward<T> o{};
    o.dy = read<T>(kOp, "dy", dy, y_);
    o.over_dy = needs_.over_dy && dy.writeable();
    o.x = read<T>(kOp, "x", x, x_);
    o.kernel = read<T>(kOp, "kernel", kernel, kernel_);
    o.y = read_optional<T>(kOp, "y", y, y_);
    if (plan_.activation != Activation::kLinear && !o.y)
      fail_value(kOp, ": y is None; expected what conv returned, as there is an activation");
    py::object results[3] = {py::none(), py::none(), py::none()};
    auto gradient = [&](int i, const Shape& shape) {
      py::array array = new_array<T>(kOp, shape);
      T* data = data_of<T>(array);
      results[i] = std::move(array);
      return data;
    };
    if (needs_.dx) o.dx = gradient(0, x_);
    if (needs_.dkernel) o.dkernel = gradient(1, kernel_);
    if (needs_.dbias) o.dbias = gradient(2, bias_);
    without_gil(2 * plan_.work(), [&] { conv_backward(plan_, o); });
    return py::make_tuple(results[0], results[1], results[2]);
  }

  ConvPlan plan_;
  ConvNeeds needs_;
  Shape x_, kernel_, y_, bias_;
};

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
  py::class_<ConvCall, NativeCall>(module, "ConvPlan",
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
  py::class_<ConvBackwardCall, NativeCall>(
      module, "ConvBackwardPlan",
      "The gradients of a convolution of known shapes; a call takes the operands.")
      .def(py::init([](const Shape& x, const Shape& kernel, Shape strides, Shape pads, Shape dilation,
                       int64_t groups, bool channels_first, int activation, int algorithm, bool need_dx,
                       bool need_dkernel, bool need_dbias, bool over_dy) {
             return ConvBackwardCall(x, kernel,
                                     {std::move(strides), std::move(pads), std::move(dilation), groups,
                                      channels_first, activation, algorithm},
                                     {need_dx, need_dkernel, need_dbias, over_dy});
           }),
           py::arg("x"), py::arg("kernel"), py::arg("strides"), py::arg("pads"), py::arg("dilation"),
           py::arg("groups"), py::arg("channels_first"), py::arg("activation"), py::arg("algorithm"),
           py::arg("need_dx"), py::arg("need_dkernel"), py::arg("need_dbias"), py::arg("over_dy") = false)
      .def("__call__", &ConvBackwardCall::operator(), py::arg("dy"), py::arg("x"), py::arg("kernel"),
           py::arg("y"), "(dx, dkernel, dbias), None where not needed.");
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
