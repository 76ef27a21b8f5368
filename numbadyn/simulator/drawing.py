"""Synapse tables of the replicas: drawn for each, or shared as far as they are the same.

In: connections, what each replica is bound to.  Out: a list of tables for each replica, the same list where nothing
differs.  Must not know: how tables are drawn, what is done with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from numbadyn.ir.nodes import BindContext, Step
from numbadyn.simulator.synapses import Maker

__all__ = ["draw_tables", "drawn_with"]


def drawn_with(step: Step, contexts: Sequence[BindContext], shared: bool) -> tuple[BindContext, ...]:
    """What the synapses of each replica follow from; one and the same object for replicas that share all tables.

    Parameters
    ----------
    step : Step
        Prepared.
    contexts : sequence of BindContext
        One a replica.
    shared : bool
        Whether all have the synapses of the first one, but for weights and delays that are their own.
    """
    if not shared:
        return tuple(contexts)
    first = contexts[0]
    common = replace(first, instead={}) if _own(step, first) else first
    return tuple(replace(each, seed=first.seed) if _own(step, each) else common for each in contexts)


def _own(step: Step, context: BindContext) -> list[int]:
    """Connections that are something else in a replica."""
    own = step.bound(context).connections
    return [
        number
        for number, (connection, mine) in enumerate(zip(step.connections, own, strict=True))
        if mine is not connection or context.bound(connection.source) is not connection.source
    ]


def draw_tables(
    step: Step,
    contexts: Sequence[BindContext],
    shared: bool,
    build: Callable[[BindContext, Sequence[int]], list[Any]],
    maker: Callable[[BindContext], Maker],
) -> list[list[Any]]:
    """The tables of each replica.

    Parameters
    ----------
    step : Step
        Prepared.
    contexts : sequence of BindContext
        What the tables follow from, see `drawn_with`.
    shared : bool
        Whether replicas share what does not differ.
    build : callable
        ``build(context, numbers)`` makes tables of some connections.
    maker : callable
        ``maker(context)`` makes tables with other weights.
    """
    everything = range(len(step.connections))
    made: dict[int, list[Any]] = {}
    common: list[Any] = []
    if shared:
        first = replace(contexts[0], instead={}) if _own(step, contexts[0]) else contexts[0]
        common = build(first, everything)
    for context in contexts:
        if id(context) in made:
            continue
        if not shared:
            made[id(context)] = build(context, everything)
            continue
        mine = made[id(context)] = list(common)
        for number in _own(step, context):
            source = step.connections[number].source
            own = context.bound(source)
            if own.delay is source.delay and own.dendrites is source.dendrites:
                mine[number] = maker(context).reweigh(number, common[number], own.rule)
            else:
                (mine[number],) = build(context, [number])
    return [made[id(context)] for context in contexts]
