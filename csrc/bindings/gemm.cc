#include "ops/gemm.h"

#include "bindings/calls.h"
#include "bindings/register.h"
#include "core/scratch.h"
#include "ops/bias.h"

namespace foldgate {
namespace {

constexpr const char* kMatmul = "matmul";

Activation activation_from(int code) {
  require(code >= 0 && code <= static_cast<int>(Activation::kRelu6), kMatmul, ": activation code is ", code,
          "; expected 0 to ", static_cast<int>(Activation::kRelu6));
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
class MatmulBackwardCall : public NativeCall {
 public:
  MatmulBackwardCall(const Shape& a, const Shape& b, Activation activation, bool need_a, bool need_b,
                     bool need_bias, bool over_dc)
      : NativeCall(4), a_(a), b_(b), needs_{need_a, need_b, need_bias}, over_dc_(over_dc) {
    require(a.size() >= 2 && b.size() == 2 && a.back() == b[0], kMatmul, ": a has shape ", shape_text(a),
            " and b has ", shape_text(b), "; expected (..., K) and (K, N)");
    c_ = a;
    c_.back() = b[1];
    m_ = checked_product(kMatmul, Shape(a.begin(), a.end() - 1));
    k_ = b[0];
    n_ = b[1];
    dbias_ = {n_};
    linear_ = activation == Activation::kLinear;
    bias_ = BiasPlan::make(kMatmul, {m_, n_}, false, activation);
    left_ = GemmPlan::make(m_, k_, n_, {n_, 1}, {1, n_});
    right_ = GemmPlan::make(k_, n_, m_, {1, k_}, {n_, 1});
  }

  py::object run(const py::handle* operands) override {
    return (*this)(array_of(kMatmul, "dc", operands[0]), array_of(kMatmul, "a", operands[1]),
                   array_of(kMatmul, "b", operands[2]), object_of(operands[3]));
  }
  py::tuple operator()(const py::array& dc, const py::array& a, const py::array& b,
                       const py::object& c) const {
    return by_dtype(kMatmul, "a", a, [&](auto zero) { return backward<decltype(zero)>(dc, a, b, c); });
  }

 private:
  template <class T>
  py::tuple backward(const py::array& dc, const py::array& a, const py::array& b, const py::object& c) const {
    const T* a_data = read<T>(kMatmul, "a", a, a_);
    const T* b_data = read<T>(kMatmul, "b", b, b_);
    const T* dc_data = read<T>(kMatmul, "dc", dc, c_);
    const T* c_data = linear_ ? nullptr : read<T>(kMatmul, "c", array_of(kMatmul, "c", c), c_);
    py::object results[3] = {py::none(), py::none(), py::none()};
    T* data[3] = {};
    const Shape* const shapes[3] = {&a_, &b_, &dbias_};
    for (int i = 0; i < 3; ++i) {
      if (!needs_[i]) continue;
      py::array gradient = new_array<T>(kMatmul, *shapes[i]);
      data[i] = data_of<T>(gradient);
      results[i] = std::move(gradient);
    }
    const double work = 2.0 * static_cast<double>(m_) * static_cast<double>(n_) * static_cast<double>(k_);
    T* const over = over_dc_ && dc.writeable() ? const_cast<T*>(dc_data) : nullptr;
    without_gil(work, [&] { multiply(dc_data, a_data, b_data, c_data, over, data); });
    return py::make_tuple(results[0], results[1], results[2]);
  }

  template <class T>
  void multiply(const T* dc, const T* a, const T* b, const T* c, T* over, T* const* results) const {
    T *const da = results[0], *const db = results[1], *const dbias = results[2];
    const Scratch<T> scratch(linear_ || over ? 0 : m_ * n_), sums(linear_ || dbias ? 0 : n_);
    T* const dz = linear_ ? nullptr : over ? over : scratch.data();
    if (dz || dbias) bias_add_backward(bias_, dc, c, dz, dbias ? dbias : sums.data());
    const T* z = dz ? dz : dc;
    if (da && m_ * k_ > 0) gemm(left_, z, b, static_cast<const T*>(nullptr), da);
    if (db && k_ * n_ > 0) gemm(right_, a, z, static_cast<const T*>(nullptr), db);
  }

  Shape a_, b_, c_, dbias_;
  bool needs_[3], over_dc_, linear_;
  int64_t m_, n_, k_;
  BiasPlan bias_;
  GemmPlan left_, right_;
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
  py::class_<MatmulBackwardCall, NativeCall>(module, "MatmulBackwardPlan",
                                             "The gradients of a product with one matrix b, of known shapes.")
      .def(py::init([](const Shape& a, const Shape& b, int activation, bool need_a, bool need_b,
                       bool need_bias, bool over_dc) {
             return MatmulBackwardCall(a, b, activation_from(activation), need_a, need_b, need_bias, over_dc);
           }),
           py::arg("a"), py::arg("b"), py::arg("activation"), py::arg("need_a"), py::arg("need_b"),
           py::arg("need_bias"), py::arg("over_dc") = false)
      .def("__call__", &MatmulBackwardCall::operator(), py::arg("dc"), py::arg("a"), py::arg("b"),
           py::arg("c"), "(da, db, dbias) of activation(a @ b + bias); None for those that are not needed.");
}

}  // namespace foldgate
