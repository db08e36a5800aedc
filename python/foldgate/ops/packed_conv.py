"""Convolution with weights that stay packed between calls."""

from __future__ import annotations

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray, Ints, Padding
from foldgate.ops._activation import activation_code
from foldgate.ops._handle import Handle
from foldgate.ops._window import channels_axis, flat_pads, per_axis
from foldgate.ops.conv import algorithm_code, checked_groups

_OP = "PackedConv"
_PLANS = 16  # shapes of x whose plans are kept, at most


class PackedConv(Handle):
    """`conv` with weights that were packed once: faster where the weights are large and the pixels few.

    The weights are copied when the handle is made, and never read from the caller's arrays again: what is
    written to those afterwards does not reach the handle until `update`, so that it cannot serve a mixture.
    Beside the copy it keeps them in the layout that the shape's algorithm reads (as large again; four times
    with Winograd). A call may come from any thread.
    A handle is not pickled: the weights are.

    Args:
      kernel: (*kernel_size, Cin / groups, Cout), in either data format.
      bias: (Cout,) or None.
      strides, padding, data_format, dilation_rate, groups, activation: as in `conv`.
      algorithm: as in `conv`; None takes what `foldgate.set_conv_algorithm` says at this moment.

    Raises:
      TypeError: as `conv`.
      ValueError: as `conv`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> packed = ops.PackedConv(np.array([1.0, 10.0]).reshape(2, 1, 1))
      >>> packed(np.array([1.0, 2.0, 4.0, 8.0]).reshape(1, 4, 1)).ravel()
      array([21., 42., 84.])
    """

    def __init__(
        self,
        kernel: FloatArray,
        bias: FloatArray | None = None,
        *,
        strides: Ints = 1,
        padding: Padding = "valid",
        data_format: str = "channels_last",
        dilation_rate: Ints = 1,
        groups: int = 1,
        activation: str | None = None,
        algorithm: str | None = None,
    ) -> None:
        kernel = operand(_OP, "kernel", kernel)
        rank = kernel.ndim - 2
        if not 1 <= rank <= 3:
            raise ValueError(
                f"{_OP}: kernel has shape {kernel.shape}; expected (*kernel_size, Cin / groups, Cout) with "
                "1, 2 or 3 spatial axes"
            )
        self._channels_first = channels_axis(_OP, data_format, kernel.ndim) == 1
        self._strides = per_axis(_OP, "strides", strides, rank)
        self._dilation = per_axis(_OP, "dilation_rate", dilation_rate, rank)
        self._padding = padding
        self._options = (
            self._strides,
            self._dilation,
            checked_groups(_OP, groups),
            self._channels_first,
            activation_code(_OP, activation),
            algorithm_code(_OP, algorithm),
        )
        self._kernel_size = kernel.shape[:-2]
        self._pads((1,) * rank)  # what is wrong with the padding is said now
        self.update(kernel, bias)

    def update(self, kernel: FloatArray, bias: FloatArray | None = None) -> None:
        """Takes other weights from the next call on.

        Args:
          kernel: of as many axes and taps as the first one.
          bias: (Cout,) or None.

        Raises:
          TypeError: as `conv`.
          ValueError: the kernel has another `kernel_size`, or outputs that the groups do not divide; the bias
            does not fit it.

        Example:
          >>> import numpy as np
          >>> from foldgate import ops
          >>> packed = ops.PackedConv(np.ones((1, 1, 1)))
          >>> packed.update(np.full((1, 1, 1), 3.0))
          >>> packed(np.ones((1, 2, 1))).ravel()
          array([3., 3.])
        """
        kernel = operand(_OP, "kernel", kernel)
        bias = optional(_OP, "bias", bias, kernel, "kernel")
        if kernel.shape[:-2] != self._kernel_size:
            raise ValueError(
                f"{_OP}: kernel has kernel_size {kernel.shape[:-2]}; expected {self._kernel_size}"
            )
        columns, groups = kernel.shape[-1], self._options[2]
        if columns % groups:
            raise ValueError(
                f"{_OP}: groups is {groups}; expected a divisor of kernel's {columns} output channels"
            )
        weights = _native.PackedConv(kernel, bias, *self._options)
        # One object, replaced at once: a call in another thread sees the old weights or the new ones.
        self._state: tuple[_native.PackedConv, _native.Calls] = (weights, _native.Calls(1, _PLANS))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Convolves `x`.

        Args:
          x: (N, *spatial, Cin), or (N, Cin, *spatial) with channels first; of the kernel's dtype.

        Returns:
          What `conv` returns.

        Raises:
          TypeError: `x` is not an array of the kernel's dtype.
          ValueError: the shape of `x` does not fit the kernel.

        Example:
          >>> import numpy as np
          >>> from foldgate import ops
          >>> ops.PackedConv(np.ones((2, 1, 1)), padding="causal")(np.ones((1, 3, 1))).ravel()
          array([1., 2., 2.])
        """
        weights, calls = self._state
        y: FloatArray | None = calls.run(x)
        if y is not None:
            return y
        x = operand(_OP, "x", x)
        rank = len(self._kernel_size)
        if x.ndim != rank + 2:
            raise ValueError(f"{_OP}: x has {x.ndim} axes; expected {rank + 2}")
        # A plan is cheap: the packed weights stay.
        plan = weights.plan(x.shape, self._pads(x.shape[2:] if self._channels_first else x.shape[1:-1]))
        calls.keep(plan, x)
        result: FloatArray = plan(x)
        return result

    def _pads(self, spatial: tuple[int, ...]) -> list[int]:
        return flat_pads(
            _OP, self._padding, spatial, self._kernel_size, self._strides, self._dilation, causal=True
        )
