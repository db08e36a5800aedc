#include "ops/gemm.h"

#include "bindings/biased_call.h"
#include "bindings/enums.h"
#include "bindings/register.h"
#include "core/scratch.h"
#include "ops/bias.h"

namespace foldgate {
namespace {

constexpr const char* kMatmul = "matmul";

Activation activation_from(int code) { return enum_from(kMatmul, "activation", code, Activation::kRelu6); }

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
class MatmulCall : public BiasedCall<MatmulCall> {
 public:
  MatmulCall(const Shape& a, const Shape& b, bool transpose_a, bool transpose_b, Activation activation)
      : BiasedCall(kMatmul, "a", "b") {
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
    Shape c = batch;
    c.insert(c.end(), {m, n});
    set_shapes({a, b, {n}, c});
    if (checked_product(kMatmul, c) == 0) return;  // however many matrices of nothing there are
    a_offsets_ = offsets_of(left.lead, batch, m * k);
    b_offsets_ = offsets_of(right.lead, batch, k * n);
  }

  double work() const {
    return static_cast<double>(a_offsets_.size()) * static_cast<double>(plan_.m) *
           static_cast<double>(plan_.n) * static_cast<double>(plan_.k);
  }
  template <class T>
  void compute(const T* a, const T* b, const T* bias, T* c) const {
    if (!a_offsets_.empty()) batched_gemm(plan_, a, a_offsets_, b, b_offsets_, bias, c);
  }

 private:
  GemmPlan plan_;
  std::vector<int64_t> a_offsets_, b_offsets_;  // none where c is empty
};

// Of c = f(a b + bias), a (..., K), b (K, N): dz = dc f'(c), da = dz b^T, db = a^T dz, dbias = the sum of dz's rows.
class MatmulBackwardCall : public NativeCall {
 public:
  MatmulBackwardCall(const Shape& a, const Shape& b, Activation activation, const Needs& needs, bool over_dc)
      : NativeCall(4), needs_(needs), over_dc_(over_dc) {
    require(a.size() >= 2 && b.size() == 2 && a.back() == b[0], kMatmul, ": a has shape ", shape_text(a),
            " and b has ", shape_text(b), "; expected (..., K) and (K, N)");
    Shape c = a;
    c.back() = b[1];
    shapes_ = {a, b, {b[1]}, c};
    m_ = checked_product(kMatmul, Shape(a.begin(), a.end() - 1));
    k_ = b[0];
    n_ = b[1];
    linear_ = activation == Activation::kLinear;
    bias_ = BiasPlan::make(kMatmul, {m_, n_}, false, activation);
    left_ = GemmPlan::make(m_, k_, n_, {n_, 1}, {1, n_});
    right_ = GemmPlan::make(k_, n_, m_, {1, k_}, {n_, 1});
  }

  py::object run(const py::handle* operands) override {
    return by_dtype(kMatmul, "a", operands[1], [&](auto zero) { return backward<decltype(zero)>(operands); });
  }

 private:
  // operands: (dc, a, b, c), c an array, or None where there is no activation.
  template <class T>
  py::tuple backward(const py::handle* operands) const {
    const T* a = read<T>(kMatmul, "a", operands[1], shapes_.x);
    const T* b = read<T>(kMatmul, "b", operands[2], shapes_.weights);
    const T* dc = read<T>(kMatmul, "dc", operands[0], shapes_.y);
    const T* c = linear_ ? nullptr : read<T>(kMatmul, "c", operands[3], shapes_.y);
    const Gradients<T> gradients(kMatmul, needs_, shapes_);
    const double work = 2.0 * static_cast<double>(m_) * static_cast<double>(n_) * static_cast<double>(k_);
    const bool over = over_dc_ && array_of(kMatmul, "dc", operands[0]).writeable();
    without_gil(work, [&] { multiply(dc, a, b, c, over ? const_cast<T*>(dc) : nullptr, gradients); });
    return gradients.arrays;
  }

  template <class T>
  void multiply(const T* dc, const T* a, const T* b, const T* c, T* over,
                const Gradients<T>& gradients) const {
    T *const da = gradients.x, *const db = gradients.weights, *const dbias = gradients.bias;
    const Scratch<T> scratch(linear_ || over ? 0 : m_ * n_), sums(linear_ || dbias ? 0 : n_);
    T* const dz = linear_ ? nullptr : over ? over : scratch.data();
    if (dz || dbias) bias_add_backward(bias_, dc, c, dz, dbias ? dbias : sums.data());
    const T* z = dz ? dz : dc;
    if (da && m_ * k_ > 0) gemm(left_, z, b, static_cast<const T*>(nullptr), da);
    if (db && k_ * n_ > 0) gemm(right_, a, z, static_cast<const T*>(nullptr), db);
  }

  BiasedShapes shapes_;
  Needs needs_;
  bool over_dc_, linear_;
  int64_t m_, n_, k_;
  BiasPlan bias_;
  GemmPlan left_, right_;
};

}  // namespace

void register_gemm(py::module_& module) {
  py::class_<MatmulCall, NativeCall>(
      module, "MatmulPlan",
      "activation(a @ b + bias) of known shapes, whose leading axes broadcast; a call takes (a, b, bias).")
      .def(py::init([](const Shape& a, const Shape& b, bool transpose_a, bool transpose_b, int activation) {
             return MatmulCall(a, b, transpose_a, transpose_b, activation_from(activation));
           }),
           py::arg("a"), py::arg("b"), py::arg("transpose_a"), py::arg("transpose_b"), py::arg("activation"));
  py::class_<MatmulBackwardCall, NativeCall>(
      module, "MatmulBackwardPlan",
      "(da, db, dbias) of activation(a @ b + bias), b one matrix, of known shapes, None where not needed; a "
      "call takes (dc, a, b, c).")
      .def(py::init([](const Shape& a, const Shape& b, int activation, bool need_a, bool need_b,
                       bool need_bias, bool over_dc) {
             return MatmulBackwardCall(a, b, activation_from(activation), {need_a, need_b, need_bias},
                                       over_dc);
           }),
           py::arg("a"), py::arg("b"), py::arg("activation"), py::arg("need_a"), py::arg("need_b"),
           py::arg("need_bias"), py::arg("over_dc") = false);
}

}  // namespace foldgate
