"""`Module`, the base of everything that can stand in a network: states, parameters and child modules.

In: attributes that users assign.  Out: states, child modules with their names, one step.  Must not know: neurons,
projections, targets, how a network gives names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self

from numbadyn.errors import (
    FixedAttributeError,
    LeftOutError,
    NotInitialisedError,
    NumbadynError,
    ReservedNameError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from numbadyn.model.containers import find_in, may_hold
from numbadyn.model.geometry import as_size
from numbadyn.model.nearest import nearest_first
from numbadyn.model.options import check_names_of
from numbadyn.model.order import calling
from numbadyn.model.past import Built, Past
from numbadyn.model.stepping import entering, find_population_stepped
from numbadyn.model.streams import Streams
from numbadyn.model.values import State
from numbadyn.model.variable import Variable
from numbadyn.tracing.positions import raised_at
from numbadyn.tracing.trace import current_trace

__all__ = ["BUILD_NOTES", "Module"]

BUILD_NOTES = ("_path", "_place", "_streams", "_built", "seed_of_build")
"""Attributes in which naming a network and simulators note what they have made of a module."""

_RESERVED = frozenset({"driven", "in_size", "name", "seed_of_build", "varshape"})
"""Names of attributes that modules keep for themselves."""


def _is_member(cls: type, name: str) -> bool:
    """Whether a class or Python itself keeps that name; plain values of a class are defaults, and may go."""
    member = getattr(cls, name, None)
    return callable(member) or isinstance(member, property) or (name.startswith("__") and name.endswith("__"))


class Module:
    """Base class: a named object with states, parameters and child modules.

    Parameters
    ----------
    name : str, optional
        Name shown in messages and results; the attribute's name by default.

    Attributes
    ----------
    varshape : tuple of int
        Shape of the states. A `Dynamics` has that of its population; any other module sets it in `__init__`, as a
        number or a tuple, or else its states are single values.

    Examples
    --------
    >>> import numbadyn as nd
    >>> class Counters(nd.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.varshape = (3,)
    ...     def init_state(self):
    ...         self.n = nd.State([1, 2, 3])
    ...     def update(self):
    ...         self.n.value = self.n.value + 1
    >>> counters = nd.init_all_states(Counters())
    >>> counters()
    >>> counters.n.value
    array([2, 3, 4])
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Name a misspelt argument, before any of them is looked at."""
        check_names_of(cls, kwargs)
        return super().__new__(cls)

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self._path: str | None = None
        self._place: tuple[str, ...] = ()
        self._streams: Streams | None = None
        self._initialised = False
        self.seed_of_build = 0
        self._past = Past()
        self._built = Built()
        self._conductance_for: str | None = None
        #: Whether another module steps this one, so that a group does not.
        self.driven = False

    def __setattr__(self, name: str, value: Any) -> None:
        old = self.__dict__.get(name)
        if isinstance(value, Variable | Module) and (name in _RESERVED or _is_member(type(self), name)):
            raise ReservedNameError(
                f"A {type(value).__name__} is named {name!r}, which is a member of every {type(self).__name__}.",
                where=f"{self.path}.{name}",
                cure="Choose another name.",
                name=name,
            )
        if isinstance(value, Variable):
            trace = current_trace()
            if trace is not None:
                raise NotInitialisedError(
                    f"{self.path}.{name} is made while a step is traced.",
                    where=str(trace.here),
                    cure="Make states in init_state and parameters in __init__.",
                    name=name,
                )
            if isinstance(value, State) and not (old is None or isinstance(old, Variable)):
                self._refuse_to_lose(name, old)
            value.bind(self, name)
        elif isinstance(old, Variable):
            trace = current_trace()
            raise UnknownStateError(
                f"{self.path}.{name} is a {type(old).__name__}, and {value!r} is assigned in its place.",
                where=f"{self.path}.{name}" if trace is None else str(trace.here),
                cure=f"Change its value: x.{name}.value = ...",
                name=name,
                value=value,
            )
        elif name == "varshape" and value != ():
            value = as_size(value, f"{self.path}.varshape")
        object.__setattr__(self, name, value)

    def _refuse_to_lose(self, name: str, given: Any) -> None:
        """Refuse a value that somebody has assigned in place of a state that is only made now; models may do so."""
        if type(self).init_state.__module__.partition(".")[0] == __name__.partition(".")[0]:
            raise FixedAttributeError(
                f"{given!r} was assigned to {self.path}.{name} before there was such a state, which makes its own "
                "first values.",
                where=f"{self.path}.{name}",
                cure=f"Set it when the simulator is made: sim.set(module, {name!r}, ...).",
                given=given,
                name=name,
            )

    def __getattr__(self, name: str) -> Any:
        """Say whether what is not there is a state that is yet to be made; Python asks when all else has failed."""
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # a property that failed: its own error
        if name.startswith("_") or current_trace() is not None or find_population_stepped() is not None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        raise missing(self, name, self.path)

    def __delattr__(self, name: str) -> None:
        taken = vars(self).get(name)
        object.__delattr__(self, name)
        if isinstance(taken, Module):
            taken.note_removal()

    def note_removal(self) -> None:
        """Note that this module was taken out of a network on purpose, by ``del``."""

    @property
    def path(self) -> str:
        """Full name, as ``EINet.E``."""
        own = vars(self)  # a class that forgets super().__init__() has no name yet, but is named in messages
        return own.get("_path") or own.get("name") or type(self).__name__

    def init_state(self) -> None:
        """Make the states; models override it (``self.V = nd.State(...)``)."""

    def reset_state(self) -> None:
        """Put all states of this module back to their first values; models may override it.

        It runs in `reset_all_states` only: first values are those that `init_state` has given.
        """
        self._begin()

    def _begin(self) -> None:
        """Give all states of this module their first values, and forget what was."""
        for state in self.states().values():
            state.reset(self.seed_of_build)
        for history in self._past.histories.values():
            history.clear()

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """One time step; models override it."""
        raise UnsupportedFeatureError(
            f"{type(self).__name__} has no update method.",
            where=self.path,
            cure="Write one: `def update(self): ...`.",
            type=type(self).__name__,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One time step; arguments are those of `update`."""
        with self._enter(), missing_attributes_explained(), calling(self):
            return self.update(*args, **kwargs)

    def _enter(self) -> AbstractContextManager[None]:
        """Mark that this module is being updated: its own place in the step, unless it is a part of another one."""
        return entering(self, "module", tuple(getattr(self, "varshape", ())))

    def states(self) -> dict[str, State]:
        """States of this module by name, in the order of their assignment."""
        return {name: value for name, value in vars(self).items() if isinstance(value, State)}

    def state(self, name: str) -> State:
        """The state of this name.

        Raises
        ------
        UnknownStateError
            There is no such state; the message lists those that exist.
        NotInitialisedError
            There are no states yet.
        LeftOutError
            There are none while a step is traced, since the module is no part of the network.
        """
        found = vars(self).get(name)
        if found is None and not self._initialised and not self.states():
            raise without_states(self, name)
        if not isinstance(found, State):
            known = ", ".join(nearest_first(name, self.states())) or "none"
            kind = "" if name not in vars(self) else f" (it is a {type(found).__name__})"
            raise UnknownStateError(
                f"{self.path} has no state {name!r}{kind}.",
                where=self.path,
                cure=f"Its states are: {known}.",
                name=name,
                kind=kind,
            )
        return found

    def wiring(self) -> list[object]:
        """What a step is traced from and a simulator cannot change afterwards: the parameters, not their values."""
        held = (value for attribute in vars(self).values() for _place, value, _depth in find_in(attribute, Variable))
        return [value for value in held if not isinstance(value, State)]

    def children(self) -> Iterator[tuple[str, Module]]:
        """Child modules with their names, sorted, so that the order of assignment does not matter.

        Children are attributes, and what stands in their lists, dictionaries, sets, namespaces and the like, at any
        depth; an underscore in front of an attribute's name hides it. Elements of a list stay in its order.
        """
        for name, child, _depth in self.held_modules():
            yield name, child
        yield from self.attached_modules()

    def held_modules(self) -> Iterator[tuple[str, Module, int]]:
        """Those in attributes, with the number of containers that each one stands in."""
        own = vars(self)
        public = [name for name in own if name[:1] != "_"]
        for name in sorted(name for name in public if may_hold(type(own[name]), Module)):  # type: ignore[arg-type]
            value = own[name]
            if isinstance(value, Module):
                yield name, value, 0
                continue
            for place, child, depth in find_in(value, Module):
                yield name + place, child, depth

    def attached_modules(self) -> Iterator[tuple[str, Module]]:
        """Modules that hang on this one by no attribute, with their names."""
        return iter(())

    def settle(self) -> None:
        """Bring what others have registered here into the order of their names."""

    def described_modules(self) -> Iterator[tuple[str, Module]]:
        """Those of them that are known by what they are, with text that says so, whatever else hangs here."""
        return iter(())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"


@contextmanager
def missing_attributes_explained() -> Iterator[None]:
    """Say of an attribute that a module lacks whether it is a state that has not been made yet, and which there are."""
    try:
        yield
    except AttributeError as error:
        module = error.obj
        if isinstance(module, Variable) and not isinstance(error, NumbadynError):
            public = [name for name in dir(type(module)) if not name.startswith("_")]
            close = ", ".join(nearest_first(str(error.name), public)[:3])
            raise UnknownStateError(
                f"{module.path} is a {type(module).__name__}, which has no attribute {error.name!r}.",
                where=str(raised_at(error, str(module.path))),
                cure=f"Near that are: {close}.",
                module=module.path,
                module_type=type(module).__name__,
                attribute=error.name,
            ) from error
        if isinstance(error, NumbadynError) or not isinstance(module, Module) or error.name is None:
            raise
        raise missing(module, error.name, str(raised_at(error, module.path))) from error


def without_states(module: Module, name: str) -> NumbadynError:
    """The error for a state of a module that has none yet; while a step is traced, it is not part of the network."""
    trace = current_trace()
    if trace is None:
        return NotInitialisedError(
            f"{module.path} has no state {name!r} yet.",
            where=module.path,
            cure="Call nd.init_all_states(net) first.",
            name=name,
        )
    return read_from_outside(module, name, str(trace.here))


def read_from_outside(module: Module, name: str, where: str) -> LeftOutError:
    """The error for a state that a step reads although no step runs its module."""
    return LeftOutError(
        f"{module.path}.{name} is read, but {module.path} is no part of the network, so no step advances it.",
        where=where,
        cure="Hold it in an attribute of the network, or in a list or dictionary there, under a name without an "
        "underscore in front; or call it in an update, after nd.init_all_states(it).",
        name=name,
    )


def missing(module: Module, name: str, where: str) -> UnknownStateError:
    """The error for an attribute that a module lacks."""
    known = f"Its states are: {', '.join(nearest_first(name, module.states())) or 'none'}."
    made = vars(module).get("_initialised", False)
    later = "States are made by nd.Simulator(net, ...) or nd.init_all_states(net); other attributes in __init__."
    error = UnknownStateError(
        f"{module.path} has no attribute {name!r}{'' if made else ' yet'}.",
        where=where,
        cure=known if made else later,
        name=name,
    )
    error.name, error.obj = name, module
    return error
