#include "ops/pool/pool.h"

#include "bindings/calls.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr const char* kMaxPool = "max_pool";
constexpr const char* kMaxPoolBackward = "max_pool_backward";

enum IndicesCode { kNoIndices = 0, kPositions = 1, kTaps = 2 };

WindowSpec spec_of(const Shape& pool_size, const Shape& strides, const Shape& dilation, const Shape& pads,
                   bool ceil_mode) {
  return {pool_size, strides, dilation, pads, ceil_mode};
}

// The array of the winners and where the kernels write them.
py::object new_indices(const PoolPlan& plan, int code, PoolIndices& indices) {
  if (code == kNoIndices) return py::none();
  if (code == kPositions) {
    py::array array = new_array<int64_t>(kMaxPool, plan.output_shape);
    indices.positions = data_of<int64_t>(array);
    return array;
  }
  if (plan.byte_taps()) {
    py::array array = new_array<uint8_t>(kMaxPool, plan.output_shape);
    indices.taps.bytes = data_of<uint8_t>(array);
    return array;
  }
  py::array array = new_array<int32_t>(kMaxPool, plan.output_shape);
  indices.taps.ints = data_of<int32_t>(array);
  return array;
}

// The plan for an operand of a known shape: y, or with indices (y, indices).
class MaxPoolCall : public NativeCall {
 public:
  MaxPoolCall(const Shape& x, const WindowSpec& spec, bool channels_first, int code)
      : NativeCall(1), plan_(PoolPlan::make(kMaxPool, x, spec, channels_first)), code_(code) {
    require(code >= kNoIndices && code <= kTaps, kMaxPool, ": indices code is ", code,
            "; expected 0, 1 or 2");
  }

  py::object run(const py::handle* operands) override {
    return by_dtype(kMaxPool, "x", operands[0],
                    [&](auto zero) { return forward<decltype(zero)>(operands[0]); });
  }

 private:
  template <class T>
  py::object forward(py::handle x) const {
    const T* x_data = read<T>(kMaxPool, "x", x, plan_.input_shape);
    py::array y = new_array<T>(kMaxPool, plan_.output_shape);
    T* y_data = data_of<T>(y);
    PoolIndices indices;
    py::object indices_array = new_indices(plan_, code_, indices);
    const double work = static_cast<double>(plan_.outputs()) * static_cast<double>(plan_.window.taps());
    without_gil(work, [&] { max_pool(plan_, x_data, y_data, indices); });
    if (code_ == kNoIndices) return std::move(y);
    return py::make_tuple(y, indices_array);
  }

  PoolPlan plan_;
  int code_;
};

PoolWinners winners_of(const PoolPlan& plan, const py::array& indices) {
  PoolWinners winners;
  if (py::isinstance<py::array_t<uint8_t>>(indices))
    winners.bytes = read<uint8_t>(kMaxPoolBackward, "indices", indices, plan.output_shape);
  else if (py::isinstance<py::array_t<int32_t>>(indices))
    winners.ints = read<int32_t>(kMaxPoolBackward, "indices", indices, plan.output_shape);
  else if (py::isinstance<py::array_t<int64_t>>(indices))
    winners.positions = read<int64_t>(kMaxPoolBackward, "indices", indices, plan.output_shape);
  else
    throw py::type_error(text(kMaxPoolBackward, ": indices has dtype ",
                              py::str(indices.dtype()).cast<std::string>(),
                              "; expected int64, uint8 or int32"));
  return winners;
}

template <class T>
py::array backward(const py::array& dy, const py::array& indices, const Shape& input_shape,
                   const WindowSpec& spec, bool channels_first) {
  const PoolPlan plan = PoolPlan::make(kMaxPoolBackward, input_shape, spec, channels_first);
  const T* dy_data = read<T>(kMaxPoolBackward, "dy", dy, plan.output_shape);
  const PoolWinners winners = winners_of(plan, indices);
  py::array dx = new_array<T>(kMaxPoolBackward, plan.input_shape);
  T* dx_data = data_of<T>(dx);
  without_gil(4.0 * static_cast<double>(dx.size()),
              [&] { max_pool_backward(plan, dy_data, winners, dx_data); });
  return dx;
}

}  // namespace

void register_pool(py::module_& module) {
  py::class_<MaxPoolCall, NativeCall>(
      module, "MaxPoolPlan",
      "The largest value of each window of an operand of a known shape, and by `indices` nothing else (0), "
      "positions (1) or taps (2); a call takes (x).")
      .def(py::init([](const Shape& x, const Shape& pool_size, const Shape& strides, const Shape& dilation,
                       const Shape& pads, bool ceil_mode, bool channels_first, int indices) {
             return MaxPoolCall(x, spec_of(pool_size, strides, dilation, pads, ceil_mode), channels_first,
                                indices);
           }),
           py::arg("x"), py::arg("pool_size"), py::arg("strides"), py::arg("dilation"), py::arg("pads"),
           py::arg("ceil_mode"), py::arg("channels_first"), py::arg("indices"));
  module.def(
      "max_pool_backward",
      [](const py::array& dy, const py::array& indices, const Shape& input_shape, const Shape& pool_size,
         const Shape& strides, const Shape& dilation, const Shape& pads, bool ceil_mode,
         bool channels_first) {
        const WindowSpec spec = spec_of(pool_size, strides, dilation, pads, ceil_mode);
        return by_dtype(kMaxPoolBackward, "dy", dy, [&](auto zero) {
          return backward<decltype(zero)>(dy, indices, input_shape, spec, channels_first);
        });
      },
      py::arg("dy"), py::arg("indices"), py::arg("input_shape"), py::arg("pool_size"), py::arg("strides"),
      py::arg("dilation"), py::arg("pads"), py::arg("ceil_mode"), py::arg("channels_first"),
      "dx: every dy at the position that won its window.");
}

}  // namespace foldgate
