"""Which functions have a class of operations in Keras, so that either side reads the other's graphs.

A line of a table is a function's name, and after it the names of its options: arguments that stand in the
operation's configuration. The others are operands, which come from the graph.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from foldgate import activations, ops
from foldgate._tape import stop_gradient
from foldgate.ops import image

Function = Callable[..., Any]

_NUMPY = """
add; subtract; multiply; true_divide; floor_divide; mod; power; maximum; minimum; arctan2; hypot; logaddexp
negative; absolute; square; sqrt; reciprocal; exp; exp2; expm1; log; log2; log10; log1p; sign; floor; ceil
trunc
sin; cos; tan; arcsin; arccos; arctan; sinh; cosh; tanh; isnan; isinf; isfinite; zeros_like; ones_like
greater; greater_equal; less; less_equal; equal; not_equal; logical_and; logical_or; logical_xor; logical_not
where; matmul; dot; outer
sum axis keepdims; mean axis keepdims; max axis keepdims; min axis keepdims; prod axis keepdims
var axis keepdims; std axis keepdims; amax axis keepdims; amin axis keepdims
any axis keepdims; all axis keepdims
argmax axis keepdims; argmin axis keepdims; argsort axis; sort axis; cumsum axis; cumprod axis
reshape shape; transpose axes; expand_dims axis; squeeze axis; flip axis; roll shift axis; round decimals
swapaxes axis1 axis2; moveaxis source destination; broadcast_to shape; tile reps; repeat repeats axis
tril k; triu k; clip a_min a_max; concatenate axis; stack axis; split indices_or_sections axis
take axis; take_along_axis axis; tensordot axes
"""
_ACTIVATIONS = """
relu; relu6; sigmoid; sparse_sigmoid; softplus; softsign; sparse_plus; silu; log_sigmoid; hard_sigmoid
hard_silu; selu; tanh_shrink; hard_tanh; soft_shrink threshold; hard_shrink threshold
threshold threshold default_value; squareplus b; leaky_relu negative_slope; elu alpha; celu alpha
gelu approximate; glu axis; softmax axis; log_softmax axis; sparsemax axis
"""
_KERAS_OPTIONS = {  # where Keras calls an option otherwise than NumPy
    ("reshape", "shape"): "newshape",
    ("clip", "a_min"): "x_min",
    ("clip", "a_max"): "x_max",
    ("tile", "reps"): "repeats",
}
_OTHER_CLASSES = (  # of equal meaning
    ("ops.numpy", "Divide", np.true_divide),
    ("ops.numpy", "Abs", np.absolute),
)


def get_item(x: Any, key: Any) -> Any:
    """`x[key]`; JSON makes lists of tuples."""
    return x[tuple(key) if isinstance(key, list) else key]


def astype(x: Any, dtype: Any) -> Any:
    """`x` in another dtype."""
    return x.astype(dtype)


def einsum(*operands: Any, subscripts: str) -> Any:
    """`numpy.einsum` with its operands first."""
    return np.einsum(subscripts, *operands)


def pad(array: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """`numpy.pad`, where None for `constant_values` is NumPy's default."""
    values: dict[str, Any] = {} if constant_values is None else {"constant_values": constant_values}
    padded: Any = np.pad  # its types allow for no dict of options
    return padded(array, pad_width, mode, **values)


def sloped_relu(x: Any, negative_slope: Any = 0.0, max_value: Any = None, threshold: Any = 0.0) -> Any:
    """`activations.relu` with its options, which Keras has beside the relu of none."""
    return activations.relu(x, negative_slope, max_value, threshold)


