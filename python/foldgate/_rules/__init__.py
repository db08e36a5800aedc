"""The gradients of NumPy's functions, for the tape: loaded when a Tensor first meets one of them."""

from foldgate._rules import elementwise, products, reductions, shapes
from foldgate._rules._table import CONSTANTS, FUNCTIONS, UFUNCS

__all__ = ["CONSTANTS", "FUNCTIONS", "UFUNCS", "elementwise", "products", "reductions", "shapes"]
