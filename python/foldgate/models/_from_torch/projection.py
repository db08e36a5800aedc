"""LSTM with proj_size: h = m P, where m is what an LSTM without it puts out.

The next step takes h R = m (P R), so that the LSTM of m with the recurrent kernel P R runs as the projected
one does, and its outputs are projected by a Dense layer. A given h is that of m = h P^+, as P^+ P is the
identity.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from foldgate import layers
from foldgate.models._from_torch.convert import Converter, array_of


class Projection(NamedTuple):
    """That of one layer: P (units, proj_size) of each direction."""

    c: Converter
    kernels: list[Any]
    place: str

    def before(self, states: list[Any]) -> list[Any]:
        """h, c of each direction as the LSTM of m takes them."""
        return [
            self._dense(f"initial_{k // 2}", np.linalg.pinv(self.kernels[k // 2]), s) if k % 2 == 0 else s
            for k, s in enumerate(states)
        ]

    def after(self, y: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The outputs, and h, c of each direction, as torch has them."""
        units = self.kernels[0].shape[0]
        parts = [y] if len(self.kernels) == 1 else [y[:, :, :units], y[:, :, units:]]
        ys = [self._dense(str(way), self.kernels[way], part) for way, part in enumerate(parts)]
        ends = [
            self._dense(str(k // 2), self.kernels[k // 2], s) if k % 2 == 0 else s
            for k, s in enumerate(states)
        ]
        return ys[0] if len(ys) == 1 else np.concatenate(ys, axis=2), ends

    def _dense(self, name: str, kernel: Any, x: Any) -> Any:
        suffix = f"_projection_{self.place}_{name}"
        make = lambda: layers.Dense(kernel.shape[1], use_bias=False, **self.c.options(suffix))  # noqa: E731
        return self.c.with_weights(self.c.once(make, suffix), x, [kernel])


def of(c: Converter, part: Any, i: int, ways: list[str]) -> Projection:
    """The projection of a module's layer i."""
    return Projection(c, [array_of(getattr(part, f"weight_hr_l{i}{way}")).T for way in ways], str(i))
