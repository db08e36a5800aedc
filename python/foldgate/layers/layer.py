"""The class that every layer extends."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from foldgate import _dtypes, _masks, _naming, regularizers
from foldgate._checks import given, switches
from foldgate._tape import Tensor
from foldgate.layers import _calling, _tracking
from foldgate.layers._building import recorded_build
from foldgate.layers._changes import changed
from foldgate.layers._config import LayerConfig
from foldgate.layers._context import context
from foldgate.layers._losses import LayerLosses
from foldgate.layers._named import check_named
from foldgate.layers._signature import signature_of
from foldgate.layers._state import LayerState

Made = TypeVar("Made", bound="Layer")
_ndarray = np.ndarray


class Layer(LayerState, LayerLosses, LayerConfig):
    """What has weights and computes: the base of all layers, and of your own.

    A subclass writes `call`, and where it has weights `build`, which gets the input's shape (None where a
    size is not known) at the first call and makes them by `add_weight`. `compute_output_shape` says the shape
    of the result, so that the layer can be used in a functional model without being run.

    Weights, layers and random streams that are assigned to attributes, also in lists and dicts, belong to
    the layer. Arrays give arrays; inside a `GradientTape` Tensors come out.

    Args:
      activity_regularizer: None, or what adds a loss on the output.
      trainable: whether optimizers change the weights. Defaults to True.
      dtype: `"float32"` or `"float64"`; None for `config.floatx()`.
      autocast: whether floating inputs are cast to the dtype. Defaults to True.
      name: None makes one of the class's name.
      input_shape: of one sample, for a first layer of a Sequential.
      batch_shape: the same with the batch axis.
      input_dim: short for `input_shape=(input_dim,)`.

    Raises:
      ValueError: an argument is not known, or has no such value.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> class Scale(keras.layers.Layer):
      ...     def build(self, input_shape):
      ...         self.factor = self.add_weight(shape=input_shape[-1:], initializer="ones", name="factor")
      ...     def call(self, inputs):
      ...         return inputs * self.factor
      ...     def compute_output_shape(self, input_shape):
      ...         return input_shape
      >>> layer = Scale()
      >>> layer(np.ones((2, 3), np.float32)).shape, layer.count_params()
      ((2, 3), 3)
    """

    _tracked_as = "layers"
    _takes_numbers = False  # whether inputs of objects, strings or complex numbers are refused
    _creates_mask = False  # whether an output may have a mask where no input has one
    _convert_inputs = True
    _builds_by_call = False  # whether the first call makes the weights
    _takes_training = False
    _says_output_shape = False
    _seen: dict[Any, Any]  # the shapes and dtypes, of an array or of a list, that go straight to `call`
    _input_dtype: Any = None  # of an InputLayer before it; None for the layer's own
    _input_shape: tuple[int | None, ...] | None = None  # with the batch axis, where the arguments say it

    def __new__(cls: type[Made], *args: Any, **kwargs: Any) -> Made:
        switches(cls, args, kwargs)
        check_named(cls, given(cls, args, kwargs))
        layer = super().__new__(cls)
        state: dict[str, Any] = layer.__dict__
        for kind in (
            "trainable_variables",
            "non_trainable_variables",
            "layers",
            "metrics",
            "seed_generators",
        ):
            state["_" + kind] = []
        state["_losses"], state["_seen"], state["_arguments"] = [], {}, (args, kwargs)
        return layer

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls._builds_by_call = False
            cls.build = recorded_build(cls.__dict__["build"])  # type: ignore[method-assign]
        if "compute_output_shape" in cls.__dict__:
            cls._says_output_shape = True
        if "call" in cls.__dict__:
            cls._takes_training = signature_of(cls.call).takes_training
            if "_takes_numbers" not in cls.__dict__:
                cls._takes_numbers = cls.__module__.startswith("foldgate.layers.")
        if "compute_mask" in cls.__dict__ and not cls.__module__.startswith("foldgate."):
            cls._creates_mask = True  # who knows

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        kind = type(self).__name__
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"{kind}: name is {name!r}; expected a str without '/'")
        if not isinstance(trainable, bool):
            raise ValueError(f"{kind}: trainable is {trainable!r}; expected a bool")
        self.name = _naming.auto_name(kind) if name is None else name
        self.built = False
        self.autocast = autocast
        self.input_spec: Any = None
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype_policy = dtype
        self._trainable = trainable
        self._build_shapes: dict[str, Any] | None = None
        self._inbound_nodes: list[Any] = []
        self._path: str | None = None
        self._take_input_shape(kwargs)
        if kwargs:
            unknown = next(iter(kwargs))
            raise ValueError(f"{kind} {self.name!r}: unknown argument {unknown!r}")

    def _take_input_shape(self, kwargs: dict[str, Any]) -> None:
        batch_shape, shape = kwargs.pop("batch_shape", None), kwargs.pop("input_shape", None)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        input_dim = kwargs.pop("input_dim", None)
        if batch_shape is not None:
            self._input_shape = tuple(batch_shape)
        elif shape is not None or input_dim is not None:
            sizes = (input_dim,) if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
            self._input_shape = (None, *sizes)

    @property
    def dtype_policy(self) -> _dtypes.DTypePolicy:
        """The dtype of weights and computations."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self._dtype_policy = _dtypes.policy(value, f"{type(self).__name__} {self.name!r}")
        self.dtype = self.compute_dtype = self.variable_dtype = self.input_dtype = self._dtype_policy.name
        self._compute_kind = np.dtype(self.dtype)

    @property
    def path(self) -> str | None:
        """The names of the layers around it and its own; None before it is built."""
        return self._path

    @property
    def input(self) -> Any:
        """The KerasTensors that the layer was first called on, in a functional model."""
        return self._first_node("input").input_nest

    @property
    def output(self) -> Any:
        """The KerasTensors of the layer's first call, in a functional model."""
        return self._first_node("output").outputs

    def _first_node(self, what: str) -> Any:
        if not self._inbound_nodes:
            raise AttributeError(f"{self.name}: there is no {what}: it has not been called on a KerasTensor")
        return self._inbound_nodes[0]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and (not kwargs or (len(kwargs) == 1 and "training" in kwargs)):
            x = args[0]
            kind = type(x)
            # What was seen before needs no more than the call itself.
            if kind is _ndarray or kind is Tensor:
                known = self._seen.get(x.shape) is x.dtype
            else:
                known = kind is list and self._knows(x)
            if known and not self._losses and (not _masks.kept or not _masks.any_mask(x)):
                if kwargs or (self._layers and self._calls_layers()):
                    return self._call_inside(x, kwargs.get("training"))
                if self._takes_training:
                    return self.call(x, training=context.training)
                return self.call(x)
        elif args and self._seen and (not kwargs or (len(kwargs) == 1 and "training" in kwargs)):
            known = self._knows(args)
            if known and not self._losses and (not _masks.kept or not _masks.any_mask(args)):
                return self._call_inside(args, kwargs.get("training"))
        return _calling.call(self, args, kwargs)

    def _knows(self, parts: list[Any] | tuple[Any, ...]) -> bool:
        """Whether arrays of these shapes and dtypes have been seen in a list, or as several arguments."""
        for part in parts:
            if type(part) is not _ndarray and type(part) is not Tensor:
                return False
        kind = type(parts)
        return bool(self._seen.get((kind, *[part.shape for part in parts])) == [part.dtype for part in parts])

    def _call_inside(self, x: Any, training: bool | None) -> Any:
        """A call that was seen before, of layers in the layer: they hear of `training` and where they are."""
        here = context.__dict__  # this thread's; a look at what is local to a thread costs as much as a node
        entry, before = here["entry"], here["training"]
        if entry is None:
            here["entry"] = self
            self._clear_losses()
        if training is not None:
            here["training"] = bool(training)
        try:
            if type(x) is tuple:
                return self.call(*x, training=context.training) if self._takes_training else self.call(*x)
            return self._run_seen(x)
        finally:
            here["entry"], here["training"] = entry, before

    def _calls_layers(self) -> bool:
        """Whether a call of this layer, which has layers in it, may call them: they hear where they are."""
        return True

    def _spread(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call by the names that `call` has for them, where one may hold several."""
        return args, kwargs

    def _takes_as_it_is(self, x: Any) -> bool:
        """Whether arrays of this shape and dtype, which have been converted, need no further look."""
        return self._convert_inputs

    def _gives_alike(self) -> bool:
        """Whether `call` takes x alone, and gives arrays alike for arrays alike, in shape and dtype."""
        return False

    def _run_seen(self, x: Any) -> Any:
        return self.call(x, training=context.training) if self._takes_training else self.call(x)

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of this shape; a subclass writes it.

        Args:
          input_shape: with the batch axis, None where a size is not known.
        """
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the result; a subclass writes it.

        Raises:
          NotImplementedError: it does not.
        """
        raise NotImplementedError(f"{type(self).__name__} {self.name!r}: call is not written")

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the result for inputs of a shape, None where a size is not known; a subclass writes
        it.

        Raises:
          NotImplementedError: it does not.
        """
        raise NotImplementedError(f"{type(self).__name__} {self.name!r}: compute_output_shape is not written")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the result: that of the input, unless a subclass says otherwise."""
        return previous_mask

    def __setattr__(self, name: str, value: Any) -> None:
        if _tracking.is_state(value):
            value = _tracking.track(self, value)
        elif name in ("activity_regularizer", "input_spec", "autocast", "call"):
            self._seen.clear()
            changed()
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        _tracking.untrack(self, self.__dict__.get(name))
        object.__delattr__(self, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"
