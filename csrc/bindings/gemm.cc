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

// Every offset starts a whole matrix inside the array's `total` elements.
void check_offsets(const char* name, const std::vector<int64_t>& offsets, int64_t matrix, int64_t total) {
  for (int64_t offset : offsets)
    require(offset >= 0 && matrix <= total && offset <= total - matrix, kOp, ": an offset of ", name, " is ",
            offset, "; expected a whole matrix inside its ", total, " elements");
}

template <class T>
py::array run(const py::array& a, const std::vector<int64_t>& a_offsets, bool transpose_a, const py::array& b,
              const std::vector<int64_t>& b_offsets, bool transpose_b, const py::object& bias,
              Activation activation, const Shape& batch) {
  require(a.ndim() >= 2 && b.ndim() >= 2, kOp, ": operands have ", a.ndim(), " and ", b.ndim(),
          " axes; expected at least 2");
  const int64_t a_rows = a.shape(a.ndim() - 2), a_columns = a.shape(a.ndim() - 1);
  const int64_t b_rows = b.shape(b.ndim() - 2), b_columns = b.shape(b.ndim() - 1);
  const int64_t m = transpose_a ? a_columns : a_rows, k = transpose_a ? a_rows : a_columns;
  const int64_t n = transpose_b ? b_rows : b_columns;
  require(k == (transpose_b ? b_columns : b_rows), kOp, ": a has ", k, " columns but b has ",
          transpose_b ? b_columns : b_rows, " rows");
  const T* a_data = read<T>(kOp, "a", a, shape_of(a));
  const T* b_data = read<T>(kOp, "b", b, shape_of(b));
  const T* bias_data = read_optional<T>(kOp, "bias", bias, {n});
  const int64_t count = checked_product(kOp, batch);
  require(static_cast<int64_t>(a_offsets.size()) == count && static_cast<int64_t>(b_offsets.size()) == count,
          kOp, ": ", a_offsets.size(), " and ", b_offsets.size(), " offsets; expected ", count);
  check_offsets("a", a_offsets, m * k, a.size());
  check_offsets("b", b_offsets, k * n, b.size());
  const MatrixStep a_step = transpose_a ? MatrixStep{1, a_columns} : MatrixStep{a_columns, 1};
  const MatrixStep b_step = transpose_b ? MatrixStep{1, b_columns} : MatrixStep{b_columns, 1};
  const GemmPlan plan = GemmPlan::make(m, n, k, a_step, b_step, activation);
  Shape shape = batch;
  shape.push_back(m);
  shape.push_back(n);
  py::array c = new_array<T>(kOp, shape);
  T* c_data = data_of<T>(c);
  without_gil([&] { batched_gemm(plan, a_data, a_offsets, b_data, b_offsets, bias_data, c_data); });
  return c;
}

}  // namespace

void register_gemm(py::module_& module) {
  module.def(
      "matmul",
      [](const py::array& a, const std::vector<int64_t>& a_offsets, bool transpose_a, const py::array& b,
         const std::vector<int64_t>& b_offsets, bool transpose_b, const py::object& bias, int activation,
         const Shape& batch) {
        return by_dtype(kOp, "a", a, [&](auto zero) {
          return run<decltype(zero)>(a, a_offsets, transpose_a, b, b_offsets, transpose_b, bias,
                                     activation_from(activation), batch);
        });
      },
      py::arg("a"), py::arg("a_offsets"), py::arg("transpose_a"), py::arg("b"), py::arg("b_offsets"),
      py::arg("transpose_b"), py::arg("bias"), py::arg("activation"), py::arg("batch"),
      "Batched product: matrix i of the result multiplies those at a_offsets[i] and b_offsets[i].");
}

}  // namespace foldgate
