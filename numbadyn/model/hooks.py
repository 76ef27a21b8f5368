"""Hooks: markers that say which arguments one receives, and what those of this package say of themselves.

In: any callable object.  Out: the same object with a mark.  Must not know: modules.

A before-hook is called without arguments unless it is marked with `receive_update_input`; an after-hook is called with
the return value of `update` unless it is marked with `not_receive_update_output`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from numbadyn.errors import HookArgumentError, NumbadynError

__all__ = [
    "OwnHook",
    "any_number",
    "call",
    "carried",
    "not_receive_update_input",
    "not_receive_update_output",
    "receive_update_input",
    "receive_update_output",
    "takes",
    "wants_input",
    "wants_output",
]

Hook = TypeVar("Hook")


def carried(holder: Any) -> tuple[Any, ...]:
    """Modules that a hook or an input brings into the network."""
    return tuple(getattr(holder, "modules", ()))


class OwnHook:
    """A hook of this package's own, by which something hangs on a population; such hooks run in the order of names.

    Attributes
    ----------
    kind : str
        Those of one kind change places with each other only.
    modules : tuple of Module
        What hangs there.
    described : str
        What that is, in words, where equal descriptions share it.
    input_key : str or None
        Key of the input that it serves.
    """

    kind: ClassVar[str]
    modules: tuple[Any, ...] = ()
    described: str = ""
    input_key: str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What is done before or after an update."""
        raise NotImplementedError


_INPUT = "_receives_update_input"
_NO_OUTPUT = "_receives_no_update_output"


def _mark(hook: Hook, name: str, value: bool) -> Hook:
    try:
        setattr(hook, name, value)
    except AttributeError as error:
        raise HookArgumentError(
            f"{hook!r} cannot be marked: it takes no attributes.",
            where=type(hook).__name__,
            cure="Mark a function or a class instance, or register it with receive_input=/receive_output=.",
            hook=hook,
        ) from error
    return hook


def receive_update_input(hook: Hook) -> Hook:
    """Mark a before-hook: it gets the arguments of `update`.

    Parameters
    ----------
    hook : callable
        A function, a class or an object that takes attributes; the mark is set on itself.

    Returns
    -------
    callable
        `hook`.

    Raises
    ------
    HookArgumentError
        It takes no attributes.

    Examples
    --------
    >>> @receive_update_input
    ... def show(x):
    ...     print(x)
    >>> wants_input(show)
    True
    """
    return _mark(hook, _INPUT, True)


def not_receive_update_input(hook: Hook) -> Hook:
    """Take the mark of `receive_update_input` away: a before-hook is called without arguments.

    Parameters
    ----------
    hook : callable
        A function, a class or an object that takes attributes; the mark is set on itself.

    Returns
    -------
    callable
        `hook`.

    Raises
    ------
    HookArgumentError
        It takes no attributes.

    Examples
    --------
    >>> wants_input(not_receive_update_input(receive_update_input(lambda: None)))
    False
    """
    return _mark(hook, _INPUT, False)


def receive_update_output(hook: Hook) -> Hook:
    """Take the mark of `not_receive_update_output` away: an after-hook gets the return value of `update`.

    Parameters
    ----------
    hook : callable
        A function, a class or an object that takes attributes; the mark is set on itself.

    Returns
    -------
    callable
        `hook`.

    Raises
    ------
    HookArgumentError
        It takes no attributes.

    Examples
    --------
    >>> wants_output(receive_update_output(not_receive_update_output(lambda spikes: None)))
    True
    """
    return _mark(hook, _NO_OUTPUT, False)


def not_receive_update_output(hook: Hook) -> Hook:
    """Mark an after-hook: it is called without the return value of `update`.

    Parameters
    ----------
    hook : callable
        A function, a class or an object that takes attributes; the mark is set on itself.

    Returns
    -------
    callable
        `hook`.

    Raises
    ------
    HookArgumentError
        It takes no attributes.

    Examples
    --------
    >>> @not_receive_update_output
    ... def count():
    ...     pass
    >>> wants_output(count)
    False
    """
    return _mark(hook, _NO_OUTPUT, True)


def wants_input(hook: Any) -> bool:
    """Whether a before-hook gets the arguments of `update`."""
    return bool(getattr(hook, _INPUT, False))


def wants_output(hook: Any) -> bool:
    """Whether an after-hook gets the return value of `update`."""
    return not getattr(hook, _NO_OUTPUT, False)


def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str, where: str) -> Any:
    """Call what a user has written; if it does not take the arguments, say so by name.

    Parameters
    ----------
    function : callable
        An update, a hook or an input.
    args, kwargs
        What it is called with.
    name : str
        What it is, for the message.
    where : str
        Path of the module.

    Raises
    ------
    HookArgumentError
        The signature does not take these arguments.
    """
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        if isinstance(error, NumbadynError) or takes(function, args, kwargs):
            raise
        given = f"{len(args) + len(kwargs)} argument{'s' * (len(args) + len(kwargs) != 1)}"
        raise HookArgumentError(
            f"{name} of {where} cannot be called with {given}: {error}.",
            where=where,
            cure="Give its parameters default values, or take those that are passed; the markers and "
            "receive_input=/receive_output= decide what hooks get.",
            name=name,
            given=given,
        ) from error


def any_number(function: Callable[..., Any]) -> bool:
    """Whether a function takes any number of arguments and tells no more, as those of np.vectorize do."""
    try:
        first, *_ = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return first.kind is inspect.Parameter.VAR_POSITIONAL


def takes(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a function can be called with these arguments, as far as its signature tells."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell
        return True
    return True
