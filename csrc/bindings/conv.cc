#include "ops/conv/conv.h"

#include "bindings/conv_options.h"
#include "bindings/register.h"
#include "ops/conv/im2col.h"

namespace foldgate {
namespace {

// The plan of conv for operands of known shapes: making it costs as much as a small convolution.
class ConvCall : public BiasedCall<ConvCall> {
 public:
  ConvCall(const Shape& x, const Shape& kernel, const ConvOptions& options)
      : BiasedCall(kOp, "x", "kernel"), plan_(ConvPlan::make(kOp, spec_of(kOp, x, kernel, options))) {
    set_shapes({x, kernel, {plan_.out_channels}, plan_.y_shape()});
  }

  double work() const { return plan_.work(); }
  template <class T>
  void compute(const T* x, const T* kernel, const T* bias, T* y) const {
    conv_forward(plan_, x, kernel, bias, y);
  }

 private:
  static constexpr const char* kOp = "conv";
  ConvPlan plan_;
};

// The plan of conv_backward, likewise. over_dy: whether the call may write over dy.
class ConvBackwardCall : public NativeCall {
 public:
  ConvBackwardCall(const Shape& x, const Shape& kernel, const ConvOptions& options, const Needs& needs,
                   bool over_dy)
      : NativeCall(4),
        plan_(ConvPlan::make(kOp, spec_of(kOp, x, kernel, options))),
        needs_(needs),
        over_dy_(over_dy),
        shapes_{x, kernel, {plan_.out_channels}, plan_.y_shape()} {}

  py::object run(const py::handle* operands) override {
    return by_dtype(kOp, "x", operands[1], [&](auto zero) { return backward<decltype(zero)>(operands); });
  }

 private:
  static constexpr const char* kOp = "conv_backward";

  template <class T>
  py::tuple backward(const py::handle* operands) const {
    const Gradients<T> gradients(kOp, needs_, shapes_);
    ConvBackward<T> o = conv_backward_operands<T>(kOp, operands, shapes_, plan_.activation, gradients);
    o.over_dy = over_dy_ && array_of(kOp, "dy", operands[0]).writeable();
    without_gil(2 * plan_.work(), [&] { conv_backward(plan_, o); });
    return gradients.arrays;
  }

  ConvPlan plan_;
  Needs needs_;
  bool over_dy_;
  BiasedShapes shapes_;
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
  py::class_<ConvCall, NativeCall>(
      module, "ConvPlan", "activation(x * kernel + bias) of known shapes; a call takes (x, kernel, bias).")
      .def(py::init([](const Shape& x, const Shape& kernel, Shape strides, Shape pads, Shape dilation,
                       int64_t groups, bool channels_first, int activation, int algorithm) {
             return ConvCall(x, kernel,
                             {std::move(strides), std::move(pads), std::move(dilation), groups,
                              channels_first, activation, algorithm});
           }),
           py::arg("x"), py::arg("kernel"), py::arg("strides"), py::arg("pads"), py::arg("dilation"),
           py::arg("groups"), py::arg("channels_first"), py::arg("activation"), py::arg("algorithm"));
}

void register_backward(py::module_& module) {
  py::class_<ConvBackwardCall, NativeCall>(module, "ConvBackwardPlan",
                                           "(dx, dkernel, dbias) of a convolution of known shapes, None "
                                           "where not needed; a call takes (dy, x, kernel, y).")
      .def(py::init([](const Shape& x, const Shape& kernel, Shape strides, Shape pads, Shape dilation,
                       int64_t groups, bool channels_first, int activation, int algorithm, bool need_dx,
                       bool need_dkernel, bool need_dbias, bool over_dy) {
             return ConvBackwardCall(x, kernel,
                                     {std::move(strides), std::move(pads), std::move(dilation), groups,
                                      channels_first, activation, algorithm},
                                     {need_dx, need_dkernel, need_dbias}, over_dy);
           }),
           py::arg("x"), py::arg("kernel"), py::arg("strides"), py::arg("pads"), py::arg("dilation"),
           py::arg("groups"), py::arg("channels_first"), py::arg("activation"), py::arg("algorithm"),
           py::arg("need_dx"), py::arg("need_dkernel"), py::arg("need_dbias"), py::arg("over_dy") = false);
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
