"""foldgate's functions as the backends call them: forward, with what the backward needs, and backward.

A kernel's operands are arrays or None, in a fixed order; its outputs and gradients are tuples in the order of
its outputs and its operands. It is made for one call, with that call's options.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from foldgate import ops

Arrays: TypeAlias = tuple[Any, ...]


class Kernel:
    """One call of an op with fixed options."""

    reads_result = False
    """Whether the backward reads the first output."""
    unread: tuple[int, ...] = ()
    """Operands whose values no first gradient depends on."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def infer(self, *operands: Any) -> Arrays:
        """The outputs, with nothing kept for a backward."""
        raise NotImplementedError

    def forward(self, *operands: Any) -> tuple[Arrays, Any]:
        """The outputs, and what the backward needs besides the first and the operands."""
        return self.infer(*operands), None

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        """The gradients of the operands, None where not needed; one of `grads` is not None."""
        raise NotImplementedError


class Conv(Kernel):
    """y = conv(x, kernel)."""

    def infer(self, *operands: Any) -> Arrays:
        return (ops.conv(*operands, **self.options),)

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        dx, dkernel, _ = ops.conv_backward(
            grads[0],
            *operands,
            need_dx=needs[0],
            need_dkernel=needs[1],
            need_dbias=False,
            **self.options,
        )
        return dx, dkernel


class SeparableConv(Kernel):
    """y = conv(depthwise(x, depthwise_kernel), pointwise_kernel)."""

    def infer(self, *operands: Any) -> Arrays:
        return (ops.separable_conv(*operands, **self.options),)

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        gradients = ops.separable_conv_backward(
            grads[0],
            *operands,
            need_dx=needs[0],
            need_ddepthwise_kernel=needs[1],
            need_dpointwise_kernel=needs[2],
            need_dbias=False,
            **self.options,
        )
        return tuple(gradients[:3])


class ConvTranspose(Kernel):
    """y = conv_transpose(x, kernel)."""

    def infer(self, *operands: Any) -> Arrays:
        return (ops.conv_transpose(*operands, **self.options),)

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        dx, dkernel, _ = ops.conv_transpose_backward(
            grads[0],
            *operands,
            need_dx=needs[0],
            need_dkernel=needs[1],
            need_dbias=False,
            **self.options,
        )
        return dx, dkernel


class MaxPool(Kernel):
    """y = max_pool(x); kept are the taps that won."""

    def infer(self, *operands: Any) -> Arrays:
        return (ops.max_pool(*operands, **self.options),)

    def forward(self, *operands: Any) -> tuple[Arrays, Any]:
        y, taps = ops.max_pool(*operands, return_indices="taps", **self.options)
        return (y,), taps

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        return (ops.max_pool_backward(grads[0], kept, operands[0].shape, **self.options),)


class AveragePool(Kernel):
    """y = average_pool(x)."""

    def infer(self, *operands: Any) -> Arrays:
        return (ops.average_pool(*operands, **self.options),)

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        return (ops.average_pool_backward(grads[0], operands[0].shape, **self.options),)


class AdaptiveMaxPool(Kernel):
    """y = adaptive_max_pool(x, output_size); kept are the positions that won."""

    def infer(self, *operands: Any) -> Arrays:
        return (ops.adaptive_max_pool(*operands, **self.options),)

    def forward(self, *operands: Any) -> tuple[Arrays, Any]:
        y, positions = ops.adaptive_max_pool(*operands, return_indices=True, **self.options)
        return (y,), positions

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        data_format = self.options["data_format"]
        dx = ops.adaptive_max_pool_backward(grads[0], kept, operands[0].shape, data_format=data_format)
        return (dx,)


class AdaptiveAveragePool(Kernel):
    """y = adaptive_average_pool(x, output_size)."""

    def infer(self, *operands: Any) -> Arrays:
        return (ops.adaptive_average_pool(*operands, **self.options),)

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        data_format = self.options["data_format"]
        dx = ops.adaptive_average_pool_backward(grads[0], operands[0].shape, data_format=data_format)
        return (dx,)


class Recurrence(Kernel):
    """(y, h[, c]) of (x, kernel, recurrent_kernel, bias, h[, c]); y is None where only states are wanted."""

    reads_result = True
    unread = (3,)  # the bias

    def __init__(self, cell: str, sequences: bool, options: dict[str, Any]) -> None:
        super().__init__(options)
        self.cell = cell
        self.sequences = sequences

    def infer(self, *operands: Any) -> Arrays:
        function = getattr(ops, self.cell)
        weights, states = operands[:4], self._states(operands)
        outputs: Arrays = function(*weights, return_sequences=self.sequences, **states, **self.options)
        return outputs

    def forward(self, *operands: Any) -> tuple[Arrays, Any]:
        function = getattr(ops, self.cell)
        weights, states = operands[:4], self._states(operands)
        *outputs, cache = function(*weights, return_cache=True, **states, **self.options)
        return tuple(outputs), cache

    def backward(
        self, grads: Arrays, operands: Arrays, result: Any, kept: Any, needs: tuple[bool, ...]
    ) -> Arrays:
        function = getattr(ops, f"{self.cell}_backward")
        weights, states = operands[:4], self._states(operands)
        ends = dict(zip(("dh", "dc"), grads[1:], strict=False))
        gradients = function(
            grads[0], *weights, result, kept, need_dx=needs[0], **ends, **states, **self.options
        )
        return tuple(gradients[: len(operands)])

    def _states(self, operands: Arrays) -> dict[str, Any]:
        return dict(zip(("initial_h", "initial_c"), operands[4:], strict=False))
