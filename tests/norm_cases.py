"""Shapes of the normalisations: around lanes, wide rows and their tails, parts, units and long planes."""

from __future__ import annotations

BATCH = [  # shape, axis
    ((7, 1), -1),
    ((5, 3), 1),
    ((1, 4), -1),
    ((70, 17), -1),
    ((131, 3), -1),
    ((70, 600), 1),
    ((3, 5, 7, 6), -1),
    ((3, 6, 5, 7), 1),
    ((2, 3, 70), 1),
    ((4, 6, 7, 8), 2),
    ((2, 2, 40, 41), 1),
    ((70, 2, 45, 45), 1),
    ((6, 5, 7, 7), 1),
    ((1, 3, 40000), 1),
]
"""The last but three has units that tasks do whole, in rows; the last is cut into pieces."""

GROUPS = [  # shape, axis, groups
    ((3, 6), -1, 2),
    ((2, 5, 7, 6), -1, 3),
    ((2, 6, 5, 7), 1, 3),
    ((2, 6, 5, 7), 1, 1),
    ((2, 5, 7, 6), -1, 6),
    ((3, 17, 34), -1, 2),
    ((3, 34, 17), 1, 17),
    ((2, 33000, 4), -1, 2),
    ((2, 4, 66000), 1, 2),
    ((1, 2, 3, 4, 8), -1, 4),
]

ROWS = [  # shape, axis
    ((1,), -1),
    ((5, 1), -1),
    ((9, 7), -1),
    ((5, 16), 1),
    ((6, 33), (1,)),
    ((3, 5, 257), -1),
    ((3, 4, 5, 6), (-2, -1)),
    ((3, 4, 5), (0, 1, 2)),
    ((2, 5000), -1),
    ((200, 100), -1),
]


def channels(shape: tuple[int, ...], axis: int) -> int:
    return shape[axis]
