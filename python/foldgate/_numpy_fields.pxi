# An array's fields, read from the object itself: an attribute of NumPy's costs 30 to 100 ns and makes objects.

cdef extern from *:
    """
    // How NumPy's PyArrayObject begins; its ABI keeps that, and no header of NumPy's is needed to build.
    struct FoldgateArray {
      PyObject_HEAD
      char* data;
      int nd;
      Py_ssize_t* dimensions;
      Py_ssize_t* strides;
      PyObject* base;
      PyObject* descr;
      int flags;
    };
    """
    ctypedef struct FoldgateArray:
        int nd
        Py_ssize_t* dimensions
        PyObject* base
        PyObject* descr
        int flags


cdef inline FoldgateArray* fields(object array):
    return <FoldgateArray*><PyObject*>array
