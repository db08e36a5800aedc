"""Array functions: NumPy arrays in, NumPy arrays out, forward and backward.

`foldgate.reference` has the same functions in plain NumPy.
"""

from foldgate.ops.matmul import matmul

__all__ = ["matmul"]
