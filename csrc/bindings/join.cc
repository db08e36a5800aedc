#include "ops/join.h"

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

// NumPy's copy of fewer values is as fast, and of few rows it is a plain copy of memory.
constexpr int64_t kLeastValues = 1 << 15, kLeastRows = 64;

const PyObject* dtype_in(const py::array& x) { return py::detail::array_proxy(x.ptr())->descr; }
int64_t axis_of(const py::array& x, int64_t axis) { return axis < 0 ? axis + x.ndim() : axis; }

// The array as rows (axes before `axis`) of columns (the others), in units of a float; 0 rows where it is no array of floats
// in one piece, or the copy is better NumPy's.
struct Matrix {
  int64_t rows = 0, columns = 1;
};
Matrix matrix_of(const py::array& x, int64_t axis) {
  constexpr int kWhole = py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  const bool floats = dtype_in(x) == dtype_of<float>(), doubles = dtype_in(x) == dtype_of<double>();
  if (!(floats || doubles) || (x.flags() & kWhole) != kWhole || axis < 1 || axis >= x.ndim()) return {};
  Matrix m{1, doubles ? 2 : 1};
  for (int64_t i = 0; i < x.ndim(); ++i) (i < axis ? m.rows : m.columns) *= x.shape(i);
  return m.rows < kLeastRows ? Matrix{} : m;
}

py::array new_like(const py::array& x, const Shape& shape) {
  return new_array("concatenate", x.dtype(), shape);
}
const float* values_of(const py::array& x) { return static_cast<const float*>(x.data()); }

// The members of a list or tuple of arrays; none where some is no plain array.
std::vector<py::array> arrays_in(const py::object& given) {
  std::vector<py::array> found;
  if (!PyList_CheckExact(given.ptr()) && !PyTuple_CheckExact(given.ptr())) return found;
  for (const py::handle one : given) {
    if (Py_TYPE(one.ptr()) != py::detail::npy_api::get().PyArray_Type_) return {};
    found.push_back(py::reinterpret_borrow<py::array>(one));
  }
  return found;
}

// None where the arrays are not of one kind, or are small.
py::object joined(const py::object& given, int64_t axis) {
  const std::vector<py::array> parts = arrays_in(given);
  if (parts.size() < 2) return py::none();
  const py::array& first = parts[0];
  axis = axis_of(first, axis);
  const int64_t rows = matrix_of(first, axis).rows;
  if (rows == 0) return py::none();
  Shape shape = shape_of(first);
  int64_t &extent = shape[static_cast<size_t>(axis)], columns = 0;
  extent = 0;
  std::vector<ColumnCopy> copies;
  for (const py::array& part : parts) {
    const Matrix m = matrix_of(part, axis);
    if (part.ndim() != first.ndim() || m.rows != rows || dtype_in(part) != dtype_in(first)) return py::none();
    for (int64_t i = 0; i < part.ndim(); ++i)
      if (i != axis && part.shape(i) != first.shape(i)) return py::none();
    copies.push_back({values_of(part), m.columns, nullptr, 0, m.columns});
    extent += part.shape(axis);
    columns += m.columns;
  }
  if (rows * columns < kLeastValues) return py::none();
  py::array y = new_like(first, shape);
  float* target = static_cast<float*>(y.mutable_data());
  for (ColumnCopy& copy : copies) {
    copy.target = target;
    copy.target_step = columns;
    target += copy.width;
  }
  without_gil([&] { copy_columns(copies, rows); });
  return y;
}

// z[..., begin:end, ...] along the axis as an array of its own; None where that is better NumPy's.
py::object part_of(const py::array& z, int64_t axis, int64_t begin, int64_t end) {
  axis = axis_of(z, axis);
  const Matrix whole = matrix_of(z, axis);
  if (whole.rows == 0 || begin < 0 || end > z.shape(axis) || begin >= end) return py::none();
  const int64_t unit = whole.columns / z.shape(axis), width = (end - begin) * unit;
  if (whole.rows * width < kLeastValues) return py::none();
  Shape shape = shape_of(z);
  shape[static_cast<size_t>(axis)] = end - begin;
  py::array y = new_like(z, shape);
  float* const target = static_cast<float*>(y.mutable_data());
  const float* const source = values_of(z) + begin * unit;
  without_gil([&] { copy_columns({{source, whole.columns, target, width, width}}, whole.rows); });
  return y;
}

}  // namespace

void register_join(py::module_& module) {
  module.def("joined", joined, py::arg("parts"), py::arg("axis"),
             "numpy.concatenate of large arrays of floats, on all threads; None of others.");
  module.def("part_of", part_of, py::arg("z"), py::arg("axis"), py::arg("begin"), py::arg("end"),
             "A large array's part along an axis, copied on all threads; None of others.");
}

}  // namespace foldgate
