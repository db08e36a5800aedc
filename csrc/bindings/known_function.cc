// A Python function behind a table of known calls: a call of it binds its arguments to the function's parameters as
// Python would, looks for them in the table, and runs the function where they are not there. A Python frame, the function's
// first questions and a tuple of its options cost 1.5 us, as much as a small convolution.
#include <structmember.h>

#include <memory>

#include "bindings/calls_table.h"
#include "bindings/register.h"

namespace foldgate {
namespace {

constexpr int kMostParameters = 24;

// The parameters of a function: no *args, no **kwargs, none by position alone.
class Parameters {
 public:
  explicit Parameters(py::handle function) {
    const py::object code = function.attr("__code__");
    constexpr int kVariable = CO_VARARGS | CO_VARKEYWORDS;
    positional_ = code.attr("co_argcount").cast<int>();
    count_ = positional_ + code.attr("co_kwonlyargcount").cast<int>();
    if (count_ > kMostParameters || code.attr("co_posonlyargcount").cast<int>() != 0 ||
        (code.attr("co_flags").cast<int>() & kVariable) != 0)
      throw py::type_error(text("Calls.first: function has other parameters than up to ", kMostParameters,
                                " by name; expected none"));
    names_ = code.attr("co_varnames");
    values_.assign(static_cast<size_t>(count_), py::object());
    const py::object defaults = function.attr("__defaults__"), by_name = function.attr("__kwdefaults__");
    const int given = defaults.is_none() ? 0 : static_cast<int>(py::len(defaults));
    for (int i = 0; i < given; ++i)
      values_[static_cast<size_t>(positional_ - given + i)] = defaults[py::int_(i)];
    for (int i = 0; i < count_; ++i) {
      if (i >= positional_ && !by_name.is_none() && by_name.contains(name(i)))
        values_[static_cast<size_t>(i)] = by_name[name(i)];
      if (PyUnicode_CompareWithASCIIString(name(i).ptr(), "algorithm") == 0) algorithm_ = i;
    }
  }

  int count() const { return count_; }

  // Borrowed references to every parameter's value, or false where only the function itself can say what is meant. Names
  // are compared by address: those in a call are the interned ones that the function has.
  bool bind(PyObject* const* arguments, Py_ssize_t given, PyObject* names, PyObject** bound) const {
    if (given > positional_) return false;
    for (int i = 0; i < count_; ++i) bound[i] = i < given ? arguments[i] : nullptr;
    const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t k = 0; k < named; ++k) {
      const int i = place_of(PyTuple_GET_ITEM(names, k));
      if (i < 0 || bound[i]) return false;
      bound[i] = arguments[given + k];
    }
    for (int i = 0; i < count_; ++i)
      if (!bound[i] && !(bound[i] = values_[static_cast<size_t>(i)].ptr())) return false;
    if (algorithm_ >= 0 && bound[algorithm_] == Py_None) bound[algorithm_] = default_algorithm();
    return true;
  }

 private:
  py::handle name(int i) const { return PyTuple_GET_ITEM(names_.ptr(), i); }
  int place_of(PyObject* wanted) const {
    for (int i = 0; i < count_; ++i)
      if (name(i).ptr() == wanted) return i;
    return -1;
  }

  int count_, positional_, algorithm_ = -1;
  py::tuple names_;
  std::vector<py::object> values_;  // null: required
};

// Lives as long as its module, which it is a cycle with through the function's globals: the collector need not see it.
struct KnownFunction {
  PyObject_HEAD vectorcallfunc call;
  PyObject* dictionary;  // __name__, __doc__, __wrapped__, ...
  PyObject *table, *function;
  Parameters* parameters;
};

KnownFunction& known(PyObject* self) { return *reinterpret_cast<KnownFunction*>(self); }

PyObject* known_call(PyObject* self, PyObject* const* arguments, size_t count, PyObject* names) {
  const KnownFunction& f = known(self);
  PyObject* bound[kMostParameters];
  if (f.parameters->bind(arguments, PyVectorcall_NARGS(count), names, bound)) {
    const Calls& calls = *reinterpret_cast<CallsObject*>(f.table)->calls;
    PyObject* result = guarded([&] { return calls.run(bound, f.parameters->count()); });
    if (result != Py_None) return result;
    Py_DECREF(result);
  }
  return PyObject_Vectorcall(f.function, arguments, count, names);
}

void known_free(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  delete known(self).parameters;
  Py_XDECREF(known(self).dictionary);
  Py_XDECREF(known(self).table);
  Py_XDECREF(known(self).function);
  type->tp_free(self);
  Py_DECREF(type);
}

// As functions do: an attribute of a class is a method of its instances.
PyObject* known_bind(PyObject* self, PyObject* instance, PyObject*) {
  if (!instance || instance == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, instance);
}

// Pickled and copied by name, as functions are.
PyObject* known_reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

PyTypeObject* known_type() {
  static PyTypeObject* const type = [] {
    static PyMemberDef members[] = {
        {"__dictoffset__", T_PYSSIZET, offsetof(KnownFunction, dictionary), READONLY, nullptr},
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(KnownFunction, call), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr}};
    static PyMethodDef methods[] = {{"__reduce__", &known_reduce, METH_NOARGS, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
    static PyGetSetDef properties[] = {
        {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
        {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(&known_free)},
                                  {Py_tp_call, reinterpret_cast<void*>(&PyVectorcall_Call)},
                                  {Py_tp_descr_get, reinterpret_cast<void*>(&known_bind)},
                                  {Py_tp_members, members},
                                  {Py_tp_methods, methods},
                                  {Py_tp_getset, properties},
                                  {0, nullptr}};
    constexpr unsigned kFlags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL;
    static PyType_Spec spec = {"foldgate._native.KnownFunction", sizeof(KnownFunction), 0, kFlags, slots};
    auto* created = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (!created) throw py::error_already_set();
    return created;
  }();
  return type;
}

PyObject* algorithm = nullptr;  // owned; null: None

}  // namespace

PyObject* default_algorithm() { return algorithm ? algorithm : Py_None; }

PyObject* calls_first(PyObject* calls, PyObject* function) {
  return guarded([&]() -> PyObject* {
    auto parameters = std::make_unique<Parameters>(function);
    PyTypeObject* type = known_type();
    py::object self = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
    if (!self) throw py::error_already_set();
    KnownFunction& made = known(self.ptr());
    made.call = &known_call;
    made.table = py::handle(calls).inc_ref().ptr();
    made.function = py::handle(function).inc_ref().ptr();
    made.parameters = parameters.release();
    py::module_::import("functools").attr("update_wrapper")(self, py::handle(function));
    return self.release().ptr();
  });
}

void register_known_functions(py::module_& module) {
  module.def(
      "set_default_algorithm",
      [](const py::object& name) {
        PyObject* const before = algorithm;
        algorithm = py::object(name).release().ptr();
        Py_XDECREF(before);
      },
      py::arg("name"), "What None says for a parameter `algorithm` of known calls.");
}

}  // namespace foldgate
