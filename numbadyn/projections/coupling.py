"""Electrical coupling as a whole: which neurons are coupled, how fast they relax, and their means over a step.

In: who is joined to whom, conductances, and what turns a current into a slope.  Out: matrices.  Must not know: tracing,
models, units.

Joined neurons follow dV/dt = A V, besides everything else that acts on them, with A made of conductances over
capacitances.  A current held over the step is the first term of its solution, and grows beyond all bounds once
dt * A is large.  The mean of the solution over the step, phi(dt A) V with phi(z) = (exp(z) - 1) / z, gives currents
that end where the solution ends, however strong the coupling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_PAIRS", "Pieces", "means_over_step", "pieces_of"]

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_PAIRS = 1_000_000
"""Pairs of neurons of one piece, taken over all pieces, up to which coupling is solved exactly."""

_TERMS = 15
"""Terms of the series of phi: below 1e-17 for arguments up to a half."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Connected components: neurons that junctions join, directly or by way of others.

    Attributes
    ----------
    members : list of ndarray of int
        Numbers of the neurons of each piece, ascending.
    """

    members: list[Numbers]

    @property
    def n_pairs(self) -> int:
        """Ordered pairs of different neurons of one piece."""
        return sum(piece.size * (piece.size - 1) for piece in self.members)

    def pairs(self) -> tuple[Numbers, Numbers]:
        """Both neurons of each ordered pair of different neurons of one piece: who changes, and who makes it change."""
        changes, makes = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for piece in self.members:
            first, second = np.nonzero(~np.eye(piece.size, dtype=bool))
            changes.append(piece[first])
            makes.append(piece[second])
        return np.concatenate(changes), np.concatenate(makes)


def pieces_of(size: int, first: Numbers, second: Numbers) -> Pieces:
    """Find the connected components of `size` neurons that the given junctions make.

    Parameters
    ----------
    size : int
        Number of neurons.
    first, second : ndarray of int
        Both ends of each junction.

    Returns
    -------
    Pieces
        Pieces of two neurons or more.
    """
    least = np.arange(size)
    while True:
        joined = least.copy()
        np.minimum.at(joined, first, least[second])
        np.minimum.at(joined, second, joined[first])
        joined = joined[joined]
        if np.array_equal(joined, least):
            break
        least = joined
    order = np.argsort(least, kind="stable")
    bounds = np.flatnonzero(np.diff(least[order])) + 1
    return Pieces([piece for piece in np.split(order, bounds) if piece.size > 1])


def means_over_step(pieces: Pieces, size: int, changes: Numbers, makes: Numbers, rates: Floats, dt: float) -> Floats:
    r"""Weights of the neurons of a piece in the mean that each of them has over a step.

    Parameters
    ----------
    pieces : Pieces
        The connected components.
    size : int
        Number of neurons.
    changes, makes : ndarray of int
        One-sided junctions: who changes, and towards whom.
    rates : ndarray of float
        How fast each of them makes it change (1/ms), zero or more.
    dt : float
        Time step (ms).

    Returns
    -------
    ndarray of float, of shape (3, n_pairs)
        Weights for each of ``pieces.pairs()``. First for the potentials at the start of the step, where nothing but
        coupling acts: that of a neuron itself is what is left of one. Then for the potentials at the start, and for
        those at the end, which other things than coupling have moved at a constant rate: those of a neuron itself are
        what is left of a half.

    Notes
    -----
    With dV/dt = A V + f and f constant, the mean over the step is :math:`\varphi_1 V_0 + \varphi_2 \Delta t f`, and
    the end of the step is :math:`V_1 \approx e^{\Delta t A} V_0 + \Delta t f`, from where f is taken.
    """
    weights = [np.empty((3, 0))]
    place = np.empty(size, dtype=np.int64)
    for piece in pieces.members:
        place[piece] = np.arange(piece.size)
        here = np.isin(changes, piece)
        matrix = np.zeros((piece.size, piece.size))
        np.add.at(matrix, (place[changes[here]], place[makes[here]]), dt * rates[here])
        np.fill_diagonal(matrix, 0.0)
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        first, second, growth = _phis(matrix)
        others = ~np.eye(piece.size, dtype=bool)
        weights.append(np.array([first[others], (first - second @ growth)[others], second[others]]))
    return np.concatenate(weights, axis=1)


def _phis(matrix: Floats) -> tuple[Floats, Floats, Floats]:
    """phi1(X) = (exp(X) - 1) / X, phi2(X) = (phi1(X) - 1) / X and exp(X), of a matrix as coupling has.

    Its rows sum to zero, and its other elements are not negative. The series of X / 2^k, then k doublings:
    phi1(2 X) = (exp(X) + 1) phi1(X) / 2 and phi2(2 X) = (phi1(X)^2 + 2 phi2(X)) / 4. The doublings add and multiply
    numbers from zero to one alone, so nothing cancels; rows are kept at their sums, else rounding would double as well.
    """
    halvings = max(0, math.ceil(math.log2(max(-4.0 * float(matrix.diagonal().min()), 1.0))))
    small, identity = matrix / 2.0**halvings, np.eye(len(matrix))
    series = identity
    for k in range(_TERMS, 0, -1):
        series = identity + small @ series / (k + 2)
    second = 0.5 * series
    first = identity + small @ second
    growth = identity + small @ first
    for _ in range(halvings):
        second = 0.25 * (first @ first + 2.0 * second)
        first = 0.5 * (first + growth @ first)
        growth = growth @ growth
        growth /= growth.sum(axis=1, keepdims=True)
    first /= first.sum(axis=1, keepdims=True)
    return first, 0.5 * second / second.sum(axis=1, keepdims=True), growth
