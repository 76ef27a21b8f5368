"""Trace one step of a network, and trace it again until nothing new is learnt and two recordings are the same.

In: a network.  Out: a `Step`.  Must not know: lowering, targets.

A first pass may read outputs whose unit and kind are known only once their owner has been traced, and may leave inputs
for the next step's update; further passes use what was learnt.  What differs between recordings that should be the same
came from outside (a plain random number, a Python counter, the clock) and would be frozen in the compiled step, so it
is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from numbadyn.errors import SchedulingError, TracedValueError
from numbadyn.ir.nodes import BindContext, Node, Position, Step
from numbadyn.model.arrivals import check_complete, check_inside
from numbadyn.model.delays import finish_channels
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.inputs import never_summed
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from numbadyn.model.notes import ModelNotes
from numbadyn.model.readable import readable_arrays
from numbadyn.model.values import State
from numbadyn.tracing.chance import drawing_line, state_of_chance
from numbadyn.tracing.positions import line_of
from numbadyn.tracing.stored import is_mapped
from numbadyn.tracing.taking import taking_traced_numbers
from numbadyn.tracing.trace import ANY, Template, Trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, join

__all__ = ["same_lookup", "trace_step"]

_PASSES = 6


class _Pending:
    """An input registered after its receiver's update: waits in a state for the next step."""

    def __init__(self, registry: Any, key: str, template: Template) -> None:
        self.registry, self.key = registry, key
        self.state = State(join(0.0, template.dimension), shape=template.shape)
        self.state.name = f"{registry.path}[{key}]"


def _leftovers(trace: Trace) -> dict[tuple[str, int, str], tuple[Any, int]]:
    found = {}
    for (kind, owner), inputs in trace.notes(ModelNotes).inputs.items():
        for key, value in inputs.arrays.items():
            found[kind, owner, key] = (inputs.registry, as_node(trace, value))
    return found


def _one_pass(
    network: Module, templates: dict[Any, Any], pending: dict[Any, _Pending], context: BindContext | None
) -> tuple[Trace, dict[Any, Any], dict[Any, Any]]:
    trace = Trace(network.path, templates)
    notes = trace.notes(ModelNotes)
    notes.context, notes.waiting = context, set(pending)
    with trace.recording(), taking_traced_numbers(), readable_arrays(network):
        for waiting in pending.values():
            index = trace.state_index(waiting.state, waiting.state.spec)
            waiting.registry.add(waiting.key, Traced(trace, trace.read(index)))
        network()
        left = _leftovers(trace)
        for key, waiting in pending.items():
            index = trace.state_index(waiting.state, waiting.state.spec)
            if key not in left:
                raise SchedulingError(
                    f"{waiting.registry.path} receives the input {waiting.key!r} in some steps only.",
                    where=waiting.registry.path,
                    cure="Call the projection in every step.",
                    module=waiting.registry.path,
                    key=waiting.key,
                )
            if left[key][1] == trace.read(index):
                raise never_summed(waiting.registry, waiting.key)
            trace.write(index, left[key][1])
        learnt: dict[Any, Any] = {**finish_channels(trace)}
        for ending in notes.endings:
            learnt |= ending(trace)
    return trace, learnt, left


