"""The lines of a text of equations, taken apart: differential equations, abbreviations, parameters.

In: a text.  Out: declarations.  Must not know: what expressions mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from numbadyn.errors import DuplicateNameError, EquationSyntaxError
from numbadyn.ir.kinds import Kind
from numbadyn.model.nearest import nearest_first
from numbadyn.model.text.places import Text
from numbadyn.model.text.unit_names import dimension_of_text, unit_names
from numbadyn.units import DIMENSIONLESS, Dimension

__all__ = ["Declaration", "declarations"]

Role = Literal["state", "abbreviation", "parameter"]

_STATE = re.compile(r"d\s*([A-Za-z]\w*)\s*/\s*dt\s*=(?!=)(.*)", re.DOTALL)
_ABBREVIATION = re.compile(r"([A-Za-z]\w*)\s*=(?!=)(.*)", re.DOTALL)
_PARAMETER = re.compile(r"[A-Za-z]\w*")
_FLAGGED = re.compile(r"(.*[\w\s])\(([^()]*)\)")
#: Flags, and whose they are.
_FLAGS: dict[str, tuple[Role, ...]] = {
    "unless refractory": ("state",),
    "constant over dt": ("abbreviation",),
    "shared": ("state", "abbreviation", "parameter"),
    "constant": ("parameter",),
    "input": ("parameter",),
    "positive": ("parameter",),
    "nonnegative": ("parameter",),
}
#: Flags of Brian2 that stand for what is done otherwise.
_ELSEWHERE = {
    "event-driven": "Synapses with traces are an nd.PlasticProj, which decays them at events.",
    "clock-driven": "Synapses with equations are an nd.PlasticProj with on_step, or a synapse such as nd.Expon.",
    "summed": "A sum over synapses is nd.CurrentProj, or a parameter that is (input).",
    "linked": "A value of another population comes by nd.CurrentProj, or a reference: E.prefetch('x').",
    "scalar": "It is called (shared).",
}
_KINDS: dict[str, Kind] = {"boolean": "bool", "bool": "bool", "integer": "int", "int": "int"}
_CALLED = {"state": "a differential equation", "abbreviation": "a subexpression", "parameter": "a parameter"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """A line of the text, or several that belong together.

    Parameters
    ----------
    role : {"state", "abbreviation", "parameter"}
        ``dv/dt = ... : volt``, ``I = ... : amp`` or ``tau : second``.
    name : str
        What it declares.
    expression : str
        Right-hand side, with the line breaks that it has; empty for a parameter.
    dimension : Dimension
        What it measures.
    kind : {"real", "int", "bool"}
        What its values are.
    flags : frozenset of str
        What stands in brackets behind the unit.
    text : Text
        Where it stands.
    line, begins : int
        Number of its first line, and of that on which the expression begins, counted from 0.
    """

    role: Role
    name: str
    expression: str
    dimension: Dimension
    kind: Kind
    flags: frozenset[str]
    text: Text
    line: int
    begins: int

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return self.text.place(self.line)

    @property
    def shared(self) -> bool:
        """Whether all elements have one value."""
        return "shared" in self.flags


def declarations(text: Text) -> dict[str, Declaration]:
    """Take a text apart.

    Parameters
    ----------
    text : Text
        The text.

    Returns
    -------
    dict of str to Declaration
        By name, in the order of the text.

    Raises
    ------
    EquationSyntaxError
        A line is no declaration.
    DuplicateNameError
        A name is declared twice.
    """
    found: dict[str, Declaration] = {}
    for line, whole in _wholes(text):
        made = _declaration(text, line, whole)
        if made.name in found:
            raise DuplicateNameError(
                f"{made.name} is declared twice in the equations of {text.model}.",
                where=made.place,
                cure=f"Leave one of them; the other is {found[made.name].place}.",
                name=made.name,
            )
        found[made.name] = made
    return found


def _wholes(text: Text) -> list[tuple[int, str]]:
    """Lines without comments; those that belong together, up to the unit, as one, with the number of the first."""
    found: list[tuple[int, str]] = []
    first, pending = 0, ""
    for number, line in enumerate(text.content.splitlines()):
        bare = line.partition("#")[0].rstrip().removesuffix("\\")
        if not pending.strip():
            first, pending = number, bare
        else:
            pending = f"{pending}\n{bare}"
        if ":" in bare:
            found.append((first, pending))
            pending = ""
    if pending.strip():
        raise EquationSyntaxError(
            f"{pending.strip().splitlines()[0]!r} has no unit.",
            where=text.place(first),
            cure="End it with a colon and its unit: dv/dt = -v/tau : volt; without one, it is 1.",
            line=first,
        )
    return found


def _declaration(text: Text, line: int, whole: str) -> Declaration:
    left, _colon, right = whole.partition(":")
    stripped = left.strip()
    role: Role = "parameter"
    name, expression = stripped, ""
    if found := _STATE.fullmatch(stripped):
        role, name, expression = "state", found[1], found[2]
    elif found := _ABBREVIATION.fullmatch(stripped):
        role, name, expression = "abbreviation", found[1], found[2]
    elif not _PARAMETER.fullmatch(stripped):
        raise EquationSyntaxError(
            f"{stripped!r} declares nothing.",
            where=text.place(line),
            cure="Write dv/dt = ... : volt for a state, I = ... : amp for an abbreviation, tau : second for a "
            "parameter; names begin with a letter.",
            line=line,
        )
    if role != "parameter" and not expression.strip():
        raise EquationSyntaxError(
            f"{name} has no right-hand side.", where=text.place(line), cure=f"Write what {name} is.", name=name
        )
    kind, dimension, flags = _unit(text, line, role, right.strip())
    begins = line + left[: left.index(stripped)].count("\n") + stripped[: len(stripped) - len(expression)].count("\n")
    return Declaration(role, name, expression, dimension, kind, flags, text, line, begins)


def _unit(text: Text, line: int, role: Role, right: str) -> tuple[Kind, Dimension, frozenset[str]]:
    """Kind, dimension and flags, as they stand behind the colon."""
    flagged = _FLAGGED.fullmatch(right)
    unit = (flagged[1] if flagged else right).strip()
    given = [" ".join(part.split()) for part in flagged[2].split(",")] if flagged else []
    for flag in given:
        if role not in _FLAGS.get(flag, ()):
            known = [name for name, roles in _FLAGS.items() if role in roles]
            raise EquationSyntaxError(
                f"({flag}) is no flag of {_CALLED[role]}.",
                where=text.place(line),
                cure=f"Flags of {_CALLED[role]} are {', '.join(nearest_first(flag, known))}."
                + (f" {_ELSEWHERE[flag]}" if flag in _ELSEWHERE else ""),
                flag=flag,
            )
    if unit in _KINDS:
        return _KINDS[unit], DIMENSIONLESS, frozenset(given)
    dimension = dimension_of_text(unit)
    if dimension is None:
        near = ", ".join(nearest_first(unit, unit_names())[:3])
        raise EquationSyntaxError(
            f"{unit!r} is no unit." if unit else "There is no unit behind the colon.",
            where=text.place(line),
            cure=f"Give 1, a unit, or a product such as siemens/cm**2; near it are {near}.",
            unit=unit,
        )
    return "real", dimension, frozenset(given)
