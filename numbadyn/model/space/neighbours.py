"""Pairs of neurons that are near each other, found by cells of space.

In: positions, a reach, a period.  Out: candidate pairs, piece by piece.  Must not know: what is asked about the pairs.

Space is cut into boxes, whose edges are no shorter than the reach or, where many neurons are within it, than a third
of it, so that whoever is within reach stands no more than so many boxes away. Nothing is of the size of all pairs; a
piece has some hundred thousand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["near_pairs"]

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

_BOXES = 1 << 19
"""Boxes around neurons that are looked up at a time."""

_MARGIN = 1.0 + 1e-9

_FINE, _ENOUGH = 3, 4
"""Boxes are this much smaller than the reach, where they have so many neurons even then."""


def near_pairs(pre: Floats, post: Floats, reach: float, period: Floats, most: int) -> Iterator[tuple[Indices, Indices]]:
    """Pairs that may be within reach.

    Parameters
    ----------
    pre, post : ndarray, shape (n, axes)
        Positions.
    reach : float
        Distance up to which pairs are wanted.
    period : ndarray, shape (axes,)
        After what lengths space repeats itself; infinite where it does not.
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
    >>> pre, post = next(near_pairs(line, line, 1.0, np.array([np.inf]), 100))
    >>> int((abs(pre - post) <= 1).sum()), pre[:2], post[:2]
    (16, array([0, 0]), array([0, 1]))
    """
    counts, low, width = _cells(pre, post, reach, period)
    cell_pre, cell_post = (_cell_of(places, low, width, counts, period) for places in (pre, post))
    flat = np.ravel_multi_index(tuple(cell_post.T), counts)
    by_cell = np.argsort(flat, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=int(np.prod(counts))))])
    around = _around(counts, width, reach)
    rows = max(_BOXES // len(around), 1)
    for first in range(0, len(pre), rows):
        beside = _beside(cell_pre[first : first + rows], around, counts, period)
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


def _cells(pre: Floats, post: Floats, reach: float, period: Floats) -> tuple[tuple[int, ...], Floats, Floats]:
    """Number of boxes along each axis, where they begin, and how wide they are."""
    axes = pre.shape[1]
    most = max(1, int(np.ceil((4 * len(post)) ** (1 / axes))))
    repeats = np.isfinite(period)
    least = np.minimum(pre.min(axis=0), post.min(axis=0))
    low = np.where(repeats, 0.0, least)
    extent = np.where(repeats, period, np.maximum(pre.max(axis=0), post.max(axis=0)) - least)
    counts = np.clip(np.floor(extent / (reach * _MARGIN)), 1, most)
    if len(post) >= _ENOUGH * _FINE**axes * np.prod(counts):
        counts = np.clip(np.floor(extent * (_FINE / (reach * _MARGIN))), 1, most)
    width = np.where(extent > 0, extent / counts, 1.0)
    # Where space is short, boxes on both sides would be one box.
    counts[repeats & (counts < 2 * np.ceil(reach * _MARGIN / width) + 1)] = 1
    width = np.where(extent > 0, extent / counts, 1.0)
    return tuple(counts.astype(int).tolist()), low, width


def _cell_of(places: Floats, low: Floats, width: Floats, counts: tuple[int, ...], period: Floats) -> Indices:
    """Box of each position, shape (n, axes)."""
    repeats = np.isfinite(period)
    lengths = np.where(repeats, period, 1.0)
    inside = np.where(repeats, places - np.floor(places / lengths) * lengths, places - low)
    return np.clip(np.floor(inside / width), 0, np.array(counts) - 1).astype(np.int64)


def _around(counts: tuple[int, ...], width: Floats, reach: float) -> Indices:
    """Boxes in which somebody within reach may stand, as steps from one's own, shape (boxes, axes)."""
    far = np.where(np.array(counts) == 1, 0, np.ceil(reach * _MARGIN / width)).astype(int).tolist()
    steps = np.array(list(itertools.product(*(range(-n, n + 1) for n in far))))
    between = np.maximum(abs(steps) - 1, 0) * width
    near = np.sqrt((between * between).sum(axis=1)) <= reach * _MARGIN
    return np.asarray(steps[near])


def _beside(cells: Indices, around: Indices, counts: tuple[int, ...], period: Floats) -> Indices:
    """Flat numbers of the boxes around each of some, shape (n, boxes); -1 where space ends."""
    boxes = cells[:, None, :] + around
    limits, repeats = np.array(counts), np.isfinite(period)
    outside = (((boxes < 0) | (boxes >= limits)) & ~repeats).any(axis=2)
    boxes = np.where(repeats, boxes % limits, np.clip(boxes, 0, limits - 1))
    flat = np.ravel_multi_index(tuple(np.moveaxis(boxes, -1, 0)), counts)
    return np.asarray(np.where(outside, -1, flat))
