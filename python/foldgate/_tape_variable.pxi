# Variable.

cdef class Variable(Tensor):
    """An array that training changes. A tape watches the trainable ones that are used inside it by itself.

    An assignment writes into the variable's own array where nobody else reads that, else into a new one:
    what a tape has recorded, and every array that was taken from the variable, stay as they were.

    Args:
      initial_value: an array, whose dtype is kept, or what `numpy.asarray` makes one of; its floats become
        float32.
      trainable: whether tapes watch it by themselves.
      name: of use to you, in error messages and files.
      dtype: None, or the dtype to hold it in.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> weight = foldgate.Variable(np.array([1.0, 2.0]), name="weight")
      >>> with foldgate.GradientTape() as tape:
      ...   loss = np.sum(np.square(weight))
      >>> weight.assign_sub(0.5 * tape.gradient(loss, weight))
      Variable(array([0., 0.]), name='weight')
    """

    cdef readonly bint trainable
    cdef readonly str name
    cdef readonly long long version  # of its value: one more at each assignment
    cdef tuple outputs               # of a leaf that reads it
    cdef Tensor last_read
    cdef tuple last_marks            # of the thread's tapes when it was read

    def __init__(self, initial_value, *, trainable=True, name=None, dtype=None):
        given = isinstance(initial_value, (ndarray, np.generic, Tensor))
        value = np.array(plain(initial_value), dtype, order="C")
        if dtype is None and value.dtype == np.float64 and not given:
            value = value.astype(np.float32)
        self.array = value  # which owns its elements: views of it then count as its readers, see own()
        self.outputs = (output_like(value),)
        self.trainable = trainable
        self.name = "variable" if name is None else str(name)

    @property
    def value(self):
        """The array, for reading. It keeps its elements when the variable is assigned to."""
        return self.numpy()

    def numpy(self):
        """The array, for reading. It keeps its elements when the variable is assigned to."""
        view = self.array.view()
        view.flags.writeable = False
        return view

    def writable(self):
        """The variable's array to update in place, as an optimizer does; the version goes up.

        Do not keep it: it is the variable's own as long as nobody else holds it.
        """
        self.own(True)
        return self.array

    cdef void own(self, bint keep_elements):
        """Makes the array one that nobody else holds. A count of 1 is this variable's own reference."""
        self.last_read = None
        self.version += 1
        if (<PyObject*>self.array).ob_refcnt > 1:
            self.array = self.array.copy() if keep_elements else np.empty_like(self.array)

    cdef object checked(self, str method, object value):
        value = asarray(plain(value))
        if value.shape != self.array.shape:
            raise ValueError(
                f"{method}: value has shape {value.shape}; expected {self.array.shape}, that of Variable "
                f"{self.name!r}"
            )
        if not np.can_cast(value.dtype, self.array.dtype, "same_kind"):
            raise TypeError(
                f"{method}: value has dtype {value.dtype}; expected {self.array.dtype}, that of Variable "
                f"{self.name!r}"
            )
        return value

    def assign(self, value):
        """Takes over the elements of `value`, which has this shape. Returns the variable."""
        value = self.checked("assign", value)
        self.own(False)
        self.array[...] = value
        return self

    def assign_add(self, delta):
        """Adds `delta`, which has this shape. Returns the variable."""
        delta = self.checked("assign_add", delta)
        self.own(True)
        self.array += delta
        return self

    def assign_sub(self, delta):
        """Subtracts `delta`, which has this shape. Returns the variable."""
        delta = self.checked("assign_sub", delta)
        self.own(True)
        self.array -= delta
        return self

    cdef Tensor read(self, State state):
        """The value as a leaf of the graph: one for all reads until the tapes or the value change."""
        if self.last_read is not None and self.last_marks is state.marks:
            return self.last_read
        cdef list tapes = state.tapes
        cdef Tensor leaf = Tensor.__new__(Tensor)
        leaf.array = self.array
        if len(tapes) > 1 or not (<GradientTape>tapes[0]).watches(self):  # nearly always there is one, which does
            tapes = [tape for tape in tapes if (<GradientTape>tape).watches(self)]
        if tapes:
            leaf.node = Node.__new__(Node)
            all_of_them = len(tapes) == len(state.tapes)
            marks = state.marks if all_of_them else tuple([(<GradientTape>tape).mark for tape in tapes])
            begin(leaf.node, marks, None, None)
            leaf.node.outputs = self.outputs
            for tape in tapes:
                (<GradientTape>tape).keep_read(self, leaf.node)
        self.last_read, self.last_marks = leaf, state.marks
        return leaf

    def __repr__(self): return f"Variable({self.array!r}, name={self.name!r})"
    def __reduce__(self): return restore_variable, (self.array, self.trainable, self.name)
    def __deepcopy__(self, memo): return restore_variable(self.array, self.trainable, self.name)


def restore_variable(value, trainable, name):
    """Makes a Variable again from what pickling kept of it."""
    return Variable(value, trainable=trainable, name=name)
