"""LSTM, GRU and RNN of torch, a layer (or Bidirectional of one) for each of theirs."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import layers
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate.models._from_torch import projection
from foldgate.models._from_torch.convert import Converter, array_of, kind_of
from foldgate.models._from_torch.packed import Packed

_KINDS = {"LSTM": layers.LSTM, "GRU": layers.GRU, "RNN": layers.SimpleRNN}


class Zeros:
    """Initial states of zeros, which are what a layer begins with anyway."""


def recurrent(c: Converter, part: Any, x: Any, hx: Any = None) -> Any:
    """`(output, h_n)`, or `(output, (h_n, c_n))` of an LSTM; the states are made where they are used."""
    packed = x if isinstance(x, Packed) else None
    x = x if packed is None else packed.x
    if len(x.shape) != 3:
        raise c.refuse(f"its input has shape {x.shape}; expected 3 axes, the batch among them")
    ways, wanted = 2 if part.bidirectional else 1, states_are_used(c)
    starts = _starts(c, part, hx)
    y = x if part.batch_first or packed is not None else np.swapaxes(x, 0, 1)
    mask = None if packed is None else packed.mask
    ends: list[list[Any]] = []
    for i in range(part.num_layers):
        own = [state[i * ways : (i + 1) * ways] for state in starts]
        own = [state[way] for way in range(ways) for state in own]  # h, c of one way, then of the other
        y, states = _one(c, part, i, y, own, wanted, mask)
        ends += states
        if part.dropout and i < part.num_layers - 1:
            y = c.once(lambda: layers.Dropout(part.dropout, **c.options("_dropout")), f"dropout_{i}")(y)
    y = packed._replace(x=y) if packed is not None else y if part.batch_first else np.swapaxes(y, 0, 1)
    if not wanted:
        return y, None
    states = [np.stack(list(column), axis=0) for column in zip(*ends, strict=True)]
    return y, tuple(states) if part.mode == "LSTM" else states[0]


def states_are_used(c: Converter) -> bool:
    """Whether any call of the module at hand has more of its result taken than the first part."""
    import operator

    calls = [node for node in c.graph.nodes if node.op == c.node.op and node.target == c.node.target]
    users = [user for node in calls for user in node.users]
    return not all(user.target is operator.getitem and user.args[1] == 0 for user in users)


def _starts(c: Converter, part: Any, hx: Any) -> list[list[Any]]:
    """The initial states by layer and direction; none where they are zeros."""
    given = [] if hx is None else list(hx) if isinstance(hx, (list, tuple)) else [hx]
    if all(isinstance(state, Zeros) for state in given):
        return []
    if not all(isinstance(state, KerasTensor) for state in given):
        raise c.refuse("initial states are neither zeros nor inputs of the model")
    count = part.num_layers * (2 if part.bidirectional else 1)
    return [[state[i] for i in range(count)] for state in given]


def _one(
    c: Converter, part: Any, i: int, x: Any, own: list[Any], wanted: bool, mask: Any
) -> tuple[Any, list[Any]]:
    """One layer; its output and [h, c] or [h] of each direction."""
    kind = "RNN" if part.mode.startswith("RNN") else part.mode
    options: dict[str, Any] = {"return_sequences": True, "return_state": wanted, "use_bias": part.bias}
    if mask is not None:
        options["zero_output_for_mask"] = True
    if kind == "RNN":
        options["activation"] = part.mode.split("_")[1].lower()

    def make() -> Any:
        settings = c.options("" if part.num_layers == 1 else f"_{i}")
        if not part.bidirectional:
            return _KINDS[kind](part.hidden_size, **options, **settings)
        inner = _KINDS[kind](part.hidden_size, dtype=c.dtype, name=settings["name"] + "_cell", **options)
        return layers.Bidirectional(inner, **settings)

    layer = c.once(make, f"layer_{i}")
    project = projection.of(c, part, i, _ways(part)) if getattr(part, "proj_size", 0) else None
    if project is not None:
        own = project.before(own)
    given = {**({"initial_state": own} if own else {}), **({} if mask is None else {"mask": mask})}
    found = layer(x, **given)
    layer.set_weights(
        [np.ascontiguousarray(w, c.dtype) for way in _ways(part) for w in _weights(part, f"_l{i}{way}")]
    )
    y, *states = found if wanted else (found,)
    if project is not None:
        y, states = project.after(y, states)
    each = 2 if kind == "LSTM" else 1
    return y, [list(states[k : k + each]) for k in range(0, len(states), each)]


def _ways(part: Any) -> list[str]:
    return ["", "_reverse"] if part.bidirectional else [""]


def _weights(part: Any, end: str) -> list[Any]:
    """torch has rows of gates i, f, g, o or r, z, n and two biases; here columns i, f, c, o or z, r, h.

    Where torch projects h, the recurrent kernel is that of what is projected.
    """
    kernel, recurrent_kernel = (
        _ordered(part, array_of(getattr(part, f"weight_{k}{end}"))) for k in ("ih", "hh")
    )
    if getattr(part, "proj_size", 0):
        recurrent_kernel = recurrent_kernel @ array_of(getattr(part, f"weight_hr{end}"))
    found = [kernel.T, recurrent_kernel.T]
    if not part.bias:
        return found
    own, other = (_ordered(part, array_of(getattr(part, f"bias_{k}{end}"))) for k in ("ih", "hh"))
    return [*found, np.stack([own, other]) if _is_gru(part) else own + other]


def _is_gru(part: Any) -> bool:
    return kind_of(part).__name__ in ("GRU", "GRUCell")


def _ordered(part: Any, rows: Any) -> Any:
    if not _is_gru(part):
        return rows
    r, z, n = np.split(rows, 3)
    return np.concatenate([z, r, n])


def cell(c: Converter, part: Any, x: Any, hx: Any = None) -> Any:
    """LSTMCell, GRUCell or RNNCell: a layer over a single step."""
    if len(x.shape) != 2:
        raise c.refuse(f"its input has shape {x.shape}; expected 2 axes, the batch among them")
    name = kind_of(part).__name__.removesuffix("Cell")
    given = [] if hx is None else list(hx) if isinstance(hx, (list, tuple)) else [hx]
    given = [] if all(isinstance(state, Zeros) for state in given) else given
    if not all(isinstance(state, KerasTensor) for state in given):
        raise c.refuse("initial states are neither zeros nor tensors of the model")
    options = {"activation": part.nonlinearity} if name == "RNN" else {}
    layer = c.once(lambda: _KINDS[name](
        part.hidden_size, use_bias=part.bias, return_state=True, **options, **c.options()
    ))  # fmt: skip
    _, *states = layer(np.expand_dims(x, 1), **({"initial_state": given} if given else {}))
    layer.set_weights([np.ascontiguousarray(w, c.dtype) for w in _weights(part, "")])
    return tuple(states) if name == "LSTM" else states[0]


MODULES = {
    **dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent),
    **dict.fromkeys(("LSTMCell", "GRUCell", "RNNCell"), cell),
}
