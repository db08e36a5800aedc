# Which tapes record in this thread.

cdef extern from *:
    """
    // The thread's State while a tape or a no_grad is open in it, else null. The `with` blocks own it.
    static thread_local PyObject* foldgate_state = nullptr;
    """
    PyObject* foldgate_state


cdef class Mark:
    """What a tape leaves on the nodes that it records. It outlives the tape, which it must not keep alive."""

    cdef bint alive

    def __cinit__(self):
        self.alive = True


@cython.final
cdef class State:
    """The open tapes of a thread, outermost first."""

    cdef list entries  # of GradientTape; None where a no_grad pauses those before it
    cdef list tapes    # those that record: the ones after the last None
    cdef tuple marks   # theirs, in a tuple of its own each time the tapes change

    cdef void refresh(self):
        self.tapes = []
        for entry in self.entries:
            if entry is None:
                self.tapes = []
            else:
                self.tapes.append(entry)
        self.marks = tuple([(<GradientTape>tape).mark for tape in self.tapes])


cdef inline State recording():
    """The thread's state where a tape records in it, else None."""
    if foldgate_state == NULL:
        return None
    cdef State state = <State>foldgate_state
    return state if state.marks else None


cdef void open_entry(object entry):
    global foldgate_state
    cdef State state
    if foldgate_state == NULL:
        state = State.__new__(State)
        state.entries = []
        Py_INCREF(state)
        foldgate_state = <PyObject*>state
    state = <State>foldgate_state
    state.entries.append(entry)
    state.refresh()


cdef bint close_entry(object entry):
    """Takes the innermost such entry away; False where this thread has none."""
    global foldgate_state
    if foldgate_state == NULL:
        return False
    cdef State state = <State>foldgate_state
    cdef Py_ssize_t i
    for i in range(len(state.entries) - 1, -1, -1):
        if state.entries[i] is entry:
            del state.entries[i]
            state.refresh()
            if not state.entries:
                foldgate_state = NULL
                Py_DECREF(state)
            return True
    return False


class no_grad:
    """Pauses every tape of the thread, for a `with` block or a decorated function.

    What is computed inside is not recorded: arrays come out, also of Tensors.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> weight = foldgate.Variable(np.ones(3))
      >>> with foldgate.GradientTape() as tape:
      ...   with foldgate.no_grad():
      ...     scale = np.sum(weight)
      ...   loss = np.sum(weight * scale)
      >>> tape.gradient(loss, weight)
      array([3., 3., 3.])
    """

    def __enter__(self):
        open_entry(None)

    def __exit__(self, *error):
        close_entry(None)

    def __call__(self, function):
        from functools import wraps

        @wraps(function)
        def paused(*args, **kwargs):
            with no_grad():
                return function(*args, **kwargs)

        return paused
