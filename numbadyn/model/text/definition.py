"""A model that is given as text: what its equations, threshold, reset and refractoriness say, with all names known.

In: texts, constants.  Out: `Definition`.  Must not know: populations, units of what names mean.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from numbadyn.errors import (
    CyclicEquationsError,
    EquationSyntaxError,
    IntegrationMethodError,
    MissingEquationError,
    UnknownNameError,
)
from numbadyn.model.nearest import nearest_first
from numbadyn.model.text.declarations import Declaration
from numbadyn.model.text.expressions import Change, Expression, called_names, names_in
from numbadyn.model.text.noise import is_noise
from numbadyn.model.text.unit_names import unit_names
from numbadyn.model.text.vocabulary import CONSTANTS, DRAWS, FUNCTIONS

__all__ = ["GIVEN", "Definition"]

#: What every text knows.
GIVEN = ("t", "dt", "t_in_timesteps", "i", "N", "not_refractory", "lastspike")


@dataclass(frozen=True)
class Definition:
    """What a text says.

    Parameters
    ----------
    model : str
        Name of the class.
    declared : dict
        Declarations by name.
    right : dict
        Right-hand sides of states, without noise, and of abbreviations; of a state that is noise alone there is none.
    noise : dict
        State -> noise -> what it is multiplied with.
    threshold, refractory : Expression or None
        When there is a spike; how long, or as long as what, no other one follows.
    reset : tuple of Change
        What a spike does.
    offered : tuple of str
        Names of all constants and functions that could have been used.
    constants, functions, folded : dict
        What was given by name, and values that stand in the text.
    method : str
        How states are advanced.
    held_by_condition : bool
        Whether refractoriness is a condition, and no duration.
    """

    model: str
    declared: dict[str, Declaration]
    right: dict[str, Expression]
    noise: dict[str, dict[str, Expression]]
    threshold: Expression | None
    reset: tuple[Change, ...]
    refractory: Expression | None
    offered: tuple[str, ...]
    constants: dict[str, Any]
    functions: dict[str, Callable[..., Any]]
    folded: dict[str, Any]
    method: str = ""
    held_by_condition: bool = False
    _codes: dict[int, CodeType] = field(default_factory=dict)

    def named(self, role: str) -> list[str]:
        """Names that are declared in one role."""
        return [name for name, made in self.declared.items() if made.role == role]

    @property
    def inputs(self) -> list[str]:
        """Parameters that are the sum of what projections bring."""
        return [name for name, made in self.declared.items() if "input" in made.flags]

    @property
    def kept(self) -> list[str]:
        """Names that have a state: those of differential equations, and parameters that a reset changes."""
        changed = {change.name for change in self.reset}
        return [name for name, made in self.declared.items() if made.role == "state" or name in changed]

    @property
    def expressions(self) -> Iterator[Expression]:
        """All of them."""
        yield from self.right.values()
        for terms in self.noise.values():
            yield from terms.values()
        yield from (found for found in (self.threshold, self.refractory) if found is not None)
        yield from (change.value for change in self.reset)

    @property
    def remembers_spikes(self) -> bool:
        """Whether the time of the last spike is asked for by name."""
        return any("lastspike" in names_in(found.tree) for found in self.expressions)

    def content(self) -> dict[str, Any]:
        """All that it says, by name, whatever comments and spaces the text has."""
        found: dict[str, Any] = {"method": self.method, **self.constants, **self.functions, **self.folded}
        for name, made in self.declared.items():
            found[f"line {name}"] = f"{made.role} {made.kind} {made.dimension} {sorted(made.flags)}"
        for number, expression in enumerate(self.expressions):
            found[f"expression {number}"] = ast.dump(expression.tree)
        found["names"] = [*self.right, *self.noise, *(change.name for change in self.reset)]
        return found

    def value(self, expression: Expression, names: Mapping[str, Any]) -> Any:
        """Value of an expression, on the line of the text that it stands on."""
        code = self._codes.get(id(expression))
        if code is None:
            code = self._codes[id(expression)] = expression.code()
        known = {**CONSTANTS, **FUNCTIONS, **self.functions, "__builtins__": {}, "__name__": "equations"}
        return eval(code, known, names)

    def behind(self, expression: Expression | None) -> set[str]:
        """Names that a value depends on, abbreviations and what they stand for included."""
        found: set[str] = set()
        waiting = [] if expression is None else [expression]
        while waiting:
            tree = waiting.pop().tree
            for name in (names_in(tree) | called_names(tree)) - found:
                found.add(name)
                if name in self.declared and self.declared[name].role == "abbreviation":
                    waiting.append(self.right[name])
        return found

    def drives(self) -> dict[str, set[str]]:
        """State -> other states whose right-hand sides read it, by way of abbreviations too."""
        states = self.named("state")
        behind = {name: self.behind(self.right.get(name)) for name in states}
        return {name: {other for other in states if other != name and name in behind[other]} for name in states}

    def check_names(self) -> None:
        """Refuse names without meaning, abbreviations that stand for each other, and changes of what has no equation.

        Raises
        ------
        UnknownNameError, CyclicEquationsError, MissingEquationError, EquationSyntaxError, IntegrationMethodError
            See there.
        """
        for change in self.reset:
            self._check_change(change)
        for expression in self.expressions:
            self._check_known(expression)
        for name in self.named("abbreviation"):
            self._check_no_circle(name, ())
        integrated = list(map(id, self.right.values()))
        for expression in self.expressions:
            if id(expression) not in integrated:
                self._check_no_noise(expression)
        for name in self.named("state"):
            for random in sorted(self._drawn(name)):
                raise IntegrationMethodError(
                    f"{name} is integrated, but its equation calls {random}(), which has another value in each step.",
                    where=self.declared[name].place,
                    cure="White noise is xi, and is scaled with the root of the time step; or flag a subexpression "
                    "(constant over dt).",
                    name=name,
                )

    def _drawn(self, state: str) -> set[str]:
        """Functions of chance that a right-hand side calls in each stage of a step."""
        steady = {name for name, made in self.declared.items() if "constant over dt" in made.flags}
        found: set[str] = set()
        waiting = [self.right[state].tree] if state in self.right else []
        seen: set[str] = set()
        while waiting:
            tree = waiting.pop()
            found |= called_names(tree) & DRAWS.keys()
            for name in names_in(tree) - steady - seen:
                seen.add(name)
                if name in self.declared and self.declared[name].role == "abbreviation":
                    waiting.append(self.right[name].tree)
        return found

    def _check_known(self, expression: Expression) -> None:
        known = {*self.declared, *GIVEN, *self.constants, *self.folded, *CONSTANTS}
        for name in sorted(names_in(expression.tree) - known):
            if name in self.functions:
                self._refuse_use(expression, name, "is a function, but is not called", f"Call it: {name}(t).")
            if not is_noise(name):
                self._refuse(expression, name, unit_names() | {*GIVEN, *CONSTANTS}, "it is")
        functions = {*FUNCTIONS, *DRAWS, *self.functions}
        for name in sorted(called_names(expression.tree) - functions):
            if name in known:
                self._refuse_use(
                    expression, name, "is called, but is no function", f"For a product, write {name}*(...)."
                )
            self._refuse(expression, name, functions, "the function is")

    def _check_no_noise(self, expression: Expression) -> None:
        for name in sorted(filter(is_noise, self.behind(expression))):
            raise IntegrationMethodError(
                f"{name} is white noise, which has a meaning in differential equations only.",
                where=expression.place,
                cure="Take randn() for a normal number of each step.",
                name=name,
            )

    def _refuse_use(self, expression: Expression, name: str, what: str, cure: str) -> None:
        raise EquationSyntaxError(f"{name} {what} in {self.model}.", where=expression.place, cure=cure, name=name)

    def _refuse(self, expression: Expression, name: str, further: set[str], subject: str) -> None:
        """A name without meaning; names of the user's own are the nearest, then one of others."""
        own = nearest_first(name, {*self.declared, *self.offered})[:2]
        near = [*own, *[found for found in nearest_first(name, further) if not found.startswith("_")][:2]]
        raise UnknownNameError(
            f"{name!r} has no meaning in the equations of {self.model}.",
            where=expression.place,
            cure=f"Near it are {', '.join(near)}. If {subject} a constant or a function of yours, give it by name: "
            f"nd.equations(..., {name}=...), or with others in namespace=.",
            name=name,
            near=near,
        )

    def _check_no_circle(self, name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise CyclicEquationsError(
                f"Subexpressions of {self.model} stand for each other: {circle}.",
                where=self.declared[name].place,
                cure="Write one of them in terms of states and parameters, or give it a differential equation.",
                circle=circle,
            )
        for other in names_in(self.right[name].tree):
            if other in self.declared and self.declared[other].role == "abbreviation":
                self._check_no_circle(other, (*path, name))

    def _check_change(self, change: Change) -> None:
        made = self.declared.get(change.name)
        if made is None:
            near = nearest_first(change.name, self.declared)[:3]
            raise MissingEquationError(
                f"The reset of {self.model} changes {change.name}, which has no equation and is no parameter.",
                where=change.value.place,
                cure=f"Declare it: d{change.name}/dt = ... : volt, or {change.name} : volt; near it are "
                f"{', '.join(near)}.",
                name=change.name,
            )
        fixed = sorted(made.flags & {"constant", "input", "shared"})
        if made.role == "abbreviation" or fixed:
            raise EquationSyntaxError(
                f"The reset of {self.model} changes {change.name}, which is "
                + ("a subexpression." if not fixed else f"({fixed[0]})."),
                where=change.value.place,
                cure="Change a state or a parameter that each element has for itself.",
                name=change.name,
            )
