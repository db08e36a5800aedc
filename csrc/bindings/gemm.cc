#include "ops/gemm.h"

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr const char* kOp = "matmul";

Activation activation_from(int code) {
  require(code >= 0 && code <= static_cast<int>(Activation::kSigmoid), kOp, ": activation code is ", code,
          "; expected 0 to ", static_cast<int>(Activation::kSigmoid));
  return static_cast<Activation>(code);
}

// Leading axes broadcast as NumPy's do: aligned at the right, 1 repeats.
Shape broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  for (size_t i = 0; i < shorter.size(); ++i) {
    int64_t& extent = result[longer.size() - shorter.size() + i];
    if (extent == 1)
      extent = shorter[i];
    else
      require(shorter[i] == 1 || shorter[i] == extent, kOp, ": a has leading axes ", shape_text(a),
              " and b has ", shape_text(b), "; expected axes that broadcast");
  }
  return result;
}

// Where the operand of each of the batch's matrices starts, counted in elements.
std::vector<int64_t> offsets_of(const Shape& lead, const Shape& batch, int64_t matrix) {
  std::vector<int64_t> offsets(static_cast<size_t>(checked_product(kOp, batch)), 0);
  int64_t repeat = 1, step = matrix;  // of the batch, of the operand
  for (size_t axis = batch.size(), own = lead.size(); axis-- > 0 && own-- > 0;) {
    if (lead[own] > 1)
      for (size_t i = 0; i < offsets.size(); ++i)
        offsets[i] += static_cast<int64_t>(i) / repeat % batch[axis] * step;
    repeat *= batch[axis];
    step *= lead[own];
  }
  return offsets;
}

struct Operand {
  int64_t rows, columns;
  Shape lead;
};

Operand operand_of(const char* name, const py::array& array) {
  require(array.ndim() >= 2, kOp, ": ", name, " has shape ", shape_text(shape_of(array)),
          "; expected at least 2 axes");
  Shape shape = shape_of(array);
  const int64_t columns = shape.back(), rows = shape[shape.size() - 2];
  shape.resize(shape.size() - 2);
  return {rows, columns, shape};
}

template <class T>
py::array run(const py::array& a, const py::array& b, const py::object& bias, bool transpose_a,
              bool transpose_b, Activation activation) {
  const Operand left = operand_of("a", a), right = operand_of("b", b);
  const int64_t m = transpose_a ? left.columns : left.rows, k = transpose_a ? left.rows : left.columns;
  const int64_t n = transpose_b ? right.rows : right.columns, b_k = transpose_b ? right.columns : right.rows;
  require(k == b_k, kOp, ": a has shape ", shape_text(shape_of(a)), " and b has shape ",
          shape_text(shape_of(b)), ", which contract ", k, " with ", b_k, " terms; expected as many");
  const T* a_data = read<T>(kOp, "a", a, shape_of(a));
  const T* b_data = read<T>(kOp, "b", b, shape_of(b));
  const T* bias_data = read_optional<T>(kOp, "bias", bias, {n});
  const MatrixStep a_step = transpose_a ? MatrixStep{1, left.columns} : MatrixStep{left.columns, 1};
  const MatrixStep b_step = transpose_b ? MatrixStep{1, right.columns} : MatrixStep{right.columns, 1};
  const GemmPlan plan = GemmPlan::make(m, n, k, a_step, b_step, activation);
  const Shape batch = broadcast(left.lead, right.lead);
  Shape shape = batch;
  shape.insert(shape.end(), {m, n});
  py::array c = new_array<T>(kOp, shape);
  if (c.size() == 0) return c;  // however many matrices of nothing there are
  const std::vector<int64_t> a_offsets = offsets_of(left.lead, batch, m * k);
  const std::vector<int64_t> b_offsets = offsets_of(right.lead, batch, k * n);
  T* c_data = data_of<T>(c);
  without_gil([&] { batched_gemm(plan, a_data, a_offsets, b_data, b_offsets, bias_data, c_data); });
  return c;
}

}  // namespace

void register_gemm(py::module_& module) {
  module.def(
      "matmul",
      [](const py::array& a, const py::array& b, const py::object& bias, bool transpose_a, bool transpose_b,
         int activation) {
        return by_dtype(kOp, "a", a, [&](auto zero) {
          return run<decltype(zero)>(a, b, bias, transpose_a, transpose_b, activation_from(activation));
        });
      },
      py::arg("a"), py::arg("b"), py::arg("bias"), py::arg("transpose_a"), py::arg("transpose_b"),
      py::arg("activation"), "activation(a @ b + bias); leading axes broadcast.");
}

}  // namespace foldgate
