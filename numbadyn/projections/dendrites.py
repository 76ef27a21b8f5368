"""Dendritic delays: from synapses to their neuron, and of its spikes on their way back to them.

In: what the user gives, a table of synapses.  Out: the steps of each synapse; traced values that say how late something
is.  Must not know: rules of plasticity, how tables are made, targets.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DelayError, UnsupportedFeatureError
from numbadyn.ir.nodes import BindContext, Channel, ParamSpec, Reach
from numbadyn.ir.spaces import Space
from numbadyn.ir.synapses import from_rule, to_rule
from numbadyn.model.delays import steps_in
from numbadyn.model.delays.times.rule import check_delays
from numbadyn.model.init import Constant, Initialiser, OfPairs, Values
from numbadyn.model.init_base import Floats
from numbadyn.model.notes import ModelNotes
from numbadyn.model.values import Parameter
from numbadyn.projections.building import CONNECTIVITY_STREAM, STREAMS
from numbadyn.projections.connectivity import Connectivity, Places
from numbadyn.projections.connectivity.delays import as_delay, check_exact, is_explicit, steps
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, join, unit_of

__all__ = [
    "as_dendrites",
    "common_steps",
    "delay_of_each",
    "each_of",
    "note_reach",
    "steps_of",
    "steps_of_all",
    "waiting_sum",
]


def as_dendrites(given: Any, rule: Connectivity, where: str) -> Parameter | Initialiser | None:
    """Check what the user gave as a dendritic delay.

    Parameters
    ----------
    given : None, Quantity, array, Initialiser or callable
        As a delay (see `numbadyn.projections.connectivity.as_delay`); arrays with an entry for each neuron are about
        those that the synapses end on.
    rule : Connectivity
        Who is connected to whom.
    where : str
        The place for messages.

    Returns
    -------
    Parameter, Initialiser or None
        A parameter where one time serves all synapses, else the recipe.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> as_dendrites([1.0, 2.0] * ms, nd.OneToOne(2, 2), "p")
    Values(<shape (2,)>)
    """
    if given is None or isinstance(given, Parameter):
        return given
    recipe = as_delay(given, where=where)
    if isinstance(recipe, Constant):
        return Parameter(join(float(recipe.value), TIME), unit=unit_of(TIME), shape=(), negative=False)
    if isinstance(recipe, OfPairs):
        recipe.fits(rule.n_pre, rule.n_post)
    return recipe


def common_steps(trace: Trace, delay: Parameter) -> Any:
    """Whole steps of the delay that all synapses have, by the rule of delays: a run constant."""
    fetch = functools.partial(steps_of_all, delay)
    spec = ParamSpec(f"{delay.path}_steps", (), "int", DIMENSIONLESS, fetch, delay.decider)
    identity = trace.notes(ModelNotes).whole_steps.setdefault(id(delay), object())
    return Traced(trace, trace.param(identity, spec))


def steps_of_all(delay: Parameter, context: BindContext) -> NDArray[np.int64]:
    """Whole steps of the delay that all synapses have, in a context."""
    if delay.decider(context) is None:
        raise UnsupportedFeatureError(
            f"{delay.path} was one time for all synapses, but now each is to have its own.",
            where=delay.path,
            cure="Make the projection with delays that differ, such as dendritic_delay=nd.init.Uniform(1*ms, 2*ms).",
            place=delay.path,
        )
    times = delay.fetch(replace(context, bits=64))
    steps_in(times, context, delay.path)  # refuses what must be exact and is not
    return steps(times, context.dt, context.delays, where=delay.path).astype(np.int64)


def each_of(table: Any) -> NDArray[Any]:
    """Dendritic delays of the synapses of a table in steps, in the order of the rule; zero where there are none."""
    return np.zeros(1) if table.dendritic is None else to_rule(table, table.dendritic)


def delay_of_each(trace: Trace, space: Space) -> Any:
    """Steps from each synapse of a space to its neuron."""
    return Traced(trace, trace.source("dendrite", (), space, "int", DIMENSIONLESS, label="dendrite"))


def note_reach(trace: Trace, late: Any, delay: Parameter) -> Any:
    """Say of a value that is late by the delay of all synapses how far its channel must reach; gives it back."""
    channel = trace.node(as_node(trace, late)).attrs.get("channel")
    if channel is not None:
        trace.step.reaches.append(Reach(channel, lambda context: float(delay.fetch(context))))
    return late


def waiting_sum(trace: Trace, owner: Any, name: str, make: Callable[[int], int]) -> int:
    """Node of a sum that waits for its time, in a channel of its own.

    Parameters
    ----------
    trace : Trace
        What is recorded.
    owner : object
        Whose sum it is; it has one.
    name : str
        Name of the channel.
    make : callable
        ``make(channel)`` makes the node.
    """

    def channel() -> Channel:
        return Channel(name, 0, (), "real", DIMENSIONLESS, _nothing, ahead=True)

    number = trace.channel(("ahead", id(owner)), channel)
    node = make(number)
    known = trace.node(node)
    trace.step.channels[number] = replace(
        trace.step.channels[number], value=node, shape=known.shape, dimension=known.dimension
    )
    return node


def _nothing(_context: BindContext, _lag: int) -> Any:
    """Nothing waits before the start."""
    return 0


def steps_of(
    recipe: Initialiser,
    table: Any,
    rule: Connectivity,
    context: BindContext,
    *,
    stream: int,
    where: str,
    places: Places | None,
) -> NDArray[np.int32]:
    """Dendritic delays of all synapses in steps, in the order in which they are stored.

    Parameters
    ----------
    recipe : Initialiser
        As it was checked.
    table : SynapseTable
        The synapses, on the host.
    rule : Connectivity
        What they were made of; where it has a seed of its own, delays follow from that.
    context : BindContext
        Time step, rule of rounding, seed.
    stream : int
        Of random numbers.
    where : str
        The place for messages.
    places : Places or None
        Which neurons of larger populations those of the rule are.

    Returns
    -------
    ndarray of int32, shape (n_synapses,)
    """
    pre, post = (np.asarray(ends) for ends in table.edges(1.0)[:2])
    if places is not None:
        pre, post = _of_rule(pre, places.pre), _of_rule(post, places.post)
    if isinstance(recipe, OfPairs):
        times: Floats = recipe.values(pre, post)
    elif isinstance(recipe, Values):
        times = _given(recipe.values, pre, post, rule, where)
    else:
        seed, stream = (context.seed, stream) if rule.seed is None else (rule.seed, CONNECTIVITY_STREAM + STREAMS)
        times = np.asarray(recipe.sample(pre.size, seed=seed, stream=stream, bits=64), np.float64)
    check_exact(recipe, context, where)
    if is_explicit(recipe):
        check_delays(times, where)
        steps_in(times, context, where)
    whole = steps(np.maximum(times, 0.0), context.dt, context.delays, where=where)
    return np.ascontiguousarray(from_rule(table, whole))


def _of_rule(ends: NDArray[np.int64], chosen: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Numbers in the rule of neurons of a population."""
    if chosen is None or not ends.size:
        return ends
    numbers = np.zeros(int(chosen.max()) + 1, np.int64)
    numbers[chosen] = np.arange(chosen.size)
    return numbers[ends]


