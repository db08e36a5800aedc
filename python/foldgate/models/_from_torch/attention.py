"""MultiheadAttention of torch, and the blocks of a Transformer that are made of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import layers
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate.models._from_torch import functions, modules
from foldgate.models._from_torch.convert import Converter, array_of
from foldgate.models._from_torch.recurrent import states_are_used


def multi_head(
    c: Converter, part: Any, query: Any, key: Any, value: Any, key_padding_mask: Any = None,
    need_weights: bool = True, attn_mask: Any = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> Any:  # fmt: skip
    """`(output, weights)`; the weights where they are used."""
    if not part.batch_first:
        query, key, value = (np.swapaxes(x, 0, 1) for x in (query, key, value))
    wanted = need_weights and states_are_used(c)
    y: Any = attend(c, part, query, key, value, key_padding_mask, attn_mask, wanted)
    weights: Any = None
    if wanted:
        y, weights = y
        weights = np.mean(weights, axis=1) if average_attn_weights else weights
    return y if part.batch_first else np.swapaxes(y, 0, 1), weights


def attend(
    c: Converter, part: Any, query: Any, key: Any, value: Any, padding: Any, mask: Any, wanted: bool = False
) -> Any:
    """The layer of a MultiheadAttention on (N, T, E)."""
    if part.bias_k is not None or part.add_zero_attn:
        raise c.refuse("add_bias_kv and add_zero_attn have no counterpart here")
    if any(len(x.shape) != 3 for x in (query, key, value)):
        raise c.refuse(f"its query has shape {query.shape}; expected 3 axes, the batch among them")
    size = part.head_dim
    layer = c.once(lambda: layers.MultiHeadAttention(
        part.num_heads, size, size, dropout=float(part.dropout), use_bias=part.in_proj_bias is not None,
        **c.options(),
    ))  # fmt: skip
    masks: dict[str, Any] = {}
    if padding is not None:
        masks["value_mask"] = _counts(c, padding)
    if mask is not None:
        masks["attention_mask"] = _counts(c, mask)
    y = layer(query, value, key, return_attention_scores=wanted, **masks)
    layer.set_weights([np.ascontiguousarray(weight, c.dtype) for weight in _weights(part, size)])
    return y


def _counts(c: Converter, mask: Any) -> Any:
    """A mask of torch, True where a key does not count, the other way round; numbers that are added are 0
    or minus infinity."""
    if isinstance(mask, KerasTensor):
        if mask.dtype != "bool" or len(mask.shape) > 2:
            raise c.refuse(f"a mask of {mask.dtype} and shape {mask.shape}; expected bools of two axes")
        return np.logical_not(mask)
    array = np.asarray(mask)
    if array.ndim != 2 or (array.dtype != bool and not np.isin(array, (0.0, -np.inf)).all()):
        raise c.refuse("a mask is neither of bools nor of 0 and minus infinity, with two axes")
    return ~array if array.dtype == bool else array == 0


def _weights(part: Any, size: int) -> list[Any]:
    """torch has rows (heads times size); here query, key and value have kernels (E, heads, size)."""
    heads = (part.num_heads, size)
    if part.in_proj_weight is not None:
        rows = np.split(array_of(part.in_proj_weight), 3)
    else:
        rows = [array_of(getattr(part, f"{name}_proj_weight")) for name in "qkv"]
    kernels = [one.T.reshape(-1, *heads) for one in rows]
    out = array_of(part.out_proj.weight).T.reshape(*heads, -1)
    if part.in_proj_bias is None:
        return [*kernels, out]
    biases = [one.reshape(heads) for one in np.split(array_of(part.in_proj_bias), 3)]
    pairs = [weight for pair in zip(kernels, biases, strict=True) for weight in pair]
    return [*pairs, out, array_of(part.out_proj.bias)]


def encoder_layer(
    c: Converter, part: Any, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None,
    is_causal: bool = False,
) -> Any:  # fmt: skip
    """TransformerEncoderLayer."""
    first = part.self_attn.batch_first
    x = src if first else np.swapaxes(src, 0, 1)
    y = _encoded(c, part, x, src_mask, src_key_padding_mask)
    return y if first else np.swapaxes(y, 0, 1)


def _encoded(c: Converter, part: Any, x: Any, mask: Any, padding: Any) -> Any:
    def attention(z: Any) -> Any:
        return c.within("self_attn", attend, part.self_attn, z, z, z, padding, mask)

    x = _block(c, part, x, attention, "1")
    return _block(c, part, x, lambda z: _feed_forward(c, part, z), "2")


def decoder_layer(
    c: Converter, part: Any, tgt: Any, memory: Any, tgt_mask: Any = None, memory_mask: Any = None,
    tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None, tgt_is_causal: bool = False,
    memory_is_causal: bool = False,
) -> Any:  # fmt: skip
    """TransformerDecoderLayer."""
    first = part.self_attn.batch_first
    x, seen = (tgt, memory) if first else (np.swapaxes(tgt, 0, 1), np.swapaxes(memory, 0, 1))

    def own(z: Any) -> Any:
        return c.within("self_attn", attend, part.self_attn, z, z, z, tgt_key_padding_mask, tgt_mask)

    def across(z: Any) -> Any:
        of = part.multihead_attn
        return c.within("multihead_attn", attend, of, z, seen, seen, memory_key_padding_mask, memory_mask)

    x = _block(c, part, x, own, "1")
    x = _block(c, part, x, across, "2")
    y = _block(c, part, x, lambda z: _feed_forward(c, part, z), "3")
    return y if first else np.swapaxes(y, 0, 1)


def _block(c: Converter, part: Any, x: Any, inner: Any, number: str) -> Any:
    """x + inner(x), normalized before or after."""
    norm, drop = getattr(part, f"norm{number}"), getattr(part, f"dropout{number}")

    def normalized(z: Any) -> Any:
        return c.within(f"norm{number}", modules.MODULES[type(norm).__name__], norm, z)

    y = inner(normalized(x) if part.norm_first else x)
    y = c.within(f"dropout{number}", functions.dropout, y, drop.p)
    y = c.within(f"add{number}", functions.add, x, y)
    return y if part.norm_first else normalized(y)


def _feed_forward(c: Converter, part: Any, x: Any) -> Any:
    """linear2(dropout(activation(linear1(x))))."""
    y = c.within("linear1", modules.linear, part.linear1, x)
    function = part.activation
    is_module = hasattr(function, "forward")
    name = type(function).__name__ if is_module else getattr(function, "__name__", "")
    form = (modules.MODULES if is_module else functions.FUNCTIONS).get(name)
    if form is None:
        raise c.refuse(f"its activation {function!r} has no counterpart here")
    y = c.within("activation", form, *([function] if is_module else []), y)
    y = c.within("dropout", functions.dropout, y, part.dropout.p)
    return c.within("linear2", modules.linear, part.linear2, y)


def encoder(
    c: Converter, part: Any, src: Any, mask: Any = None, src_key_padding_mask: Any = None,
    is_causal: Any = None,
) -> Any:  # fmt: skip
    """TransformerEncoder."""
    if src_key_padding_mask is not None and part.enable_nested_tensor:
        raise c.refuse("enable_nested_tensor is True, with src_key_padding_mask; expected False")
    x = src
    for i, one in enumerate(part.layers):
        x = c.within(f"layers.{i}", encoder_layer, one, x, mask, src_key_padding_mask)
    norm = part.norm
    return x if norm is None else c.within("norm", modules.MODULES[type(norm).__name__], norm, x)


def decoder(c: Converter, part: Any, tgt: Any, memory: Any, *masks: Any, **named: Any) -> Any:
    """TransformerDecoder."""
    x = tgt
    named = {name: mask for name, mask in named.items() if not name.endswith("is_causal")}
    for i, one in enumerate(part.layers):
        x = c.within(f"layers.{i}", decoder_layer, one, x, memory, *masks[:4], **named)
    norm = part.norm
    return x if norm is None else c.within("norm", modules.MODULES[type(norm).__name__], norm, x)


def dot_product(
    c: Converter, query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: Any = None, enable_gqa: bool = False,
) -> Any:  # fmt: skip
    """scaled_dot_product_attention of (N, heads, T, D), as the layer without projections."""
    if attn_mask is not None or enable_gqa:
        raise c.refuse("attn_mask and enable_gqa have no counterpart here")
    size = query.shape[-1]
    layer = c.once(lambda: layers.Attention(dropout=float(dropout_p), **c.options()))
    scaled = query * float(size**-0.5 if scale is None else scale)
    return layer([scaled, value, key], use_causal_mask=bool(is_causal))


MODULES = {
    "MultiheadAttention": multi_head,
    "TransformerEncoderLayer": encoder_layer,
    "TransformerDecoderLayer": decoder_layer,
    "TransformerEncoder": encoder,
    "TransformerDecoder": decoder,
}
FUNCTIONS = {"scaled_dot_product_attention": dot_product}
