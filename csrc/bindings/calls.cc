#include <memory>

#include "bindings/calls_table.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr int kMostSlots = 1 << 16;

// What `then`, if it is not None, makes of a call's result, which is taken.
py::object finished(PyObject* result, py::handle then) {
  py::object found = py::reinterpret_steal<py::object>(result);
  if (found && !then.is_none())
    found = py::reinterpret_steal<py::object>(PyObject_CallOneArg(then.ptr(), found.ptr()));
  if (!found) throw py::error_already_set();
  return found;
}

// A call of a native function: operands at their places among arguments that stay the same, and what `then`, if anything,
// makes of the result.
class BoundCall : public NativeCall {
 public:
  // An operand's place is where it stands in `arguments`, in the operands' order, each once.
  BoundCall(int operands, py::handle then, py::handle function, py::handle arguments, PyObject* const* given)
      : NativeCall(operands),
        then_(object_of(then)),
        function_(object_of(function)),
        places_(static_cast<size_t>(operands), -1) {
    int next = 0;
    for (const py::handle argument : arguments) {
      int found = next;
      while (found < operands && given[found] != argument.ptr()) ++found;
      const bool is_operand = found < operands && !argument.is_none();
      if (is_operand) {
        places_[static_cast<size_t>(found)] = static_cast<int>(arguments_.size());
        next = found + 1;
      }
      arguments_.push_back(is_operand ? py::object() : object_of(argument));
    }
  }

  // Whether every operand has a place, or is None, and all else is constant.
  bool whole(PyObject* const* given) const {
    for (size_t i = 0; i < places_.size(); ++i)
      if (places_[i] < 0 && given[i] != Py_None) return false;
    for (const py::object& argument : arguments_)
      if (argument && py::isinstance<py::array>(argument)) return false;
    return arguments_.size() <= kMostArguments;
  }

  py::object run(const py::handle* operands) override {
    PyObject* given[kMostArguments];
    for (size_t i = 0; i < arguments_.size(); ++i) given[i] = arguments_[i].ptr();
    for (size_t i = 0; i < places_.size(); ++i)
      if (places_[i] >= 0) given[places_[i]] = operands[i].ptr();
    return finished(PyObject_Vectorcall(function_.ptr(), given, arguments_.size(), nullptr), then_);
  }

 private:
  static constexpr size_t kMostArguments = 24;
  py::object then_, function_;
  std::vector<py::object> arguments_;  // null at an operand's place
  std::vector<int> places_;
};

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

PyObject* calls_learn(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  Calls& calls = calls_of(self);
  constexpr Py_ssize_t kFirst = 3;  // then, function, arguments
  if (count < kFirst + calls.operands() || !PyTuple_CheckExact(arguments[2])) {
    PyErr_SetString(PyExc_TypeError,
                    "Calls.learn: expected then, a function, a tuple of its arguments, operands and options");
    return nullptr;
  }
  return guarded([&] {
    PyObject* const* const given = arguments + kFirst;
    py::object result = finished(PyObject_Call(arguments[1], arguments[2], nullptr), arguments[0]);
    Key key;
    if (!calls.constant(given, count - kFirst, key)) return result.release().ptr();
    auto made =
        std::make_unique<BoundCall>(calls.operands(), arguments[0], arguments[1], arguments[2], given);
    if (made->whole(given))
      calls.keep(py::cast(std::unique_ptr<NativeCall>(std::move(made))), given, count - kFirst);
    return result.release().ptr();
  });
}

py::object call_planned(NativeCall& call, const py::args& operands) {
  if (static_cast<int>(operands.size()) != call.operands())
    throw py::type_error(
        text("NativeCall: there are ", operands.size(), " operands; expected ", call.operands()));
  const std::vector<py::handle> handles(operands.begin(), operands.end());
  return call.run(handles.data());
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
    {"learn", as_method(&calls_learn), METH_FASTCALL,
     "learn(then, function, arguments, *operands_and_options): then(function(*arguments)), or without then "
     "where "
     "that is None; makes the call known, where its operands stand among the arguments in their order."},
    {"first", &calls_first, METH_O,
     "first(function): the function, which is called where the call is not known; its first parameters are "
     "the "
     "operands."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

void register_calls(py::module_& module) {
  py::class_<NativeCall>(module, "NativeCall", "A planned call of an op.")
      .def("__call__", &call_planned, "The result, of operands of the shapes that it was planned for.");
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
