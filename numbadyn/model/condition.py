"""Conditions that end a run: a function of the user's is traced behind a step, like a model.

In: a prepared step, the network that it belongs to, a function without arguments.  Out: a copy of the step with a guard
that ends the run behind the very step in which the condition holds; `spike_count`.  Must not know: lowering, targets.

What is traced comes behind all that the step had before, in a region of its own, so that the numbers of nodes, states
and channels stay what they are, and nothing that the step computes depends on it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numbadyn.errors import ConditionError
from numbadyn.ir.nodes import BindContext, Guard, Node, StateSpec, Step
from numbadyn.ir.spaces import Space
from numbadyn.ir.verify import verify
from numbadyn.model.module import Module, missing_attributes_explained
from numbadyn.model.naming import walk
from numbadyn.model.notes import ModelNotes
from numbadyn.model.readable import readable_arrays
from numbadyn.model.values import Parameter, State
from numbadyn.model.variable import resolve
from numbadyn.model.view import View, view_of, whole_of
from numbadyn.tracing.positions import users_line
from numbadyn.tracing.taking import taking_traced_numbers
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS

__all__ = ["PLACE", "same_condition", "spike_count", "take_literals", "trace_condition"]

PLACE = "Simulator.run(until=...)"
"""Where a condition stands, for messages."""


@dataclass(slots=True)
class _Counted:
    """What is counted while a condition is traced."""

    counting: bool = False
    totals: dict[str, int] = field(default_factory=dict)


def trace_condition(step: Step, network: Module, condition: Callable[[], Any]) -> Step:
    """A step that ends a run as soon as a condition holds behind it.

    Parameters
    ----------
    step : Step
        Prepared; it stays as it is.
    network : Module
        What it was traced from.
    condition : callable
        Without arguments; gives one Boolean made of states, parameters, outputs and spike counts of the network.

    Returns
    -------
    Step
        Its nodes, states and parameters begin with those of `step`; its last guard is that of the condition.

    Raises
    ------
    ConditionError
        It is no condition.
    DimensionError, ShapeError, TracedValueError, UnsupportedFunctionError
        A mistake in it, with its line.
    """
    if not callable(condition):
        raise _wrong(f"until is {condition!r}, which cannot be called", "Give a function: until=lambda: ...")
    _check_arguments(condition)
    trace = Trace.behind(step)
    _note_outputs(trace, network)
    trace.notes(_Counted).counting = True
    with (
        trace.recording(),
        taking_traced_numbers(),
        readable_arrays(network),
        trace.module(PLACE, (), condition, outermost=True),
        missing_attributes_explained(),
    ):
        found = resolve(condition())
        _check_reads(trace, step, network)
        holds = _condition_node(trace, found)
        _guard(trace, holds)
    trace.step.order, trace.step.probes = step.order, step.probes
    verify(trace.step)
    return trace.step


def _note_outputs(trace: Trace, network: Module) -> None:
    """Let outputs be read as they are behind the step."""
    notes = trace.notes(ModelNotes)
    modules = {module.path: module for module in walk(network)}
    notes.outputs |= {id(modules[path]): node for path, node in trace.step.outputs.items() if path in modules}


def _check_arguments(condition: Callable[[], Any]) -> None:
    try:
        inspect.signature(condition).bind()
    except TypeError as error:
        raise _wrong(
            f"until is a function that cannot be called without arguments ({error})", "Leave them out"
        ) from error
    except ValueError:  # built in, without a signature
        return


def _condition_node(trace: Trace, found: Any) -> int:
    """The node of what a condition gives, which must be one Boolean that may change in a run."""
    where, example = str(trace.here), "such as until=lambda: net.E.V.mean() > -50*mV"
    if not isinstance(found, Traced):
        gives = "returns nothing" if found is None else f"gives {found!r}, which depends on nothing in the network"
        raise _wrong(f"The condition {gives}", f"Compare states of the network, {example}", where)
    if found.kind != "bool":
        unit = "" if found.dimension.is_dimensionless else f" in {found.dimension}"
        raise _wrong(f"The condition gives a number{unit}, not whether it holds", f"Compare it, {example}", where)
    if found.size != 1:
        raise _wrong(
            f"The condition gives {found.size} Booleans, of shape {found.shape}",
            "Say of how many it must hold: (...).any() or (...).all()",
            where,
        )
    value = as_node(trace, found)
    if trace.node(value).shape:
        value = as_node(trace, np.any(found))
    if trace.is_constant(value):
        raise _wrong(
            "The condition depends on parameters only, so that it never changes in a run",
            f"Compare states of the network, {example}",
            where,
        )
    return value


def _check_reads(trace: Trace, step: Step, network: Module) -> None:
    """Refuse a condition that looks elsewhere than at what a step of this network has left, or that changes it."""
    inside, new = {id(module) for module in walk(network)}, trace.step
    for owner in (owner for owner in trace.kept if isinstance(owner, State | Parameter)):
        if id(owner.owner) not in inside:
            raise _wrong(
                f"The condition reads {owner.path}, which is no part of {network.path}",
                "Read what belongs to the network that is simulated",
            )
        if isinstance(owner, State):
            raise _wrong(
                f"The condition reads {owner.path}, which no step reads or writes",
                "Read a state that the network changes",
            )
    written = [step.states[k].name for k in range(len(step.states)) if new.writes.get(k) != step.writes.get(k)]
    if written:
        raise _wrong(
            f"The condition writes {written[0]}",
            "Let it look only; what is to be changed belongs into an update, or into call= of run",
        )
    if len(new.channels) > len(step.channels) or len(new.guards) > len(step.guards):
        raise _wrong(
            "The condition reads the past, or at places that it computes",
            "Let it look at what the step has left: states, outputs, spike counts; keep the rest in a state",
        )
    if len(new.connections) > len(step.connections) or len(new.trains) > len(step.trains):
        raise _wrong("The condition calls a projection or a generator", "Let it look at their states and outputs")


def _guard(trace: Trace, holds: int) -> None:
    """End the run where the condition holds."""
    spec = StateSpec("until", Space(()), "int", DIMENSIONLESS, _nothing)
    state = trace.state_index(spec, lambda: spec)
    trace.write(state, trace.emit("select", holds, trace.step_number(), trace.literal(0)))
    trace.step.guards.append(Guard(state, state, None, at_once=True))


def _nothing(_context: BindContext) -> Any:
    return np.zeros((), np.int64)


def _wrong(what: str, cure: str, where: str = PLACE) -> ConditionError:
    return ConditionError(f"{what}.", where=where, cure=f"{cure}.", subject=what)


def spike_count(population: Any) -> Any:
    """Number of spikes since the run began, in a condition that ends it.

    Parameters
    ----------
    population : Dynamics or View
        A population whose output are spikes, or some neurons of one.

    Returns
    -------
    traced whole number
        Of all its neurons together, those of the step that has just been made with them.

    Raises
    ------
    ConditionError
        Outside of the condition of a run, or where the output are no spikes.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, s
    >>> noise = nd.PoissonGroup(100, rates=50 * Hz)
    >>> sim = nd.Simulator(noise, dt=0.1 * ms, target="interpret")
    >>> sim.record(noise, spikes=True)
    >>> result = sim.run(1 * s, until=lambda: nd.spike_count(noise) >= 20)
    >>> result.ended, result[noise].spikes.count
    ('until', 20)
    """
    trace = current_trace()
    if trace is None or not trace.notes(_Counted).counting:
        raise ConditionError(
            "spike_count was called outside of the condition of a run.",
            where=":".join(map(str, users_line())) if trace is None else str(trace.here),
            cure="Count in a condition, sim.run(duration, until=lambda: nd.spike_count(net.E) > 100); in a model, keep "
            "a state; after a run, result[net.E].spikes.count.",
        )
    path = population.path
    totals = trace.notes(_Counted).totals
    if path not in totals:
        node = _spikes(trace, population)
        spec = StateSpec(f"spikes of {path}", Space(()), "int", DIMENSIONLESS, _nothing, called="spike_count")
        state = trace.state_index(spec, lambda: spec)
        total = trace.emit("add", trace.read(state), as_node(trace, np.sum(Traced(trace, node))))
        trace.write(state, total)
        totals[path] = total
    return Traced(trace, totals[path])


def _spikes(trace: Trace, population: Any) -> int:
    """The spikes of the step."""
    whole, part = whole_of(population), view_of(population)
    node = trace.notes(ModelNotes).outputs.get(id(whole))
    if node is None or trace.node(node).kind != "bool":
        raise _wrong(
            f"The spikes of {population.path} are counted, but it has none in this network",
            "Name a population of the network whose update returns a Boolean array",
            str(trace.here),
        )
    return node if not isinstance(part, View) else trace.take(node, part.elements)


def same_condition(old: Step, new: Step, begin: int) -> bool:
    """Whether two steps with conditions behind the same nodes differ in nothing but numbers in the conditions."""
    if len(old.nodes) != len(new.nodes) or len(old.channels) != len(new.channels) or len(old.params) != len(new.params):
        return False
    if any(a is not b for a, b in zip(old.nodes[:begin], new.nodes[:begin], strict=True)):
        return False
    if [spec.name for spec in old.states] != [spec.name for spec in new.states]:
        return False
    behind = zip(old.nodes[begin:], new.nodes[begin:], strict=True)
    return all(_alike(a, b, old, new) for a, b in behind)


def _alike(a: Node, b: Node, old: Step, new: Step) -> bool:
    if (a.op, a.args, a.space, a.kind, a.dimension) != (b.op, b.args, b.space, b.kind, b.dimension):
        return False
    if a.traits.parameter and not a.literal:
        return bool(old.params[a.attrs["index"]].name == new.params[b.attrs["index"]].name)
    if a.traits.lookup:
        return old.lookups[a.attrs["index"]] is new.lookups[b.attrs["index"]]
    return bool(a.attrs == b.attrs)


def take_literals(old: Step, new: Step) -> None:
    """Bind the numbers of a condition anew, which the next run fetches as it does parameters."""
    old.params[:] = new.params
