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

__all__ = ["check_names", "named_options"]

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
