# Ops of three operands whose calls are known by shape (`_native.Calls`): convolution and the product.

cdef extern from "Python.h":
    object PyObject_Vectorcall(object callable, PyObject** arguments, size_t count, PyObject* names)

    PyObject* PyList_GET_ITEM(object items, Py_ssize_t i)

cdef enum:
    OPERANDS = 3
    MOST_ARGUMENTS = 20  # of a backward call: four arrays, options, three needs, whether dy may be written over


@cython.final
cdef class KnownOp:
    """How such an op is called and recorded; see the stub.

    A layer's call goes through here once, whatever its operands are: nothing is asked twice, and a node holds the
    operands themselves rather than a function made for it.
    """

    cdef str name
    cdef object function, forward, plan, backward, plan_backward
    cdef tuple options
    cdef Py_ssize_t activation

    def __init__(self, function, options, forward, plan, backward, plan_backward):
        self.name, self.function, self.options = function.__name__, function, options
        self.forward, self.plan = forward.run, plan
        self.backward, self.plan_backward = backward.run, plan_backward
        self.activation = options.index("activation")
        if 1 + OPERANDS + len(options) + OPERANDS + 1 > MOST_ARGUMENTS:
            raise ValueError(f"KnownOp: {self.name} has {len(options)} options; expected fewer")

    def run(self, x, kernel, bias, tuple options):
        """The op's result, recorded where a tape records; None where an operand is symbolic."""
        cdef State state = recording()
        cdef KnownNode node
        if symbolic_kind is not None and (
            type(x) is symbolic_kind or type(kernel) is symbolic_kind or type(bias) is symbolic_kind
        ):
            return None
        cdef Tensor first = tensor_read(state, x), second = tensor_read(state, kernel)
        cdef Tensor third = tensor_read(state, bias)
        a = x if first is None else first.array
        b = kernel if second is None else second.array
        z = self.result(a, b, bias if third is None else third.array, options)
        if state is None:
            return z
        cdef tuple nodes = (node_of(first), node_of(second), node_of(third))
        cdef tuple marks = joined(state, nodes)
        if marks is None:
            tensors = first is not None or second is not None or third is not None
            return output_of(z, None, 0) if tensors else z
        node = KnownNode.__new__(KnownNode)
        node.op, node.x, node.kernel, node.options = self, a, b, options
        node.y = None if options[self.activation] is None else z  # which the activation's derivative reads
        begin(node, marks, nodes, slots_of(first, second, third))
        return attach(z, node)

    cdef object result(self, object x, object kernel, object bias, tuple options):
        cdef PyObject* arguments[MOST_ARGUMENTS]
        cdef Py_ssize_t i, n = len(options)
        arguments[0], arguments[1], arguments[2] = <PyObject*>x, <PyObject*>kernel, <PyObject*>bias
        for i in range(n):
            arguments[OPERANDS + i] = <PyObject*>options[i]
        z = PyObject_Vectorcall(self.forward, arguments, OPERANDS + n, NULL)
        return self.plan(x, kernel, bias, options) if z is None else z

    cdef object gradients(self, KnownNode node, object dy, tuple needs, object over):
        cdef PyObject* arguments[MOST_ARGUMENTS]
        cdef Py_ssize_t i, n = len(node.options)
        arguments[0], arguments[1] = <PyObject*>dy, <PyObject*>node.x
        arguments[2], arguments[3] = <PyObject*>node.kernel, <PyObject*>node.y
        for i in range(n):
            arguments[4 + i] = <PyObject*>node.options[i]
        for i in range(OPERANDS):
            arguments[4 + n + i] = <PyObject*>needs[i]
        arguments[4 + n + OPERANDS] = <PyObject*>over
        found = PyObject_Vectorcall(self.backward, arguments, 4 + n + OPERANDS + 1, NULL)
        if found is None:
            found = self.plan_backward(dy, node.x, node.kernel, node.y, node.options, needs, over)
        return found

    def drawn(self, x, kernel, bias, tuple options):
        """The call in the graph of a model, of operands of which one is symbolic."""
        return symbolic_call(self.name, self.function, (x, kernel, bias), dict(zip(self.options, options)))


cdef inline Tensor tensor_read(State state, object operand):
    """A Tensor; of a Variable what a tape reads of it; None of anything else."""
    if operand is None or type(operand) is ndarray or not isinstance(operand, Tensor):
        return None
    return <Tensor>operand if state is None else read_of(state, operand)


cdef inline Node node_of(Tensor tensor):
    return None if tensor is None else tensor.node


cdef inline tuple slots_of(Tensor x, Tensor kernel, Tensor bias):
    """None where each is its node's first output, as nearly always."""
    cdef int a = 0 if x is None else x.slot
    cdef int b = 0 if kernel is None else kernel.slot
    cdef int c = 0 if bias is None else bias.slot
    return (a, b, c) if a | b | c else None


@cython.final
@cython.trashcan(True)
cdef class KnownNode(Node):
    """A call of a KnownOp."""

    cdef KnownOp op
    cdef object x, kernel, y  # y: None without an activation
    cdef tuple options

    cdef list gradients(self, tuple needs, list dys, bint recorded):
        if not recorded:
            over = held_once(PyList_GET_ITEM(dys, 0))  # before a name here holds it too
            return list(self.op.gradients(self, dys[0], needs, over))
        with no_grad():
            found = list(self.op.gradients(self, plain(dys[0]), needs, False))
        return opaque(self.op.name, found, dys, self)

    cdef void drop(self):
        self.x = self.kernel = self.y = None
        self.options = None
