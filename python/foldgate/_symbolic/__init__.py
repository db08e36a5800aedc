"""Tensors that stand for arrays while a functional model is put together, and the graph between them."""
