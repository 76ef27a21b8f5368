"""Plans: stages before memory is assigned to their values.

In: nothing (data only).  Out: `Plan`, filled by `numbadyn.lowering.fusion` and read by `numbadyn.lowering.kernels`.
Must not know: buffers, kernels, targets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from numbadyn.ir.analysis import signals
from numbadyn.ir.nodes import Step
from numbadyn.ir.spaces import Space
from numbadyn.lowering.stages.base import Stage

__all__ = ["Draft", "Plan", "Read", "Readers", "note_reads", "reads", "reads_of", "view_base"]


@dataclass(slots=True)
class Draft:
    """A stage before memory is assigned."""

    kind: type[Stage]
    space: Space
    nodes: list[int] = field(default_factory=list)
    channel: int = -1
    level: int = 0


@dataclass(slots=True)
class Plan:
    """Placed nodes.

    Attributes
    ----------
    step : Step
        With a few identity nodes appended where a value needs a loop of its own.
    drafts : list of Draft
        In a valid order.
    stage_of : dict
        Node -> draft number, for nodes that a stage computes.
    commits : dict
        State -> node that stores it.
    constants : set of int
        Run constants.
    events : dict
        Channel -> whether its events are graded.
    rings : set of int
        Channels whose samples are kept.
    probe_of : dict
        Probe -> node whose value lies in memory after the step.
    refills : dict
        Node that prepares a synaptic sum for the next step -> that sum.
    late : set of int
        States that no stage reads, since the sum stands for them; they need not be stored in every step.
    versions : dict
        Node -> state of synapses that it is stored in as soon as it is computed.
    """

    step: Step
    drafts: list[Draft]
    stage_of: dict[int, int]
    commits: dict[int, int]
    constants: set[int]
    events: dict[int, bool]
    rings: set[int]
    probe_of: dict[int, int]
    refills: dict[int, int]
    late: set[int]
    versions: dict[int, int]


def view_base(step: Step, index: int) -> tuple[int, int, int]:
    """Node behind slices and sides of synapses, with the offset of the first element and the stride."""
    node = step.nodes[index]
    if node.traits.side:
        return view_base(step, node.args[0])
    if not node.traits.view:
        return index, 0, 1
    return node.args[0], node.attrs["start"], node.attrs["stride"]


@dataclass(frozen=True, slots=True)
class Read:
    """A value that a draft takes from memory or from its own loop.

    Parameters
    ----------
    base : int
        The node, behind slices.
    direct : bool
        Whether element i of the loop needs element i of it, and no other.
    """

    base: int
    direct: bool


def reads(step: Step, draft: Draft) -> list[Read]:
    """What a draft reads; what a synaptic sum starts from lies in memory already and is no read."""
    nodes = [] if draft.kind.of_channel else draft.nodes
    return [read for index in nodes for read in reads_of(step, draft, index)]


def reads_of(step: Step, draft: Draft, index: int) -> Iterator[Read]:
    """What a draft reads for one of its nodes."""
    node = step.nodes[index]
    args = [arg for arg, _connection, _channel in signals(node)] if node.traits.accumulates else node.args
    for position, arg in enumerate(args):
        base = view_base(step, arg)[0]
        own = draft.kind.elementwise and arg == base and step.nodes[base].space.like(draft.space)
        yield Read(base, own and not (node.traits.gathers and position == 0))


Readers = dict[int, dict[int, bool]]
"""Value -> drafts that read it, and whether each does so element by element only."""


def note_reads(found: Readers, number: int, more: Iterable[Read]) -> None:
    """Add what a draft reads."""
    for read in more:
        drafts = found.setdefault(read.base, {})
        drafts[number] = drafts.get(number, True) and read.direct
