"""What names mean at one moment of a step: found when an expression asks for them, and kept.

In: a definition, what gives names their values.  Out: values by name.  Must not know: populations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numbadyn.model.text.definition import Definition
from numbadyn.model.text.expressions import Expression
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node

__all__ = ["Scope", "lifted"]


class Scope(dict[str, Any]):
    """Values of names at one moment.

    Parameters
    ----------
    definition : Definition
        What the text says.
    find : callable
        ``find(scope, name)`` gives the value of a name; a KeyError where it has none, as functions.
    known : mapping
        Values that are known already.
    """

    def __init__(
        self, definition: Definition, find: Callable[[Scope, str], Any], known: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(known or {})
        self._definition, self._find = definition, find

    def __missing__(self, name: str) -> Any:
        found = self[name] = self._find(self, name)
        return found

    def value(self, expression: Expression) -> Any:
        """Value of an expression."""
        return self._definition.value(expression, self)

    def at(self, known: Mapping[str, Any]) -> Scope:
        """The same names at another moment, at which some values are known."""
        return Scope(self._definition, self._find, known)


def lifted(value: Any) -> Any:
    """A value with a unit, as one of the step where a step is traced: quantities on the left refuse others."""
    trace = current_trace()
    return value if trace is None else Traced(trace, as_node(trace, value))
