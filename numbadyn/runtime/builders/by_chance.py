"""Synapses of rules in which a function of the user says how likely each pair is.

In: a rule with a function of pairs, a seed and a stream.  Out: offsets and targets of rows.  Must not know: weights and
delays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ConnectivityError
from numbadyn.model.init import OfPairs
from numbadyn.projections.connectivity import FixedInDegree, FixedOutDegree, FixedProb
from numbadyn.runtime.builders.cpu.compiled import structure_kernels

if TYPE_CHECKING:
    from numbadyn.runtime.builders.structure import DrawKey

__all__ = ["likely_partners", "pair_by_pair"]

Indices = NDArray[np.int64]
Rows = tuple[Indices, NDArray[np.uint32]]

_PAIRS = 1 << 18
"""Pairs that a function of the user is asked for at a time."""


def pair_by_pair(rule: FixedProb, draw: DrawKey) -> Rows:
    """Decide about each pair that may have a synapse by its own probability.

    Parameters
    ----------
    rule : FixedProb
        With a function of pairs.
    draw : DrawKey
        Seed and stream of the projection.

    Returns
    -------
    offsets : ndarray of int64, shape (n_pre + 1,)
    targets : ndarray of uint32, shape (n_synapses,)
        As of `Structure`.
    """
    assert isinstance(rule.prob, OfPairs)
    offsets, parts = np.zeros(rule.n_pre + 1, dtype=np.int64), [np.empty(0, dtype=np.uint32)]
    for pre, post in rule.prob.candidates(rule.n_pre, rule.n_post, _PAIRS):
        pre, post = _of_others(rule, pre, post)
        kept = np.empty(pre.size, dtype=np.bool_)
        structure_kernels().draw_pairs(kept, pre, post, rule.chances(pre, post), *draw)
        pre, post = pre[kept], post[kept]
        if pre.size:  # a piece is about a few rows that follow each other
            counts = np.bincount(pre - pre.min())
            offsets[pre.min() + 1 :][: counts.size] += counts
        parts.append(post[np.argsort(pre * rule.n_post + post, kind="stable")].astype(np.uint32))
    np.cumsum(offsets, out=offsets)
    return offsets, np.concatenate(parts)


def likely_partners(rule: FixedInDegree | FixedOutDegree, draw: DrawKey) -> Rows:
    """Draw the same number of partners for each neuron, some of them more likely than others.

    Parameters
    ----------
    rule : FixedInDegree or FixedOutDegree
        With a function of pairs.
    draw : DrawKey
        Seed and stream of the projection.

    Returns
    -------
    offsets, targets
        See `pair_by_pair`.

    Raises
    ------
    ConnectivityError
        A neuron has too few partners to choose from.
    """
    assert isinstance(rule.prob, OfPairs)
    inward = isinstance(rule, FixedInDegree)
    there = np.zeros(rule.n_post if inward else rule.n_pre, dtype=np.int64)
    parts = [np.empty(0, dtype=np.int64)]
    for pre, post in rule.prob.candidates(rule.n_pre, rule.n_post, _PAIRS, by_post=inward):
        pre, post = _of_others(rule, pre, post)
        chances = rule.chances(pre, post)
        likely = np.flatnonzero(chances > 0.0)
        pre, post, chances = pre[likely], post[likely], chances[likely]
        owner = post if inward else pre
        if not owner.size or not rule.num:
            continue
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        there[owner[starts]] = np.diff(starts, append=owner.size)
        pick = _drawn_anew if rule.multapses else _first_to_come
        chosen = pick(rule, draw, pre, post, chances, starts, owner)
        parts.append(pre[chosen] * rule.n_post + post[chosen])
    _need_partners(rule, there, inward)
    pair = np.concatenate(parts)
    pair.sort()
    offsets = np.zeros(rule.n_pre + 1, dtype=np.int64)
    np.cumsum(np.bincount(pair // rule.n_post, minlength=rule.n_pre), out=offsets[1:])
    return offsets, (pair % rule.n_post).astype(np.uint32)


def _of_others(rule: Any, pre: Indices, post: Indices) -> tuple[Indices, Indices]:
    """Some pairs, without those of a neuron with itself where the rule wants none."""
    if rule.autapses:
        return pre, post
    others = pre != post
    return pre[others], post[others]


def _first_to_come(
    rule: Any, draw: DrawKey, pre: Indices, post: Indices, rates: NDArray[np.float64], starts: Indices, owner: Indices
) -> Indices:
    """For each owner, the pairs of the shortest times; of equal ones, which are rare, the first partners."""
    times = np.empty(rates.size)
    structure_kernels().draw_times(times, pre, post, rates, *draw)
    chosen = []
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), owner.size], strict=True):
        mine = times[start:end]
        if end - start > rule.num:
            latest = np.partition(mine, rule.num - 1)[rule.num - 1]
            inside = np.flatnonzero(mine <= latest)
            if inside.size > rule.num:
                inside = np.lexsort((post[start:end], pre[start:end], mine))[: rule.num]
        else:
            inside = np.arange(end - start)
        chosen.append(start + inside)
    return np.concatenate(chosen)


def _drawn_anew(
    rule: Any, draw: DrawKey, pre: Indices, post: Indices, chances: NDArray[np.float64], starts: Indices, owner: Indices
) -> Indices:
    """For each owner, as many draws as there are synapses, each in proportion to the chances of all its pairs."""
    partner = pre + post - owner
    order = np.argsort(owner * max(rule.n_pre, rule.n_post) + partner)  # each pair once, so that no two are equal
    chances, draws, chosen = chances[order], np.empty(rule.num), []
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), owner.size], strict=True):
        structure_kernels().fill_uniforms(draws, rule.num, owner[start], 0, *draw)
        upto = np.cumsum(chances[start:end])
        place = np.searchsorted(upto, draws * upto[-1], side="right")
        chosen.append(start + np.minimum(place, end - start - 1))
    return np.asarray(order[np.concatenate(chosen)])


def _need_partners(rule: Any, there: Indices, inward: bool) -> None:
    """Refuse neurons with too few partners of a probability above zero."""
    least = min(rule.num, 1) if rule.multapses else rule.num
    short = np.flatnonzero(there < least) if rule.num else np.empty(0, dtype=np.int64)
    if short.size:
        whose, partners = ("postsynaptic", "presynaptic") if inward else ("presynaptic", "postsynaptic")
        raise ConnectivityError(
            f"The {whose} neuron {short[0]} has {there[short[0]]} {partners} neurons to choose from, whom "
            f"{rule.prob!r} gives a probability above zero, but num is {rule.num} (too few for {short.size} of "
            f"{there.size} neurons).",
            where=f"{type(rule).__name__}(prob)",
            cure="Ask for fewer, let the function reach farther"
            + ("." if rule.multapses else ", or allow several synapses for each pair with multapses=True."),
            neuron=int(short[0]),
            partners=int(there[short[0]]),
            num=rule.num,
        )
