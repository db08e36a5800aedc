#include "ops/softmax.h"

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

template <class T>
py::array forward(const char* op, const SoftmaxPlan& plan, const py::array& x) {
  const T* x_data = read<T>(op, "x", x, shape_of(x));
  py::array y = new_array<T>(op, shape_of(x));
  T* y_data = data_of<T>(y);
  without_gil([&] { softmax(plan, x_data, y_data); });
  return y;
}

template <class T>
py::array backward(const char* op, const SoftmaxPlan& plan, const py::array& dy, const py::array& y) {
  const T* dy_data = read<T>(op, "dy", dy, shape_of(y));
  const T* y_data = read<T>(op, "y", y, shape_of(y));
  py::array dx = new_array<T>(op, shape_of(y));
  T* dx_data = data_of<T>(dx);
  without_gil([&] { softmax_backward(plan, dy_data, y_data, dx_data); });
  return dx;
}

// Logits as rows, and what labels them: classes or probabilities.
template <class T>
struct Rows {
  Rows(const char* op, const py::array& logits, const py::array& labels, std::optional<int64_t> ignored)
      : shape(shape_of(logits)), lead(shape) {
    require(!shape.empty(), op, ": logits has shape (); expected at least 1 axis");
    n = lead.back();
    lead.pop_back();
    count = checked_product(op, lead);
    require(n > 0 || count == 0, op, ": logits has shape ", shape_text(shape), "; expected a class");
    x = read<T>(op, "logits", logits, shape);
    if (by_class = labels.dtype().kind() == 'i'; by_class) {
      classes.ignored = ignored;
      if (labels.itemsize() == 4)
        classes.narrow = read<int32_t>(op, "labels", labels, lead);
      else
        classes.wide = read<int64_t>(op, "labels", labels, lead);
      classes.check(op, count, n);
    } else {
      require(!ignored, op, ": ignore_index is ", ignored.value_or(0), "; expected None with probabilities");
      p = read<T>(op, "labels", labels, shape);
    }
  }
  Shape shape, lead;
  int64_t n = 0, count = 0;
  const T *x = nullptr, *p = nullptr;
  bool by_class = false;
  Classes classes;
};

template <class T>
py::tuple loss(const char* op, const py::array& logits, const py::array& labels,
               std::optional<int64_t> ignored) {
  const Rows<T> rows(op, logits, labels, ignored);
  py::array result = new_array<T>(op, rows.lead), log_sum_exp = new_array<T>(op, rows.lead);
  T *result_data = data_of<T>(result), *log_data = data_of<T>(log_sum_exp);
  without_gil([&] {
    rows.by_class ? class_cross_entropy(rows.x, rows.classes, rows.count, rows.n, result_data, log_data)
                  : cross_entropy(rows.x, rows.p, rows.count, rows.n, result_data, log_data);
  });
  return py::make_tuple(result, log_sum_exp);
}

template <class T>
py::array loss_backward(const char* op, const py::array& dloss, const py::array& logits,
                        const py::array& labels, const py::array& log_sum_exp,
                        std::optional<int64_t> ignored) {
  const Rows<T> rows(op, logits, labels, ignored);
  const T* d = read<T>(op, "dloss", dloss, rows.lead);
  const T* log_data = read<T>(op, "log_sum_exp", log_sum_exp, rows.lead);
  py::array dx = new_array<T>(op, rows.shape);
  T* dx_data = data_of<T>(dx);
  without_gil([&] {
    rows.by_class
        ? class_cross_entropy_backward(d, rows.x, rows.classes, log_data, rows.count, rows.n, dx_data)
        : cross_entropy_backward(d, rows.x, rows.p, log_data, rows.count, rows.n, dx_data);
  });
  return dx;
}

template <class T>
py::array logistic(const char* op, const py::array& logits, const py::array& labels) {
  const T* x = read<T>(op, "logits", logits, shape_of(logits));
  const T* z = read<T>(op, "labels", labels, shape_of(logits));
  py::array result = new_array<T>(op, shape_of(logits));
  T* result_data = data_of<T>(result);
  without_gil([&] { logistic_cross_entropy(x, z, logits.size(), result_data); });
  return result;
}