def _given(values: Floats, pre: NDArray[np.int64], post: NDArray[np.int64], rule: Connectivity, where: str) -> Floats:
    """Delays in ms of an array, in the order of the rule."""
    n, of_synapses, of_neurons = pre.size, values.shape == (pre.size,), values.shape == (rule.n_post,)
    if values.ndim == 2 and values.shape in ((1, rule.n_post), (rule.n_pre, rule.n_post)):
        pairs: Floats = values[0 if values.shape[0] == 1 else pre, post]
        return pairs
    if of_synapses and (not of_neurons or rule.lists_synapses or np.array_equal(values[post], values)):
        return values
    if of_neurons and not of_synapses:
        return values[post]
    raise _unfit(values.shape, n, rule.n_post, where, both=of_synapses)


def _unfit(shape: tuple[int, ...], n: int, n_post: int, where: str, *, both: bool) -> DelayError:
    """The error for an array that fits nothing, or two things."""
    said = (
        f"could mean one for each of the {n_post} postsynaptic neurons, or one for each of the {n} synapses"
        if both
        else f"fits neither {n} synapses, nor {n_post} postsynaptic neurons, nor pairs of neurons"
    )
    return DelayError(
        f"An array of dendritic delays of shape {shape} {said}.",
        where=where,
        cure="Give one time; or one for each synapse, in the order of edges(); or one for each postsynaptic neuron, "
        "shape (1, n_post); or one for each pair, shape (n_pre, n_post).",
        shape=shape,
        n_synapses=n,
        n_post=n_post,
    )
