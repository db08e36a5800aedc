# How a call of NumPy becomes a node.

cdef dict ufunc_rules = None      # ufunc -> (functions per operand, which values each reads)
cdef dict function_rules = None   # NumPy function -> Rule
cdef frozenset constants = None   # those whose results have no gradient: indices, booleans, shapes


cdef void load_rules():
    global ufunc_rules, function_rules, constants
    from foldgate import _rules

    function_rules = {function: Rule(function, *rule) for function, rule in _rules.FUNCTIONS.items()}
    constants = frozenset(_rules.CONSTANTS)
    ufunc_rules = _rules.UFUNCS


cdef inline bint tracked(State state, object operand):
    """Whether a recording tape wants to know what becomes of the operand."""
    if state is None or not isinstance(operand, Tensor):
        return False
    cdef Node node = read_of(state, operand).node
    return node is not None and (node.marks is state.marks or joined(state, (node,)) is not None)


cdef inline Tensor read_of(State state, object operand):
    return (<Variable>operand).read(state) if isinstance(operand, Variable) else <Tensor>operand


cdef bint any_tracked(State state, object value):
    """Whether there is such a Tensor anywhere in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return tracked(state, value)
    kind = type(value)
    if kind is dict:
        value = tuple((<dict>value).values())
    elif kind is not tuple and kind is not list:
        return False
    for part in value:
        if any_tracked(state, part):
            return True
    return False


cdef object record_ufunc(State state, object ufunc, tuple inputs):
    """`ufunc(*inputs)`, recorded. Most of the tape's cost: about a microsecond in all."""
    cdef Py_ssize_t n = len(inputs), i
    cdef list values = [], found = []
    cdef Tensor read
    cdef int slot = 0
    for operand in inputs:
        if isinstance(operand, Tensor):
            read = read_of(state, operand)
            values.append(read.array)
            found.append(read.node)
            slot |= read.slot
        else:
            values.append(operand)
            found.append(None)
    z = ufunc(values[0], values[1]) if n == 2 else ufunc(*values)
    cdef tuple nodes = tuple(found)
    cdef tuple marks = joined(state, nodes)
    if ufunc_rules is None:
        load_rules()
    rule = ufunc_rules.get(ufunc)
    if rule is None:
        if ufunc not in constants and marks is not None:
            raise TypeError(f"numpy.{ufunc.__name__} of a recorded Tensor: it has no gradient here")
        return z
    if not isinstance(z, ndarray):
        z = asarray(z)
    if marks is None:
        return output_of(z, None, 0)
    return attach_ufunc(state, rule, inputs, nodes, marks, z, slot)


cdef Tensor attach_ufunc(State state, tuple rule, tuple inputs, tuple nodes, tuple marks, object z, int slot):
    cdef UfuncNode node = UfuncNode.__new__(UfuncNode)
    cdef Py_ssize_t n = len(inputs), i
    cdef long reads = 0
    cdef tuple functions = <tuple>rule[0], masks = <tuple>rule[1]
    for i in range(n):
        if nodes[i] is not None:
            reads |= <long>masks[i]
    cdef list saved = []
    for i in range(n):
        if reads >> i & 1:
            saved.append(read_of(state, inputs[i]) if isinstance(inputs[i], Tensor) else inputs[i])
        else:
            saved.append(None)
    saved.append(z if reads >> n & 1 else None)
    node.rules = functions
    node.saved = saved
    slots = None
    if slot:
        slots = tuple([(<Tensor>read_of(state, x)).slot if isinstance(x, Tensor) else 0 for x in inputs])
    begin(node, marks, nodes, slots)
    return attach(z, node)


cdef object call_ufunc(object ufunc, str method, tuple inputs, dict kwargs):
    """What NumPy calls for a ufunc of a Tensor."""
    cdef State state = recording()
    if state is not None and method == "__call__" and not kwargs:
        return record_ufunc(state, ufunc, inputs)
    if state is None or not any_tracked(state, inputs):
        z = getattr(ufunc, method)(*plain(inputs), **plain(kwargs))
        floats = isinstance(z, ndarray) and z.dtype.kind == "f"
        return output_of(z, None, 0) if state is not None and floats else z
    if method != "__call__":
        raise TypeError(f"numpy.{ufunc.__name__}.{method} of a recorded Tensor: it has no gradient here")
    raise TypeError(f"numpy.{ufunc.__name__}: {next(iter(kwargs))}= cannot be recorded; leave it out")


@cython.final
cdef class Rule:
    """How a NumPy function is recorded; `foldgate._rules` says what the fields mean."""

    cdef object function, rule, operands, computed
    cdef bint composed, first, once
    cdef frozenset names
    cdef Py_ssize_t places

    def __init__(self, function, rule, operands, once, computed):
        self.function, self.rule, self.operands, self.once = function, rule, operands, once
        self.computed = computed
        self.composed, self.first = operands is None, operands == (0,)
        code = rule.__code__
        skip = 0 if self.composed else 1  # the rule's first argument is the result
        self.names = frozenset(code.co_varnames[skip : code.co_argcount + code.co_kwonlyargcount])
        self.places = code.co_argcount - skip if not code.co_flags & 0x04 else 1 << 30

    cdef void check(self, tuple args, dict kwargs):
        for name in kwargs:
            if name not in self.names:
                raise TypeError(f"numpy.{self.function.__name__}: {name}= cannot be recorded; leave it out")
        if len(args) > self.places:
            raise TypeError(
                f"numpy.{self.function.__name__}: {len(args)} arguments in their places cannot be recorded; "
                f"expected at most {self.places}"
            )


