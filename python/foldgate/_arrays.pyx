# cython: language_level=3
"""The checks that every call makes on every operand, compiled because they are most of a small op's cost."""

from cpython.object cimport PyObject

import numpy as np

include "_numpy_fields.pxi"

cdef object float32 = np.dtype(np.float32)
cdef object float64 = np.dtype(np.float64)
cdef object ndarray = np.ndarray
cdef object require = np.require
cdef list needed = ["C_CONTIGUOUS", "ALIGNED"]


cdef str kind(object value):
    name = type(value).__name__
    return ("an " if name[0] in "aeiou" else "a ") + name


cdef int C_CONTIGUOUS_AND_ALIGNED = 0x0001 | 0x0100  # NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED


cdef inline bint is_plain(object value, object like):
    """Whether the kernels read an array as it is: nearly always, and then no more is asked."""
    if type(value) is not ndarray or (like is not None and type(like) is not ndarray):
        return False
    cdef FoldgateArray* own = fields(value)
    if own.flags & C_CONTIGUOUS_AND_ALIGNED != C_CONTIGUOUS_AND_ALIGNED:
        return False
    if own.descr != <PyObject*>float32 and own.descr != <PyObject*>float64:
        return False
    return like is None or fields(like).descr == own.descr


cdef object native(object array, object dtype):
    """`array` as the kernels read it: C-contiguous, aligned, of the machine's byte order; itself where it is so."""
    if type(array) is ndarray and (array.dtype is float32 or array.dtype is float64):
        if fields(array).flags & C_CONTIGUOUS_AND_ALIGNED == C_CONTIGUOUS_AND_ALIGNED:
            return array
        return array.copy()  # of an attention's heads at every call, and in a third of the time of `require`
    return require(array, dtype, needed).view(ndarray)


def operand(str op, str name, object value, object like=None, str first="x"):
    """A float operand, copied only where the kernels could not read it as it is; see the stub."""
    return value if is_plain(value, like) else converted(op, name, value, like, first)


def operands(str op, str name, list values, list likes, str first):
    """`operand` of each value, which goes with one of `likes`; see the stub."""
    cdef list found = []
    for value, like in zip(values, likes, strict=True):
        found.append(value if is_plain(value, like) else converted(op, name, value, like, first))
    return found


cdef object converted(str op, str name, object value, object like, str first):
    if not isinstance(value, ndarray):
        raise TypeError(f"{op}: {name} is {kind(value)}; expected a numpy.ndarray")
    dtype = value.dtype
    if dtype is float32 or dtype == float32:
        dtype = float32
    elif dtype is float64 or dtype == float64:
        dtype = float64
    else:
        plain = dtype.newbyteorder("=")
        if plain != float32 and plain != float64:
            raise TypeError(
                f"{op}: {name} has dtype {dtype}; expected float32 or float64 "
                f"(convert with {name}.astype(np.float32))"
            )
        dtype = float32 if plain == float32 else float64
    if like is not None and like.dtype != dtype:
        raise TypeError(
            f"{op}: {name} has dtype {dtype} but {first} has dtype {like.dtype}; convert one of them"
        )
    return native(value, dtype)


def optional(str op, str name, object value, object like=None, str first="x"):
    """`operand`, or None for None."""
    return None if value is None else operand(op, name, value, like, first)
