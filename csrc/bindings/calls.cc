#include "bindings/calls.h"

#include <cstring>
#include <memory>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr int kMostOperands = 8;
constexpr int kMostWords = 64;  // of a key
constexpr int kMostSlots = 1 << 16;

// What is compared, in words: each operand's rank and extents, the dtype, each option's address.
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

bool add_address(Key& key, PyObject* object) { return key.add(reinterpret_cast<intptr_t>(object)); }

// Whether the operand may belong to a known call; `dtype` is that of the operands before, or null.
bool add_operand(Key& key, PyObject* operand, PyObject*& dtype) {
  if (operand == Py_None) return key.add(-1);
  const auto& numpy = py::detail::npy_api::get();
  if (Py_TYPE(operand) != numpy.PyArray_Type_) return false;
  const auto* array = py::detail::array_proxy(operand);
  constexpr int kNeeded =
      py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if ((array->flags & kNeeded) != kNeeded) return false;
  if (!dtype) {
    if (array->descr != dtype_of<float>() && array->descr != dtype_of<double>()) return false;
    dtype = array->descr;
  }
  if (array->descr != dtype || !key.add(array->nd)) return false;
  for (int i = 0; i < array->nd; ++i)
    if (!key.add(array->dimensions[i])) return false;
  return true;
}

bool is_constant(PyObject* option) {
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
    if (!make_key(arguments, count, key)) return;
    for (Py_ssize_t i = operands_; i < count; ++i)
      if (!is_constant(arguments[i])) return;
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
    if (!add_address(key, dtype)) return false;
    for (Py_ssize_t i = operands_; i < count; ++i)
      if (!add_address(key, arguments[i])) return false;
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

// The Python type, by CPython's own means: through pybind11 the call alone would cost as much as the search.
struct CallsObject {
  PyObject_HEAD Calls* calls;
};

Calls& calls_of(PyObject* self) { return *reinterpret_cast<CallsObject*>(self)->calls; }

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

PyObject* calls_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  int operands = 0, slots = 512;
  static char operands_name[] = "operands", slots_name[] = "slots";
  static char* names[] = {operands_name, slots_name, nullptr};
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "i|i", names, &operands, &slots)) return nullptr;
  if (operands < 1 || operands > kMostOperands) {
    PyErr_Format(PyExc_ValueError, "Calls: operands is %d; expected 1 to %d", operands, kMostOperands);
    return nullptr;
  }
  if (slots < 2 || slots > kMostSlots || (slots & (slots - 1)) != 0) {
    PyErr_Format(PyExc_ValueError, "Calls: slots is %d; expected a power of two from 2 to %d", slots,
                 kMostSlots);
    return nullptr;
  }
  return guarded([&]() -> PyObject* {
    auto calls = std::make_unique<Calls>(operands, slots);
    PyObject* self = type->tp_alloc(type, 0);
    if (self) reinterpret_cast<CallsObject*>(self)->calls = calls.release();
    return self;
  });
}

void calls_free(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  delete reinterpret_cast<CallsObject*>(self)->calls;
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* calls_run(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return guarded([&] { return calls_of(self).run(arguments, count); });
}

PyObject* calls_keep(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count < 1 || !py::isinstance<NativeCall>(arguments[0])) {
    PyErr_SetString(PyExc_TypeError, "Calls.keep: expected a planned call, then its operands and options");
    return nullptr;
  }
  return guarded([&]() -> PyObject* {
    calls_of(self).keep(arguments[0], arguments + 1, count - 1);
    Py_RETURN_NONE;
  });
}

template <class Function>
PyCFunction as_method(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}

PyMethodDef kMethods[] = {
    {"run", as_method(&calls_run), METH_FASTCALL,
     "run(*operands_and_options): the result of a known call; None where it is not known."},
    {"keep", as_method(&calls_keep), METH_FASTCALL,
     "keep(call, *operands_and_options): makes the call known, if what it depends on cannot change."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

void register_calls(py::module_& module) {
  py::class_<NativeCall>(module, "NativeCall", "A planned call of an op.");
  static char doc[] = "The calls of one op that were made before, by shapes, dtype and options.";
  static PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(&calls_new)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(&calls_free)},
                                {Py_tp_methods, kMethods},
                                {Py_tp_doc, doc},
                                {0, nullptr}};
  static PyType_Spec spec = {"foldgate._native.Calls", sizeof(CallsObject), 0, Py_TPFLAGS_DEFAULT, slots};
  PyObject* type = PyType_FromSpec(&spec);
  if (!type) throw py::error_already_set();
  module.add_object("Calls", py::reinterpret_steal<py::object>(type));
}

}  // namespace foldgate
