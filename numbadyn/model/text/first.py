"""Values that are given as text: first ones of states, ``v="E_L + rand()*(v_th - E_L)"``, and those of parameters.

In: a text, a population.  Out: the values of the run that begins.  Must not know: how a step is run.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, UnknownNameError
from numbadyn.ir.nodes import BindContext
from numbadyn.model.following import Bound, binding_of, first_of
from numbadyn.model.init import Initialiser, Normal, Uniform
from numbadyn.model.init_base import STATE_STREAM, Floats, Shape, real_of
from numbadyn.model.nearest import nearest_first
from numbadyn.model.streams import stream_of
from numbadyn.model.text.definition import Definition
from numbadyn.model.text.expressions import Expression, called_names, expression, names_in
from numbadyn.model.text.folding import fold
from numbadyn.model.text.places import find_text
from numbadyn.model.text.scope import Scope
from numbadyn.model.text.vocabulary import CONSTANTS, FUNCTIONS
from numbadyn.units import DIMENSIONLESS, Dimension, split

__all__ = ["FirstText", "TextValues", "first_text", "parameter_text"]

_DRAWN: dict[str, Initialiser] = {"rand": Uniform(0.0, 1.0), "randn": Normal(0.0, 1.0)}


class _Draw(Bound):
    """Random numbers of the run that begins, one for each element."""

    def __init__(self, population: Any, name: str, key: str, number: int) -> None:
        self._population, self._name, self._role = population, name, (key, number)

    @property
    def dimension(self) -> Dimension:
        """None."""
        return DIMENSIONLESS

    def content(self) -> Any:
        """What is drawn from."""
        return _DRAWN[self._name]

    def fetch(self, context: BindContext) -> NDArray[Any]:
        """The numbers."""
        stream = stream_of(self._population, "first text", *self._role)
        return _DRAWN[self._name].sample(self._population.varshape, seed=context.seed, stream=stream)


@dataclass(frozen=True, slots=True)
class FirstText:
    """A text that gives first values.

    Parameters
    ----------
    expression : Expression
        What it says.
    folded : dict
        Values with units that stand in it.
    """

    expression: Expression
    folded: dict[str, Any]

    def value(self, definition: Definition, population: Any, key: str) -> Any:
        """The values, from parameters, and from first values of states that are made already.

        Parameters
        ----------
        definition : Definition
            Of the population.
        population : Dynamics
            Whose state it is.
        key : str
            The state.
        """
        drawn = itertools.count()

        def draw(name: str) -> Any:
            made = _Draw(population, name, key, next(drawn))
            return made.fetch(binding_of(made, population))

        def find(_scope: Scope, name: str) -> Any:
            if name in self.folded:
                return self.folded[name]
            if name in _DRAWN:
                return lambda: draw(name)
            if name in ("i", "N"):
                return population.num if name == "N" else np.arange(population.num).reshape(population.varshape)
            if name in definition.kept:
                return first_of(population.state(name))
            if name in definition.declared or name in definition.constants:
                return getattr(population, name).value
            raise KeyError(name)

        return definition.value(self.expression, Scope(definition, find))


class TextValues(Initialiser):
    """Values that a text gives, which knows numbers, units, ``i``, ``N``, ``rand()`` and ``randn()``.

    Parameters
    ----------
    content : str
        The text.
    found : Expression
        The same, parsed.
    folded : dict
        Values with units that stand in it.
    definition : Definition
        Of the population.
    """

    def __init__(self, content: str, found: Expression, folded: dict[str, Any], definition: Definition) -> None:
        self._content, self._found, self._folded, self._definition = content, found, folded, definition
        self.dimension = split(self._values((1,), 0, 0, 64, 0))[1]

    def _values(self, shape: tuple[int, ...], seed: int, stream: int, bits: int, start: int) -> Any:
        drawn = itertools.count()

        def draw(name: str) -> Any:
            number = next(drawn)
            word = stream if number == 0 else stream_of(None, "text of a parameter", stream, number)
            return _DRAWN[name].sample(shape, seed=seed, stream=word, bits=bits, start=start)

        def find(_scope: Scope, name: str) -> Any:
            if name in self._folded:
                return self._folded[name]
            if name in _DRAWN:
                return lambda: draw(name)
            if name == "i":
                return start + np.arange(math.prod(shape)).reshape(shape)
            if name == "N":
                return math.prod(shape)
            raise KeyError(name)

        return self._definition.value(self._found, Scope(self._definition, find))

    def sample(
        self, shape: Shape, *, seed: int = 0, stream: int = STATE_STREAM, bits: int = 64, start: int = 0
    ) -> Floats:
        """Evaluate the text, see `Initialiser.sample`."""
        whole = (shape,) if isinstance(shape, int) else tuple(shape)
        values = np.asarray(split(self._values(whole, seed, stream, bits, start))[0], dtype=real_of(bits))
        return np.broadcast_to(values, whole).copy()

    def key(self) -> tuple[Any, ...]:
        """The text."""
        return "TextValues", self._content

    def __repr__(self) -> str:
        """Show the text."""
        return repr(self._content)


def parameter_text(content: str, definition: Definition, key: str) -> TextValues:
    """Read a text that gives the values of a parameter.

    Parameters
    ----------
    content : str
        The text.
    definition : Definition
        Of the population.
    key : str
        The parameter.

    Raises
    ------
    EquationSyntaxError
        It is no expression.
    UnknownNameError
        It names what it does not know.
    InvalidParameterError
        The parameter is one of whole numbers or conditions.
    """
    made = definition.declared.get(key)
    if made is not None and made.kind != "real":
        raise InvalidParameterError(
            f"{key} of {definition.model} is {content!r}, but it is declared as {made.kind}.",
            where=f"{definition.model}.{key}",
            cure="Give numbers, or true and false, as an array.",
            content=content,
        )
    folded: dict[str, Any] = {}
    found = fold(expression(content, find_text(content, definition.model), 0), set(), folded)
    names = names_in(found.tree) - {*folded, *CONSTANTS, "i", "N"}
    for name in sorted(names | (called_names(found.tree) - {*FUNCTIONS, *_DRAWN})):
        raise UnknownNameError(
            f"{name!r} is unknown where {key} of {definition.model} is given its values.",
            where=found.place,
            cure="A text for a parameter knows numbers, units, i, N, rand(), randn() and functions; compute what "
            "follows from other parameters, or give it a line of its own: a subexpression.",
            name=name,
        )
    return TextValues(content, found, folded, definition)


def first_text(content: str, definition: Definition, key: str) -> FirstText:
    """Read a text that gives the first values of a state.

    Parameters
    ----------
    content : str
        The text.
    definition : Definition
        Of the population.
    key : str
        The state.

    Returns
    -------
    FirstText

    Raises
    ------
    EquationSyntaxError
        It is no expression.
    UnknownNameError
        It names what has no value before the first step.
    """
    folded: dict[str, Any] = {}
    parameters = {name for name in definition.named("parameter") if name not in definition.inputs}
    known = {*definition.constants, *parameters, *definition.kept} - {key}
    found = fold(expression(content, find_text(content, definition.model), 0), known, folded)
    names = names_in(found.tree) - known - {*folded, *CONSTANTS, "i", "N"}
    calls = called_names(found.tree) - {*FUNCTIONS, *definition.functions, *_DRAWN}
    for name in sorted(names | calls):
        raise UnknownNameError(
            f"{name!r} has no value before the first step of {definition.model}, where {key} begins.",
            where=found.place,
            cure=f"Near it are {', '.join(nearest_first(name, known | _DRAWN.keys())[:3])}.",
            name=name,
        )
    return FirstText(found, folded)
