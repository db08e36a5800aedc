#include "bindings/calls.h"
#include "bindings/register.h"
#include "ops/pool/average.h"

namespace foldgate {
namespace {

template <class T>
py::array forward(const char* op, const AveragePlan& plan, const py::array& x) {
  const T* x_data = read<T>(op, "x", x, plan.input_shape);
  py::array y = new_array<T>(op, plan.output_shape);
  T* y_data = data_of<T>(y);
  double work = static_cast<double>(y.size());
  for (const AverageAxis& axis : plan.axes) work *= static_cast<double>(axis.taps);
  without_gil(work, [&] { average_pool(plan, x_data, y_data); });
  return y;
}

template <class T>
py::array backward(const char* op, const AveragePlan& plan, const py::array& dy) {
  const T* dy_data = read<T>(op, "dy", dy, plan.output_shape);
  py::array dx = new_array<T>(op, plan.input_shape);
  T* dx_data = data_of<T>(dx);
  without_gil(4.0 * static_cast<double>(dx.size()), [&] { average_pool_backward(plan, dy_data, dx_data); });
  return dx;
}

py::array run_forward(const char* op, const AveragePlan& plan, const py::array& x) {
  return by_dtype(op, "x", x, [&](auto zero) { return forward<decltype(zero)>(op, plan, x); });
}
py::array run_backward(const char* op, const AveragePlan& plan, const py::array& dy) {
  return by_dtype(op, "dy", dy, [&](auto zero) { return backward<decltype(zero)>(op, plan, dy); });
}

// The spatial extents of an array, of one that has them.
Shape spatial_shape(const char* op, const py::array& array, bool channels_first) {
  const Shape shape = shape_of(array);
  require(shape.size() >= 3, op, ": dy has shape ", shape_text(shape), "; expected 3 to 5 axes");
  return channels_first ? Shape(shape.begin() + 2, shape.end()) : Shape(shape.begin() + 1, shape.end() - 1);
}

// The plan for an operand of a known shape.
class AveragePoolCall : public NativeCall {
 public:
  static constexpr const char* kOp = "average_pool";
  AveragePoolCall(const Shape& x, const WindowSpec& spec, bool include_pad, bool channels_first)
      : NativeCall(1), plan_(AveragePlan::make(kOp, x, spec, include_pad, channels_first)) {}

  py::object run(const py::handle* operands) override {
    return run_forward(kOp, plan_, array_of(kOp, "x", operands[0]));
  }

 private:
  AveragePlan plan_;
};

void register_sliding(py::module_& module) {
  py::class_<AveragePoolCall, NativeCall>(
      module, "AveragePoolPlan", "The mean of every window of an operand of a known shape; a call takes (x).")
      .def(py::init([](const Shape& x, Shape pool_size, Shape strides, Shape dilation, Shape pads,
                       bool ceil_mode, bool channels_first, bool include_pad) {
             const WindowSpec spec{std::move(pool_size), std::move(strides), std::move(dilation),
                                   std::move(pads), ceil_mode};
             return AveragePoolCall(x, spec, include_pad, channels_first);
           }),
           py::arg("x"), py::arg("pool_size"), py::arg("strides"), py::arg("dilation"), py::arg("pads"),
           py::arg("ceil_mode"), py::arg("channels_first"), py::arg("include_pad"));
  module.def(
      "average_pool_backward",
      [](const py::array& dy, const Shape& input_shape, Shape pool_size, Shape strides, Shape dilation,
         Shape pads, bool ceil_mode, bool channels_first, bool include_pad) {
        constexpr const char* kOp = "average_pool_backward";
        const WindowSpec spec{std::move(pool_size), std::move(strides), std::move(dilation), std::move(pads),
                              ceil_mode};
        return run_backward(kOp, AveragePlan::make(kOp, input_shape, spec, include_pad, channels_first), dy);
      },
      py::arg("dy"), py::arg("input_shape"), py::arg("pool_size"), py::arg("strides"), py::arg("dilation"),
      py::arg("pads"), py::arg("ceil_mode"), py::arg("channels_first"), py::arg("include_pad"),
      "Every window's gradient, in equal shares, to its positions.");
}

void register_adaptive(py::module_& module) {
  module.def(
      "adaptive_average_pool",
      [](const py::array& x, const Shape& output_size, bool channels_first) {
        constexpr const char* kOp = "adaptive_average_pool";
        return run_forward(kOp, AveragePlan::make_adaptive(kOp, shape_of(x), output_size, channels_first), x);
      },
      py::arg("x"), py::arg("output_size"), py::arg("channels_first"),
      "The means of output_size parts of every axis.");
  module.def(
      "adaptive_average_pool_backward",
      [](const py::array& dy, const Shape& input_shape, bool channels_first) {
        constexpr const char* kOp = "adaptive_average_pool_backward";
        const Shape output_size = spatial_shape(kOp, dy, channels_first);
        return run_backward(kOp, AveragePlan::make_adaptive(kOp, input_shape, output_size, channels_first),
                            dy);
      },
      py::arg("dy"), py::arg("input_shape"), py::arg("channels_first"),
      "Every part's gradient, in equal shares, to its positions.");
}

}  // namespace

void register_average_pool(py::module_& module) {
  register_sliding(module);
  register_adaptive(module);
}

}  // namespace foldgate
