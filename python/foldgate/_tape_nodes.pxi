# The graph. A node is one recorded call; a leaf is a node without operands: a watched tensor, or a read of a
# Variable.

cdef long long node_count = 0


@cython.trashcan(True)
cdef class Node:
    cdef tuple marks      # of the tapes that recorded it
    cdef long long order  # of its making: an operand's is smaller than its reader's
    cdef tuple parents    # one an operand, None where there is nothing to differentiate; None for a leaf
    cdef tuple slots      # which output of its parent each operand is; None: the first of each
    cdef tuple outputs    # (shape, dtype) of every output
    cdef bint released
    cdef object __weakref__

    cdef list gradients(self, tuple needs, list dys, bint recorded):
        """One an operand, None where not needed. `dys`: one an output, None where none arrives."""
        raise NotImplementedError

    cdef void drop(self):
        """Lets go of what only the gradient reads."""

    cdef void release(self):
        self.released = True
        self.parents = None
        self.drop()


@cython.final
@cython.trashcan(True)
cdef class UfuncNode(Node):
    """An elementwise call, or matmul: one function per operand, of (dz, *operands, z)."""

    cdef tuple rules   # the functions, per operand
    cdef list saved    # operands and z, None where no gradient reads them; z as an array: no cycle

    cdef list gradients(self, tuple needs, list dys, bint recorded):
        cdef list saved = list(self.saved)
        cdef Py_ssize_t i, last = len(saved) - 1
        if recorded:
            if saved[last] is not None:
                saved[last] = output_of(saved[last], self, 0)
        else:
            for i in range(last):
                if isinstance(saved[i], Tensor):
                    saved[i] = (<Tensor>saved[i]).array
        cdef tuple arguments = (dys[0], *saved)
        return [self.rules[i](*arguments) if needs[i] else None for i in range(last)]

    cdef void drop(self):
        self.saved = None


@cython.final
@cython.trashcan(True)
cdef class FunctionNode(Node):
    """A call of another NumPy function: one function of dz per operand, which holds what it reads."""

    cdef tuple pullbacks
    cdef str once  # the function's name where its pullbacks are not recordable, else None

    cdef list gradients(self, tuple needs, list dys, bint recorded):
        cdef Py_ssize_t i, n = len(self.pullbacks)
        dz = dys[0]
        if not recorded or self.once is None:
            return [self.pullbacks[i](dz) if needs[i] else None for i in range(n)]
        with no_grad():
            found = [self.pullbacks[i](plain(dz)) if needs[i] else None for i in range(n)]
        return opaque(self.once, found, dys, self)

    cdef void drop(self):
        self.pullbacks = None


@cython.final
@cython.trashcan(True)
cdef class IndexNode(Node):
    """x[key]. Unrecorded, its gradient is added into that of x in place: T slices of one array cost O(T)."""

    cdef object key

    cdef list gradients(self, tuple needs, list dys, bint recorded):
        return [scatter(dys[0], self.key, self.parents[0], self.slots)]

    cdef void drop(self):
        self.key = None


@cython.final
@cython.trashcan(True)
cdef class FusedNode(Node):
    """An op, or a custom gradient: `backward(needs, *dys)` gives one gradient an operand."""

    cdef str name
    cdef object backward

    cdef list gradients(self, tuple needs, list dys, bint recorded):
        if recorded:
            with no_grad():
                found = self.backward(needs, *[plain(dy) for dy in dys])
        else:
            found = self.backward(needs, *dys)
        found = list(found)
        if len(found) != len(needs):
            raise ValueError(
                f"{self.name}: its gradient function returned {len(found)} gradients; expected {len(needs)}, "
                "one for every operand"
            )
        return opaque(self.name, found, dys, self) if recorded else found

    cdef void drop(self):
        self.backward = None


@cython.final
cdef class OpaqueNode(Node):
    """The gradient that came out of a fused kernel: it can be used, but not differentiated again."""

    cdef str name

    cdef list gradients(self, tuple needs, list dys, bint recorded):
        raise NotImplementedError(
            f"{self.name}: its gradient was computed by a fused kernel, which has no gradient of its own; "
            "for second-order gradients write this part in NumPy functions"
        )


cdef list opaque(str name, list found, list dys, Node node):
    """Gradients as Tensors that know what they depend on: differentiating them is an error, not a zero."""
    cdef State state = recording()
    cdef list operands = [dy for dy in dys if isinstance(dy, Tensor)]
    cdef tuple parents = (*[(<Tensor>dy).node for dy in operands], *node.parents)
    cdef tuple slots = (*[(<Tensor>dy).slot for dy in operands], *(node.slots or [0] * len(node.parents)))
    cdef Py_ssize_t i
    marks = joined(state, parents)
    cdef OpaqueNode made
    for i, gradient in enumerate(found):
        if gradient is not None and marks is not None:
            made = OpaqueNode.__new__(OpaqueNode)
            made.name = name
            gradient = asarray(gradient)
            begin(made, marks, parents, slots)
            found[i] = attach(gradient, made)
    return found


cdef inline void begin(Node node, tuple marks, tuple parents, tuple slots):
    global node_count
    node_count += 1
    node.order = node_count
    node.marks = marks
    node.parents = parents
    node.slots = slots


cdef inline Tensor attach(object array, Node node):
    """The only output of a node, as a Tensor."""
    node.outputs = (output_like(array),)
    return output_of(array, node, 0)


cdef inline Tensor output_of(object array, Node node, int slot):
    cdef Tensor made = Tensor.__new__(Tensor)
    made.array = array
    made.node = node
    made.slot = slot
    return made


cdef tuple joined(State state, tuple nodes):
    """The marks of the recording tapes that recorded one of the nodes; None where there are none."""
    cdef Node node
    cdef Mark mark
    cdef list found
    if state is None:
        return None
    for node in nodes:  # nearly always one tape, whose marks all share one tuple
        if node is not None and node.marks is state.marks:
            return state.marks
    found = []
    for mark in state.marks:
        for node in nodes:
            if node is not None and marked(node, mark):
                found.append(mark)
                break
    if not found:
        return None
    return state.marks if len(found) == len(state.marks) else tuple(found)


cdef inline bint marked(Node node, Mark mark):
    for other in node.marks:
        if other is mark:
            return True
    return False
