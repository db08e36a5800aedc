"""Batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import initializers, ops
from foldgate._checks import numbers, one_axis
from foldgate._defaults import epsilon as fuzz
from foldgate._tape import Tensor, settled, stop_gradient
from foldgate._typing import BoolArray, FloatArray
from foldgate.layers._rectified import Rectified
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.normalization._axes import Shape, axes_in, known
from foldgate.layers.normalization._scaled import ScaledNormalization
from foldgate.layers.weight import Weight
from foldgate.ops._norm import update_averages


class BatchNormalization(ScaledNormalization):
    """Normalizes every channel over the batch, and in inference by moving averages of what it saw.

        y = gamma (x - mean) / sqrt(variance + epsilon) + beta
        moving_mean = momentum moving_mean + (1 - momentum) mean, likewise the variance

    In training the mean and the (biased) variance are those of the batch. With `trainable = False` the layer
    works as in inference, and its averages stay.

    Args:
      axis: of the channels.
      momentum: of the moving averages.
      epsilon: added to the variance.
      center: whether there is a beta.
      scale: whether there is a gamma.
      beta_initializer, gamma_initializer: of these.
      moving_mean_initializer, moving_variance_initializer: of the averages.
      beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: of beta and gamma, or None.
      renorm, renorm_clipping, renorm_momentum: for files of Keras; `renorm=True` is refused.
      synchronized: of no meaning on one machine.
      **kwargs: of `Layer`.

    Call arguments:
      inputs: an array of at least two axes.
      training: whether to normalize by the batch, and update the averages.
      mask: bool, of the axes of inputs but the last: what is False counts for no statistic.

    Raises:
      ValueError: `axis` is none of the inputs', `renorm` is True, or the mask has other axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.BatchNormalization(epsilon=0.0)
      >>> layer(np.array([[1.0], [3.0]], np.float32), training=True).ravel()
      array([-1.,  1.], dtype=float32)
      >>> layer.moving_mean.value
      array([0.02], dtype=float32)
    """

    axis: int
    moving_mean: Weight
    moving_variance: Weight

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        if renorm:
            raise ValueError(
                "BatchNormalization: renorm is True; expected False, there is no batch renormalization"
            )
        one_axis(self, axis=axis)
        numbers(self, "[0, 1]", momentum=momentum)
        super().__init__(
            axis=int(axis),
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        self.momentum = float(momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm, self.renorm_clipping, self.renorm_momentum = renorm, renorm_clipping, renorm_momentum
        self.synchronized = synchronized

    def build(self, input_shape: Shape) -> None:
        """Makes gamma, beta, moving_mean and moving_variance, each of shape (channels,)."""
        if len(input_shape) < 2:
            raise ValueError(f"BatchNormalization: inputs have shape {input_shape}; expected at least 2 axes")
        axes = axes_in("BatchNormalization", self.axis, input_shape)
        shape = known("BatchNormalization", axes, input_shape)
        self._add_scale(shape)
        for name in ("moving_mean", "moving_variance"):
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer=getattr(self, f"{name}_initializer"),
                trainable=False,
                autocast=False,
            )
            setattr(self, name, weight)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})

    def call(self, inputs: FloatArray, training: bool | None = None, mask: BoolArray | None = None) -> Any:
        """Normalizes, as one node on the tape."""
        return self._call(inputs, training, mask, None)

    def call_relu(self, inputs: FloatArray, training: bool | None = None) -> Any:
        """relu of `call`, in the same pass and as the same node: for models that see a ReLU next."""
        return self._call(inputs, training, None, "relu")

    _with_relu = Rectified

    def _call(
        self, inputs: FloatArray, training: bool | None, mask: BoolArray | None, activation: str | None
    ) -> Any:
        options: dict[str, Any] = {"axis": self.axis, "epsilon": self.epsilon, "activation": activation}
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self.compute_dtype)
        if mask is not None:
            mask = self._checked(mask, inputs)
        if not training or not self.trainable:
            weights = settled(self.moving_mean, self.moving_variance, self.gamma, self.beta)
            return ops.batch_norm_inference(inputs, *weights, **options)
        if mask is not None:
            return self._masked(inputs, mask, activation)
        y, mean, variance = ops.batch_norm(inputs, *settled(self.gamma, self.beta), **options)
        if inputs.size:
            self._update(mean, variance)
        return y

    def _checked(self, mask: Any, inputs: FloatArray) -> BoolArray:
        seen: BoolArray = np.asarray(mask, np.bool_)
        if seen.ndim != inputs.ndim - 1:
            raise ValueError(
                f"BatchNormalization: mask has shape {seen.shape}; expected one axis less than inputs of "
                f"shape {inputs.shape}"
            )
        return seen

    def _update(self, mean: FloatArray, variance: FloatArray) -> None:
        """The moving averages, in place."""
        averages = self.moving_mean.writable(), self.moving_variance.writable()
        values = [x.numpy() if isinstance(x, Tensor) else x for x in (mean, variance)]
        update_averages("BatchNormalization", averages, values, self.momentum)

    def _masked(self, x: Any, mask: BoolArray, activation: str | None) -> Any:
        """By the statistics of the positions where the mask is True, at which all values count."""
        channels = self.axis % x.ndim
        axes = tuple(i for i in range(x.ndim) if i != channels)
        seen, zero = np.broadcast_to(mask[..., None], x.shape), x.dtype.type(0)
        count = np.sum(seen, axes, x.dtype, keepdims=True) + x.dtype.type(fuzz())
        mean = np.sum(np.where(seen, x, zero), axes, keepdims=True) / count
        centred = x - mean
        variance = np.sum(np.square(np.where(seen, centred, zero)), axes, keepdims=True) / count
        self._update(stop_gradient(mean).reshape(-1), stop_gradient(variance).reshape(-1))
        y = centred / np.sqrt(variance + self.epsilon)
        shape = mean.shape
        y = y if self.gamma is None else y * np.reshape(self.gamma, shape)
        y = y if self.beta is None else y + np.reshape(self.beta, shape)
        return y if activation is None else ops.relu(y)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
            "synchronized": self.synchronized,
        }
