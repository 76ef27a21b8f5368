"""Finds what may differ from replica to replica, by its path or as the object that it is.

In: a simulator's network, a path such as ``"E.tau"``, an object such as ``net.E.tau``.  Out: a `Place`, or an error
that lists the nearest names.  Must not know: what the replicas have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from numbadyn.errors import NoEffectError, NumbadynError, StructureError, UnknownPathError, UnsupportedFeatureError
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.model.given import GivenSpikes
from numbadyn.model.module import Module
from numbadyn.model.nearest import nearest_first
from numbadyn.model.synonyms import known_as
from numbadyn.model.timed_array import TimedArray
from numbadyn.model.values import Parameter, State
from numbadyn.projections.synapse_state import SynapseState, SynapticWeight
from numbadyn.simulator.assembly import Assembly
from numbadyn.simulator.places import (
    DelayPlace,
    DendritePlace,
    FirstValues,
    ParameterPlace,
    Place,
    RulePlace,
    SpikesPlace,
    SynapseValues,
    TablePlace,
    WeightPlace,
)

__all__ = ["find_place", "names_of_places"]

_KINDS: dict[type, Callable[[str, Any], Place]] = {
    Parameter: ParameterPlace,
    TimedArray: TablePlace,
    GivenSpikes: SpikesPlace,
    State: FirstValues,
}
_MOST = 8
"""Names that an error lists."""


def names_of_places(simulator: Assembly) -> dict[str, Callable[[], Place]]:
    """What may differ: path within the network -> function that makes its place.

    Parameters
    ----------
    simulator : Simulator
        The paths are those that its network had when it was traced.
    """
    found: dict[str, Callable[[], Place]] = {}
    for module, path in simulator._recorder.modules.values():
        for name, place in _of_module(simulator, module, _within(simulator, path)):
            found.setdefault(name, place)
    return found


def _within(simulator: Assembly, path: str) -> str:
    """A path without the name of the network."""
    return path.removeprefix(simulator._recorder.path(simulator.network)).removeprefix(".")


def _of_module(simulator: Assembly, module: Module, path: str) -> Iterator[tuple[str, Callable[[], Place]]]:
    before = f"{path}." if path else ""
    number = simulator._weights.number(module)
    if number is not None:
        connection = simulator.step.connections[number]
        yield f"{before}weight", partial(WeightPlace, f"{before}weight", connection, number)
        yield f"{before}comm", partial(RulePlace, f"{before}comm", connection, number)
        if connection.delayed:
            yield f"{before}delay", partial(DelayPlace, f"{before}delay", connection, number)
        if connection.dendritic:
            name = f"{before}dendritic_delay"
            yield name, partial(DendritePlace, name, connection, number)
    states = {id(spec.owner) for spec in simulator.step.states if not isinstance(spec.owner, SynapticWeight)}
    for attribute, value in vars(module).items():
        if attribute.startswith("_") or (isinstance(value, State) and id(value) not in states):
            continue
        if isinstance(value, SynapseState) and number is not None:
            yield f"{before}{attribute}", partial(SynapseValues, f"{before}{attribute}", value, number)
            continue
        for kind, make in _KINDS.items():
            if isinstance(value, kind):
                yield f"{before}{attribute}", partial(make, f"{before}{attribute}", value)


def find_place(simulator: Assembly, what: Any, *, varied: bool = False) -> Place:
    """What is meant by a path or an object.

    Parameters
    ----------
    simulator : Simulator
        Whose network it is about.
    what : str, Parameter, State, TimedArray, GivenSpikes or tuple
        A path within the network, the object itself, or a module and the name of a variable: ``(net.E2I, "weight")``.
    varied : bool
        Whether it is about to differ, so that it must have an effect.

    Raises
    ------
    UnknownPathError, StructureError, NoEffectError
        There is nothing of this name, it is part of the structure, or no step reads it.
    """
    names = names_of_places(simulator)
    if isinstance(what, tuple) and len(what) == 2 and isinstance(what[0], Module) and isinstance(what[1], str):
        what = ".".join(filter(None, (_within(simulator, simulator._recorder.path(what[0])), what[1])))
    place = _by_name(simulator, names, what) if isinstance(what, str) else _by_object(simulator, names, what)
    if varied and place.synapses is None and not _is_asked_for(simulator.step, simulator.context, place.own):
        raise _unread(place.name, place.full)
    return place


def _unread(name: str, full: str) -> NoEffectError:
    """The error for what no step reads."""
    return NoEffectError(
        f"No step reads {full}, so it makes no difference what it is in each replica.",
        where=f"sim.batch[{name!r}]",
        cure="Use it in an update that the network calls, or leave it out.",
        name=name,
    )


def _by_name(simulator: Assembly, names: dict[str, Callable[[], Place]], what: str) -> Place:
    root = simulator._recorder.path(simulator.network)
    for name in (what, what.removeprefix(f"{root}."), what.replace(".comm.w", ".w")):
        known = known_as(name, names)
        if known in names:
            return names[known]()
    found: Any = simulator.network
    for part in what.removeprefix(f"{root}.").split("."):
        held = vars(found) if hasattr(found, "__dict__") else {}
        if part not in held and not hasattr(type(found), part):
            raise _unknown(names, what)
        found = held[part] if part in held else getattr(found, part, None)
    if isinstance(found, tuple(_KINDS)):
        return _by_object(simulator, names, found)
    raise _structural(simulator, names, what, found)


def _unknown(names: dict[str, Callable[[], Place]], what: Any) -> UnknownPathError:
    nearest = nearest_first(str(what), names)
    return UnknownPathError(
        f"{what!r} names nothing in the network that may differ from replica to replica.",
        where=f"sim.batch[{what!r}]",
        cure=f"The nearest are {', '.join(map(repr, nearest[:_MOST]))}."
        if nearest
        else "Nothing in it may; numbers that are to differ are parameters, self.x = nd.Parameter(...).",
        path=what,
        nearest=nearest[:_MOST],
    )


def _structural(simulator: Assembly, names: dict[str, Callable[[], Place]], what: str, found: Any) -> Exception:
    """The error for what is there and cannot differ."""
    own = [name for name in names if name.startswith(f"{what}.")]
    if isinstance(found, Module) and own:
        return UnknownPathError(
            f"{what!r} is a {type(found).__name__}, which has several things that may differ.",
            where=f"sim.batch[{what!r}]",
            cure=f"Name one of them: {', '.join(map(repr, own[:_MOST]))}.",
            path=what,
            nearest=own[:_MOST],
        )
    projection, _, argument = what.partition(".comm.")
    if argument and f"{projection}.comm" in names:
        return StructureError(
            f"{argument} is an argument of the rule of {projection}, which is given as a whole.",
            where=f"sim.batch[{what!r}]",
            cure=f"Give each replica a rule: sim.batch['{projection}.comm'] = [nd.FixedProb(..., {argument}=x), ...].",
            path=what,
        )
    shown = repr(found)
    return StructureError(
        f"{what} is {shown if len(shown) < 80 else type(found).__name__}, which a step is traced with: it is part of "
        "the structure, and so the same in all replicas.",
        where=f"sim.batch[{what!r}]",
        cure="Sweep over it: nd.sweep takes a simulator for each structure. A number that is no size can differ once "
        f"it is a parameter: self.{what.rpartition('.')[2]} = nd.Parameter(...).",
        path=what,
    )


def _by_object(simulator: Assembly, names: dict[str, Callable[[], Place]], what: Any) -> Place:
    for make in names.values():
        place = make()
        if place.own is what:
            return place
    if isinstance(what, TimedArray):
        return TablePlace(what.name, what)
    name = getattr(what, "path", getattr(what, "name", repr(what)))
    if isinstance(what, Module) and id(what) in simulator._recorder.modules:
        raise _structural(simulator, names, _within(simulator, name) or name, what)
    if isinstance(what, State) and id(what.owner) in simulator._recorder.modules:
        raise _unread(_within(simulator, what.path), what.path)
    if isinstance(what, tuple(_KINDS)):
        raise NoEffectError(
            f"{name} belongs to another network than {simulator.network.path}, so it would change nothing.",
            where=f"sim.batch[{name}]",
            cure="Give what belongs to the network that is simulated, best by its path; a copy has its own.",
            name=name,
        )
    raise UnsupportedFeatureError(
        f"{name} cannot differ from replica to replica.",
        where="sim.batch[...]",
        cure="Give a path such as 'E.tau', a parameter, a state (its first values), a TimedArray, the GivenSpikes of a "
        "generator, or a projection with 'weight' or 'delay': sim.batch[net.E2I, 'weight'].",
        name=name,
    )


class _Asked(dict[int, Any]):
    """Notes what is asked for, and has nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[int] = set()

    def get(self, key: int, default: Any = None) -> Any:
        """The default."""
        self.seen.add(key)
        return default


def _is_asked_for(step: Step, context: BindContext, own: Any) -> bool:
    """Whether anything that a replica is bound to follows from what the model binds here."""
    asked = _Asked()
    asking = BindContext(context.dt, context.seed, context.bits, context.delays, instead=asked)
    fetches: list[Callable[[BindContext], Any]] = [param.fetch for param in step.params]
    fetches += [lookup.fetch for lookup in step.lookups]
    fetches += [train.events for train in step.trains] + [reach.longest for reach in step.reaches]
    fetches += [spec.initial for spec in step.states if spec.space.synapses is None]
    fetches += [partial(_first, spec.owner) for spec in step.states if isinstance(spec.owner, SynapseState)]
    fetches += [partial(_before, channel) for channel in step.channels]
    for fetch in fetches:
        try:
            fetch(asking)
        except NumbadynError:
            return True  # what is wrong with the model is said when it is bound
        if id(own) in asked.seen:
            return True
    return False


def _first(state: Any, context: BindContext) -> None:
    """Where the first values of synapses come from; they are drawn when the synapses are there."""
    context.bound(state)._recipe(context)


def _before(channel: Any, context: BindContext) -> None:
    channel.before(context, 1)
