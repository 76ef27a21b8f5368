"""Forecasts of memory: what a network needs, part by part, before any of it is allocated.

In: names and bytes.  Out: an error where they do not fit.  Must not know: how tables, memory and logs are made.

Memory that a program asks for is often granted and only missed when it is touched: the system then ends the process.
So sizes are compared with what is free before arrays are made, on the host as on a device.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from numbadyn.errors import NotEnoughMemoryError, NumbadynError
from numbadyn.ir.nodes import Step
from numbadyn.runtime import room

__all__ = [
    "CURES",
    "SPARE",
    "MemoryPart",
    "allocating",
    "expected_bytes",
    "require",
    "require_reading",
    "require_weights",
    "synapse_parts",
]

SPARE = 0.9
"""Part of the free memory that is given away; the rest is for what is not counted here."""

CURES = {
    "recordings": "Record fewer elements (index=...), less often (every=...) or a window of time (start=, stop=), or "
    "run in pieces: each sim.run(...) gives what it has recorded, which can be stored before the next one",
    "synapses": "Take fewer synapses, or weights that are equal, which take no room",
    "states": "Take fewer neurons, shorter delays or a longer time step, since a history keeps a sample for each step "
    "of the longest delay",
}


class MemoryPart(NamedTuple):
    """Something that needs memory.

    Parameters
    ----------
    name : str
        The user's name for it, with its measures.
    size : int
        Bytes.
    """

    name: str
    size: int


def require(
    parts: Sequence[MemoryPart],
    *,
    what: str,
    cure: str,
    where: str | None = None,
    free: int | None = None,
    owner: str = "this process",
    error: type[NumbadynError] = NotEnoughMemoryError,
) -> None:
    """Refuse what would not fit.

    Parameters
    ----------
    parts : sequence of MemoryPart
        What is to be allocated.
    what : str
        What all parts are, as the beginning of a sentence.
    cure : str
        What to do.
    where : str, optional
        Place for the message; the largest part by default.
    free : int, optional
        Bytes that are free; what the host has by default.
    owner : str
        Who has them.
    error : type
        What is raised.

    Raises
    ------
    NotEnoughMemoryError
        Or `error`.
    """
    needed = sum(part.size for part in parts)
    if free is None:
        if needed < 1 << 20:  # the system is not asked for what hardly counts
            return
        free = room.free_bytes()
    if free is None or needed <= SPARE * free:
        return
    ordered = sorted(parts, key=lambda part: -part.size)[:3]
    largest = "; ".join(f"{part.name} {part.size / 1e9:.2f} GB" for part in ordered)
    raise error(
        f"{what} need about {needed / 1e9:.2f} GB, but {owner} has {free / 1e9:.2f} GB free; the largest: {largest}.",
        where=where or ordered[0].name.partition(" (")[0],
        cure=f"{cure}. About {SPARE * free / needed:.2g} of that would fit.",
    )


@contextmanager
def allocating(what: str, where: str, cure: str) -> Iterator[None]:
    """Name what was allocated when memory runs out in spite of the forecast."""
    try:
        yield
    except MemoryError as error:
        if isinstance(error, NumbadynError):
            raise
        free = room.free_bytes()
        left = "" if free is None else f"; {free / 1e9:.2f} GB are free"
        raise NotEnoughMemoryError(
            f"Memory ran out for {what}{left}. {str(error).strip().rstrip('.')}".strip() + ".",
            where=where,
            cure=f"{cure}.",
            left=left,
        ) from error


def expected_bytes(rule: Any, bits: int, *, delayed: bool) -> int:
    """Memory of a table of synapses.

    Parameters
    ----------
    rule : Connectivity
        Who is connected to whom.
    bits : {64, 32}
        Precision of the weights.
    delayed : bool
        Whether synapses may have delays of their own, which take room while they are sorted.

    Returns
    -------
    int
        Bytes; where chance decides over the number of synapses, those of the mean.

    Examples
    --------
    >>> import numbadyn as nd
    >>> expected_bytes(nd.FixedProb(1000, 1000, prob=0.1, weight=1.0), 64, delayed=False)
    408016
    """
    synapses = int(rule.expected_synapses)
    each = 4 + (0 if rule.uniform_weight else bits // 8) + (4 if delayed else 0)
    return synapses * each + 8 * int(rule.n_pre + 1) + (8 if rule.uniform_weight else 0)


def synapse_parts(step: Step, bits: int) -> list[MemoryPart]:
    """What the synapses of each projection need."""
    return [
        MemoryPart(
            f"{connection.name} ({connection.rule.expected_synapses:.4g} synapses)",
            expected_bytes(connection.rule, bits, delayed=connection.delayed),
        )
        for connection in step.connections
    ]


def require_reading(name: str, synapses: int, *, sorted_again: bool, table: int = 0) -> None:
    """Refuse to read synapses back where their lists would not fit.

    Parameters
    ----------
    name : str
        Of the projection.
    synapses : int
        Their number.
    sorted_again : bool
        Whether they are brought from the order in which they are stored into that of the rule.
    table : int
        Bytes that making them anew takes.

    Raises
    ------
    NotEnoughMemoryError
        With the forecast.
    """
    both_ends_weight_and_delay = 32
    each = both_ends_weight_and_delay + 4 + (both_ends_weight_and_delay + 16 if sorted_again else 0)
    require(
        [MemoryPart(f"{name} ({synapses:.4g} synapses)", table + each * synapses)],
        what="The lists of all synapses",
        cure="Read a projection with fewer synapses; what a rule makes of a few neurons shows on a smaller network",
    )


def require_weights(name: str, rule: Any, bits: int, *, delayed: bool) -> None:
    """Refuse weights of each synapse's own where they would not fit beside those that are there; see `require`."""
    size = expected_bytes(rule, bits, delayed=delayed)
    if not rule.uniform_weight:
        part = MemoryPart(f"{name} ({rule.expected_synapses:.4g} synapses)", size)
        require([part], what="New weights", cure=CURES["synapses"])