class Operation:
    """A function that both sides have.

    Args:
      function: foldgate's.
      options: which of its parameters stand in the configuration.
      module: the module of Keras' class.
      name: Keras' name of the function, of which its class' name is made; None is the function's own.
    """

    def __init__(
        self,
        function: Function,
        options: tuple[str, ...] = (),
        module: str = "ops.numpy",
        name: str | None = None,
    ) -> None:
        self.function, self.options = function, options
        self.name = name or function.__name__
        self.keras_module = f"keras.src.{module}"
        self.keras_class = "".join(part[0].upper() + part[1:] for part in self.name.split("_"))
        self._places: tuple[str, ...] = ()
        self._defaults: dict[str, Any] = {}
        if options:
            parameters = inspect.signature(function).parameters
            self._places = tuple(parameters)
            self._defaults = {name: _default(parameters[name]) for name in options}

    def split(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """The operands and the options of a call; None where it has others than Keras knows."""
        if not self.options:
            return None if kwargs else (args, {})
        named = dict(zip(self._places, args, strict=False)) | kwargs
        operands = []
        for place in self._places:
            if place in self.options or place not in named:
                break
            operands.append(named.pop(place))
        if not operands or not named.keys() <= self._defaults.keys():
            return None
        return tuple(operands), self._defaults | named

    def to_keras(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options by Keras' names."""
        return {_KERAS_OPTIONS.get((self.name, name), name): value for name, value in options.items()}

    def from_keras(self, config: dict[str, Any]) -> dict[str, Any]:
        """The options of Keras' configuration."""
        named = [(name, _KERAS_OPTIONS.get((self.name, name), name)) for name in self.options]
        # NumPy takes several axes as a tuple, which JSON does not have.
        given = {name: _tuples(config[keras]) for name, keras in named if config.get(keras) is not None}
        return self._defaults | given


def _default(parameter: inspect.Parameter) -> Any:
    """A parameter's default; NumPy has a mark of its own for a `keepdims` that was not given."""
    if parameter.name == "keepdims":
        return False
    return parameter.default if isinstance(parameter.default, int | float | str) else None


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _lines(table: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in table.replace("\n", ";").split(";"):
        if words := line.split():
            yield words[0], tuple(words[1:])


OPERATIONS: list[Operation] = [
    *(Operation(getattr(np, name), options, name=name) for name, options in _lines(_NUMPY)),
    Operation(get_item),
    Operation(einsum, ("subscripts",)),
    Operation(pad, ("pad_width", "mode")),
    *(Operation(getattr(activations, name), options, "ops.nn") for name, options in _lines(_ACTIVATIONS)),
    Operation(sloped_relu, ("negative_slope", "max_value", "threshold"), "activations.activations", "ReLU"),
    Operation(ops.one_hot, ("num_classes", "axis", "dtype"), "ops.nn"),
    Operation(ops.normalize, ("axis", "order", "epsilon"), "ops.nn"),
    Operation(ops.depth_to_space, ("block_size", "data_format"), "ops.nn"),
    Operation(ops.space_to_depth, ("block_size", "data_format"), "ops.nn"),
    Operation(image.resize, ("size", "interpolation", "antialias", "data_format"), "ops.image"),
    Operation(ops.erf, (), "ops.math"),
    Operation(ops.rsqrt, (), "ops.math"),
    Operation(ops.logsumexp, ("axis", "keepdims"), "ops.math"),
    Operation(astype, ("dtype",), "ops.core", "cast"),
    Operation(stop_gradient, (), "ops.core"),
    Operation(ops.unstack, ("num", "axis"), "ops.core"),
]
IN_OTHER_WORDS = {np.pad: pad}
"""NumPy's function -> the one of a table that takes its arguments."""
BY_FUNCTION = {operation.function: operation for operation in OPERATIONS}
# what ops computes under a name of the tables, it computes by the same formula
BY_FUNCTION |= {
    vars(ops)[operation.name]: operation for operation in OPERATIONS if operation.name in vars(ops)
}
BY_CLASS = {(operation.keras_module, operation.keras_class): operation for operation in OPERATIONS}
for _module, _name, _equal in _OTHER_CLASSES:
    BY_CLASS[f"keras.src.{_module}", _name] = BY_FUNCTION[_equal]
