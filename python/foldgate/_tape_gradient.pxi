# GradientTape.

cdef class GradientTape:
    """Records what is computed from watched tensors inside its `with` block, and gives gradients of it.

    TensorFlow's interface. Trainable Variables are watched as they are used. Each thread has tapes of its
    own; tapes nest, and an outer one records the gradients that an inner one gives.

    Args:
      persistent: whether `gradient` may be called more than once. A tape that is not persistent lets go of
        each node's arrays as soon as its gradient has passed.
      watch_accessed_variables: whether trainable Variables are watched when they are used; else only what
        `watch` is given.

    Example:
      >>> import numpy as np
      >>> import foldgate
      >>> weight = foldgate.Variable(np.array([1.0, 2.0]))
      >>> with foldgate.GradientTape() as tape:
      ...   loss = np.sum(np.array([3.0, 4.0]) * weight) ** 2
      >>> tape.gradient(loss, weight)
      array([66., 88.])
    """

    cdef Mark mark
    cdef bint persistent, accessed, spent, open
    cdef dict reads    # address of a Variable -> [it, the nodes of its reads]
    cdef set explicit  # addresses of the Variables given to watch
    cdef object __weakref__

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self.persistent, self.accessed = persistent, watch_accessed_variables
        self.restart()

    cdef void restart(self):
        self.mark = Mark.__new__(Mark)
        self.spent = False
        self.reads, self.explicit = {}, set()

    def __dealloc__(self):
        if self.mark is not None:
            self.mark.alive = False

    def __enter__(self):
        if self.open:
            raise RuntimeError("GradientTape: it is already recording; it cannot be entered twice at once")
        if self.spent:
            self.restart()
        open_entry(self)
        self.open = True
        return self

    def __exit__(self, *error):
        self.close()

    cdef void close(self):
        if self.open and close_entry(self):
            self.open = False

    cdef bint watches(self, Variable variable):
        return (self.accessed and variable.trainable) or address(variable) in self.explicit

    cdef void keep_read(self, Variable variable, Node node):
        key = address(variable)
        read = self.reads.get(key)
        if read is None:
            self.reads[key] = [variable, node]
        else:
            (<list>read).append(node)

    def watch(self, tensor):
        """Records what is computed from a tensor from here on.

        Args:
          tensor: a Tensor, a Variable or an array, or a nested list, tuple or dict of them; of floats.

        Returns:
          What to compute with: `tensor` itself, with a Tensor in the place of every array.

        Raises:
          TypeError: there is something else in it, or no floats.
        """
        return rebuilt(tensor, iter([self.watched(leaf) for leaf in flat(tensor)]))

    cdef object watched(self, object value):
        if not isinstance(value, (ndarray, Tensor)):
            raise TypeError(
                f"GradientTape.watch: tensor is a {type(value).__name__}; expected a Tensor, a Variable or an "
                "array"
            )
        if value.dtype.kind != "f":
            raise TypeError(f"GradientTape.watch: tensor has dtype {value.dtype}; expected floats")
        if isinstance(value, Variable):
            self.explicit.add(address(value))
            self.reads.setdefault(address(value), [value])  # keeps it, and so its address
            (<Variable>value).last_read = None
            return value
        cdef Tensor tensor = value if isinstance(value, Tensor) else Tensor(value)
        if tensor.node is None or not any([(<Mark>mark).alive for mark in tensor.node.marks]):
            tensor.node, tensor.slot = Node.__new__(Node), 0  # a leaf
            begin(tensor.node, (), None, None)
            tensor.node.outputs = (output_like(tensor.array),)
        if not marked(tensor.node, self.mark):
            tensor.node.marks = (*[mark for mark in tensor.node.marks if (<Mark>mark).alive], self.mark)
        cdef State state = recording()
        if state is not None and state.marks == tensor.node.marks:
            tensor.node.marks = state.marks  # one tuple, which `joined` knows at a glance
        return tensor

    def watched_variables(self):
        """The Variables that were used or watched, in the order of their first use, in a tuple."""
        return tuple([(<list>read)[0] for read in self.reads.values()])

    def reset(self):
        """Forgets all that was recorded and watched."""
        cdef bint was_open = self.open
        self.mark.alive = False
        self.close()
        self.restart()
        if was_open:
            self.__enter__()

    def stop_recording(self):
        """A `with` block inside which this tape does not record."""
        return Paused(self)

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        """The gradients of the sum of `target` with respect to `sources`.

        Only what leads to the sources is computed. While another tape records in this thread, the gradients
        are recorded too, and Tensors.

        Args:
          target: a Tensor of floats, or a nested list, tuple or dict of them, whose gradients are added.
          sources: a Tensor or Variable, or a nested list, tuple or dict of them.
          output_gradients: None for ones; else the gradients of what follows with respect to `target`, in its
            structure.
          unconnected_gradients: `"none"` gives None for a source that `target` does not depend on, `"zero"`
            zeros.

        Returns:
          One array a source, of its shape and dtype, in the structure of `sources`.

        Raises:
          TypeError: a target or a source is not one of these kinds.
          ValueError: an output gradient has another shape than its target; `unconnected_gradients` is
            another word.
          RuntimeError: the tape is not persistent and has already given gradients.
          NotImplementedError: a second-order gradient would pass through a fused kernel.
        """
        if self.spent:
            raise RuntimeError(
                "GradientTape.gradient: the tape has already given its gradients; make it with persistent=True "
                "to ask more than once"
            )
        if unconnected_gradients != "none" and unconnected_gradients != "zero":
            raise ValueError(
                f"GradientTape.gradient: unconnected_gradients is {unconnected_gradients!r}; expected 'none' "
                "or 'zero'"
            )
        cdef bint listed = flat_list(sources)
        cdef list places = list(sources) if listed else flat(sources)
        if not listed:
            check_sources(places)
        targets, seeds = self.seeded(target, output_gradients)
        if not self.persistent:
            self.close()
            self.spent = True
        cdef list found
        try:
            found = self.walk(targets, seeds, places, unconnected_gradients == "zero")
        finally:
            if not self.persistent:
                self.mark.alive = False
        return found if listed else rebuilt(sources, iter(found))

    cdef tuple seeded(self, object target, object output_gradients):
        """The targets, and the gradient that enters at each."""
        cdef list targets = flat(target)
        for leaf in targets:
            if not isinstance(leaf, Tensor) or (<Tensor>leaf).array.dtype.kind != "f":
                kind = f"of {leaf.dtype}" if isinstance(leaf, Tensor) else f"a {type(leaf).__name__}"
                raise TypeError(
                    f"GradientTape.gradient: target is {kind}; expected a Tensor of floats, computed inside "
                    "the tape from something that it watches"
                )
        if output_gradients is None:
            return targets, [ones_like((<Tensor>leaf).array) for leaf in targets]
        cdef list seeds = flat(output_gradients)
        if [np.shape(seed) for seed in seeds] != [leaf.shape for leaf in targets]:
            raise ValueError(
                "GradientTape.gradient: output_gradients have the shapes "
                f"{[np.shape(seed) for seed in seeds]}; expected {[leaf.shape for leaf in targets]}, those of "
                "target"
            )
        return targets, seeds

    cdef list entries(self, Tensor source):
        """A source and, behind it, the nodes with which it entered the graph; of a Variable one a read."""
        if not isinstance(source, Variable):
            return [source] if source.node is None else [source, source.node]
        read = self.reads.get(address(source))
        return [source] if read is None else <list>read

    cdef list walk(self, list targets, list seeds, list sources, bint zeros):
        cdef Walk walk = Walk.__new__(Walk)
        walk.mark, walk.visits, walk.recorded = self.mark, {}, recording() is not None
        cdef list visits = [], nodes = [], found = [], own
        cdef Tensor target, source
        cdef Visit visit
        cdef Py_ssize_t i, j
        for i in range(len(targets)):
            target, seed = <Tensor>targets[i], seeds[i]
            own = self.entries(target)
            if len(own) > 1 and marked(<Node>own[len(own) - 1], self.mark):
                if type(seed) is not ndarray and not (walk.recorded and isinstance(seed, Tensor)):
                    seed = plain(seed)
                if not isinstance(seed, Tensor):
                    seed = asarray(seed, target.array.dtype)
                nodes.append(own[len(own) - 1])
                walk.of(<Node>nodes[len(nodes) - 1]).sum(target.slot).add(seed, walk.recorded)
        for i in range(len(sources)):
            own = self.entries(<Tensor>sources[i])
            for j in range(1, len(own)):
                visit = walk.of(<Node>own[j])
                visit.source = True
                visits.append(visit)
            visits.append(None)  # here the next source's begin
        walk.run(nodes, self.persistent)
        cdef set taken = set()
        for seed in seeds:
            if isinstance(seed, ndarray):
                taken.add(address(root(seed)))
        j = 0
        for i in range(len(sources)):
            source, total = <Tensor>sources[i], None
            visit = <Visit>visits[j]
            while visit is not None:
                arrived = visit.value(source.slot)
                if arrived is not None:
                    total = arrived if total is None else np_add(total, arrived)
                j += 1
                visit = <Visit>visits[j]
            j += 1
            if total is None and zeros:
                total = np.zeros(source.shape, source.dtype)
            found.append(total if total is None or isinstance(total, Tensor) else own_array(total, taken))
        return found


cdef object own_array(object gradient, set taken):
    """A gradient as an array that the caller may write to, sharing no memory with another one."""
    if type(gradient) is not ndarray:
        gradient = asarray(gradient)
    key = address(root(gradient))
    if not writable_rows(gradient) or key in taken:
        gradient = np.array(gradient, order="C")
        key = address(gradient)
    taken.add(key)
    return gradient


cdef object ones_like(object array):
    made = empty(array.shape, array.dtype)
    made.fill(1)
    return made


class Paused:
    """The `with` block of `GradientTape.stop_recording`."""

    def __init__(self, tape):
        self.tape = tape

    def __enter__(self):
        (<GradientTape>self.tape).close()

    def __exit__(self, *error):
        open_entry(self.tape)
        (<GradientTape>self.tape).open = True
