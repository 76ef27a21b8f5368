"""Questions about a step that several readers ask: what is constant during a run, and where a signal comes from.

In: a `Step`.  Out: sets of node numbers, descriptions of signals.  Must not know: targets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from numbadyn.ir.nodes import BindContext, Node, Step

__all__ = [
    "Signal",
    "arrival_of",
    "base_of",
    "computed_in_loop",
    "follows_delays",
    "invariants",
    "is_run_constant",
    "literal_number",
    "live",
    "signal_of",
    "signals",
    "stale_read",
    "versions",
    "waits_ahead",
]


_ANY_CONTEXT = BindContext(1.0, 0)
"""For what depends on no context."""


def is_run_constant(node: Node, known: Callable[[int], bool]) -> bool:
    """Whether a value is the same in all steps of a run.

    Parameters
    ----------
    node : Node
        Of any step.
    known : callable
        Tells of each argument of the node whether it is a run constant.

    Returns
    -------
    bool
    """
    return node.traits.origin == "bound" or (node.traits.follows and all(map(known, node.args)))


def invariants(step: Step) -> set[int]:
    """Nodes whose value depends on bound parameters and dt only, so one evaluation serves the whole run."""
    found: set[int] = set()
    for index, node in enumerate(step.nodes):
        if is_run_constant(node, found.__contains__):
            found.add(index)
    return found


def literal_number(step: Step, index: int) -> float | None:
    """Value of a single real or whole number that stands in the model's code; None for all else."""
    node = step.nodes[index]
    if not node.literal or node.shape != () or node.kind == "bool":
        return None
    return float(np.asarray(step.params[node.attrs["index"]].fetch(_ANY_CONTEXT)))


def computed_in_loop(step: Step, node: Node) -> bool:
    """Whether a loop computes the node element by element; else it has a stage of its own, or is found in memory.

    Histories of Booleans are kept as bits, which a loop must take apart.
    """
    if node.traits.origin == "past":
        return len(node.args) > 1 or node.kind == "bool"
    return node.traits.stage == "loop"


def signals(node: Node) -> list[tuple[int, int, int | None]]:
    """Signal, connection and own channel of each part of a synaptic sum."""
    connections, channels = node.attrs["connections"], node.attrs["channels"]
    return list(zip(node.args[: len(connections)], connections, channels, strict=True))


def follows_delays(node: Node) -> bool:
    """Whether events pass the delays of synapses before they act: axonal ones, on the way back dendritic ones."""
    return bool(node.attrs.get("back", False)) if node.space.by_post else not node.attrs.get("at_once", False)


def waits_ahead(node: Node) -> int | None:
    """Channel in which a sum over synapses waits until it counts; None for all that is no such sum."""
    found: int | None = node.attrs.get("channel") if node.traits.collects else None
    return found


def arrival_of(step: Step, nodes: Iterable[int]) -> int | None:
    """What must have reached a synapse for some nodes to be computed there; None if nothing need."""
    found = {arg for index in nodes for arg in step.nodes[index].args if step.nodes[arg].traits.arrives}
    assert len(found) < 2, "synapses that several signals reach"
    return min(found, default=None)


def versions(step: Step) -> dict[int, int]:
    """Versions of states of synapses that begin when something reaches them: node -> state."""
    found: dict[int, int] = {}
    for index, node in enumerate(step.nodes):
        if node.op == "select" and step.nodes[node.args[0]].traits.arrives:
            old = step.nodes[node.args[2]]
            found[index] = old.attrs["index"] if old.traits.from_state else found[node.args[2]]
    return found


def stale_read(step: Step) -> Node | None:
    """Find a value of synapses that follows from a version of a state which is overwritten by then.

    Loops over synapses keep what they have read; one that comes after another finds what that one has left.
    """
    known, latest, begun, region = versions(step), dict[int, int](), dict[int, int](), -1
    for index, node in enumerate(step.nodes):
        if not (node.traits.collects or (node.space.synapses is not None and node.traits.stage == "loop")):
            continue
        if node.space.region != region:
            region, begun = node.space.region, dict(latest)
        for arg in node.args:
            source = step.nodes[arg]
            state = source.attrs["index"] if source.traits.from_state else known.get(arg)
            if state is None or (arg in known and source.space.region == region):
                continue
            if begun.get(state, arg) != arg:
                return node
        if index in known:
            latest[known[index]] = index
    return None


def base_of(node: Node) -> int | None:
    """Node of the value that a synaptic sum starts from; None for zero."""
    return node.args[-1] if len(node.args) > len(node.attrs["connections"]) else None


def live(step: Step, roots: list[int], *, bases: bool = True) -> list[int]:
    """Nodes that the roots need, in program order; without what synaptic sums start from if `bases` is false."""
    needed = set(roots)
    for index in range(len(step.nodes) - 1, -1, -1):
        if index in needed:
            node = step.nodes[index]
            keep_all = bases or not node.traits.accumulates
            needed.update(node.args if keep_all else (arg for arg, _connection, _channel in signals(node)))
    return sorted(needed)


@dataclass(frozen=True, slots=True)
class Signal:
    """The events that a synaptic sum reads: a window of a channel, some steps ago.

    Parameters
    ----------
    channel : int
        Number of the channel.
    lag : int or None
        Node of the delay steps on top of `base`.
    base : int
        0: the sample of this step; 1: that of the last one.
    start, stop : int
        Window of the channel's elements.
    """

    channel: int
    lag: int | None
    base: int
    start: int
    stop: int


def signal_of(step: Step, arg: int, own_channel: int | None) -> Signal | None:
    """The channel window behind an argument of a synaptic sum, or None if it has no channel.

    Parameters
    ----------
    step : Step
        The step.
    arg : int
        The signal's node.
    own_channel : int or None
        The channel that samples this very node, if it has one.
    """
    node = step.nodes[arg]
    if own_channel is not None:
        return Signal(own_channel, None, 0, 0, node.size)
    start, stop = 0, node.size
    while node.traits.view and node.attrs["stride"] == 1:
        start, stop = start + node.attrs["start"], stop + node.attrs["start"]
        node = step.nodes[node.args[0]]
    if node.traits.from_past and len(node.args) < 2 and step.channels[node.attrs["channel"]].every is None:
        return Signal(node.attrs["channel"], node.args[0] if node.args else None, 1, start, stop)
    return None
