// NumPy arrays at the border. Reading: an operand is C-contiguous, aligned, of the machine's byte order and of the
// expected dtype and shape, or the call ends in TypeError or ValueError. Writing: outputs own a block of the caching
// allocator.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <vector>

#include "bindings/gil.h"
#include "core/allocator.h"
#include "core/check.h"

namespace foldgate {

namespace py = pybind11;
using Shape = std::vector<int64_t>;

Shape shape_of(const py::array& array);
// Of a tuple of exact ints; false for anything else.
bool load_extents(PyObject* object, Shape& shape);

// An operand that may be of any kind. TypeError where it is no array.
py::array array_of(const char* op, const char* name, py::handle operand);

// NumPy has one object for the dtype of T, of the machine's byte order.
template <class T>
PyObject* dtype_of() {
  static PyObject* const dtype = py::dtype::of<T>().release().ptr();  // outlives the interpreter
  return dtype;
}
// The same with its functions.
template <class T>
const py::dtype& dtype_object() {
  static const py::dtype* const dtype = new py::dtype(py::reinterpret_borrow<py::dtype>(dtype_of<T>()));
  return *dtype;
}

// Calls body(float{}) or body(double{}) by the array's dtype; TypeError for any other. Dtypes are compared by identity
// first: NumPy's own comparison costs as much as a small kernel.
template <class Body>
auto by_dtype(const char* op, const char* name, const py::array& array, Body body) {
  const PyObject* const dtype = py::detail::array_proxy(array.ptr())->descr;
  if (dtype == dtype_of<float>()) return body(float{});
  if (dtype == dtype_of<double>()) return body(double{});
  if (py::isinstance<py::array_t<float>>(array)) return body(float{});
  if (py::isinstance<py::array_t<double>>(array)) return body(double{});
  throw py::type_error(text(op, ": ", name, " has dtype ", py::str(array.dtype()).cast<std::string>(),
                            "; expected float32 or float64"));
}
template <class Body>
auto by_dtype(const char* op, const char* name, py::handle operand, Body body) {
  return by_dtype(op, name, array_of(op, name, operand), body);
}

// TypeError unless the array has dtype T, ValueError unless it is contiguous and aligned.
void check_layout(const char* op, const char* name, const py::array& array, const py::dtype& dtype);
void check_shape(const char* op, const char* name, const py::array& array, const Shape& expected);

template <class T>
const T* read(const char* op, const char* name, const py::array& array, const Shape& expected) {
  check_layout(op, name, array, dtype_object<T>());
  check_shape(op, name, array, expected);
  return static_cast<const T*>(array.data());
}

template <class T>
const T* read(const char* op, const char* name, py::handle operand, const Shape& expected) {
  return read<T>(op, name, array_of(op, name, operand), expected);
}
// An operand that may be None: null then.
template <class T>
const T* read_optional(const char* op, const char* name, py::handle operand, const Shape& expected) {
  return operand.is_none() ? nullptr : read<T>(op, name, operand, expected);
}

// A new C-contiguous array, uninitialised. MemoryError when it cannot be had.
py::array new_array(const char* op, const py::dtype& dtype, const Shape& shape);

template <class T>
py::array new_array(const char* op, const Shape& shape) {
  return new_array(op, dtype_object<T>(), shape);
}
template <class T>
T* data_of(py::array& array) {
  return static_cast<T*>(array.mutable_data());
}

// The array that the caller gave for a result: writeable, besides what `read` asks for.
py::array given_output(const char* op, const char* name, const py::object& array, const py::dtype& dtype,
                       const Shape& expected);
template <class T>
py::array output(const char* op, const char* name, const py::object& array, const Shape& expected) {
  return given_output(op, name, array, dtype_object<T>(), expected);
}

// ValueError unless the operand and the result begin at one address or share no memory: a kernel that writes element i
// after it has read element i is right for no other overlap.
void apart_or_same(const char* op, const char* name, const py::array& operand, const py::array& result);

}  // namespace foldgate

namespace pybind11::detail {

// Extents are nearly always a tuple of ints: pybind11's iterator over a sequence takes four times as long, which was a
// fifth of a small pooling.
template <>
struct type_caster<foldgate::Shape> : list_caster<foldgate::Shape, int64_t> {
  bool load(handle source, bool convert) {
    return foldgate::load_extents(source.ptr(), value) || list_caster::load(source, convert);
  }
};

}  // namespace pybind11::detail
