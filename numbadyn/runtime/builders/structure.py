"""From a rule of connection to offsets and targets in canonical order.

In: a rule, a seed and a stream.  Out: the arrays of a table without delays.  Must not know: weights and delays.

Notes
-----
Nothing but the final arrays is of the size of the synapses: random rules draw twice (count, then fill) instead of
keeping pairs. How each rule draws:

* fixed probability: geometric skips along each row, into an array with room for eight standard deviations more than
  expected;
* probabilities that differ between pairs: one draw for each pair, also of fixed degrees (``by_chance.py``);
* pairwise Poisson: exponential distances along each row, with the same room;
* symmetric: geometric skips along the upper triangle, once to count and once to fill both directions;
* fixed in-degree: a subset (Floyd's method) or independent draws for each column, once to count and once to fill;
* fixed out-degree: the same for each row, then sorted;
* fixed total number: first how many synapses each row gets, then the rows as for the out-degree. With multiple synapses
  every synapse draws its row. Without, rows fill up: a row is refused with the probability that the drawn pair in it is
  taken, so the counts have the multivariate hypergeometric distribution, and given its count a row is a uniform subset.
"""

import functools
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.elementary import numpy_functions
from numbadyn.model.init import OfPairs
from numbadyn.projections.connectivity import (
    AllToAll,
    Connectivity,
    Edges,
    FixedInDegree,
    FixedOutDegree,
    FixedProb,
    FixedTotalNumber,
    Matrix,
    OneToOne,
    PairwisePoisson,
    SymmetricPairwiseBernoulli,
    list_edges,
)
from numbadyn.runtime.builders.by_chance import likely_partners, pair_by_pair
from numbadyn.runtime.builders.cpu.compiled import structure_kernels

__all__ = [
    "COUNT_STREAM",
    "DrawKey",
    "Structure",
    "longest_row",
    "poisson_scale",
    "row_counts",
    "skip_scale",
    "structure_of",
]

COUNT_STREAM = 3
"""Offset of the stream that says how many synapses each row gets (weights have 1, delays 2)."""


class DrawKey(NamedTuple):
    """The words of the counter that belong to a whole projection.

    Attributes
    ----------
    key0, key1 : uint32
        Lower and upper half of the seed.
    stream : uint32
        Whose draw it is.
    """

    key0: np.uint32
    key1: np.uint32
    stream: np.uint32

    @classmethod
    def of(cls, seed: int, stream: int) -> "DrawKey":
        """Split a seed.

        Parameters
        ----------
        seed, stream : int
            Seed of 64 bits, stream of 32 bits.

        Returns
        -------
        DrawKey
            The words.
        """
        return cls(np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF), np.uint32(stream & 0xFFFFFFFF))

    @property
    def seed(self) -> int:
        """The seed, 64 bits."""
        return int(self.key1) << 32 | int(self.key0)

    def shifted(self, by: int) -> "DrawKey":
        """Give the words of another stream of the same projection.

        Parameters
        ----------
        by : int
            Added to the stream.

        Returns
        -------
        DrawKey
            The words.
        """
        return self._replace(stream=np.uint32((int(self.stream) + by) & 0xFFFFFFFF))


class Structure(NamedTuple):
    """Who is connected to whom.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_pre + 1,)
        Where the row of each presynaptic neuron starts.
    targets : ndarray of uint32, shape (n_synapses,)
        Postsynaptic indices, ascending in each row.
    order : ndarray of int64, shape (n_synapses,), or None
        Position of each synapse in the order of the rule; None where that is the canonical order.
    """

    offsets: NDArray[np.int64]
    targets: NDArray[np.uint32]
    order: NDArray[np.int64] | None = None


@singledispatch
def structure_of(rule: Connectivity, draw: DrawKey) -> Structure:
    """Make the synapses of a rule; one that has no builder is a user's, and lists them itself.

    Parameters
    ----------
    rule : Connectivity
        The specification.
    draw : DrawKey
        Seed and stream of the projection.

    Returns
    -------
    Structure
        Offsets, targets and order.
    """
    return structure_of(list_edges(rule, (draw.seed, int(draw.stream))), draw)


@structure_of.register
def _(rule: AllToAll, draw: DrawKey) -> Structure:
    skip = not rule.autapses
    targets = np.empty(rule.n_synapses, dtype=np.uint32)
    structure_kernels().all_pairs(targets, rule.n_pre, rule.n_post, skip)
    return Structure(np.arange(rule.n_pre + 1, dtype=np.int64) * (rule.n_post - skip), targets)


