"""A count of what has changed anywhere in what layers and models hold: weights, layers, metrics, `trainable`.

What was looked up by walking through a model stands as long as the count does.
"""

from __future__ import annotations

count = 0


def changed() -> None:
    """Something did."""
    global count
    count += 1
