"""All rows of bad input, and the judgement of one."""

from __future__ import annotations

from collections.abc import Iterator

from bad_inputs.adaptive import adaptive_rows
from bad_inputs.attention import attention_rows
from bad_inputs.bidirectional import bidirectional_rows
from bad_inputs.conv_parts import conv_part_rows
from bad_inputs.elementwise import elementwise_rows
from bad_inputs.layers import layer_rows
from bad_inputs.native import native_rows
from bad_inputs.norms import norm_rows
from bad_inputs.operands import operand_rows
from bad_inputs.optimizers import optimizer_rows
from bad_inputs.packed import packed_rows
from bad_inputs.packed_recurrent import packed_recurrent_rows
from bad_inputs.pooled import pooled_rows
from bad_inputs.pools import pool_rows
from bad_inputs.recurrent import recurrent_rows
from bad_inputs.rows import Row
from bad_inputs.softmax import softmax_rows
from bad_inputs.stacked import stacked_rows
from bad_inputs.transposed import transposed_rows
from bad_inputs.windows import window_rows


def all_rows() -> Iterator[Row]:
    yield from operand_rows()
    yield from window_rows()
    yield from transposed_rows()
    yield from adaptive_rows()
    yield from conv_part_rows()
    yield from pool_rows()
    yield from elementwise_rows()
    yield from norm_rows()
    yield from attention_rows()
    yield from softmax_rows()
    yield from layer_rows()
    yield from recurrent_rows()
    yield from bidirectional_rows()
    yield from stacked_rows()
    yield from native_rows()
    yield from packed_rows()
    yield from pooled_rows()
    yield from packed_recurrent_rows()
    yield from optimizer_rows()


def complaint(row: Row) -> str | None:
    """What is wrong with how the call ended; None when nothing is."""
    try:
        result = row.function(**row.arguments)
    except row.error as error:
        missing = [words for words in row.words if words not in str(error)]
        return f"{row.name}: said {str(error)!r}, without {missing}" if missing else None
    except Exception as error:
        return f"{row.name}: raised {type(error).__name__}({error}), not {row.error.__name__}"
    return f"{row.name}: returned {type(result).__name__}, raised no {row.error.__name__}"
