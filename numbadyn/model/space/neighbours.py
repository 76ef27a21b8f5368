"""Pairs of neurons that are near each other, found by cells of space.

In: positions, a reach, a period.  Out: candidate pairs, piece by piece.  Must not know: what is asked about the pairs.

Space is cut into boxes whose edges are no shorter than the reach, so that whoever is within reach stands in the same
box or in one next to it. Nothing is of the size of all pairs; a piece has some hundred thousand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["near_pairs"]

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

_ROWS = 1 << 14
_MARGIN = 1.0 + 1e-9


def near_pairs(pre: Floats, post: Floats, reach: float, period: Any, most: int) -> Iterator[tuple[Indices, Indices]]:
    """Pairs that may be within reach.

    Parameters
    ----------
    pre, post : ndarray, shape (n, axes)
        Positions.
    reach : float
        Distance up to which pairs are wanted.
    period : float, ndarray of shape (axes,) or None
        After what lengths space repeats itself.
    most : int
        About how many pairs a piece has; a neuron's pairs stay in one piece.

    Yields
    ------
    pre, post : ndarray of int64, shape (n,)
        Every pair within reach once, with others that are farther apart. Presynaptic indices do not descend from
        piece to piece; inside a piece the order is by presynaptic index.

    Examples
    --------
    >>> line = np.arange(6.0)[:, None]
    >>> pre, post = next(near_pairs(line, line, 1.0, None, 100))
    >>> int((abs(pre - post) <= 1).sum()), pre[:2], post[:2]
    (16, array([0, 0]), array([0, 1]))
    """
    counts, low, width = _cells(pre, post, reach, period)
    cell_pre, cell_post = (_cell_of(places, low, width, counts, period) for places in (pre, post))
    flat = np.ravel_multi_index(tuple(cell_post.T), counts)
    by_cell = np.argsort(flat, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=int(np.prod(counts))))])
    steps = [(0,) if n == 1 else (-1, 0, 1) for n in counts]
    around = np.array(list(itertools.product(*steps)))
    for first in range(0, len(pre), _ROWS):
        beside = _beside(cell_pre[first : first + _ROWS], around, counts, period)
        begin = np.where(beside < 0, 0, starts[beside])
        number = np.where(beside < 0, 0, starts[beside + 1] - starts[beside])
        ends = np.cumsum(number.sum(axis=1))
        a = 0
        while a < len(beside):
            done = ends[a - 1] if a else 0
            b = max(int(np.searchsorted(ends, done + most, side="right")), a + 1)
            yield _listed(first, a, b, begin, number, by_cell)
            a = b


def _listed(first: int, a: int, b: int, begin: Indices, number: Indices, by_cell: Indices) -> tuple[Indices, Indices]:
    """All pairs of the rows `a` to `b` of a block."""
    counts, begins = number[a:b].reshape(-1), begin[a:b].reshape(-1)
    ends = np.cumsum(counts)
    total = int(ends[-1]) if ends.size else 0
    place = np.arange(total) + np.repeat(begins - (ends - counts), counts)
    rows = np.repeat(np.arange(first + a, first + b), number[a:b].sum(axis=1))
    return rows, by_cell[place]


def _cells(pre: Floats, post: Floats, reach: float, period: Any) -> tuple[tuple[int, ...], Floats, Floats]:
    """Number of boxes along each axis, where they begin, and how wide they are."""
    axes = pre.shape[1]
    most = max(1, int(np.ceil((4 * len(post)) ** (1 / axes))))
    if period is None:
        low = np.minimum(pre.min(axis=0), post.min(axis=0))
        extent = np.maximum(pre.max(axis=0), post.max(axis=0)) - low
    else:
        low, extent = np.zeros(axes), np.broadcast_to(np.asarray(period, dtype=np.float64), (axes,))
    counts = np.clip(np.floor(extent / (reach * _MARGIN)), 1, most).astype(int)
    if period is not None:
        counts[counts < 3] = 1  # both neighbours would be one box
    width = np.where(extent > 0, extent / counts, 1.0)
    return tuple(counts.tolist()), low, width


def _cell_of(places: Floats, low: Floats, width: Floats, counts: tuple[int, ...], period: Any) -> Indices:
    """Box of each position, shape (n, axes)."""
    inside = places - low if period is None else places - np.floor(places / period) * period
    return np.clip(np.floor(inside / width), 0, np.array(counts) - 1).astype(np.int64)


def _beside(cells: Indices, around: Indices, counts: tuple[int, ...], period: Any) -> Indices:
    """Flat numbers of the boxes around each of some, shape (n, boxes); -1 where space ends."""
    boxes = cells[:, None, :] + around
    limits = np.array(counts)
    if period is not None:
        wrapped = np.ravel_multi_index(tuple(np.moveaxis(boxes % limits, -1, 0)), counts)
        return np.asarray(wrapped)
    outside = ((boxes < 0) | (boxes >= limits)).any(axis=2)
    flat = np.ravel_multi_index(tuple(np.moveaxis(np.clip(boxes, 0, limits - 1), -1, 0)), counts)
    return np.asarray(np.where(outside, -1, flat))
