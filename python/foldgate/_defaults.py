"""What layers take where an argument is left out: the float type, the fuzz factor, the image layout."""

from __future__ import annotations

_FLOATS = ("float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_values: dict[str, str] = {"floatx": "float32", "image_data_format": "channels_last"}
_epsilon = 1e-7


def floatx() -> str:
    """The float type of layers and of data that say none, `"float32"` at first.

    Example:
      >>> import foldgate as keras
      >>> keras.config.floatx()
      'float32'
    """
    return _values["floatx"]


def set_floatx(value: str) -> None:
    """Sets the float type of layers that are made from now on.

    Args:
      value: `"float32"` or `"float64"`.

    Raises:
      ValueError: it is neither.

    Example:
      >>> import foldgate as keras
      >>> keras.config.set_floatx("float64")
      >>> keras.layers.Dense(2).dtype
      'float64'
      >>> keras.config.set_floatx("float32")
    """
    if value not in _FLOATS:
        raise ValueError(f"set_floatx: value is {value!r}; expected 'float32' or 'float64'")
    _values["floatx"] = value


def epsilon() -> float:
    """The fuzz factor that keeps quotients and logarithms finite, 1e-7 at first.

    Example:
      >>> import foldgate as keras
      >>> keras.config.epsilon()
      1e-07
    """
    return _epsilon


def set_epsilon(value: float) -> None:
    """Sets the fuzz factor.

    Args:
      value: a positive number.

    Raises:
      ValueError: it is not positive.

    Example:
      >>> import foldgate as keras
      >>> keras.config.set_epsilon(1e-7)
    """
    global _epsilon
    if not isinstance(value, (int, float)) or not value > 0:
        raise ValueError(f"set_epsilon: value is {value!r}; expected a positive number")
    _epsilon = float(value)


def image_data_format() -> str:
    """The layout of layers that are given no `data_format`, `"channels_last"` at first.

    Example:
      >>> import foldgate as keras
      >>> keras.config.image_data_format()
      'channels_last'
    """
    return _values["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Sets the layout of layers that are given none.

    Args:
      data_format: `"channels_last"` or `"channels_first"`.

    Raises:
      ValueError: it is neither.

    Example:
      >>> import foldgate as keras
      >>> keras.config.set_image_data_format("channels_last")
    """
    _values["image_data_format"] = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> str:
    """`data_format`, or the default where it is None.

    Args:
      data_format: None, `"channels_last"` or `"channels_first"`, in any case.

    Raises:
      ValueError: it is none of them.

    Example:
      >>> import foldgate as keras
      >>> keras.backend.standardize_data_format(None)
      'channels_last'
    """
    if data_format is None:
        return image_data_format()
    if not isinstance(data_format, str) or data_format.lower() not in _FORMATS:
        raise ValueError(
            f"data_format is {data_format!r}; expected None, 'channels_last' or 'channels_first'"
        )
    return data_format.lower()
