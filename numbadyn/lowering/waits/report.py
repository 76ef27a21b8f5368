"""Owners and blocks of steps in words.

In: a bound program and when somebody looks at it from outside.  Out: lines of text.  Must not know: targets.
"""

from __future__ import annotations

from collections.abc import Iterable

from numbadyn.lowering.program import CHECK_EVERY, Program
from numbadyn.lowering.waits.blocks import Blocks, Limit, Look, blocks_of
from numbadyn.lowering.waits.exchanges import Lags
from numbadyn.lowering.waits.owners import by_population, by_ranges

__all__ = ["blocks_text"]

_MOST = 4
"""Most limits that are named one by one."""


def blocks_text(program: Program, lags: Lags, looks: Iterable[Look] = (), *, verbose: bool = False) -> list[str]:
    """How many steps an owner of a range of each population can run on its own, and what limits it.

    Parameters
    ----------
    program : Program
        Lowered network.
    lags : Lags
        Bound delays.
    looks : iterable of Look
        Recordings and whatever else looks at the network from outside.
    verbose : bool
        Name all that crosses owners, not just what crosses first; and say how long blocks are where no population is
        divided among owners.

    Returns
    -------
    list of str
    """
    check = Look("search for values that are not finite", CHECK_EVERY)
    blocks, dt = blocks_of(program, by_ranges(program), lags, [*looks, check]), lags.evaluator.context.dt
    least = [limit for limit in blocks.limits if limit.steps == blocks.between]
    named = blocks.limits if verbose else least[:_MOST]
    lines = [_exchange(blocks, dt), *(f"  {_limit(limit, dt)}" for limit in named)]
    lines += [f"  and {len(least) - len(named)} more"] if len(least) > len(named) else []
    shorter = [look for look in blocks.looks if blocks.between is None or look.every < blocks.between]
    lines += [f"{_look(look)}: blocks of {_steps(look.every)}" for look in shorter]
    if verbose:
        whole = blocks_of(program, by_population(program), lags)
        lines.append(f"{_length(whole, dt)}, where each population has one owner")
    return lines


def _length(blocks: Blocks, dt: float) -> str:
    if blocks.between is None:
        return "as long as a run"
    return f"blocks of {_steps(blocks.between)} ({blocks.between * dt:g} ms)" if blocks.between else "none"


def _exchange(blocks: Blocks, dt: float) -> str:
    length = _length(blocks, dt)
    if blocks.between is None:
        return f"{length}: a part of each population never needs anything of the others"
    if blocks.between == 0:
        times = {1: "once", 2: "twice"}.get(len(blocks.cuts), f"{len(blocks.cuts)} times")
        return f"{length}: parts of populations wait for each other {times} in a step; what crosses within it:"
    return f"{length}: for so long a part of each population needs nothing of the others; what crosses first:"


def _limit(limit: Limit, dt: float) -> str:
    what = f"{limit.what} to {limit.who}"
    if limit.delay is None:
        return f"{what}: in the step in which it is computed"
    delay = f"{limit.delay * dt:g} ms = {_steps(limit.delay)}" if limit.delay else "no delay"
    return f"{what}: {delay}" + ("" if limit.steps == limit.delay else ", counted from the end of a step")


def _look(look: Look) -> str:
    return f"{look.what} every {_steps(look.every) if look.every > 1 else 'step'}"


def _steps(count: int) -> str:
    return f"{count} step{'s' if count != 1 else ''}"
