"""Arguments by their names: a misspelt one is named, with those that there are.

In: a function and what it is called with.  Out: an error that says which name was meant.  Must not know: what arguments
mean.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

from numbadyn.errors import UnknownOptionError
from numbadyn.model.nearest import nearest_first

__all__ = ["check_names", "check_names_of", "named_options"]

Given = ParamSpec("Given")
Self = TypeVar("Self")
Back = TypeVar("Back")


@functools.lru_cache(maxsize=1024)
def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], int | None, bool]:
    """Names that may be given, how many may go without one (None: any number), and whether any name may be given."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    kinds = [p.kind for p in parameters]
    names = tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
    nameless = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    many = inspect.Parameter.VAR_POSITIONAL in kinds
    return names, None if many else len(nameless), inspect.Parameter.VAR_KEYWORD in kinds


def check_names_of(cls: type, names: Iterable[str]) -> None:
    """Refuse names that the constructor of a class does not have, nor those of its bases that it hands them on to.

    It hands on what it calls ``**options``. Other constructors that take any name, and those that are not this
    package's, may do with them what they like, and nothing is said.
    """
    known: list[str] = []
    for base in cls.__mro__:
        own = vars(base).get("__init__")
        if own is None:
            continue
        mine, _most, any_name = _parameters(own)
        known += mine
        if not any_name:
            break
        if "options" not in inspect.signature(own).parameters or not base.__module__.startswith("numbadyn."):
            return
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownOptionError(
            f"{cls.__name__} has no argument {unknown[0]!r}.",
            where=f"{cls.__name__}({unknown[0]}=...)",
            cure=f"It has: {', '.join(nearest_first(unknown[0], dict.fromkeys(known))) or 'none'}.",
            shown=cls.__name__,
        )


def check_names(function: Callable[..., Any], shown: str, names: Iterable[str], nameless: tuple[Any, ...] = ()) -> None:
    """Refuse names that a method does not have, and more arguments without a name than it has.

    Parameters
    ----------
    function : callable
        The method; its first parameter is the object.
    shown : str
        How users call it.
    names : iterable of str
        Names that were given.
    nameless : tuple
        What was given without a name.

    Raises
    ------
    UnknownOptionError
        There is one that it does not have.
    """
    known, most, any_name = _parameters(function)
    unknown = () if any_name else tuple(name for name in names if name not in known)
    if unknown:
        raise UnknownOptionError(
            f"{shown} has no argument {unknown[0]!r}.",
            where=f"{shown}({unknown[0]}=...)",
            cure=f"It has: {', '.join(nearest_first(unknown[0], known)) or 'none'}.",
            shown=shown,
        )
    if most is not None and len(nameless) > most:
        raise UnknownOptionError(
            f"{shown} takes {most} argument{'s' * (most != 1)} without a name, and {nameless[most]!r} is one more.",
            where=f"{shown}(...)",
            cure=f"Give the others by name; it has: {', '.join(known) or 'none'}.",
            shown=shown,
            most=most,
        )


def named_options(method: Callable[Concatenate[Self, Given], Back]) -> Callable[Concatenate[Self, Given], Back]:
    """Let a public method name a misspelt argument."""

    def checked(self: Self, /, *args: Given.args, **kwargs: Given.kwargs) -> Back:
        check_names(method, shown(self), kwargs, args)
        return method(self, *args, **kwargs)

    def shown(owner: Any) -> str:
        name = owner.__name__ if isinstance(owner, type) else type(owner).__name__
        return name if method.__name__ == "__init__" else f"{name}.{method.__name__}"

    functools.update_wrapper(checked, method)
    return checked