cdef object call_function(object function, tuple args, dict kwargs):
    """What NumPy calls for a function of a Tensor."""
    cdef State state = recording()
    if state is None:
        return function(*plain(args), **plain(kwargs))
    if function_rules is None:
        load_rules()
    cdef Rule rule = function_rules.get(function)
    if rule is not None and rule.first and args and tracked(state, args[0]):
        return record_first(state, rule, args, kwargs)
    if function in constants or not (any_tracked(state, args) or any_tracked(state, kwargs)):
        z = function(*plain(args), **plain(kwargs))
        return output_of(asarray(z), None, 0) if rule is not None and not rule.composed else z
    if rule is None:
        name = f"{function.__module__}.{function.__name__}"
        raise TypeError(f"{name} of a recorded Tensor: it has no gradient here")
    rule.check(args, kwargs)
    if rule.composed:
        return rule.rule(*args, **kwargs)
    return record_function(state, rule, args, kwargs)


cdef object record_first(State state, Rule rule, tuple args, dict kwargs):
    """A function of one operand, its first argument."""
    cdef tuple rest = args[1:]
    rule.check(args, kwargs)
    if any_tracked(state, rest) or any_tracked(state, kwargs):
        refuse_place(rule)
    rest, kwargs = plain(rest), plain(kwargs)
    cdef Tensor read = read_of(state, args[0])
    z = rule.computed(read.array, *rest, **kwargs)
    if not isinstance(z, ndarray):
        z = asarray(z)
    once = rule.function.__name__ if rule.once else None
    return attach_first(state, z, read, rule.rule(z, read, *rest, **kwargs), once)


cdef Tensor attach_first(State state, object z, Tensor read, object pullback, object once):
    """The result of a function of one operand, which is tracked."""
    cdef FunctionNode node = FunctionNode.__new__(FunctionNode)
    cdef tuple parents = (read.node,)
    node.pullbacks, node.once = (pullback,), once
    begin(node, joined(state, parents), parents, (read.slot,) if read.slot else None)
    return attach(z, node)


cdef object refuse_place(Rule rule):
    name = rule.function.__name__
    raise TypeError(f"numpy.{name}: only its operands may be recorded Tensors, each in its place")


cdef object record_function(State state, Rule rule, tuple args, dict kwargs):
    """A function of several operands: in the rule's places, or the members of its first argument."""
    cdef bint sequence = rule.operands == "sequence"
    if not args:
        refuse_place(rule)
    cdef list parts = list(args[0]) if sequence else list(args)  # that the operands stand in
    cdef Py_ssize_t first = 1 if rule.operands == "rest" else 0
    cdef object places = rule.operands if type(rule.operands) is tuple else range(first, len(parts))
    if any_tracked(state, kwargs) or any_tracked(state, args[1:] if sequence else [
        part for i, part in enumerate(parts) if i not in places
    ]):
        refuse_place(rule)
    cdef list nodes = [], slots = []
    for i in places:  # Variables become reads of their present value, which the pullbacks may hold
        operand = parts[i] if i < len(parts) else None
        read = read_of(state, operand) if isinstance(operand, Tensor) else None
        nodes.append(None if read is None else (<Tensor>read).node)
        slots.append(0 if read is None else (<Tensor>read).slot)
        if read is not None:
            parts[i] = read
    cdef tuple arguments = (parts, *args[1:]) if sequence else tuple(parts)
    z = asarray(rule.computed(*plain(arguments), **plain(kwargs)))
    pullbacks = rule.rule(z, *arguments, **kwargs)
    if type(pullbacks) is not tuple:
        pullbacks = (pullbacks,)
    once = rule.function.__name__ if rule.once else None
    return attach_function(state, z, tuple(nodes), tuple(slots), pullbacks, once)


cdef Tensor attach_function(State state, object z, tuple nodes, tuple slots, tuple pullbacks, object once):
    cdef tuple marks = joined(state, nodes)
    if marks is None:
        return output_of(z, None, 0)
    cdef FunctionNode node = FunctionNode.__new__(FunctionNode)
    node.pullbacks = tuple([pull if parent is not None else None for pull, parent in zip(pullbacks, nodes)])
    node.once = once
    begin(node, marks, nodes, slots)
    return attach(z, node)


def record_linear(value, operand, pullback):
    """`value`, computed from `operand` by what NumPy has no function for, with its gradient's function."""
    cdef State state = recording()
    if not tracked(state, operand):
        return value
    return attach_first(state, value, read_of(state, operand), pullback, None)


cdef object record_cast(Tensor x, object dtype):
    cdef State state = recording()
    z = x.array.astype(dtype)
    if state is None or dtype.kind != "f":
        return z
    return record_linear(z, x, same) if tracked(state, x) else output_of(z, None, 0)


def same(dz):
    """The pullback of what leaves the elements as they are."""
    return dz


cdef object record_index(Tensor x, object key):
    cdef State state = recording()
    key = plain(key)
    z = x.array[key]
    if state is None:
        return z
    z = asarray(z)
    cdef Tensor read = read_of(state, x)
    marks = None if read.node is None else joined(state, (read.node,))
    if marks is None:
        return output_of(z, None, 0)
    cdef IndexNode node = IndexNode.__new__(IndexNode)
    node.key = key
    begin(node, marks, (read.node,), (read.slot,))
    return attach(z, node)
