#include <memory>

#include "bindings/calls_table.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr int kMostSlots = 1 << 16;

Calls& calls_of(PyObject* self) { return *reinterpret_cast<CallsObject*>(self)->calls; }

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
    {"first", &calls_first, METH_O,
     "first(function): the function, which is called where the call is not known; its first parameters are "
     "the "
     "operands."},
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