@structure_of.register
def _(rule: OneToOne, draw: DrawKey) -> Structure:
    return Structure(np.arange(rule.n_pre + 1, dtype=np.int64), np.arange(rule.n_post, dtype=np.uint32))


@structure_of.register
def _(rule: FixedProb, draw: DrawKey) -> Structure:
    offsets = np.zeros(rule.n_pre + 1, dtype=np.int64)
    skip = not rule.autapses
    if isinstance(rule.prob, OfPairs):
        return Structure(*pair_by_pair(rule, draw))
    if rule.prob == 0.0:
        return Structure(offsets, np.empty(0, dtype=np.uint32))
    pairs = rule.n_pre * (rule.n_post - skip)
    room = _room(rule.prob * pairs, rule.prob * (1.0 - rule.prob) * pairs)
    targets = np.empty(min(pairs, room), dtype=np.uint32)
    row = 0
    while row < rule.n_pre:
        row = structure_kernels().draw_with_probability(
            offsets, targets, row, rule.n_post, int(skip), rule.prob, skip_scale(rule.prob), *draw
        )
        if row < rule.n_pre:
            targets = _enlarged(targets, rule.n_post)
    return Structure(offsets, targets[: offsets[-1]])


@structure_of.register
def _(rule: PairwisePoisson, draw: DrawKey) -> Structure:
    offsets = np.zeros(rule.n_pre + 1, dtype=np.int64)
    skip = not rule.autapses
    if rule.mean == 0.0:
        return Structure(offsets, np.empty(0, dtype=np.uint32))
    expected = rule.mean * rule.n_pre * (rule.n_post - skip)
    targets = np.empty(_room(expected, expected), dtype=np.uint32)
    scale = poisson_scale(rule.mean)
    row = 0
    while row < rule.n_pre:
        row = structure_kernels().draw_poisson_rows(
            offsets, targets, row, rule.n_post, int(skip), rule.mean, scale, *draw
        )
        if row < rule.n_pre:
            targets = _enlarged(targets, int(rule.mean * rule.n_post))
    return Structure(offsets, targets[: offsets[-1]])


@structure_of.register
def _(rule: SymmetricPairwiseBernoulli, draw: DrawKey) -> Structure:
    offsets = np.zeros(rule.n_pre + 1, dtype=np.int64)
    nothing = np.empty(0, dtype=np.uint32)
    if rule.prob == 0.0:
        return Structure(offsets, nothing)
    common = (int(not rule.autapses), rule.prob, skip_scale(rule.prob))
    structure_kernels().draw_symmetric(offsets, nothing, *common, False, *draw)
    np.cumsum(offsets, out=offsets)
    targets = np.empty(offsets[-1], dtype=np.uint32)
    structure_kernels().draw_symmetric(offsets, targets, *common, True, *draw)
    # Every offset has moved to the end of its row, which is the start of the next one.
    offsets[1:] = offsets[:-1]
    offsets[0] = 0
    return Structure(offsets, targets)


_LOWEST_SCALE = -1e300
"""Keeps the product with log(1) = 0 from being NaN for the smallest probabilities."""


@functools.lru_cache(maxsize=256)
def skip_scale(prob: float) -> float:
    """Give the factor that makes logarithms of uniform numbers to numbers of pairs without a synapse.

    Parameters
    ----------
    prob : float
        Probability of a synapse, above 0.

    Returns
    -------
    float
    """
    return max(1.0 / float(numpy_functions(64)["log1p"](-prob)), _LOWEST_SCALE) if prob < 1.0 else -0.0


def poisson_scale(mean: float) -> float:
    """Give the factor that makes logarithms of uniform numbers to distances of synapses, in pairs.

    Parameters
    ----------
    mean : float
        Mean number of synapses of a pair, above 0.

    Returns
    -------
    float
    """
    return max(-1.0 / mean, _LOWEST_SCALE)


def _room(expected: float, variance: float) -> int:
    """Give room for eight standard deviations more than expected."""
    return int(expected + 8.0 * variance**0.5 + 8.0)


