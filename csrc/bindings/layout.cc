#include "ops/conv/layout.h"

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr const char* kOp = "planes_to_pixels";

template <class T>
py::array pixels_of(const py::array& x) {
  const Shape shape = shape_of(x);
  const T* from = read<T>(kOp, "x", x, shape);
  Shape turned = {shape[0]};
  turned.insert(turned.end(), shape.begin() + 2, shape.end());
  turned.push_back(shape[1]);
  py::array y = new_array<T>(kOp, turned);
  T* to = data_of<T>(y);
  const int64_t image = shape[0] * shape[1];
  if (x.size() > 0) without_gil([&] { planes_to_pixels(from, shape[0], shape[1], x.size() / image, to); });
  return y;
}

}  // namespace

void register_layout(py::module_& module) {
  module.def(
      kOp,
      [](const py::array& x) {
        require(x.ndim() >= 3, kOp, ": x has ", x.ndim(), " axes; expected at least 3, (N, C, *spatial)");
        return by_dtype(kOp, "x", x, [&](auto zero) { return pixels_of<decltype(zero)>(x); });
      },
      py::arg("x"), "(N, C, *spatial) as a new array (N, *spatial, C).");
}

}  // namespace foldgate
