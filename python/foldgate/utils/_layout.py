"""Where the boxes of a graph go: in rows by their longest way from an input, with few crossings.

Sugiyama's four steps: rows, an order within each row, places within the order, and routes. A route that
passes a row takes a place of its own there, so that no line runs through a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
SWEEPS = 12
LANE = 10.0  # width of a place that a route takes


class Layout:
    """Places of boxes and routes of edges, y downwards.

    Args:
        sizes: (width, height) of each box.
        edges: (from, to), pairs of boxes' numbers, without cycles.
        gap: Between boxes of a row.
        row_gap: Between rows.
    """

    def __init__(
        self,
        sizes: Sequence[Point],
        edges: Sequence[tuple[int, int]],
        gap: float = 26.0,
        row_gap: float = 30.0,
    ) -> None:
        self._sizes = list(sizes)
        self._gap = gap
        rows = _longest_ways(len(sizes), edges)
        self._chains = self._with_places(edges, rows)
        self._order = self._rows(rows)
        self._untangle()
        self._x = self._place()
        heights = [max(self._sizes[i][1] for i in row) for row in self._order]
        tops = [sum(heights[:i]) + i * row_gap for i in range(len(heights))]
        centers = {i: tops[r] + heights[r] / 2 for r, row in enumerate(self._order) for i in row}
        left = min(x - self._sizes[i][0] / 2 for i, x in self._x.items())
        right = max(x + self._sizes[i][0] / 2 for i, x in self._x.items())
        self.width, self.height = right - left, tops[-1] + heights[-1]
        self.centers = [(self._x[i] - left, centers[i]) for i in range(len(sizes))]
        spans = {i: (tops[r], tops[r] + heights[r]) for r, row in enumerate(self._order) for i in row}
        self.routes = [self._route(chain, left, centers, spans) for chain in self._chains]

    def _with_places(self, edges: Sequence[tuple[int, int]], rows: list[int]) -> list[list[int]]:
        """Each edge as a chain of neighbours: where it passes a row, a place of no height stands for it."""
        chains = []
        for start, end in edges:
            chain = [start]
            for row in range(rows[start] + 1, rows[end]):
                chain.append(len(self._sizes))
                self._sizes.append((LANE, 0.0))
                rows.append(row)
            chains.append([*chain, end])
        return chains

    def _rows(self, rows: list[int]) -> list[list[int]]:
        order: list[list[int]] = [[] for _ in range(max(rows, default=0) + 1)]
        for i, row in enumerate(rows):
            order[row].append(i)
        return order

    def _neighbours(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        above: dict[int, list[int]] = {i: [] for i in range(len(self._sizes))}
        below: dict[int, list[int]] = {i: [] for i in range(len(self._sizes))}
        for chain in self._chains:
            for a, b in pairwise(chain):
                above[b].append(a)
                below[a].append(b)
        return above, below

    def _untangle(self) -> None:
        """Order each row by the mean of its neighbours' places, downwards and upwards in turn."""
        above, below = self._neighbours()
        best, fewest = [list(row) for row in self._order], self._crossings()
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for row in self._order if down else reversed(self._order):
                ranks = {i: rank for other in self._order for rank, i in enumerate(other)}
                near = above if down else below
                row.sort(key=lambda i: _mean([ranks[n] for n in near[i]], ranks[i]))
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self._order], crossings
        self._order = best

    def _crossings(self) -> int:
        ranks = {i: rank for row in self._order for rank, i in enumerate(row)}
        rows = {i: r for r, row in enumerate(self._order) for i in row}
        by_row: dict[int, list[tuple[int, int]]] = {}
        for chain in self._chains:
            for a, b in pairwise(chain):
                by_row.setdefault(rows[a], []).append((ranks[a], ranks[b]))
        return sum(
            (a - c) * (b - d) < 0
            for pairs in by_row.values()
            for k, (a, b) in enumerate(pairs)
            for c, d in pairs[k + 1 :]
        )

    def _place(self) -> dict[int, float]:
        """x of each box: as near to its neighbours' mean as those beside it let it."""
        above, below = self._neighbours()
        x: dict[int, float] = {}
        for row in self._order:
            edge = 0.0
            for i in row:
                x[i] = edge + self._sizes[i][0] / 2
                edge += self._sizes[i][0] + self._gap
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for row in self._order if down else reversed(self._order):
                near = above if down else below
                wishes = [_mean([x[n] for n in near[i]], x[i]) for i in row]
                for i, place in zip(row, self._spread(row, wishes), strict=True):
                    x[i] = place
        return x

    def _spread(self, row: list[int], wishes: list[float]) -> list[float]:
        """Places nearest to the wishes (in the sum of squares) that keep the order and the gaps.

        Boxes that would overlap are pushed together into a block, which goes to the mean of its wishes.
        """
        offsets = [0.0]
        for a, b in pairwise(row):
            offsets.append(offsets[-1] + (self._sizes[a][0] + self._sizes[b][0]) / 2 + self._gap)
        blocks: list[tuple[float, int]] = []  # (sum of wishes less offsets, number of boxes)
        for wish, offset in zip(wishes, offsets, strict=True):
            total, count = wish - offset, 1
            while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
                before = blocks.pop()
                total, count = total + before[0], count + before[1]
            blocks.append((total, count))
        starts = [total / count for total, count in blocks for _ in range(count)]
        return [start + offset for start, offset in zip(starts, offsets, strict=True)]

    def _route(
        self, chain: list[int], left: float, centers: dict[int, float], spans: dict[int, Point]
    ) -> list[Point]:
        """From the first box's lower edge to the last one's upper edge, straight through the rows between."""
        first, last = chain[0], chain[-1]
        points = [(self._x[first] - left, centers[first] + self._sizes[first][1] / 2)]
        for place in chain[1:-1]:
            points += [(self._x[place] - left, y) for y in spans[place]]
        return [*points, (self._x[last] - left, centers[last] - self._sizes[last][1] / 2)]


def _longest_ways(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Row of each box: one below the lowest that leads to it; inputs stand just above their readers."""
    rows = [0] * count
    for _ in range(count):
        changed = False
        for start, end in edges:
            if rows[end] < rows[start] + 1:
                rows[end] = rows[start] + 1
                changed = True
        if not changed:
            break
    readers: dict[int, list[int]] = {}
    for start, end in edges:
        readers.setdefault(start, []).append(end)
    entered = {end for _, end in edges}
    for start, ends in readers.items():
        if start not in entered:
            rows[start] = min(rows[end] for end in ends) - 1
    return rows


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
