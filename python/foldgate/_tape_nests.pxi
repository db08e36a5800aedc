# Nested lists, tuples and dicts of tensors.

cdef list flat(object value):
    """The leaves of nested lists, tuples and dicts."""
    cdef list found
    if isinstance(value, (list, tuple)):
        found = []
        for part in value:
            if isinstance(part, Tensor):
                found.append(part)
            else:
                found += flat(part)
        return found
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in flat(part)]
    return [value]


cdef bint flat_list(object value):
    """Whether `value` is a list of Tensors, without nests."""
    if type(value) is not list:
        return False
    for part in <list>value:
        if not isinstance(part, Tensor):
            return False
    return True


cdef object rebuilt(object like, object leaves):
    """The leaves, from an iterator, in the structure of `like`."""
    if isinstance(like, (list, tuple)):
        parts = [rebuilt(part, leaves) for part in like]
        return type(like)(*parts) if hasattr(like, "_fields") else type(like)(parts)
    if isinstance(like, dict):
        return {name: rebuilt(part, leaves) for name, part in like.items()}
    return next(leaves)


cdef void check_sources(list sources):
    for source in sources:
        if not isinstance(source, Tensor):
            raise TypeError(
                f"GradientTape.gradient: sources has a {type(source).__name__}; expected Tensors and Variables "
                "(watch gives the Tensor to use for an array)"
            )


cdef object plain(object value):
    """Arrays for Tensors, also inside lists, tuples and dicts."""
    if isinstance(value, Tensor):
        return (<Tensor>value).array
    kind = type(value)
    if kind is tuple:
        return tuple([plain(part) for part in <tuple>value])
    if kind is list:
        return [plain(part) for part in <list>value]
    if kind is dict:
        return {name: plain(part) for name, part in (<dict>value).items()}
    return value
