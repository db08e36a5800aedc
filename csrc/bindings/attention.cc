#include "ops/attention/attention.h"

#include <cmath>

#include "bindings/calls.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

Shape mask_shape(const char* op, const py::object& mask) {
  if (mask.is_none()) return {};
  Shape shape = shape_of(array_of(op, "mask", mask));
  require(shape.size() == 4, op, ": mask has shape ", shape_text(shape), "; expected 4 axes");
  return shape;
}

template <class T>
AttentionMask<T> mask_of(const char* op, const py::object& mask) {
  if (mask.is_none()) return {};
  const py::array array = py::reinterpret_borrow<py::array>(mask);
  if (!py::isinstance<py::array_t<bool>>(array))
    return {read<T>(op, "mask", array, shape_of(array)), nullptr};
  return {nullptr, reinterpret_cast<const uint8_t*>(read<bool>(op, "mask", array, shape_of(array)))};
}

template <class T>
T scale_of(const char* op, double scale) {
  require(std::isfinite(scale), op, ": scale is ", scale, "; expected a finite number");
  return static_cast<T>(scale);
}

HeadsAxis axis_of(const char* op, int heads_axis) {
  require(heads_axis == 1 || heads_axis == 2, op, ": heads_axis is ", heads_axis, "; expected 1 or 2");
  return static_cast<HeadsAxis>(heads_axis);
}

template <class T>
py::tuple forward(const char* op, const py::array& q, const py::array& k, const py::array& v,
                  const py::object& mask, bool causal, double given_scale, HeadsAxis axis) {
  const AttentionPlan plan =
      AttentionPlan::make(op, shape_of(q), shape_of(k), shape_of(v), mask_shape(op, mask), causal, axis);
  const T *q_data = read<T>(op, "q", q, shape_of(q)), *k_data = read<T>(op, "k", k, shape_of(k)),
          *v_data = read<T>(op, "v", v, shape_of(v));
  const AttentionMask<T> seen = mask_of<T>(op, mask);
  const T scale = scale_of<T>(op, given_scale);
  py::array y = new_array<T>(op, plan.y_shape());
  py::array lse = new_array<T>(op, {plan.batch, plan.heads, plan.queries});
  T *y_data = data_of<T>(y), *lse_data = data_of<T>(lse);
  const double work = static_cast<double>(plan.units() * plan.queries * plan.keys) *
                      static_cast<double>(plan.width + plan.values + 8);
  without_gil(work, [&] { attention_forward(plan, q_data, k_data, v_data, seen, scale, y_data, lse_data); });
  return py::make_tuple(y, lse);
}

template <class T>
py::tuple backward(const char* op, const py::array& dy, const py::array& q, const py::array& k,
                   const py::array& v, const py::array& y, const py::array& lse, const py::object& mask,
                   bool causal, double given_scale, HeadsAxis axis) {
  const AttentionPlan plan =
      AttentionPlan::make(op, shape_of(q), shape_of(k), shape_of(v), mask_shape(op, mask), causal, axis);
  const T *q_data = read<T>(op, "q", q, shape_of(q)), *k_data = read<T>(op, "k", k, shape_of(k)),
          *v_data = read<T>(op, "v", v, shape_of(v));
  const Shape shape = plan.y_shape();
  const T *dy_data = read<T>(op, "dy", dy, shape), *y_data = read<T>(op, "y", y, shape);
  const T* lse_data = read<T>(op, "lse", lse, {plan.batch, plan.heads, plan.queries});
  const AttentionMask<T> seen = mask_of<T>(op, mask);
  const T scale = scale_of<T>(op, given_scale);
  py::array dq = new_array<T>(op, shape_of(q)), dk = new_array<T>(op, shape_of(k)),
            dv = new_array<T>(op, shape_of(v));
  T *dq_data = data_of<T>(dq), *dk_data = data_of<T>(dk), *dv_data = data_of<T>(dv);
  without_gil([&] {
    attention_backward(plan, dy_data, q_data, k_data, v_data, y_data, lse_data, seen, scale, dq_data, dk_data,
                       dv_data);
  });
  return py::make_tuple(dq, dk, dv);
}

}  // namespace

void register_attention(py::module_& module) {
  module.def(
      "attention",
      [](const py::array& q, const py::array& k, const py::array& v, const py::object& mask, bool causal,
         double scale, int heads_axis) {
        constexpr const char* kOp = "attention";
        const HeadsAxis axis = axis_of(kOp, heads_axis);
        return by_dtype(kOp, "q", q, [&](auto zero) {
          return forward<decltype(zero)>(kOp, q, k, v, mask, causal, scale, axis);
        });
      },
      py::arg("q"), py::arg("k"), py::arg("v"), py::arg("mask"), py::arg("causal"), py::arg("scale"),
      py::arg("heads_axis"), "(y, lse) of softmax(scale q k' + mask) v.");
  module.def(
      "attention_backward",
      [](const py::array& dy, const py::array& q, const py::array& k, const py::array& v, const py::array& y,
         const py::array& lse, const py::object& mask, bool causal, double scale, int heads_axis) {
        constexpr const char* kOp = "attention_backward";
        const HeadsAxis axis = axis_of(kOp, heads_axis);
        return by_dtype(kOp, "q", q, [&](auto zero) {
          return backward<decltype(zero)>(kOp, dy, q, k, v, y, lse, mask, causal, scale, axis);
        });
      },
      py::arg("dy"), py::arg("q"), py::arg("k"), py::arg("v"), py::arg("y"), py::arg("lse"), py::arg("mask"),
      py::arg("causal"), py::arg("scale"), py::arg("heads_axis"), "(dq, dk, dv) of attention.");
}

}  // namespace foldgate
