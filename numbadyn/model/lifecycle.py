"""The life of the states in a network: made, and put back to their first values.

In: a network.  Out: the same, with names and states.  Must not know: neurons, projections, targets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from numbadyn.errors import HookArgumentError, NotInitialisedError
from numbadyn.model.module import Module
from numbadyn.model.naming import name_all, walk

__all__ = ["call_all_fns", "call_order", "init_all_states", "init_missing_states", "reset_all_states"]

Method = TypeVar("Method", bound=Callable[..., Any])
#: Modules, classes of modules, or functions that are true of a module.
Excluded = Any


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


def init_all_states(
    target: Module, *args: Any, seed: int = 0, node_to_exclude: Excluded = None, **kwargs: Any
) -> Module:
    """Make the states of a module and of everything in it, with names and first values.

    Parameters
    ----------
    target : Module
        Usually the whole network.
    *args, **kwargs
        Given to each `init_state`, as far as it takes them.
    seed : int
        Seed of random first values.
    node_to_exclude : Module, class, callable, or tuple of them, optional
        Modules that are left as they are: these, those of these classes, or those of which a function is true.

    Returns
    -------
    Module
        The target.

    Raises
    ------
    HookArgumentError
        No `init_state` of the network takes an argument of this name, or so many; or `node_to_exclude` is none of the
        above.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> neurons = nd.init_all_states(nd.LIF(2, V_initializer=nd.init.Constant(-60 * mV)))
    >>> neurons.V.value
    array([-60., -60.]) * mV
    """
    left_out = _excluded(walk(target), node_to_exclude, "init_all_states")
    for module in walk(target):
        module._initialised = module._initialised and module in left_out
    return init_missing_states(target, seed, args, kwargs, again=True, left_out=left_out)


def init_missing_states(
    target: Module,
    seed: int = 0,
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    *,
    again: bool = False,
    left_out: Sequence[Module] = (),
) -> Module:
    """As `init_all_states`, but leave those alone that have their states already, and those that are left out.

    A value that was assigned to a state of those that have none yet is refused, unless they are meant to start again.
    """
    new = [module for module in name_all(target, seed) if not module._initialised and module not in left_out]
    if not again:
        _refuse_to_forget(new)
    wanted, taken = kwargs or {}, set()
    for module in _in_call_order(new, "init_state"):
        given, named = _accept(module.init_state, args, wanted)
        module.init_state(*given, **named)
        taken |= {*range(len(given)), *named}
    _refuse_unused(target, "init", args, wanted, taken)
    name_all(target, seed)
    for module in _in_call_order(new, "reset_state"):
        module._begin()
        module._initialised = True
    return target


def _refuse_unused(
    target: Module, what: str, args: tuple[Any, ...], kwargs: dict[str, Any], taken: set[int | str]
) -> None:
    """Refuse arguments that no method of the network took."""
    unknown = [key for key in (*range(len(args)), *kwargs) if key not in taken]
    if unknown:
        named = f"positional argument {unknown[0] + 1}" if isinstance(unknown[0], int) else f"argument {unknown[0]!r}"
        raise HookArgumentError(
            f"No {what}_state in {target.path} takes the {named}.",
            where=f"{what}_all_states({target.path})",
            cure=f"Leave it out, or take it in {what}_state of a model; a seed is given as seed=3.",
            argument=unknown[0],
        )


def _excluded(modules: list[Module], given: Excluded, where: str) -> list[Module]:
    """Those of some modules that are to be left as they are."""
    rules = given if isinstance(given, tuple | list) else () if given is None else (given,)
    for rule in rules:
        if not isinstance(rule, Module) and not callable(rule):
            raise HookArgumentError(
                f"node_to_exclude is {rule!r}, which is no module, class or function.",
                where=where,
                cure="Give modules, classes such as nd.LIF, or a function that is true of what is left out.",
                rule=rule,
            )

    def meets(module: Module, rule: Any) -> bool:
        if isinstance(rule, Module):
            return module is rule
        return isinstance(module, rule) if isinstance(rule, type) else bool(rule(module))

    return [module for module in modules if any(meets(module, rule) for rule in rules)]


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


def reset_all_states(
    target: Module, *args: Any, seed: int | None = None, node_to_exclude: Excluded = None, **kwargs: Any
) -> Module:
    """Put all states in a module back to their first values, by calling each `reset_state`.

    Parameters
    ----------
    target : Module
        Usually the whole network.
    *args, **kwargs
        Given to each `reset_state`, as far as it takes them.
    seed : int, optional
        Seed of random first values; the one of `init_all_states` by default.
    node_to_exclude : Module, class, callable, or tuple of them, optional
        Modules that are left as they are, as in `init_all_states`.

    Returns
    -------
    Module
        The target.

    Raises
    ------
    HookArgumentError
        No `reset_state` of the network takes an argument of this name, or so many.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> net = nd.DynamicsGroup()
    >>> net.a, net.b = nd.LIF(1, V_initializer=-55 * mV), nd.LIF(1, V_initializer=-55 * mV)
    >>> net = nd.init_all_states(net)
    >>> net.a.V.value = net.b.V.value = -50 * mV
    >>> _ = nd.reset_all_states(net, node_to_exclude=net.b)
    >>> print(net.a.V.value, net.b.V.value)
    [-55.] mV [-50.] mV
    """
    taken: set[int | str] = set()
    left_out = _excluded(walk(target), node_to_exclude, "reset_all_states")
    for module in _in_call_order(walk(target), "reset_state"):
        if module in left_out:
            continue
        if seed is not None:
            module.seed_of_build = seed
        given, named = _accept(module.reset_state, args, kwargs)
        module.reset_state(*given, **named)
        taken |= {*range(len(given)), *named}
    _refuse_unused(target, "reset", args, kwargs, taken)
    return target


def call_all_fns(
    target: Module,
    fun_name: str,
    args: tuple[Any, ...] | Any = (),
    kwargs: dict[str, Any] | None = None,
    node_to_exclude: Excluded = None,
    fun_if_not_exist: str = "raise",
) -> Module:
    """Call a method of this name of every module in a network, in the order of their `call_order`.

    Parameters
    ----------
    target : Module
        Usually the whole network.
    fun_name : str
        Name of the method.
    args : tuple, or a single value
        Its arguments.
    kwargs : dict, optional
        Its named arguments.
    node_to_exclude : Module, class, callable, or tuple of them, optional
        Modules that are left alone, as in `init_all_states`.
    fun_if_not_exist : {"raise", "pass", "none"}
        What to do with a module that has no such method: an error, or nothing.

    Returns
    -------
    Module
        The target.

    Raises
    ------
    HookArgumentError
        A module has no method of this name, or `fun_if_not_exist` is something else.

    Examples
    --------
    >>> import numbadyn as nd
    >>> class Told(nd.Dynamics):
    ...     def tell(self, word):
    ...         print(self.name, word)
    >>> net = nd.DynamicsGroup()
    >>> net.a, net.b = Told(1, name="a"), Told(1, name="b")
    >>> _ = nd.call_all_fns(net, "tell", "hello", fun_if_not_exist="pass")
    a hello
    b hello
    """
    where = f"call_all_fns({fun_name!r})"
    if fun_if_not_exist not in ("raise", "pass", "none"):
        raise HookArgumentError(
            f"fun_if_not_exist is {fun_if_not_exist!r}.",
            where=where,
            cure='Say "raise", "pass" or "none".',
            fun_if_not_exist=fun_if_not_exist,
        )
    left_out = _excluded(walk(target), node_to_exclude, where)
    found = [module for module in walk(target) if module not in left_out]
    without = [module for module in found if not callable(getattr(module, fun_name, None))]
    if without and fun_if_not_exist == "raise":
        raise HookArgumentError(
            f"{without[0].path} has no method {fun_name!r}.",
            where=where,
            cure='Exclude it by node_to_exclude=..., or say fun_if_not_exist="pass".',
            fun_name=fun_name,
        )
    given = args if isinstance(args, tuple) else (args,)
    methods = [(module, getattr(module, fun_name)) for module in found if module not in without]
    for _module, method in sorted(methods, key=lambda pair: getattr(pair[1], "_call_order", 0)):
        method(*given, **(kwargs or {}))
    return target
