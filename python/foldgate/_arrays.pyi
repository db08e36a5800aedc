from foldgate._typing import FloatArray

def operand(
    op: str, name: str, value: object, like: FloatArray | None = None, first: str = "x"
) -> FloatArray:
    """A float operand as the kernels read it.

    Args:
      op: name of the op, for the error.
      name: name of the argument, for the error.
      value: what the caller gave.
      like: the op's first operand, whose dtype the others must share.
      first: its name, for the error.

    Returns:
      `value` itself where it is C-contiguous, aligned and of the machine's byte order; else a copy that is.

    Raises:
      TypeError: `value` is not an array, is not float32 or float64, or has another dtype than `like`.
    """

def operands(
    op: str, name: str, values: list[FloatArray], likes: list[FloatArray], first: str
) -> list[FloatArray]:
    """`operand(op, name, value, like, first)` of each pair."""

def optional(
    op: str, name: str, value: object, like: FloatArray | None = None, first: str = "x"
) -> FloatArray | None:
    """`operand`, or None for None."""
