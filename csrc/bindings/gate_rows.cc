#include "ops/recurrent/gate_rows.h"

#include <algorithm>

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr const char *kTo = "gate_rows_to_columns", *kFrom = "gate_columns_to_rows";

// Gates of a GRU, the only cell of three.
bool is_gru(int64_t gates) { return gates == 3; }

GateRows shape_of_gates(const char* op, const char* name, int64_t gates, int64_t rows, int64_t features) {
  require(gates >= 1 && rows % gates == 0, op, ": ", name, " has ", rows,
          " gate values; expected a multiple of ", gates, " gates");
  return {gates, rows / gates, features, is_gru(gates)};
}

void check_matrix(const char* op, const char* name, const py::array& matrix) {
  require(matrix.ndim() == 2, op, ": ", name, " has ", matrix.ndim(), " axes; expected 2");
}

template <class T>
py::array columns_of(const char* name, int64_t gates, const py::array& rows) {
  check_matrix(kTo, name, rows);
  const GateRows shape = shape_of_gates(kTo, name, gates, rows.shape(0), rows.shape(1));
  const T* from = read<T>(kTo, name, rows, shape_of(rows));
  py::array columns = new_array<T>(kTo, {rows.shape(1), rows.shape(0)});
  T* to = data_of<T>(columns);
  without_gil([&] { gate_rows_to_columns(shape, from, to); });
  return columns;
}

template <class T>
py::array rows_of(const char* name, int64_t gates, const py::array& columns) {
  check_matrix(kFrom, name, columns);
  const GateRows shape = shape_of_gates(kFrom, name, gates, columns.shape(1), columns.shape(0));
  const T* from = read<T>(kFrom, name, columns, shape_of(columns));
  py::array rows = new_array<T>(kFrom, {columns.shape(1), columns.shape(0)});
  T* to = data_of<T>(rows);
  without_gil([&] { gate_columns_to_rows(shape, from, to); });
  return rows;
}

// A bias, gate by gate, in the other order.
template <class T>
void copy_bias(const GateRows& shape, const T* from, T* to) {
  for (int64_t gate = 0; gate < shape.gates; ++gate)
    std::copy_n(from + gate * shape.units, shape.units, to + shape.column_gate(gate) * shape.units);
}

// Both biases as foldgate has them: their sum, (G U,), or of a GRU the two as rows.
template <class T>
py::object bias_of(int64_t gates, const py::object& inner, const py::object& recurrent, int64_t values) {
  if (inner.is_none()) return py::none();
  const GateRows shape = shape_of_gates(kTo, "inner", gates, values, 1);
  const T* const first = read<T>(kTo, "inner_bias", inner, {values});
  const T* const second = read<T>(kTo, "recurrent_bias", recurrent, {values});
  py::array bias = new_array<T>(kTo, is_gru(gates) ? Shape{2, values} : Shape{values});
  T* const to = data_of<T>(bias);
  if (is_gru(gates)) {
    copy_bias(shape, first, to);
    copy_bias(shape, second, to + values);
  } else {
    std::transform(first, first + values, second, to, [](T a, T b) { return a + b; });
  }
  return std::move(bias);
}

// The gradients of both biases.
template <class T>
py::tuple bias_gradients(int64_t gates, const py::object& dbias, int64_t values) {
  if (dbias.is_none()) return py::make_tuple(py::none(), py::none());
  const GateRows shape = shape_of_gates(kFrom, "dkernel", gates, values, 1);
  const T* const from = read<T>(kFrom, "dbias", dbias, is_gru(gates) ? Shape{2, values} : Shape{values});
  py::array inner = new_array<T>(kFrom, {values}), recurrent = new_array<T>(kFrom, {values});
  copy_bias(shape, from, data_of<T>(inner));
  copy_bias(shape, is_gru(gates) ? from + values : from, data_of<T>(recurrent));
  return py::make_tuple(inner, recurrent);
}

py::tuple to_columns(int64_t gates, const py::array& inner, const py::array& recurrent,
                     const py::object& inner_bias, const py::object& recurrent_bias) {
  return by_dtype(kTo, "inner", inner, [&](auto zero) {
    using T = decltype(zero);
    const py::array kernel = columns_of<T>("inner", gates, inner);
    return py::make_tuple(kernel, columns_of<T>("recurrent", gates, recurrent),
                          bias_of<T>(gates, inner_bias, recurrent_bias, kernel.shape(1)));
  });
}

py::tuple to_rows(int64_t gates, const py::array& dkernel, const py::array& drecurrent,
                  const py::object& dbias) {
  return by_dtype(kFrom, "dkernel", dkernel, [&](auto zero) {
    using T = decltype(zero);
    const py::array inner = rows_of<T>("dkernel", gates, dkernel);
    const py::tuple biases = bias_gradients<T>(gates, dbias, inner.shape(0));
    return py::make_tuple(inner, rows_of<T>("drecurrent", gates, drecurrent), biases[0], biases[1]);
  });
}

}  // namespace

void register_gate_rows(py::module_& module) {
  module.def(kTo, to_columns, py::arg("gates"), py::arg("inner"), py::arg("recurrent"), py::arg("inner_bias"),
             py::arg("recurrent_bias"), "kernel, recurrent_kernel and bias of weights whose rows are gates.");
  module.def(kFrom, to_rows, py::arg("gates"), py::arg("dkernel"), py::arg("drecurrent"), py::arg("dbias"),
             "Gradients of weights whose rows are gates, and of two biases.");
}

}  // namespace foldgate
