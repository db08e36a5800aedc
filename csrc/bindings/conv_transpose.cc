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
class ConvTransposeCall : public NativeCall {
 public:
  ConvTransposeCall(const Shape& x, const Shape& kernel, const Options& options)
      : NativeCall(3), plan_(make_plan(kOp, x, kernel, options)), x_(x), kernel_(kernel) {}

  py::object run(const py::handle* operands) override {
    return (*this)(array_of(kOp, "x", operands[0]), array_of(kOp, "kernel", operands[1]),
                   object_of(operands[2]));
  }
  py::array operator()(const py::array& x, const py::array& kernel, const py::object& bias) const {
    return by_dtype(kOp, "x", x, [&](auto zero) { return forward<decltype(zero)>(x, kernel, bias); });
  }

 private:
  static constexpr const char* kOp = "conv_transpose";

  template <class T>
  py::array forward(const py::array& x, const py::array& kernel, const py::object& bias) const {
    const T* x_data = read<T>(kOp, "x", x, x_);
    const T* kernel_data = read<T>(kOp, "kernel", kernel, kernel_);
    const T* bias_data = read_optional<T>(kOp, "bias", bias, {plan_.out_channels()});
    py::array y = new_array<T>(kOp, plan_.y_shape());
    T* y_data = data_of<T>(y);
    without_gil(plan_.adjoint.work(),
                [&] { conv_transpose_forward(plan_, x_data, kernel_data, bias_data, y_data); });
    return y;
  }

  ConvTransposePlan plan_;
  Shape x_, kernel_;
};

struct TransposeNeeds {
  bool dx, dkernel, dbias;
};

template <class T>
py::tuple backward(const py::array& dy, const py::array& x, const py::array& kernel, const py::object& y,
                   const Options& options, const TransposeNeeds& needs) {
  constexpr const char* kOp = "conv_transpose_backward";
  const ConvTransposePlan plan = make_plan(kOp, shape_of(x), shape_of(kernel), options);
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
  py::class_<ConvTransposeCall, NativeCall>(
      module, "ConvTransposePlan",
      "A transposed convolution of operands of known shapes; a call takes the operands.")
      .def(py::init([](const Shape& x, const Shape& kernel, Shape strides, Shape before, Shape output,
                       Shape dilation, int64_t groups, bool channels_first, int activation, int algorithm) {
             return ConvTransposeCall(x, kernel,
                                      {std::move(strides), std::move(before), std::move(output),
                                       std::move(dilation), groups, channels_first, activation, algorithm});
           }),
           py::arg("x"), py::arg("kernel"), py::arg("strides"), py::arg("before"), py::arg("output"),
           py::arg("dilation"), py::arg("groups"), py::arg("channels_first"), py::arg("activation"),
           py::arg("algorithm"))
      .def("__call__", &ConvTransposeCall::operator(), py::arg("x"), py::arg("kernel"), py::arg("bias"),
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
