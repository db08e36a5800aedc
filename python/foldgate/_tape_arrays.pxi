# What the tape asks of arrays.

cdef int C_CONTIGUOUS_AND_WRITEABLE = 0x0001 | 0x0400  # NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_WRITEABLE


cdef inline bint writable_rows(object array):
    """Whether an array is C-contiguous and may be written to."""
    return fields(array).flags & C_CONTIGUOUS_AND_WRITEABLE == C_CONTIGUOUS_AND_WRITEABLE


cdef bint is_like(object array, tuple output):
    """Whether this is an array of the shape and, without a look at equal ones, the dtype of an output."""
    cdef FoldgateArray* own
    cdef tuple shape = <tuple>output[0]
    cdef int i
    if type(array) is not ndarray:
        return False
    own = fields(array)
    if own.descr != <PyObject*>output[1] or own.nd != len(shape):
        return False
    for i in range(own.nd):
        if own.dimensions[i] != <Py_ssize_t>shape[i]:
            return False
    return True


cdef tuple output_like(object array):
    """What a node says of an output: its shape and dtype."""
    if type(array) is not ndarray:
        return array.shape, array.dtype
    cdef FoldgateArray* own = fields(array)
    cdef Py_ssize_t i
    cdef tuple shape
    if own.nd == 2:  # nearly always, and by far the quickest way to such a tuple
        shape = (own.dimensions[0], own.dimensions[1])
    else:
        shape = tuple([own.dimensions[i] for i in range(own.nd)])
    return shape, <object>own.descr


cdef inline object address(object thing):
    """`id`, which costs a call of Python's."""
    return <Py_ssize_t><PyObject*>thing


cdef object root(object array):
    """The array that holds the memory of a view."""
    cdef PyObject* base = fields(array).base
    while base != NULL and isinstance(<object>base, ndarray):
        array = <object>base
        base = fields(array).base
    return array


cdef extern from "Python.h":
    bint PyCapsule_IsValid(object capsule, const char* name)


cdef bint is_own(PyObject* array):
    """Whether an array's memory is its own: NumPy's, or a block of the kernels' allocator."""
    cdef PyObject* base = fields(<object>array).base
    return base == NULL or PyCapsule_IsValid(<object>base, NULL)


cdef bint held_once(PyObject* array):
    """Whether nobody but the one list that holds an array reads its memory, so that it may be written over."""
    if array.ob_refcnt != 1 or type(<object>array) is not ndarray:
        return False
    cdef PyObject* base
    if not writable_rows(<object>array):
        return False
    if is_own(array):
        return True
    base = fields(<object>array).base  # of a view, such as one of another shape
    return type(<object>base) is ndarray and base.ob_refcnt == 1 and is_own(base)