def _enlarged(targets: NDArray[np.uint32], row: int) -> NDArray[np.uint32]:
    """Make an array of targets longer."""
    return np.concatenate((targets, np.empty(targets.size // 8 + row + 8, dtype=np.uint32)))


@structure_of.register
def _(rule: FixedInDegree, draw: DrawKey) -> Structure:
    if rule.prob is not None:
        return Structure(*likely_partners(rule, draw))
    offsets = np.zeros(rule.n_pre + 1, dtype=np.int64)
    common = (rule.n_post, int(not rule.autapses), rule.multapses, *draw)
    partners = np.empty(rule.num, dtype=np.uint32)
    structure_kernels().count_sources(offsets, _marks(rule.multapses, rule.n_pre), partners, *common)
    targets = np.empty(rule.n_synapses, dtype=np.uint32)
    structure_kernels().draw_columns(offsets, targets, _marks(rule.multapses, rule.n_pre), partners, *common)
    return Structure(offsets, targets)


@structure_of.register
def _(rule: FixedOutDegree, draw: DrawKey) -> Structure:
    if rule.prob is not None:
        return Structure(*likely_partners(rule, draw))
    offsets = np.arange(rule.n_pre + 1, dtype=np.int64) * rule.num
    return _rows(rule, offsets, draw)


@structure_of.register
def _(rule: FixedTotalNumber, draw: DrawKey) -> Structure:
    offsets = np.zeros(rule.n_pre + 1, dtype=np.int64)
    np.cumsum(row_counts(rule, draw), out=offsets[1:])
    return _rows(rule, offsets, draw)


def row_counts(rule: FixedTotalNumber, draw: DrawKey) -> NDArray[np.int64]:
    """Draw how many synapses each row gets.

    Parameters
    ----------
    rule : FixedTotalNumber
        The specification.
    draw : DrawKey
        Seed and stream of the projection.

    Returns
    -------
    ndarray of int64, shape (n_pre,)
    """
    counts = np.zeros(rule.n_pre, dtype=np.int64)
    choices = rule.n_post - (not rule.autapses)
    # Beyond one half it is quicker to draw which pairs have none; the distribution is the same.
    complement = not rule.multapses and 2 * rule.num > rule.n_pre * choices
    number = rule.n_pre * choices - rule.num if complement else rule.num
    structure_kernels().spread_over_rows(counts, number, choices, rule.multapses, *draw.shifted(COUNT_STREAM))
    if complement:
        np.subtract(choices, counts, out=counts)
    return counts


@structure_of.register
def _(rule: Edges, draw: DrawKey) -> Structure:
    kernels = structure_kernels()
    offsets = np.zeros(rule.n_pre + 1, dtype=np.int64)
    np.cumsum(np.bincount(rule.pre, minlength=rule.n_pre), out=offsets[1:])
    pre, post = np.ascontiguousarray(rule.pre), np.ascontiguousarray(rule.post)
    if kernels.is_sorted(pre, post):
        return Structure(offsets, post.copy())
    by_post = np.empty(rule.n_synapses, dtype=np.int64)
    kernels.stable_order(post, np.arange(rule.n_synapses), by_post, np.zeros(rule.n_post + 1, dtype=np.int64))
    order = np.empty(rule.n_synapses, dtype=np.int64)
    kernels.stable_order(pre, by_post, order, np.zeros(rule.n_pre + 1, dtype=np.int64))
    del by_post  # before the next array of this size
    return Structure(offsets, post[order], order)


@structure_of.register
def _(rule: Matrix, draw: DrawKey) -> Structure:
    return Structure(rule.indptr.copy(), rule.indices.copy())


def _rows(rule: FixedOutDegree | FixedTotalNumber, offsets: NDArray[np.int64], draw: DrawKey) -> Structure:
    """Fill rows of known lengths."""
    targets = np.empty(rule.n_synapses, dtype=np.uint32)
    longest = longest_row(offsets)
    structure_kernels().draw_rows(
        offsets,
        targets,
        _marks(rule.multapses, rule.n_post),
        np.empty(longest, dtype=np.uint32),
        np.empty(longest + 1, dtype=np.int64),
        rule.n_post,
        int(not rule.autapses),
        rule.multapses,
        *draw,
    )
    return Structure(offsets, targets)


def _marks(multiple: bool, candidates: int) -> NDArray[np.uint32]:
    """Room to remember which candidates are taken, where that matters."""
    return np.zeros(1 if multiple else candidates, dtype=np.uint32)


def longest_row(offsets: NDArray[np.int64]) -> int:
    """Give the number of synapses of the row that has the most.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_pre + 1,)
        Where rows start.

    Returns
    -------
    int
    """
    return int(np.diff(offsets).max(initial=0))
