"""Sequences of one length."""

from foldgate.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]
