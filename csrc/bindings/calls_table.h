// The table of known calls (calls.h), by a key of words.
#pragma once
#include <cstring>
#include <utility>
#include <vector>

#include "bindings/calls.h"

namespace foldgate {

constexpr int kMostOperands = 8;
constexpr int kMostWords = 64;  // of a key

// What is compared, in words: each operand's dtype, rank and extents; each option's value, where it is a number or a tuple,
// else its address.
struct Key {
  int64_t words[kMostWords];
  size_t count = 0;
  uint64_t hash = 0;

  bool add(int64_t word) {
    if (count == kMostWords) return false;
    words[count++] = word;
    hash = (hash ^ static_cast<uint64_t>(word)) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
    return true;
  }
};

inline bool add_address(Key& key, PyObject* object) { return key.add(reinterpret_cast<intptr_t>(object)); }

// An operand that may belong to a known call: None, floats of one dtype, or indices. `dtype` is that of the floats before,
// or null.
inline bool add_operand(Key& key, PyObject* operand, PyObject*& dtype) {
  if (operand == Py_None) return key.add(-1);
  const auto& numpy = py::detail::npy_api::get();
  if (Py_TYPE(operand) != numpy.PyArray_Type_) return false;
  const auto* array = py::detail::array_proxy(operand);
  constexpr int kNeeded =
      py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if ((array->flags & kNeeded) != kNeeded) return false;
  PyObject* const own = array->descr;
  if (own == dtype_of<float>() || own == dtype_of<double>()) {
    if (!dtype) dtype = own;
    if (own != dtype) return false;
  } else if (own != dtype_of<uint8_t>() && own != dtype_of<int32_t>() && own != dtype_of<int64_t>()) {
    return false;
  }
  if (!add_address(key, own) || !key.add(array->nd)) return false;
  for (int i = 0; i < array->nd; ++i)
    if (!key.add(array->dimensions[i])) return false;
  return true;
}

// None, a bool or a str by its address; no address is as small as the marks of the others.
inline bool add_option(Key& key, PyObject* option) {
  enum { kInt = 1, kFloat, kTuple };
  if (PyLong_CheckExact(option)) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(option, &overflow);
    return !overflow && key.add(kInt) && key.add(value);
  }
  if (PyFloat_CheckExact(option)) {
    const double value = PyFloat_AS_DOUBLE(option);
    int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return key.add(kFloat) && key.add(bits);
  }
  if (!PyTuple_CheckExact(option)) return add_address(key, option);
  const Py_ssize_t size = PyTuple_GET_SIZE(option);
  if (!key.add(kTuple) || !key.add(size)) return false;
  for (Py_ssize_t i = 0; i < size; ++i)
    if (!add_option(key, PyTuple_GET_ITEM(option, i))) return false;
  return true;
}

inline bool is_constant(PyObject* option) {
  if (option == Py_None || PyBool_Check(option) || PyLong_CheckExact(option) || PyFloat_CheckExact(option) ||
      PyUnicode_CheckExact(option))
    return true;
  if (!PyTuple_CheckExact(option)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(option); ++i)
    if (!is_constant(PyTuple_GET_ITEM(option, i))) return false;
  return true;
}

// A two-way table: an entry stands in one of two neighbouring slots, or has been replaced.
class Calls {
 public:
  Calls(int operands, int slots) : operands_(operands), slots_(static_cast<size_t>(slots)) {}
  int operands() const { return operands_; }

  // Whether nobody can change what the call depends on; and its key.
  bool constant(PyObject* const* arguments, Py_ssize_t count, Key& key) const {
    if (!make_key(arguments, count, key)) return false;
    for (Py_ssize_t i = operands_; i < count; ++i)
      if (!is_constant(arguments[i])) return false;
    return true;
  }

  // The known call's result, None (borrowed by nobody) where it is not known, null with an error set where it failed.
  PyObject* run(PyObject* const* arguments, Py_ssize_t count) const {
    Key key;
    if (!make_key(arguments, count, key)) Py_RETURN_NONE;
    const Entry* found = find(key);
    if (!found) Py_RETURN_NONE;
    const py::object held = found->call;  // another thread may replace the entry meanwhile
    NativeCall* native = found->native;
    py::handle operands[kMostOperands];
    for (int i = 0; i < operands_; ++i) operands[i] = arguments[i];
    return native->run(operands).release().ptr();
  }

  void keep(py::handle call, PyObject* const* arguments, Py_ssize_t count) {
    NativeCall* native = call.cast<NativeCall*>();
    if (native->operands() != operands_)
      throw py::type_error(
          text("Calls.keep: call takes ", native->operands(), " operands; expected ", operands_));
    Key key;
    if (!constant(arguments, count, key)) return;
    Entry entry;
    entry.native = native;
    entry.call = py::reinterpret_borrow<py::object>(call);
    for (Py_ssize_t i = operands_; i < count; ++i)
      entry.options.push_back(py::reinterpret_borrow<py::object>(arguments[i]));
    entry.words.assign(key.words, key.words + key.count);
    const size_t first = first_slot(key), second = first ^ 1;
    std::swap(slots_[slots_[first].native && !slots_[second].native ? second : first], entry);
    // the one that was replaced goes here, when the table is whole: its end may run Python
  }

 private:
  struct Entry {
    std::vector<int64_t> words;
    std::vector<py::object> options;
    py::object call;
    NativeCall* native = nullptr;
  };
  size_t first_slot(const Key& key) const { return key.hash & (slots_.size() - 1); }

  bool make_key(PyObject* const* arguments, Py_ssize_t count, Key& key) const {
    if (count < operands_) return false;
    PyObject* dtype = nullptr;
    for (int i = 0; i < operands_; ++i)
      if (!add_operand(key, arguments[i], dtype)) return false;
    for (Py_ssize_t i = operands_; i < count; ++i)
      if (!add_option(key, arguments[i])) return false;
    return true;
  }

  const Entry* find(const Key& key) const {
    for (const size_t slot : {first_slot(key), first_slot(key) ^ 1}) {
      const Entry& entry = slots_[slot];
      if (entry.words.size() == key.count &&
          std::memcmp(entry.words.data(), key.words, key.count * sizeof(int64_t)) == 0)
        return &entry;
    }
    return nullptr;
  }

  int operands_;
  std::vector<Entry> slots_;
};

// Turns what a body throws into a Python error, as pybind11 does, and returns null then.
template <class Body>
PyObject* guarded(Body body) {
  try {
    return body();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc& error) {
    PyErr_SetString(PyExc_MemoryError, error.what());
  } catch (const std::invalid_argument& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

// The Python type of the table, by CPython's own means: through pybind11 the call alone would cost as much as the search.
struct CallsObject {
  PyObject_HEAD Calls* calls;
};

// Calls.first(function): a function that runs what the table knows, and else `function` (known_function.cc).
PyObject* calls_first(PyObject* calls, PyObject* function);

// What None says for a parameter `algorithm`: the name that foldgate.set_conv_algorithm gave, or None. Lent.
PyObject* default_algorithm();

}  // namespace foldgate
