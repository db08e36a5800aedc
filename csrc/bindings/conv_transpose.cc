#include "bindings/conv_options.h"
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

ConvTransposePlan make_plan(const char* op, const Shape& x, const Shape& kernel, const Options& o) {
  ConvTransposeSpec spec;
  spec.x = x;
  spec.kernel = kernel;
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

// The plan for operands of known shapes.
class ConvTransposeCall : public BiasedCall<ConvTransposeCall> {
 public:
  ConvTransposeCall(const Shape& x, const Shape& kernel, const Options& options)
      : BiasedCall(kOp, "x", "kernel"), plan_(make_plan(kOp, x, kernel, options)) {
    set_shapes({x, kernel, {plan_.out_channels()}, plan_.y_shape()});
  }

  double work() const { return plan_.adjoint.work(); }
  template <class T>
  void compute(const T* x, const T* kernel, const T* bias, T* y) const {
    conv_transpose_forward(plan_, x, kernel, bias, y);
  }

 private:
  static constexpr const char* kOp = "conv_transpose";
  ConvTransposePlan plan_;
};

// operands: (dy, x, kernel, y)
template <class T>
py::tuple backward(const char* op, const py::handle* operands, const ConvTransposePlan& plan,
                   const BiasedShapes& shapes, const Needs& needs) {
  const Gradients<T> gradients(op, needs, shapes);
  ConvBackward<T> o = conv_backward_operands<T>(op, operands, shapes, plan.activation, gradients);
  without_gil(2 * plan.adjoint.work(), [&] { conv_transpose_backward(plan, o); });
  return gradients.arrays;
}

}  // namespace

void register_conv_transpose(py::module_& module) {
  py::class_<ConvTransposeCall, NativeCall>(
      module, "ConvTransposePlan",
      "The adjoint of a convolution, with bias and activation, of known shapes, output being y's spatial "
      "extents; a call takes (x, kernel, bias).")
      .def(py::init([](const Shape& x, const Shape& kernel, Shape strides, Shape before, Shape output,
                       Shape dilation, int64_t groups, bool channels_first, int activation, int algorithm) {
             return ConvTransposeCall(x, kernel,
                                      {std::move(strides), std::move(before), std::move(output),
                                       std::move(dilation), groups, channels_first, activation, algorithm});
           }),
           py::arg("x"), py::arg("kernel"), py::arg("strides"), py::arg("before"), py::arg("output"),
           py::arg("dilation"), py::arg("groups"), py::arg("channels_first"), py::arg("activation"),
           py::arg("algorithm"));
  module.def(
      "conv_transpose_backward",
      [](const py::array& dy, const py::array& x, const py::array& kernel, const py::object& y, Shape strides,
         Shape before, Shape output, Shape dilation, int64_t groups, bool channels_first, int activation,
         int algorithm, bool need_dx, bool need_dkernel, bool need_dbias) {
        const Options options{
            std::move(strides), std::move(before), std::move(output), std::move(dilation), groups,
            channels_first,     activation,        algorithm};
        constexpr const char* kOp = "conv_transpose_backward";
        const ConvTransposePlan plan = make_plan(kOp, shape_of(x), shape_of(kernel), options);
        const BiasedShapes shapes{shape_of(x), shape_of(kernel), {plan.out_channels()}, plan.y_shape()};
        const py::handle operands[] = {dy, x, kernel, y};
        return by_dtype(kOp, "x", x, [&](auto zero) {
          return backward<decltype(zero)>(kOp, operands, plan, shapes, {need_dx, need_dkernel, need_dbias});
        });
      },
      py::arg("dy"), py::arg("x"), py::arg("kernel"), py::arg("y"), py::arg("strides"), py::arg("before"),
      py::arg("output"), py::arg("dilation"), py::arg("groups"), py::arg("channels_first"),
      py::arg("activation"), py::arg("algorithm"), py::arg("need_dx"), py::arg("need_dkernel"),
      py::arg("need_dbias"), "(dx, dkernel, dbias), None where not needed.");
}

}  // namespace foldgate
