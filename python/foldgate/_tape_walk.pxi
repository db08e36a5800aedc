# The walk back.

@cython.final
cdef class Sum:
    """A gradient under way: what has arrived so far, and whether its array is ours to add into."""

    cdef object value
    cdef bint owned

    cdef void add(self, object gradient, bint recorded):
        if self.value is None:
            self.value = gradient
        elif recorded:
            self.value = np_add(self.value, gradient)
        elif self.owned or held_once(<PyObject*>self.value):
            np_add(self.value, gradient, self.value)
            self.owned = True
        else:
            self.value = asarray(np_add(self.value, gradient))
            self.owned = True


@cython.final
@cython.freelist(64)
cdef class Visit:
    """What a walk knows of a node: one object, found once for each operand, rather than sets and dicts of nodes."""

    cdef Node node
    cdef bint entered, source  # source: somebody asked for its gradient
    cdef bint leads            # an operand is wanted
    cdef list operands         # the visits of the node's operands: None where the walk does not go
    cdef Sum first             # the gradient of the first output, None where none has arrived
    cdef list sums             # those of all outputs, where there are several

    cdef inline bint wanted(self):
        return self.source or self.leads

    cdef Sum sum(self, int slot):
        """The gradient of an output."""
        if slot == 0:
            if self.first is None:
                self.first = Sum.__new__(Sum)
            return self.first
        if self.sums is None:
            self.sums = [None] * len(self.node.outputs)
        if self.sums[slot] is None:
            self.sums[slot] = Sum.__new__(Sum)
        return self.sums[slot]

    cdef object value(self, int slot):
        cdef Sum total = self.first if slot == 0 else None if self.sums is None else self.sums[slot]
        return None if total is None else total.value

    cdef list values(self):
        """The gradients that have arrived, one an output; None where there are none at all."""
        if self.first is None and self.sums is None:
            return None
        if len(self.node.outputs) == 1:
            return [self.first.value]
        return [self.value(slot) for slot in range(len(self.node.outputs))]

    cdef void forget(self):
        """Lets go of the gradients."""
        self.first = None
        self.sums = None

    def __lt__(self, other):
        return self.node.order < (<Visit>other).node.order


cdef object zeros_of(tuple output):
    return np.zeros(output[0], output[1])


cdef object scatter(object dz, object key, Node parent, tuple slots):
    """The gradient of x[key]: dz at its places in zeros of the shape of x."""
    zeros = zeros_of(parent.outputs[slots[0]])
    add_at(zeros, key, plain(dz))
    return record_linear(zeros, dz, lambda g: g[key]) if isinstance(dz, Tensor) else zeros


cdef void add_at(object into, object key, object dz):
    """into[key] += dz, with every repetition of an index counted."""
    for part in key if type(key) is tuple else (key,):
        if isinstance(part, (list, ndarray)) and asarray(part).dtype.kind != "b":
            np_add.at(into, key, dz)
            return
    into[key] += dz


cdef object conform(object gradient, tuple output, str name, bint strict):
    """A gradient in its operand's shape and dtype, summed over axes along which that was broadcast."""
    if is_like(gradient, output):
        return gradient
    cdef tuple shape = <tuple>output[0]
    if type(gradient) is not ndarray and not isinstance(gradient, (ndarray, Tensor)):
        gradient = asarray(gradient)
    cdef tuple found = gradient.shape
    if found != shape:
        if strict:
            raise ValueError(f"{name}: its gradient function returned shape {found}; expected {shape}")
        lead = len(found) - len(shape)
        axes = tuple([i for i in range(len(found)) if i < lead or (shape[i - lead] == 1 and found[i] != 1)])
        if axes:
            gradient = np.sum(gradient, axis=axes, keepdims=True)
        fit = np.reshape if gradient.ndim > len(shape) else np.broadcast_to
        gradient = fit(gradient, shape)
    if gradient.dtype is not output[1] and gradient.dtype != output[1]:
        gradient = gradient.astype(output[1])
    return gradient


cdef tuple needs_of(list operands):
    """Which operands' gradients somebody reads."""
    if len(operands) == 3:  # of a product or a convolution
        return (
            is_wanted(<Visit>operands[0]), is_wanted(<Visit>operands[1]), is_wanted(<Visit>operands[2])
        )
    return tuple([is_wanted(<Visit>visit) for visit in operands])


