# How a call of foldgate's own ops becomes a node.

cdef object symbolic_kind = None  # KerasTensor, once there is one
cdef object symbolic_call = None  # what draws an op's call on such tensors into their graph


def register_symbolic(kind, call):
    """Has ops take tensors of a class without values too; see the stub."""
    global symbolic_kind, symbolic_call
    symbolic_kind, symbolic_call = kind, call


cdef inline bint recordable(object operand):
    return isinstance(operand, Tensor) or (symbolic_kind is not None and type(operand) is symbolic_kind)


def any_tensor(a, b=None, c=None, d=None, e=None, f=None):
    """Whether one of an op's operands is a Tensor: the one question that an op asks before its work."""
    return (
        recordable(a) or recordable(b) or recordable(c) or recordable(d) or recordable(e) or recordable(f)
    )


def settled(*operands):
    """The operands' arrays where no tape records in this thread, else the operands; see the stub."""
    if recording() is not None:
        return operands
    return tuple([(<Tensor>x).array if isinstance(x, Tensor) else x for x in operands])


def record_op(name, function, rule, operands, options):
    """Calls an op of foldgate that got a Tensor, as one node where a tape records; see the stub."""
    cdef State state = recording()
    cdef list values = [], nodes = [], slots = []
    cdef Tensor read
    if symbolic_kind is not None:
        for operand in operands:
            if type(operand) is symbolic_kind:
                return symbolic_call(name, function, operands, options)
    for operand in operands:
        if isinstance(operand, Tensor):
            read = <Tensor>operand if state is None else read_of(state, operand)
            values.append(read.array)
            nodes.append(read.node)
            slots.append(read.slot)
        else:
            values.append(operand if type(operand) is ndarray or operand is None else plain(operand))
            nodes.append(None)
            slots.append(0)
    if state is None:
        return function(*values, **options)
    cdef tuple parents = tuple(nodes), marks = joined(state, parents)
    if marks is None:
        return wrapped(function(*values, **options), None, 1 << 30)
    cdef tuple made = rule(*values, **options)
    cdef FusedNode node = FusedNode.__new__(FusedNode)
    node.name = name
    node.backward = made[1]
    begin(node, marks, parents, tuple(slots))
    if len(made) == 2 and type(made[0]) is ndarray and made[0].dtype.kind == "f":
        return attach(made[0], node)
    return wrapped(made[0], node, made[2] if len(made) > 2 else 1 << 30)


cdef object wrapped(object outputs, Node node, Py_ssize_t count):
    """An op's results as Tensors; those past `count`, and what is not a float array, as they are."""
    cdef tuple parts = tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)
    cdef list made = []
    if node is not None:
        node.outputs = tuple([(part.shape, part.dtype) if isinstance(part, ndarray) else None
                              for part in parts])
    for i, part in enumerate(parts):
        if i < count and isinstance(part, ndarray) and part.dtype.kind == "f":
            made.append(output_of(part, node, i))
        else:
            made.append(part)
    if not isinstance(outputs, (tuple, list)):
        return made[0]
    return type(outputs)(*made) if hasattr(outputs, "_fields") else tuple(made)


def stop_gradient(x):
    """`x` without its record: a gradient takes it for a constant.

    Args:
      x: a Tensor, or an array, which is returned as it is.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> x = foldgate.Variable(np.array(3.0))
      >>> with foldgate.GradientTape() as tape:
      ...   y = x * foldgate.stop_gradient(x)
      >>> tape.gradient(y, x)
      array(3.)
    """
    return output_of((<Tensor>x).array, None, 0) if isinstance(x, Tensor) else x