def trace_step(network: Module, context: BindContext | None = None, *, alone: bool = False) -> Step:
    """Record one step.

    Parameters
    ----------
    network : Module
        Usually a `DynamicsGroup`, with its states made (`init_all_states`).
    context : BindContext, optional
        What it will be bound to, for what depends on the length of a step: gap junctions that are strong beside it.
    alone : bool
        Whether projections that no step runs may end on the network.

    Returns
    -------
    Step

    Raises
    ------
    DimensionError, ShapeError, TracedValueError, UnsupportedFunctionError
        The model's mistake, with the line where it is made.
    TracedValueError
        Also for a number that changes each time the step is traced.
    SchedulingError
        An output is read that is never computed.
    ProjectionTargetError
        An input arrives at a module whose update never sums it.
    UnsupportedFeatureError
        An array has been registered as an input before, which would act once.
    LeftOutError
        A projection ends on the network, but no step runs it.
    UnstableCouplingError
        Gap junctions are too strong for the time step.
    """
    for module in walk(network):
        if isinstance(module, Dynamics):
            module.current_inputs.check_kept()
            module.delta_inputs.check_kept()
    templates: dict[Any, Any] = {}
    pending: dict[Any, _Pending] = {}
    settled: Trace | None = None
    different: Node | None = None
    for _ in range(_PASSES):
        chance = state_of_chance()
        trace, learnt, left = _one_pass(network, templates, pending, context)
        new = {
            key: _pending_of(trace, registry, key[2], node)
            for key, (registry, node) in left.items()
            if key not in pending
        }
        unknown = any(channel.dimension is ANY for channel in trace.step.channels)
        if not new and learnt == templates and not unknown:
            different = None if settled is None else _difference(settled.step, trace.step)
            if settled is not None and different is None:
                if state_of_chance() != chance:
                    _refuse_chance(partial(_one_pass, network, templates, pending, context), trace.made)
                modules, run = walk(network), trace.notes(ModelNotes).run
                check_inside(modules, run, trace.step)
                if not alone:
                    check_complete(modules, run)
                return trace.step
            settled = trace
            continue
        if learnt == templates:
            learnt = {
                key: replace(t, dimension=DIMENSIONLESS) if isinstance(t, Template) and t.dimension is ANY else t
                for key, t in learnt.items()
            }
        templates = learnt
        pending |= new
    if different is not None:
        _refuse_chance(partial(_one_pass, network, templates, pending, context), different.position)
        raise _changing_error(different.position)
    raise SchedulingError(
        f"The units of the delayed outputs in {network.path} cannot be settled.",
        where=network.path,
        cure="Let each update return one array with one unit.",
        network=network.path,
    )


def _changing_error(place: Position) -> TracedValueError:
    return TracedValueError(
        f"A value in the update of {place.module} changes each time the step is traced; the compiled step would keep "
        "one of them for ever.",
        where=str(place),
        cure="For random numbers use nd.random, for counters and memory nd.State, for the time nd.environ.get('t').",
        module=place.module,
    )


def _refuse_chance(again: Callable[[], object], near: Position) -> None:
    """Name the line that draws random numbers of Python or NumPy, if there is one.

    Another thread may have drawn some meanwhile, as those of a worker of a cluster do; a model does so each time.
    """
    found = drawing_line(again)
    if found is not None and all(drawing_line(again) == found for _time in range(2)):
        raise _changing_error(line_of(near.module, *found))


def _difference(before: Step, after: Step) -> Node | None:
    """First node of a recording that is not as in the one before."""
    for old, new in zip(before.nodes, after.nodes, strict=False):
        if (old.op, old.args, old.shape, old.kind, old.dimension) != (
            new.op,
            new.args,
            new.shape,
            new.kind,
            new.dimension,
        ):
            return new
        if old.literal and not np.array_equal(_literal(before, old), _literal(after, new), equal_nan=True):
            return new
        if old.traits.lookup and not same_lookup(before, old, after, new):
            return new
    longer = max(before.nodes, after.nodes, key=len)
    return None if len(before.nodes) == len(after.nodes) else longer[min(len(before.nodes), len(after.nodes))]


def _literal(step: Step, node: Node) -> Any:
    return step.params[node.attrs["index"]].fetch(BindContext(1.0, 0))


def same_lookup(before: Step, old: Node, after: Step, new: Node) -> bool:
    """Whether two nodes read the same array; a mapped file is not read to find out."""
    a, b = (
        step.lookups[node.attrs["index"]].fetch(BindContext(1.0, 0)) for step, node in ((before, old), (after, new))
    )
    same_memory: bool = a.ctypes.data == b.ctypes.data
    if a.dtype != b.dtype or a.size != b.size:
        return False
    if same_memory or (is_mapped(a) and is_mapped(b)):
        return same_memory
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _pending_of(trace: Trace, registry: Any, key: str, node: int) -> _Pending:
    value = trace.node(node)
    return _Pending(
        registry, key, Template(value.shape, value.kind, DIMENSIONLESS if value.dimension is ANY else value.dimension)
    )