cdef inline bint is_wanted(Visit visit):
    return visit is not None and visit.wanted()


@cython.final
cdef class Walk:
    """One walk from targets back to sources, over the nodes with the tape's mark."""

    cdef Mark mark
    cdef bint recorded  # by another tape, or by this one: second-order gradients
    cdef dict visits    # node -> Visit

    cdef Visit of(self, Node node):
        cdef Visit visit = self.visits.get(node)
        if visit is None:
            visit = Visit.__new__(Visit)
            visit.node = node
            self.visits[node] = visit
        return visit

    cdef list ordered(self, list targets):
        """The visits of all that the targets depend on, in the order of their making: depth first, which nearly
        always is that order already."""
        cdef list found = [], stack = []
        cdef Visit visit, other
        cdef tuple parents
        cdef Node parent
        cdef long long last = 0
        cdef bint in_order = True
        for target in targets:
            self.enter(self.of(target), stack)
            while stack:
                visit = <Visit>stack[-1]
                parents = visit.node.parents
                if parents is not None and len(visit.operands) < len(parents):
                    parent = <Node>parents[len(visit.operands)]
                    if parent is None or not marked(parent, self.mark):
                        visit.operands.append(None)
                        continue
                    other = self.of(parent)
                    visit.operands.append(other)
                    self.enter(other, stack)
                    visit.leads |= other.wanted()  # of one on the stack now: when that leaves it
                    continue
                stack.pop()
                if stack and visit.wanted():
                    (<Visit>stack[-1]).leads = True
                in_order &= last < visit.node.order
                last = visit.node.order
                found.append(visit)
        if not in_order:
            found.sort()
        return found

    cdef void enter(self, Visit visit, list stack):
        if visit.entered:
            return
        if visit.node.released:
            raise RuntimeError(
                "GradientTape.gradient: the target depends on what an earlier gradient has released; ask "
                "for both at once, or of one GradientTape(persistent=True)"
            )
        visit.entered = True
        if visit.node.parents is not None:
            visit.operands = []
        stack.append(visit)

    cdef void add_indexed(self, IndexNode node, Visit operand, object dz):
        """The gradient of x[key] into that of x, in place."""
        cdef int slot = node.slots[0]
        cdef Sum total = operand.sum(slot)
        if total.value is None:
            total.value = zeros_of(operand.node.outputs[slot])
        elif not total.owned:
            total.value = np.array(total.value)
        total.owned = True
        add_at(total.value, node.key, dz)

    cdef void back(self, Visit visit, list dys):
        """Through one node: its outputs' gradients give those of the operands that lead to a source."""
        cdef Node node = visit.node
        cdef list operands = visit.operands
        if type(node) is IndexNode and not self.recorded:
            self.add_indexed(<IndexNode>node, <Visit>operands[0], dys[0])
            return
        cdef tuple needs = needs_of(operands)
        cdef list found = node.gradients(needs, dys, self.recorded)
        cdef bint strict = type(node) is FusedNode
        cdef str name = (<FusedNode>node).name if strict else None
        cdef int slot
        cdef Py_ssize_t i
        cdef Visit operand
        for i in range(len(dys)):
            dys[i] = None  # nobody reads it any more: its memory serves what follows
        for i in range(len(operands)):
            if found[i] is None or needs[i] is False:
                continue
            operand = <Visit>operands[i]
            slot = 0 if node.slots is None else node.slots[i]
            gradient = conform(found[i], <tuple>operand.node.outputs[slot], name, strict)
            found[i] = None
            operand.sum(slot).add(gradient, self.recorded)

    cdef void run(self, list targets, bint keep):
        """Brings gradients to the sources. Unless `keep`, a node lets go of its arrays once its gradient has
        passed."""
        cdef list visits = self.ordered(targets), dys
        cdef Visit visit
        while visits:
            visit = <Visit>visits.pop()
            dys = visit.values()
            if not visit.source:
                visit.forget()
            if dys is not None and visit.leads:
                self.back(visit, dys)
            visit.operands = None
            if not keep and not self.shared(visit.node):
                visit.node.release()

    cdef bint shared(self, Node node):
        """Whether another tape may still ask for gradients through the node."""
        for mark in node.marks:
            if mark is not self.mark and (<Mark>mark).alive:
                return True
        return node.parents is None  # a leaf holds nothing, and may be watched again
