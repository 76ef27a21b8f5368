"""`Module`, the base of everything that can stand in a network: names, children, lifecycle.

In: attributes that users assign.  Out: full names such as ``EINet.E.V``, a numbering of modules and values by name
(which random streams follow), `init_all_states` and `reset_all_states`.  Must not know: neurons, projections, targets.
"""

from __future__ import annotations

import inspect
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from numbadyn.errors import (
    HookArgumentError,
    NotInitialisedError,
    NumbadynError,
    ReservedNameError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from numbadyn.model.geometry import as_size
from numbadyn.model.nearest import nearest_first
from numbadyn.model.order import calling
from numbadyn.model.values import State, stepping
from numbadyn.model.variable import Variable
from numbadyn.tracing.positions import raised_at
from numbadyn.tracing.trace import current_trace

__all__ = [
    "Module",
    "call_order",
    "children_by_name",
    "init_all_states",
    "init_missing_states",
    "name_all",
    "reset_all_states",
    "walk",
]

Method = TypeVar("Method", bound=Callable[..., Any])

_RESERVED = frozenset({"driven", "in_size", "name", "number", "seed_of_build", "varshape"})
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

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self._path: str | None = None
        self._initialised = False
        self.number = 0
        self.seed_of_build = 0
        #: Whether another module steps this one, so that a group does not.
        self.driven = False

    def __setattr__(self, name: str, value: Any) -> None:
        old = self.__dict__.get(name)
        if isinstance(value, Variable | Module) and (name in _RESERVED or _is_member(type(self), name)):
            raise ReservedNameError(
                f"A {type(value).__name__} is named {name!r}, which is a member of every {type(self).__name__}.",
                where=f"{self.path}.{name}",
                cure="Choose another name.",
            )
        if isinstance(value, Variable):
            trace = current_trace()
            if trace is not None:
                raise NotInitialisedError(
                    f"{self.path}.{name} is made while a step is traced.",
                    where=str(trace.here),
                    cure="Make states in init_state and parameters in __init__.",
                )
            value.bind(self, name)
        elif isinstance(old, Variable):
            trace = current_trace()
            raise UnknownStateError(
                f"{self.path}.{name} is a {type(old).__name__}, and {value!r} is assigned in its place.",
                where=f"{self.path}.{name}" if trace is None else str(trace.here),
                cure=f"Change its value: x.{name}.value = ...",
            )
        elif name == "varshape" and value != ():
            value = as_size(value, f"{self.path}.varshape")
        object.__setattr__(self, name, value)

    @property
    def path(self) -> str:
        """Full name, as ``EINet.E``."""
        own = vars(self)  # a class that forgets super().__init__() has no name yet, but is named in messages
        return own.get("_path") or own.get("name") or type(self).__name__

    def init_state(self) -> None:
        """Make the states; models override it (``self.V = nd.State(...)``)."""

    def reset_state(self) -> None:
        """Put all states of this module back to their first values."""
        for state in self.states().values():
            state.reset(self.seed_of_build)
        for history in self.__dict__.get("_histories", {}).values():
            history.clear()

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """One time step; models override it."""
        raise UnsupportedFeatureError(
            f"{type(self).__name__} has no update method.", where=self.path, cure="Write one: `def update(self): ...`."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One time step; arguments are those of `update`."""
        with self._entered(), missing_attributes_explained(), calling(self):
            return self.update(*args, **kwargs)

    def _entered(self) -> AbstractContextManager[None]:
        """Mark that this module is being updated: its own place in the step, unless it is a part of another one."""
        trace, shape = current_trace(), tuple(getattr(self, "varshape", ()))
        if trace is None:
            return stepping(shape)
        if trace.notes.get("inside", False):
            return nullcontext()
        trace.step.order.append((self.path, "module"))
        return trace.module(self.path, shape, outermost=True)

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
        """
        found = vars(self).get(name)
        if found is None and not self._initialised and not self.states():
            raise NotInitialisedError(
                f"{self.path} has no state {name!r} yet.", where=self.path, cure="Call nd.init_all_states(net) first."
            )
        if not isinstance(found, State):
            known = ", ".join(nearest_first(name, self.states())) or "none"
            kind = "" if name not in vars(self) else f" (it is a {type(found).__name__})"
            raise UnknownStateError(
                f"{self.path} has no state {name!r}{kind}.", where=self.path, cure=f"Its states are: {known}."
            )
        return found

    def wiring(self) -> list[object]:
        """What a step is traced from and a simulator cannot change afterwards: the parameters, not their values."""
        return [value for value in vars(self).values() if isinstance(value, Variable) and not isinstance(value, State)]

    def children(self) -> Iterator[tuple[str, Module]]:
        """Child modules with their names: attributes, and elements of lists, tuples and dictionaries."""
        for name, value in list(vars(self).items()):
            if name.startswith("_"):
                continue
            yield from _modules_in(name, value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"


@contextmanager
def missing_attributes_explained() -> Iterator[None]:
    """Say of an attribute that a module lacks whether it is a state that has not been made yet, and which there are."""
    try:
        yield
    except AttributeError as error:
        module = error.obj
        if isinstance(error, NumbadynError) or not isinstance(module, Module):
            raise
        known = f"Its states are: {', '.join(module.states()) or 'none'}."
        raise UnknownStateError(
            f"{module.path} has no attribute {error.name!r}.",
            where=str(raised_at(error, module.path)),
            cure=known
            if module._initialised
            else f"{known} Call nd.init_all_states(net) before an eager call, or make it in __init__ or init_state.",
        ) from error


def _modules_in(name: str, value: Any) -> Iterator[tuple[str, Module]]:
    if isinstance(value, Module):
        yield name, value
    elif isinstance(value, list | tuple):
        for index, element in enumerate(value):
            if isinstance(element, Module):
                yield f"{name}[{index}]", element
    elif isinstance(value, dict):
        for key, element in value.items():
            if isinstance(element, Module):
                yield f"{name}[{key!r}]", element
            elif isinstance(getattr(element, "modules", None), tuple):
                for part in element.modules:
                    yield f"{name}[{key!r}].{type(part).__name__}", part


def children_by_name(module: Module) -> list[tuple[str, Module]]:
    """Children in an order that the order of assignment does not change: attributes by name, then what hooks carry.

    Elements of a list stay in its order, those of a dictionary are sorted by their keys.
    """
    own = vars(module)

    def place(pair: tuple[str, Module]) -> tuple[bool, str, str]:
        attribute = pair[0].split("[")[0]
        if attribute not in own:
            return True, "", ""
        return False, attribute, pair[0] if isinstance(own[attribute], dict) else ""

    return sorted(module.children(), key=place)


def walk(root: Module) -> list[Module]:
    """All modules reachable from a root, nearest first, each once."""
    return _walk(root, lambda module: module.children())


def _walk(root: Module, children: Callable[[Module], Iterable[tuple[str, Module]]]) -> list[Module]:
    found: dict[int, Module] = {id(root): root}
    queue = deque([root])
    while queue:
        for _name, child in children(queue.popleft()):
            if id(child) not in found:
                found[id(child)] = child
                queue.append(child)
    return list(found.values())


def name_all(root: Module, seed: int = 0) -> list[Module]:
    """Give every module its full name and number, nearest first, and every value its number.

    No two modules have the same name: where users gave one twice, the second gets ``_2``. Numbers follow the names of
    attributes and not the order of their assignment, so random streams do too.
    """
    root._path = root.name or type(root).__name__
    named, taken = {id(root)}, {root._path}
    queue = deque([root])
    while queue:
        module = queue.popleft()
        for name, child in module.children():
            if id(child) not in named:
                named.add(id(child))
                if "_path" not in vars(child):
                    raise _without_base(child)
                wanted = f"{module.path}.{child.name or name}"
                numbered = (f"{wanted}_{number}" for number in itertools.count(2))
                child._path = next(path for path in itertools.chain([wanted], numbered) if path not in taken)
                taken.add(child._path)
                queue.append(child)
    values = itertools.count()
    for number, module in enumerate(_walk(root, children_by_name)):
        module.number = number
        module.seed_of_build = seed
        for _name, value in sorted(vars(module).items()):
            if isinstance(value, Variable) and value.owner is module:
                value.number = next(values)
    return walk(root)


def _without_base(module: Module) -> NotInitialisedError:
    kind = type(module).__name__
    return NotInitialisedError(
        f"The {kind} is not ready: its __init__ does not call that of its base class.",
        where=f"{kind}.__init__",
        cure="Write super().__init__() as its first line.",
    )


def call_order(level: int) -> Callable[[Method], Method]:
    """Decorator of `init_state` and `reset_state`: when it runs among those of the whole network.

    Parameters
    ----------
    level : int
        Lower levels run first, 0 without the decorator; inside a level, in the order of the network's attributes.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> import numbadyn as nd
    >>> class Late(nd.Dynamics):
    ...     @nd.call_order(2)
    ...     def init_state(self):
    ...         self.x = nd.State(0.0)
    """

    def mark(method: Method) -> Method:
        method._call_order = int(level)  # type: ignore[attr-defined]
        return method

    return mark


def _in_call_order(modules: list[Module], name: str) -> list[Module]:
    return sorted(modules, key=lambda module: getattr(getattr(type(module), name), "_call_order", 0))


def init_all_states(target: Module, *args: Any, seed: int = 0, **kwargs: Any) -> Module:
    """Make the states of a module and of everything in it, with names and first values.

    Parameters
    ----------
    target : Module
        Usually the whole network.
    *args, **kwargs
        Given to each `init_state`, as far as it takes them.
    seed : int
        Seed of random first values.

    Returns
    -------
    Module
        The target.

    Raises
    ------
    HookArgumentError
        No `init_state` of the network takes an argument of this name, or so many.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> neurons = nd.init_all_states(nd.LIF(2, V_initializer=nd.init.Constant(-60 * mV)))
    >>> neurons.V.value
    array([-60., -60.]) * mV
    """
    for module in walk(target):
        module._initialised = False
    return init_missing_states(target, seed, args, kwargs)


def init_missing_states(
    target: Module, seed: int = 0, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
) -> Module:
    """As `init_all_states`, but leave those alone that have their states already."""
    new = [module for module in name_all(target, seed) if not module._initialised]
    wanted, taken = kwargs or {}, set()
    for module in _in_call_order(new, "init_state"):
        given, named = _accepted(module.init_state, args, wanted)
        module.init_state(*given, **named)
        taken |= {*range(len(given)), *named}
    unknown = [key for key in (*range(len(args)), *wanted) if key not in taken]
    if unknown:
        what = f"positional argument {unknown[0] + 1}" if isinstance(unknown[0], int) else f"argument {unknown[0]!r}"
        raise HookArgumentError(
            f"No init_state in {target.path} takes the {what}.",
            where=f"init_all_states({target.path})",
            cure="Leave it out, or take it in init_state of a model; a seed is given as seed=3.",
        )
    name_all(target, seed)
    for module in _in_call_order(new, "reset_state"):
        module.reset_state()
        module._initialised = True
    return target


def _accepted(
    method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The part of some arguments that a method takes."""
    parameters = inspect.signature(method).parameters.values()
    kinds = [p.kind for p in parameters]
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    count = len(args) if inspect.Parameter.VAR_POSITIONAL in kinds else len(positional)
    names = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    any_name = inspect.Parameter.VAR_KEYWORD in kinds
    return args[:count], {key: value for key, value in kwargs.items() if any_name or key in names}


def reset_all_states(target: Module, seed: int | None = None) -> Module:
    """Put all states in a module back to their first values.

    Parameters
    ----------
    target : Module
        Usually the whole network.
    seed : int, optional
        Seed of random first values; the one of `init_all_states` by default.

    Returns
    -------
    Module
        The target.
    """
    for module in _in_call_order(walk(target), "reset_state"):
        if seed is not None:
            module.seed_of_build = seed
        module.reset_state()
    return target
