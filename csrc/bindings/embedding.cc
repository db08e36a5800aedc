#include "ops/embedding.h"

#include <algorithm>

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

Ids read_ids(const char* op, const py::array& ids, int64_t rows) {
  Ids result;
  result.count = ids.size();
  if (py::isinstance<py::array_t<int32_t>>(ids))
    result.narrow = read<int32_t>(op, "ids", ids, shape_of(ids));
  else
    result.wide = read<int64_t>(op, "ids", ids, shape_of(ids));
  result.check(op, rows);
  return result;
}

template <class T>
py::array forward(const char* op, const py::array& ids, const py::array& table) {
  const Shape table_shape = shape_of(table);
  require(table_shape.size() == 2, op, ": table has shape ", shape_text(table_shape),
          "; expected (rows, width)");
  const T* table_data = read<T>(op, "table", table, table_shape);
  const Ids read = read_ids(op, ids, table_shape[0]);
  Shape shape = shape_of(ids);
  shape.push_back(table_shape[1]);
  py::array y = new_array<T>(op, shape);
  T* y_data = data_of<T>(y);
  without_gil([&] { embedding(read, table_data, table_shape[0], table_shape[1], y_data); });
  return y;
}

template <class T>
py::array backward(const char* op, const py::array& dy, const py::array& ids, int64_t rows) {
  const Shape dy_shape = shape_of(dy), ids_shape = shape_of(ids);
  require(dy_shape.size() == ids_shape.size() + 1 &&
              std::equal(ids_shape.begin(), ids_shape.end(), dy_shape.begin()),
          op, ": dy has shape ", shape_text(dy_shape), "; expected that of ids, ", shape_text(ids_shape),
          ", and a width");
  require(rows >= 0, op, ": rows is ", rows, "; expected at least 0");
  const T* dy_data = foldgate::read<T>(op, "dy", dy, dy_shape);
  const Ids read = read_ids(op, ids, rows);
  const int64_t width = dy_shape.back();
  py::array dtable = new_array<T>(op, {rows, width});
  T* dtable_data = data_of<T>(dtable);
  without_gil([&] { embedding_backward(read, dy_data, rows, width, dtable_data); });
  return dtable;
}

}  // namespace

void register_embedding(py::module_& module) {
  module.def(
      "embedding",
      [](const py::array& ids, const py::array& table) {
        constexpr const char* kOp = "embedding";
        return by_dtype(kOp, "table", table,
                        [&](auto zero) { return forward<decltype(zero)>(kOp, ids, table); });
      },
      py::arg("ids"), py::arg("table"), "The rows of a table that ids name.");
  module.def(
      "embedding_backward",
      [](const py::array& dy, const py::array& ids, int64_t rows) {
        constexpr const char* kOp = "embedding_backward";
        return by_dtype(kOp, "dy", dy,
                        [&](auto zero) { return backward<decltype(zero)>(kOp, dy, ids, rows); });
      },
      py::arg("dy"), py::arg("ids"), py::arg("rows"), "The sums of dy by id, in the order of the ids.");
}

}  // namespace foldgate
