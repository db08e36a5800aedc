# The walk back.

@cython.final
cdef class Sum:
    """A gradient under way: what has arrived so far, and whether its array is ours to add into."""

    cdef object value
    cdef bint owned


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


cdef bint leads_to(Node node, set wanted):
    """Whether an operand of the node is wanted."""
    if node.parents is not None:
        for parent in node.parents:
            if parent in wanted:
                return True
    return False


@cython.final
cdef class Walk:
    """One walk from targets back to sources, over the nodes with the tape's mark."""

    cdef Mark mark
    cdef bint recorded  # by another tape, or by this one: second-order gradients
    cdef dict pending   # node -> [Sum or None, one an output]

    cdef list nodes(self, list targets):
        """All that the targets depend on, in the order of their making."""
        cdef set seen = set()
        cdef list stack = list(targets), found = []
        cdef Node node
        while stack:
            node = stack.pop()
            if node is None or node in seen or not marked(node, self.mark):
                continue
            if node.released:
                raise RuntimeError(
                    "GradientTape.gradient: the target depends on what an earlier gradient has released; ask "
                    "for both at once, or of one GradientTape(persistent=True)"
                )
            seen.add(node)
            found.append((node.order, node))
            if node.parents is not None:
                stack.extend(node.parents)
        found.sort()
        return [node for order, node in found]

    cdef void add(self, Node node, int slot, object gradient):
        cdef list sums = self.sums(node)
        cdef Sum total = sums[slot]
        if total is None:
            total = Sum.__new__(Sum)
            total.value = gradient
            sums[slot] = total
        elif self.recorded:
            total.value = np_add(total.value, gradient)
        elif total.owned:
            np_add(total.value, gradient, out=total.value)
        else:
            total.value = asarray(np_add(total.value, gradient))
            total.owned = True

    cdef void add_indexed(self, IndexNode node, object dz):
        """The gradient of x[key] into that of x, in place."""
        cdef Node parent = node.parents[0]
        cdef int slot = node.slots[0]
        cdef list sums = self.sums(parent)
        cdef Sum total = sums[slot]
        if total is None:
            total = sums[slot] = Sum.__new__(Sum)
            total.value = zeros_of(parent.outputs[slot])
        elif not total.owned:
            total.value = np.array(total.value)
        total.owned = True
        add_at(total.value, node.key, dz)

    cdef list sums(self, Node node):
        cdef list sums = self.pending.get(node)
        if sums is None:
            sums = self.pending[node] = [None] * len(node.outputs)
        return sums

    cdef void back(self, Node node, list sums, set wanted):
        """Through one node: its outputs' gradients give those of the operands that lead to a source."""
        cdef list dys = [None if total is None else (<Sum>total).value for total in sums]
        cdef Py_ssize_t i, n
        if type(node) is IndexNode and not self.recorded:
            self.add_indexed(node, dys[0])
            return
        cdef tuple parents = node.parents
        cdef tuple needs = tuple([parent in wanted for parent in parents])
        cdef list found = node.gradients(needs, dys, self.recorded)
        cdef bint strict = type(node) is FusedNode
        cdef str name = (<FusedNode>node).name if strict else None
        cdef int slot
        cdef Node parent
        n = len(parents)
        for i in range(n):
            if found[i] is None or needs[i] is False:
                continue
            parent = <Node>parents[i]
            slot = 0 if node.slots is None else node.slots[i]
            self.add(parent, slot, conform(found[i], <tuple>parent.outputs[slot], name, strict))

    cdef dict run(self, list targets, set sources, bint keep):
        """source node -> its sums. Unless `keep`, a node lets go of its arrays once its gradient has passed."""
        cdef list nodes = self.nodes(targets)
        cdef set wanted = set()
        cdef dict results = {}
        cdef Node node
        for node in nodes:
            if node in sources or leads_to(node, wanted):
                wanted.add(node)
        while nodes:
            node = nodes.pop()
            sums = self.pending.pop(node, None)
            if sums is not None and node in wanted:
                if node in sources:
                    results[node] = sums
                if leads_to(node, wanted):
                    self.back(node, sums, wanted)
            sums = None
            if not keep and not self.shared(node):
                node.release()
        return results

    cdef bint shared(self, Node node):
        """Whether another tape may still ask for gradients through the node."""
        for mark in node.marks:
            if mark is not self.mark and (<Mark>mark).alive:
                return True
        return node.parents is None  # a leaf holds nothing, and may be watched again
