"""Layers that look for what matters in a sequence."""

from foldgate.layers.attention.additive import AdditiveAttention
from foldgate.layers.attention.attention import Attention
from foldgate.layers.attention.grouped_query import GroupQueryAttention
from foldgate.layers.attention.multi_head import MultiHeadAttention

__all__ = ["AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"]
