#include "ops/gemm.h"

#include "bindings/calls.h"
#include "bindings/register.h"
#include "core/scratch.h"
#include "ops/bias.h"

namespace foldgate {
namespace {

constexpr const char* kMatmul = "matmul";

Activation activation_from(int code) {
  require(code >= 0 && code <= static_cast<int>(Activation::kSigmoid), kMatmul, ": activation code is ", code,
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
      require(shorter[i] == 1 || shorter[i] == extent, kMatmul, ": a has leading axes ", shape_text(a),
              " and b has ", shape_text(b), "; expected axes that broadcast");
  }
  return result;
}

// Where the operand of each of the batch's matrices starts, counted in elements.
std::vector<int64_t> offsets_of(const Shape& lead, const Shape& batch, int64_t matrix) {
  std::vector<int64_t> offsets(static_cast<size_t>(checked_product(kMatmul, batch)), 0);
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

Operand operand_of(const char* name, Shape shape) {
  require(shape.size() >= 2, kMatmul, ": ", name, " has shape ", shape_text(shape),
          "; expected at least 2 axes");
  const int64_t columns = shape.back(), rows = shape[shape.size() - 2];
  shape.resize(shape.size() - 2);
  return {rows, columns, shape};
}

// The product of operands of known shapes.
class MatmulCall : public NativeCall {
 public:
  MatmulCall(const Shape& a, const Shape& b, bool transpose_a, bool transpose_b, Activation activation)
      : NativeCall(3), a_(a), b_(b) {
    const Operand left = operand_of("a", a), right = operand_of("b", b);
    const int64_t m = transpose_a ? left.columns : left.rows, k = transpose_a ? left.rows : left.columns;
    const int64_t n = transpose_b ? right.rows : right.columns,
                  b_k = transpose_b ? right.columns : right.rows;
    require(k == b_k, kMatmul, ": a has shape ", shape_text(a), " and b has shape ", shape_text(b),
            ", which contract ", k, " with ", b_k, " terms; expected as many");
    const MatrixStep a_step = transpose_a ? MatrixStep{1, left.columns} : MatrixStep{left.columns, 1};
    const MatrixStep b_step = transpose_b ? MatrixStep{1, right.columns} : MatrixStep{right.columns, 1};
    plan_ = GemmPlan::make(m, n, k, a_step, b_step, activation);
    const Shape batch = broadcast(left.lead, right.lead);
    c_ = batch;
    c_.insert(c_.end(), {m, n});
    bias_ = {n};
    empty_ = checked_product(kMatmul, c_) == 0;  // however many matrices of nothing there are
    if (empty_) return;
    a_offsets_ = offsets_of(left.lead, batch, m * k);
    b_offsets_ = offsets_of(right.lead, batch, k * n);
  }

  py::object run(const py::handle* operands) override {
    return (*this)(array_of(kMatmul, "a", operands[0]), array_of(kMatmul, "b", operands[1]),
                   object_of(operands[2]));
  }
  py::array operator()(const py::array& a, const py::array& b, const py::object& bias) const {
    return by_dtype(kMatmul, "a", a, [&](auto zero) { return multiply<decltype(zero)>(a, b, bias); });
  }

 private:
  template <class T>
  py::array multiply(const py::array& a, const py::array& b, const py::object& bias) const {
    const T* a_data = read<T>(kMatmul, "a", a, a_);
    const T* b_data = read<T>(kMatmul, "b", b, b_);
    const T* bias_data = read_optional<T>(kMatmul, "bias", bias, bias_);
    py::array c = new_array<T>(kMatmul, c_);
    if (empty_) return c;
    T* c_data = data_of<T>(c);
    without_gil(work(),
                [&] { batched_gemm(plan_, a_data, a_offsets_, b_data, b_offsets_, bias_data, c_data); });
    return c;
  }
  double work() const {
    return static_cast<double>(a_offsets_.size()) * static_cast<double>(plan_.m) *
           static_cast<double>(plan_.n) * static_cast<double>(plan_.k);
  }

  GemmPlan plan_;
  Shape a_, b_, c_, bias_;
  bool empty_;
  std::vector<int64_t> a_offsets_, b_offsets_;
};

// Of c = f(a b + bias), a (..., K), b (K, N): dz = dc f'(c), da = dz b^T, db = a^T dz, dbias = the sum of dz's rows.
struct MatmulBackward {
  py::array dc, a, b;
  py::object c;
  Activation activation;
  bool need_a, need_b, need_bias;

  template <class T>
  py::tuple run() const {
    const Shape a_shape = shape_of(a), b_shape = shape_of(b);
    require(a_shape.size() >= 2 && b_shape.size() == 2 && a_shape.back() == b_shape[0], kMatmul,
            ": a has shape ", shape_text(a_shape), " and b has ", shape_text(b_shape),
            "; expected (..., K) and (K, N)");
    Shape c_shape = a_shape;
    c_shape.back() = b_shape[1];
    const int64_t k = b_shape[0], n = b_shape[1],
                  m = checked_product(kMatmul, Shape(a_shape.begin(), a_shape.end() - 1));
    const T* a_data = read<T>(kMatmul, "a", a, a_shape);
    const T* b_data = read<T>(kMatmul, "b", b, b_shape);
    const T* dc_data = read<T>(kMatmul, "dc", dc, c_shape);
    const bool linear = activation == Activation::kLinear;
    const T* c_data = linear ? nullptr : read<T>(kMatmul, "c", array_of(kMatmul, "c", c), c_shape);
    const BiasPlan bias = BiasPlan::make(kMatmul, {m, n}, false, activation);
    const GemmPlan left = GemmPlan::make(m, k, n, {n, 1}, {1, n}),
                   right = GemmPlan::make(k, n, m, {1, k}, {n, 1});
    py::object da = need_a ? py::object(new_array<T>(kMatmul, a_shape)) : py::none();
    py::object db = need_b ? py::object(new_array<T>(kMatmul, b_shape)) : py::none();
    py::object dbias = need_bias ? py::object(new_array<T>(kMatmul, {n})) : py::none();
    T *da_data = target<T>(da), *db_data = target<T>(db), *dbias_data = target<T>(dbias);
    const double work = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    without_gil(work, [&] {
      const Scratch<T> dz(linear ? 0 : m * n), sums(dbias_data ? 0 : n);
      if (!linear || dbias_data)
        bias_add_backward(bias, dc_data, c_data, linear ? nullptr : dz.data(),
                          dbias_data ? dbias_data : sums.data());
      const T* z = linear ? dc_data : dz.data();
      if (da_data && m * k > 0) gemm(left, z, b_data, static_cast<const T*>(nullptr), da_data);
      if (db_data && k * n > 0) gemm(right, a_data, z, static_cast<const T*>(nullptr), db_data);
    });
    return py::make_tuple(da, db, dbias);
  }

 private:
  template <class T>
  static T* target(py::object& array) {
    return array.is_none() ? nullptr
                           : static_cast<T*>(py::reinterpret_borrow<py::array>(array).mutable_data());
  }
};

}  // namespace

void register_gemm(py::module_& module) {
  py::class_<MatmulCall, NativeCall>(module, "MatmulPlan",
                                     "A product of operands of known shapes; a call takes the operands.")
      .def(py::init([](const Shape& a, const Shape& b, bool transpose_a, bool transpose_b, int activation) {
             return MatmulCall(a, b, transpose_a, transpose_b, activation_from(activation));
           }),
           py::arg("a"), py::arg("b"), py::arg("transpose_a"), py::arg("transpose_b"), py::arg("activation"))
      .def("__call__", &MatmulCall::operator(), py::arg("a"), py::arg("b"), py::arg("bias"),
           "activation(a @ b + bias); leading axes broadcast.");
  module.def(
      "matmul_backward",
      [](const py::array& dc, const py::array& a, const py::array& b, const py::object& c, int activation,
         bool need_a, bool need_b, bool need_bias) {
        const MatmulBackward call{dc, a, b, c, activation_from(activation), need_a, need_b, need_bias};
        return by_dtype(kMatmul, "a", a, [&](auto zero) { return call.run<decltype(zero)>(); });
      },
      py::arg("dc"), py::arg("a"), py::arg("b"), py::arg("c"), py::arg("activation"), py::arg("need_a"),
      py::arg("need_b"), py::arg("need_bias"),
      "(da, db, dbias) of activation(a @ b + bias) for one matrix b; None for those that are not needed.");
}

}  // namespace foldgate
