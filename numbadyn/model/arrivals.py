"""What ends on a population: projections, remembered also after they are gone, so that none is lost in silence.

In: projections, when they are made.  Out: those that there are; those that no step has run.  Must not know: what
projections do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from weakref import ref

from numbadyn.errors import LeftOutError
from numbadyn.ir.nodes import Step
from numbadyn.model.module import Module, read_from_outside
from numbadyn.model.values import State
from numbadyn.tracing.positions import here

__all__ = ["Arrivals", "check_complete", "check_inside"]


class Arrivals:
    """Projections that end on a population, which does not keep them alive; those of a copied network are its own."""

    def __init__(self, projections: Iterable[Module] = ()) -> None:
        self._notes: list[tuple[ref[Module], str, str]] = []
        for projection in projections:
            self.add(projection)

    def add(self, projection: Module) -> None:
        """Remember a projection, and the line on which it was made."""
        place = here(projection.path, None, None)
        self._notes.append((ref(projection), type(projection).__name__, f"{place.file}:{place.line}"))

    def discard(self, projection: Module) -> None:
        """Forget a projection, which was taken out of its network on purpose."""
        self._notes = [note for note in self._notes if note[0]() is not projection]

    def __iter__(self) -> Iterator[Module]:
        return (projection for note in self._notes if (projection := note[0]()) is not None)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (list(self),)

    def not_run(self, run: dict[int, Any]) -> list[tuple[str, str]]:
        """Names and lines of those that are not among the modules that a step has run, by id."""
        found = []
        for note, kind, place in self._notes:
            projection = note()
            if projection is None or id(projection) not in run:
                found.append((kind if projection is None or not projection._path else projection._path, place))
        return found


def check_complete(modules: list[Module], run: dict[int, Any]) -> None:
    """Refuse a network on which projections end that no step runs.

    Parameters
    ----------
    modules : list of Module
        The network.
    run : dict
        id -> module of those that a step has run.

    Raises
    ------
    LeftOutError
        There is one; the message names the line on which it was made.
    """
    missing = [
        (name, place, target.path)
        for target in modules
        for name, place in getattr(target, "arriving_projections", Arrivals()).not_run(run)
    ]
    if missing:
        name, place, target = missing[0]
        others = len({found[:2] for found in missing}) - 1
        more = f" The same goes for {others} more." if others else ""
        raise LeftOutError(
            f"{name}, made in {place}, ends on {target}, but no step of {modules[0].path} runs it.{more}",
            where=f"{target}, {place}",
            cure="Hold it in an attribute of the network, or in a list or dictionary there, under a name without an "
            "underscore in front and of its own; or call it in an update. To simulate a part of a network without what "
            "ends on it from outside: nd.Simulator(part, ..., alone=True).",
            name=name,
            target=target,
        )


def check_inside(modules: list[Module], run: dict[int, Any], step: Step) -> None:
    """Refuse a step that reads a state which nobody advances, as its module is outside of the network.

    Parameters
    ----------
    modules : list of Module
        The network.
    run : dict
        id -> module of those that a step has run.
    step : Step
        What was traced.

    Raises
    ------
    LeftOutError
        There is such a state; it would keep its first value for ever.
    """
    inside = {*map(id, modules), *run}
    for number, spec in enumerate(step.states):
        module = spec.owner.owner if isinstance(spec.owner, State) else None
        if isinstance(module, Module) and id(module) not in inside and number not in step.writes:
            places = [
                str(node.position) for node in step.nodes if node.traits.from_state and node.attrs["index"] == number
            ]
            raise read_from_outside(module, spec.owner.name, places[0] if places else module.path)
