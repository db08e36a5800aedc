"""Dropout of whole feature maps."""

from __future__ import annotations

from typing import Any

from foldgate._defaults import standardize_data_format
from foldgate._typing import FloatArray
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.regularization._noise import Shape
from foldgate.layers.regularization.dropout import Dropout


class _SpatialDropout(Dropout):
    """Drops channels of a sample at all positions at once."""

    def __init__(
        self,
        rank: int,
        rate: float,
        data_format: str | None,
        seed: int | None,
        name: str | None,
        dtype: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        ones = (1,) * rank
        first = self.data_format == "channels_first"
        self._noise_shape: Shape = (None, None, *ones) if first else (None, *ones, None)

    def call(self, inputs: FloatArray, training: bool = False) -> Any:
        """Drops in training, as one node on the tape."""
        if not training or self.rate == 0:
            return inputs
        return self._drop(inputs, self._noise_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer: those that Keras' constructor takes."""
        names = ("rate", "seed", "name", "dtype", "data_format")
        return {name: getattr(self, name) for name in names}


class SpatialDropout1D(_SpatialDropout):
    """In training, drops whole channels of (N, T, C) and divides the others by 1 - rate.

    Args:
      rate: the probability of a channel of zeros, from 0 to 1.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      name, dtype, **kwargs: of `Layer`.

    Raises:
      ValueError: `rate` or `seed` is outside its range, or the inputs have other than 3 axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> y = keras.layers.SpatialDropout1D(0.5, seed=1)(np.ones((2, 9, 4)), training=True)
      >>> bool((y == y[:, :1]).all())
      True
    """

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(1, rate, "channels_last", seed, name, dtype, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        config = super().get_config()
        del config["data_format"]
        return config


class SpatialDropout2D(_SpatialDropout):
    """In training, drops whole channels of images and divides the others by 1 - rate.

    Args:
      rate: the probability of a channel of zeros, from 0 to 1.
      data_format: `"channels_last"` for (N, H, W, C), `"channels_first"` for (N, C, H, W); None for
        `config.image_data_format()`.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      name, dtype, **kwargs: of `Layer`.

    Raises:
      ValueError: an argument is outside its range, or the inputs have other than 4 axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> y = keras.layers.SpatialDropout2D(0.5, seed=1)(np.ones((2, 3, 3, 4)), training=True)
      >>> bool((y == y[:, :1, :1]).all())
      True
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(2, rate, data_format, seed, name, dtype, **kwargs)


class SpatialDropout3D(_SpatialDropout):
    """In training, drops whole channels of volumes and divides the others by 1 - rate.

    Args:
      rate: the probability of a channel of zeros, from 0 to 1.
      data_format: `"channels_last"` for (N, D, H, W, C), `"channels_first"` for (N, C, D, H, W); None for
        `config.image_data_format()`.
      seed: 0 to 2^32 - 1, or None for one from Python's `random`.
      name, dtype, **kwargs: of `Layer`.

    Raises:
      ValueError: an argument is outside its range, or the inputs have other than 5 axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> y = keras.layers.SpatialDropout3D(0.5, seed=1)(np.ones((2, 2, 2, 2, 4)), training=True)
      >>> bool((y == y[:, :1, :1, :1]).all())
      True
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(3, rate, data_format, seed, name, dtype, **kwargs)
