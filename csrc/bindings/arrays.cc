#include "bindings/arrays.h"

#include <algorithm>

namespace foldgate {

Shape shape_of(const py::array& array) { return {array.shape(), array.shape() + array.ndim()}; }

py::array array_of(const char* op, const char* name, py::handle operand) {
  if (!py::isinstance<py::array>(operand))
    throw py::type_error(text(op, ": ", name, " is not a numpy.ndarray"));
  return py::reinterpret_borrow<py::array>(operand);
}

bool load_extents(PyObject* object, Shape& shape) {
  if (!PyTuple_CheckExact(object)) return false;
  shape.resize(static_cast<size_t>(PyTuple_GET_SIZE(object)));
  for (size_t i = 0; i < shape.size(); ++i) {
    PyObject* const extent = PyTuple_GET_ITEM(object, static_cast<Py_ssize_t>(i));
    int overflow = 0;
    if (!PyLong_CheckExact(extent)) return false;
    shape[i] = PyLong_AsLongLongAndOverflow(extent, &overflow);
    if (overflow != 0) return false;
  }
  return true;
}

void check_layout(const char* op, const char* name, const py::array& array, const py::dtype& dtype) {
  if (py::detail::array_proxy(array.ptr())->descr != dtype.ptr() && !array.dtype().equal(dtype))
    throw py::type_error(text(op, ": ", name, " has dtype ", py::str(array.dtype()).cast<std::string>(),
                              "; expected ", py::str(dtype).cast<std::string>()));
  constexpr int kNeeded =
      py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  require((array.flags() & kNeeded) == kNeeded, op, ": ", name,
          " is not C-contiguous and aligned; expected a copy that is");
}

void check_shape(const char* op, const char* name, const py::array& array, const Shape& expected) {
  if (static_cast<size_t>(array.ndim()) == expected.size() &&
      std::equal(expected.begin(), expected.end(), array.shape()))
    return;
  fail_value(op, ": ", name, " has shape ", shape_text(shape_of(array)), "; expected ", shape_text(expected));
}

py::array given_output(const char* op, const char* name, const py::object& array, const py::dtype& dtype,
                       const Shape& expected) {
  py::array result = array_of(op, name, array);
  check_layout(op, name, result, dtype);
  check_shape(op, name, result, expected);
  require(result.writeable(), op, ": ", name, " is read-only; expected a writeable array");
  return result;
}

void apart_or_same(const char* op, const char* name, const py::array& operand, const py::array& result) {
  const auto a = reinterpret_cast<uintptr_t>(operand.data()), b = reinterpret_cast<uintptr_t>(result.data());
  require(a == b || a + static_cast<uintptr_t>(operand.nbytes()) <= b ||
              b + static_cast<uintptr_t>(result.nbytes()) <= a,
          op, ": out overlaps ", name, " in part; expected ", name, " itself, or memory of its own");
}

py::array new_array(const char* op, const py::dtype& dtype, const Shape& shape) {
  const int64_t bytes = checked_mul(op, checked_product(op, shape), dtype.itemsize());
  void* block = nullptr;
  try {
    block = allocate(bytes);
  } catch (const std::bad_alloc&) {
    const std::string message = text(op, ": no memory for an array of shape ", shape_text(shape));
    PyErr_SetString(PyExc_MemoryError, message.c_str());
    throw py::error_already_set();
  }
  // By NumPy's own functions: py::array and py::capsule cost as much as a small kernel.
  PyObject* owner = PyCapsule_New(
      block, nullptr, [](PyObject* capsule) { deallocate(PyCapsule_GetPointer(capsule, nullptr)); });
  if (!owner) deallocate(block);
  const auto& numpy = py::detail::npy_api::get();
  static_assert(sizeof(Py_intptr_t) == sizeof(int64_t));
  PyObject* array = owner ? numpy.PyArray_NewFromDescr_(
                                numpy.PyArray_Type_, dtype.inc_ref().ptr(), static_cast<int>(shape.size()),
                                reinterpret_cast<const Py_intptr_t*>(shape.data()), nullptr, block,
                                py::detail::npy_api::NPY_ARRAY_WRITEABLE_, nullptr)
                          : nullptr;
  if (!array) {
    Py_XDECREF(owner);
    throw py::error_already_set();
  }
  numpy.PyArray_SetBaseObject_(array, owner);
  return py::reinterpret_steal<py::array>(array);
}

}  // namespace foldgate
