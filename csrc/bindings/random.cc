#include "ops/random.h"

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

template <class T>
py::array drop(const char* op, const char* name, const py::array& x, double rate, RandomStream stream) {
  const T* x_data = read<T>(op, name, x, shape_of(x));
  require(rate >= 0 && rate < 1, op, ": rate is ", rate, "; expected at least 0 and below 1");
  py::array y = new_array<T>(op, shape_of(x));
  T* y_data = data_of<T>(y);
  without_gil([&] { dropout(stream, rate, x_data, x.size(), y_data); });
  return y;
}

template <class T>
py::array fill(const char* op, const Shape& shape, double low, double high, RandomStream stream) {
  for (int64_t extent : shape)
    require(extent >= 0, op, ": shape is ", shape_text(shape), "; expected no negative extents");
  py::array y = new_array<T>(op, shape);
  T* y_data = data_of<T>(y);
  without_gil([&] { random_uniform(stream, low, high, y.size(), y_data); });
  return y;
}

}  // namespace

void register_random(py::module_& module) {
  module.def(
      "dropout",
      [](const char* op, const char* name, const py::array& x, double rate, uint64_t seed, uint64_t offset) {
        return by_dtype(op, name, x,
                        [&](auto zero) { return drop<decltype(zero)>(op, name, x, rate, {seed, offset}); });
      },
      py::arg("op"), py::arg("name"), py::arg("x"), py::arg("rate"), py::arg("seed"), py::arg("offset"),
      "Zeros at random places, the other values divided by 1 - rate.");
  module.def(
      "random_uniform",
      [](const Shape& shape, double low, double high, uint64_t seed, uint64_t offset, bool wide) {
        constexpr const char* kOp = "random_uniform";
        return wide ? fill<double>(kOp, shape, low, high, {seed, offset})
                    : fill<float>(kOp, shape, low, high, {seed, offset});
      },
      py::arg("shape"), py::arg("low"), py::arg("high"), py::arg("seed"), py::arg("offset"), py::arg("wide"),
      "Numbers between low and high, float64 if wide, else float32.");
}

}  // namespace foldgate
