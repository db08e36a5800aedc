#include "ops/conv/layout.h"

#include <algorithm>

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

template <class T>
using Move = void (*)(const T* from, int64_t first, int64_t second, int64_t others, T* to);

// A pass from one layout to another, of an array whose extents it takes as three: two axes', and all others' product.
struct Pass {
  const char *op, *name, *expected;
  int64_t least_axes;
  Move<float> of_float;
  Move<double> of_double;

  Move<float> move(float) const { return of_float; }
  Move<double> move(double) const { return of_double; }
};

void check_axes(const Pass& pass, const py::array& array) {
  require(array.ndim() >= pass.least_axes, pass.op, ": ", pass.name, " has ", array.ndim(),
          " axes; expected at least ", pass.least_axes, ", ", pass.expected);
}

// `array`, whose axes `first` and `second` have these extents, as a new one of shape `turned`.
py::array moved(const Pass& pass, const py::array& array, int64_t first, int64_t second,
                const Shape& turned) {
  return by_dtype(pass.op, pass.name, array, [&](auto zero) {
    using T = decltype(zero);
    const T* from = read<T>(pass.op, pass.name, array, shape_of(array));
    py::array result = new_array<T>(pass.op, turned);
    T* to = data_of<T>(result);
    const int64_t size = array.size();
    if (size > 0) without_gil([&] { pass.move(zero)(from, first, second, size / (first * second), to); });
    return result;
  });
}

py::array pixels_of(const py::array& x) {
  const Pass pass{"planes_to_pixels",      "x", "(N, C, *spatial)", 3, planes_to_pixels<float>,
                  planes_to_pixels<double>};
  check_axes(pass, x);
  const Shape shape = shape_of(x);
  Shape turned = shape;
  std::rotate(turned.begin() + 1, turned.begin() + 2, turned.end());
  return moved(pass, x, shape[0], shape[1], turned);
}

py::array kernel_of(const py::array& weights) {
  const Pass pass{"weights_to_kernel",      "weights", "(O, I, *taps)", 2, weights_to_kernel<float>,
                  weights_to_kernel<double>};
  check_axes(pass, weights);
  Shape turned = shape_of(weights);
  const int64_t outputs = turned[0], inputs = turned[1];
  std::swap(turned[0], turned[1]);
  std::rotate(turned.begin(), turned.begin() + 2, turned.end());
  return moved(pass, weights, outputs, inputs, turned);
}

py::array weights_of(const py::array& kernel) {
  const Pass pass{"kernel_to_weights",      "kernel", "(*taps, I, O)", 2, kernel_to_weights<float>,
                  kernel_to_weights<double>};
  check_axes(pass, kernel);
  Shape turned = shape_of(kernel);
  std::rotate(turned.begin(), turned.end() - 2, turned.end());
  std::swap(turned[0], turned[1]);
  return moved(pass, kernel, turned[0], turned[1], turned);
}

py::array empty(const Shape& shape, const py::dtype& dtype) { return new_array("empty", dtype, shape); }

}  // namespace

void register_layout(py::module_& module) {
  module.def("empty", empty, py::arg("shape"), py::arg("dtype"),
             "A new array, uninitialised, in memory that is kept for the next one.");
  module.def("planes_to_pixels", pixels_of, py::arg("x"),
             "(N, C, *spatial) as a new array (N, *spatial, C).");
  module.def("weights_to_kernel", kernel_of, py::arg("weights"),
             "(O, I, *taps) as a new array (*taps, I, O).");
  module.def("kernel_to_weights", weights_of, py::arg("kernel"),
             "(*taps, I, O) as a new array (O, I, *taps).");
}

}  // namespace foldgate
