"""The life of the states in a network: made, and put back to their first values.

In: a network.  Out: the same, with names and states.  Must not know: neurons, projections, targets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from numbadyn.errors import HookArgumentError, NotInitialisedError
from numbadyn.model.module import Module
from numbadyn.model.naming import name_all, walk

__all__ = ["call_order", "init_all_states", "init_missing_states", "reset_all_states"]

Method = TypeVar("Method", bound=Callable[..., Any])


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
    return init_missing_states(target, seed, args, kwargs, again=True)


def init_missing_states(
    target: Module,
    seed: int = 0,
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    *,
    again: bool = False,
) -> Module:
    """As `init_all_states`, but leave those alone that have their states already.

    A value that was assigned to a state of those that have none yet is refused, unless they are meant to start again.
    """
    new = [module for module in name_all(target, seed) if not module._initialised]
    if not again:
        _refuse_to_forget(new)
    wanted, taken = kwargs or {}, set()
    for module in _in_call_order(new, "init_state"):
        given, named = _accept(module.init_state, args, wanted)
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


def _refuse_to_forget(new: list[Module]) -> None:
    """Refuse values that were assigned to states made in ``__init__``, before there were first values to change."""
    for module in new:
        for name, state in module.states().items():
            if state._assigned:
                raise NotInitialisedError(
                    f"{state.path} was assigned before it had a first value, which would take the place of what it was "
                    "given.",
                    where=state.path,
                    cure=f"Set it in the simulator: sim.set(module, {name!r}, ...); or call nd.init_all_states(net) "
                    "first.",
                    name=name,
                )


def _accept(
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
