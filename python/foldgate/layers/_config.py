"""A layer as a configuration, and a layer from one."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from foldgate import _dtypes, regularizers

Made = TypeVar("Made", bound="LayerConfig")


class LayerConfig:
    """The part of Layer that writes and reads configurations, in Keras' form."""

    name: str
    trainable: bool
    activity_regularizer: Any
    dtype_policy: Any
    _arguments: tuple[tuple[Any, ...], dict[str, Any]]
    _build_shapes: dict[str, Any] | None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again, without its weights.

        A subclass adds its own to those of `super().get_config()`. One that does not, and whose arguments are
        plain values, gets them from its `__init__`.
        """
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_policy(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is LayerConfig.get_config:
            config.update(self._plain_arguments())
        return config

    def _plain_arguments(self) -> dict[str, Any]:
        """The arguments of `__init__` that Layer does not know."""
        args, kwargs = self._arguments
        parameters = inspect.signature(type(self).__init__).parameters
        named = dict(zip(list(parameters)[1:], args, strict=False)) | kwargs
        known = {"name", "trainable", "dtype", "activity_regularizer", "input_shape", "batch_shape"}
        own = {name: value for name, value in named.items() if name not in known}
        for name, value in own.items():
            if not _is_plain(value):
                raise NotImplementedError(
                    f"{type(self).__name__} {self.name!r}: argument {name} is {type(value).__name__}, which "
                    "a configuration cannot hold; write get_config for it"
                )
        return own

    @classmethod
    def from_config(cls: type[Made], config: dict[str, Any]) -> Made:
        """Makes a layer from what `get_config` gave.

        Raises:
          TypeError: an argument is not one of the class.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.from_config: {error}") from error

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that the layer was built for; None before that."""
        shapes = self._build_shapes
        if shapes is None:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Builds the layer for the shapes that `get_build_config` gave."""
        if not config:
            return
        build: Any = getattr(self, "build")  # noqa: B009 - Layer has it
        if "input_shape" in config:
            build(as_shapes(config["input_shape"]))
        elif "shapes_dict" in config:
            build(**{name: as_shapes(shape) for name, shape in config["shapes_dict"].items()})


def serialize_policy(policy: _dtypes.DTypePolicy) -> dict[str, Any]:
    """Keras' form of a dtype policy."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": policy.get_config(),
        "registered_name": None,
    }


def as_shapes(value: Any) -> Any:
    """Tuples for the lists that JSON made of shapes."""
    if isinstance(value, (list, tuple)):
        if all(size is None or isinstance(size, int) for size in value):
            return tuple(value)
        return [as_shapes(part) for part in value]
    if isinstance(value, dict):
        return {key: as_shapes(part) for key, part in value.items()}
    return value


def _is_plain(value: Any) -> bool:
    if value is None or isinstance(value, (bool, int, float, str)):
        return True
    if isinstance(value, (list, tuple)):
        return all(_is_plain(part) for part in value)
    return isinstance(value, dict) and all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
