# Tensor.

import numbers


cdef object binary(object ufunc, object a, object b):
    cdef State state = recording()
    if state is None:
        return ufunc(plain(a), plain(b))
    return record_ufunc(state, ufunc, (a, b))


cdef object unary(object ufunc, object a):
    cdef State state = recording()
    if state is None:
        return ufunc(plain(a))
    return record_ufunc(state, ufunc, (a,))


cdef object raised(object a, object b):
    """a ** b, by the cheaper function where NumPy's operator takes it too."""
    if isinstance(b, numbers.Number):
        if b == 2:
            return unary(np.square, a)
        if b == 0.5:
            return unary(np.sqrt, a)
    return binary(np.power, a, b)


@cython.trashcan(True)
cdef class Tensor:
    """An array whose use is recorded while a `GradientTape` is open.

    Operators and NumPy's functions take it as they take arrays. Inside a tape they give Tensors, outside (and
    under `no_grad`) plain arrays. Its elements cannot be assigned to.

    Args:
      value: an array, or what `numpy.asarray` makes one of; an array is not copied.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> with foldgate.GradientTape() as tape:
      ...   x = tape.watch(foldgate.Tensor(np.array([1.0, 2.0])))
      ...   y = np.sum(x * x)
      >>> tape.gradient(y, x)
      array([2., 4.])
    """

    cdef object array
    cdef Node node  # None where nothing was recorded
    cdef int slot   # which of the node's outputs this is
    cdef object __weakref__

    def __init__(self, value):
        self.array = plain(value) if isinstance(value, Tensor) else asarray(value)

    def numpy(self):
        """The array, without a record."""
        return self.array

    @property
    def shape(self):
        return self.array.shape

    @property
    def dtype(self):
        return self.array.dtype

    @property
    def ndim(self):
        return self.array.ndim

    @property
    def size(self):
        return self.array.size

    @property
    def nbytes(self):
        return self.array.nbytes

    @property
    def T(self):
        return np.transpose(self)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        return call_function(function, args, kwargs)

    def __array__(self, dtype=None, copy=None):
        if tracked(recording(), self):
            raise TypeError(
                "a Tensor that a tape records was given to a function that takes arrays only, which would cut "
                "the gradient; take its numpy() where that is meant"
            )
        return np.array(self.array, dtype, copy=copy)

    def __add__(self, other): return binary(np_add, self, other)
    def __radd__(self, other): return binary(np_add, other, self)
    def __sub__(self, other): return binary(np.subtract, self, other)
    def __rsub__(self, other): return binary(np.subtract, other, self)
    def __mul__(self, other): return binary(np.multiply, self, other)
    def __rmul__(self, other): return binary(np.multiply, other, self)
    def __truediv__(self, other): return binary(np.true_divide, self, other)
    def __rtruediv__(self, other): return binary(np.true_divide, other, self)
    def __matmul__(self, other): return binary(np.matmul, self, other)
    def __rmatmul__(self, other): return binary(np.matmul, other, self)
    def __pow__(self, other, modulo): return raised(self, other)
    def __rpow__(self, other, modulo): return binary(np.power, other, self)
    def __neg__(self): return unary(np.negative, self)
    def __pos__(self): return self
    def __abs__(self): return unary(np.absolute, self)
    def __lt__(self, other): return plain(self) < plain(other)
    def __le__(self, other): return plain(self) <= plain(other)
    def __gt__(self, other): return plain(self) > plain(other)
    def __ge__(self, other): return plain(self) >= plain(other)
    def __eq__(self, other): return plain(self) == plain(other)
    def __ne__(self, other): return plain(self) != plain(other)
    def __hash__(self): return <Py_ssize_t><void*>self >> 4
    def __bool__(self): return bool(self.array)
    def __float__(self): return float(self.array)
    def __int__(self): return int(self.array)
    def __len__(self): return len(self.array)
    def __getitem__(self, key): return record_index(self, key)
    def __iter__(self): return (self[i] for i in range(len(self.array)))
    def __setitem__(self, key, value):
        raise TypeError("a Tensor's elements cannot be assigned to; use numpy.where or numpy.concatenate")

    def __repr__(self): return f"Tensor({self.array!r})"
    def __format__(self, spec): return format(self.array.item() if self.array.ndim == 0 else self.array, spec)
    def __reduce__(self): return Tensor, (self.array,)
    def __deepcopy__(self, memo): return Tensor(self.array.copy())

    def item(self):
        """The only element, as a Python number."""
        return self.array.item()

    def tolist(self):
        """The elements in nested lists, without a record."""
        return self.array.tolist()

    def astype(self, dtype):
        """The elements in another dtype; a gradient comes back in this one."""
        return record_cast(self, np.dtype(dtype))

    def reshape(self, *shape, order="C"):
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes):
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def sum(self, axis=None, *, keepdims=False): return np.sum(self, axis, keepdims=keepdims)
    def mean(self, axis=None, *, keepdims=False): return np.mean(self, axis, keepdims=keepdims)
    def max(self, axis=None, *, keepdims=False): return np.max(self, axis, keepdims=keepdims)
    def min(self, axis=None, *, keepdims=False): return np.min(self, axis, keepdims=keepdims)
    def prod(self, axis=None, *, keepdims=False): return np.prod(self, axis, keepdims=keepdims)
    def var(self, axis=None, *, ddof=0, keepdims=False):
        return np.var(self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis=None, *, ddof=0, keepdims=False):
        return np.std(self, axis, ddof=ddof, keepdims=keepdims)

    def argmax(self, axis=None): return self.array.argmax(axis)
    def argmin(self, axis=None): return self.array.argmin(axis)
    def clip(self, minimum=None, maximum=None): return np.clip(self, minimum, maximum)
    def cumsum(self, axis=None): return np.cumsum(self, axis)
    def dot(self, other): return np.dot(self, other)
    def flatten(self): return np.ravel(self)
    def ravel(self): return np.ravel(self)
    def repeat(self, repeats, axis=None): return np.repeat(self, repeats, axis)
    def squeeze(self, axis=None): return np.squeeze(self, axis)
    def swapaxes(self, axis1, axis2): return np.swapaxes(self, axis1, axis2)