template <class T>
py::array logistic_backward(const char* op, const py::array& dloss, const py::array& logits,
                            const py::array& labels) {
  const T* x = read<T>(op, "logits", logits, shape_of(logits));
  const T* z = read<T>(op, "labels", labels, shape_of(logits));
  const T* d = read<T>(op, "dloss", dloss, shape_of(logits));
  py::array dx = new_array<T>(op, shape_of(logits));
  T* dx_data = data_of<T>(dx);
  without_gil([&] { logistic_cross_entropy_backward(d, x, z, logits.size(), dx_data); });
  return dx;
}

void register_axis(py::module_& module) {
  module.def(
      "softmax",
      [](const char* op, const py::array& x, int64_t axis, bool log) {
        const SoftmaxPlan plan = SoftmaxPlan::make(op, shape_of(x), axis, log);
        return by_dtype(op, "x", x, [&](auto zero) { return forward<decltype(zero)>(op, plan, x); });
      },
      py::arg("op"), py::arg("x"), py::arg("axis"), py::arg("log"),
      "softmax or its logarithm along an axis.");
  module.def(
      "softmax_backward",
      [](const char* op, const py::array& dy, const py::array& y, int64_t axis, bool log) {
        const SoftmaxPlan plan = SoftmaxPlan::make(op, shape_of(y), axis, log);
        return by_dtype(op, "dy", dy, [&](auto zero) { return backward<decltype(zero)>(op, plan, dy, y); });
      },
      py::arg("op"), py::arg("dy"), py::arg("y"), py::arg("axis"), py::arg("log"),
      "The gradient of softmax, or of its logarithm, from the result y.");
}

void register_losses(py::module_& module) {
  module.def(
      "softmax_cross_entropy",
      [](const py::array& logits, const py::array& labels, std::optional<int64_t> ignore_index) {
        constexpr const char* kOp = "softmax_cross_entropy";
        return by_dtype(kOp, "logits", logits,
                        [&](auto zero) { return loss<decltype(zero)>(kOp, logits, labels, ignore_index); });
      },
      py::arg("logits"), py::arg("labels"), py::arg("ignore_index"),
      "The loss and log_sum_exp of every row.");
  module.def(
      "softmax_cross_entropy_backward",
      [](const py::array& dloss, const py::array& logits, const py::array& labels,
         const py::array& log_sum_exp, std::optional<int64_t> ignore_index) {
        constexpr const char* kOp = "softmax_cross_entropy_backward";
        return by_dtype(kOp, "logits", logits, [&](auto zero) {
          return loss_backward<decltype(zero)>(kOp, dloss, logits, labels, log_sum_exp, ignore_index);
        });
      },
      py::arg("dloss"), py::arg("logits"), py::arg("labels"), py::arg("log_sum_exp"), py::arg("ignore_index"),
      "The gradient of the losses to the logits.");
  module.def(
      "sigmoid_cross_entropy",
      [](const py::array& logits, const py::array& labels) {
        constexpr const char* kOp = "sigmoid_cross_entropy";
        return by_dtype(kOp, "logits", logits,
                        [&](auto zero) { return logistic<decltype(zero)>(kOp, logits, labels); });
      },
      py::arg("logits"), py::arg("labels"), "The binary cross-entropy of every value.");
  module.def(
      "sigmoid_cross_entropy_backward",
      [](const py::array& dloss, const py::array& logits, const py::array& labels) {
        constexpr const char* kOp = "sigmoid_cross_entropy_backward";
        return by_dtype(kOp, "logits", logits, [&](auto zero) {
          return logistic_backward<decltype(zero)>(kOp, dloss, logits, labels);
        });
      },
      py::arg("dloss"), py::arg("logits"), py::arg("labels"), "The gradient of the losses to the logits.");
}

}  // namespace

void register_softmax(py::module_& module) {
  register_axis(module);
  register_losses(module);
}

}  // namespace foldgate
