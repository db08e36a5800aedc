"""The compiled functions called past the checks of `foldgate.ops`: they hold by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from bad_inputs.native.convolutions import conv_rows
from bad_inputs.native.optimizers import optimizer_rows
from bad_inputs.native.pools import pool_backward_rows, pool_rows
from bad_inputs.native.products import matmul_backward_rows, matmul_rows
from bad_inputs.native.recurrent import recurrent_rows
from bad_inputs.rows import Row


def native_rows() -> Iterator[Row]:
    yield from matmul_backward_rows()
    yield from optimizer_rows()
    yield from matmul_rows()
    yield from pool_rows()
    yield from pool_backward_rows()
    yield from recurrent_rows()
    yield from conv_rows()
