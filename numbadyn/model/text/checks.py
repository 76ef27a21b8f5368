"""Units of a text of equations: each line is evaluated once with stand-ins, before there is any population.

In: a definition.  Out: nothing, or an error that points at the line.  Must not know: populations.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from numbadyn.errors import DimensionError, EquationSyntaxError, IntegrationMethodError, KindError, NumbadynError
from numbadyn.ir.kinds import Kind
from numbadyn.ir.nodes import ParamSpec
from numbadyn.model import environ
from numbadyn.model.text.definition import Definition
from numbadyn.model.text.expressions import Expression, called_names, names_in
from numbadyn.model.text.scope import Scope, lifted
from numbadyn.model.text.vocabulary import DRAWS
from numbadyn.model.values import Parameter
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, split

__all__ = ["check_linear", "check_units"]


class _Trial:
    """One evaluation of each line, with a stand-in for each name."""

    def __init__(self, definition: Definition, trace: Trace) -> None:
        self._definition, self.trace = definition, trace
        self.scope = Scope(definition, self._find)

    def _stand_in(self, name: str, kind: Kind, dimension: Dimension) -> Traced:
        spec = ParamSpec(name, (), kind, dimension, lambda _context: 1)
        return Traced(self.trace, self.trace.param(object(), spec))

    def _find(self, _scope: Scope, name: str) -> Any:
        known = self._definition
        if name in known.declared:
            return self._stand_in(name, known.declared[name].kind, known.declared[name].dimension)
        if name in known.constants:
            given = known.constants[name]
            value = given.value if isinstance(given, Parameter) else given
            dimension = value.dimension if hasattr(value, "sample") else split(value)[1]
            return self._stand_in(name, "real", dimension)
        if name in known.folded:
            return lifted(known.folded[name])
        if name in ("t", "dt"):
            return environ.get_dt() if name == "dt" else environ.get("t")
        if name in ("i", "N", "t_in_timesteps"):
            return self._stand_in(name, "int", DIMENSIONLESS)
        if name == "not_refractory":
            return self._stand_in(name, "bool", DIMENSIONLESS)
        if name == "lastspike":
            return self._stand_in(name, "real", TIME)
        if name in DRAWS:
            return lambda *_mean: self._stand_in(name, "real", DIMENSIONLESS)
        raise KeyError(name)

    def node(self, expression: Expression) -> Any:
        """What an expression makes; None where a user's own function, which may need all elements, is part of it."""
        if called_names(expression.tree) & self._definition.functions.keys():
            return None
        try:
            return self.trace.node(as_node(self.trace, self.scope.value(expression)))
        except TypeError as error:
            if isinstance(error, NumbadynError):
                raise
            raise EquationSyntaxError(
                f"A line of {self._definition.model} cannot be evaluated: {error}.",
                where=expression.place,
                cure="Call functions with as many arguments as they take.",
            ) from error

    def check(self, expression: Expression | None, what: str, wanted: Dimension, cure: str) -> None:
        """Refuse an expression of another unit."""
        node = None if expression is None else self.node(expression)
        if expression is None or node is None or node.dimension == wanted:
            return
        raise DimensionError(
            f"{what} of {self._definition.model} is in {node.dimension}, but must be in {wanted}.",
            where=expression.place,
            cure=cure,
            got=node.dimension,
            wanted=wanted,
        )

    def check_condition(self, expression: Expression, what: str) -> None:
        """Refuse what is neither true nor false."""
        node = self.node(expression)
        if node is not None and node.kind != "bool":
            raise KindError(
                f"{what} of {self._definition.model} is no condition.",
                where=expression.place,
                cure="Compare something: 'v > v_th'.",
                kind=node.kind,
            )


def check_units(definition: Definition) -> bool:
    """Check the units of all lines.

    Returns
    -------
    bool
        Whether refractoriness is a condition.

    Raises
    ------
    DimensionError
        Those of a line do not fit, or are not those that it declares.
    KindError
        A threshold is no condition.
    """
    trace = Trace(definition.model)
    with trace.recording():
        trial = _Trial(definition, trace)
        for name, made in definition.declared.items():
            if made.role == "abbreviation":
                cure = f"Correct the expression, or the unit behind the colon: {name} = ... : unit."
                trial.check(definition.right[name], f"The expression {name}", made.dimension, cure)
            if made.role == "state":
                rate = made.dimension / TIME
                cure = f"It must be in the unit of {name} over a time; often a division by a time constant is missing."
                trial.check(definition.right.get(name), f"The right-hand side of d{name}/dt", rate, cure)
                for noise, factor in definition.noise.get(name, {}).items():
                    root = made.dimension / TIME ** Fraction(1, 2)
                    cure = f"{noise} is in 1/sqrt(second): multiply it with sigma*sqrt(2/tau), or sigma/sqrt(tau)."
                    trial.check(factor, f"What {noise} is multiplied with in d{name}/dt", root, cure)
        for change in definition.reset:
            wanted = definition.declared[change.name].dimension
            trial.check(
                change.value,
                f"What the reset makes of {change.name}",
                wanted,
                "Give it the same unit; zero, too: 0*mV.",
            )
        if definition.threshold is not None:
            trial.check_condition(definition.threshold, "The threshold")
        return definition.refractory is not None and _is_condition(trial, definition.refractory)


def _is_condition(trial: _Trial, refractory: Expression) -> bool:
    """Whether refractoriness is a condition; anything but a time is refused then."""
    node = trial.node(refractory)
    if node is not None and node.kind == "bool":
        return True
    cure = "Give a duration, or a condition that is true as long as no spike follows."
    trial.check(refractory, "The refractoriness", TIME, cure)
    return False


def check_linear(definition: Definition) -> None:
    """Refuse equations that are not linear, for methods that need it.

    Raises
    ------
    IntegrationMethodError
        A derivative of a right-hand side depends on a state.
    """
    states = definition.named("state")
    drivers: dict[str, set[str]] = {name: set() for name in states}
    trace = Trace(definition.model)
    with trace.recording():
        trial = _Trial(definition, trace)
        for name in definition.named("abbreviation"):  # what they stand for, and no stand-ins
            if "constant over dt" not in definition.declared[name].flags:
                trial.scope.pop(name, None)
        scope = trial.scope
        for name in definition.named("abbreviation"):
            _resolve(definition, scope, name)
        numbers = {name: as_node(trace, scope[name]) for name in states}
        for name in states:
            if name not in definition.right:
                continue
            slope = as_node(trace, scope.value(definition.right[name]))
            for other, number in numbers.items():
                found = derivative(trace, slope, number)
                if found is not None and other != name:
                    drivers[name].add(other)
                varies = found is not None and not trace.is_constant(found)
                if found is not None and (varies or _reaches(trace, found, set(numbers.values()))):
                    raise IntegrationMethodError(
                        f"d{name}/dt of {definition.model} is not linear in its states, so it has no exact solution.",
                        where=definition.declared[name].place,
                        cure="Leave method out, or choose exponential_euler, rk2 or rk4.",
                        name=name,
                    )
    _check_held(definition, drivers)


def _check_held(definition: Definition, drivers: dict[str, set[str]]) -> None:
    """Refuse equations that act on each other and are held in refractory periods, which are not solved together."""
    flagged = {name for name, made in definition.declared.items() if "unless refractory" in made.flags}
    for name, sources in drivers.items():
        both = sorted(sources & _reached(drivers, name) & flagged) if name in flagged else []
        if both:
            raise IntegrationMethodError(
                f"{both[0]} and {name} of {definition.model} act on each other and both are held in refractory "
                "periods, so they are not solved together.",
                where=definition.declared[name].place,
                cure="Choose rk4, or leave method out; or leave the flag (unless refractory) of one of them.",
                name=name,
                other=both[0],
            )


def _reached(drivers: dict[str, set[str]], name: str) -> set[str]:
    """Those that a state drives, by way of others too."""
    found: set[str] = set()
    while more := {each for each, by in drivers.items() if by & (found | {name})} - found:
        found |= more
    return found


def _resolve(definition: Definition, scope: Scope, name: str) -> None:
    """Let an abbreviation be what it stands for."""
    for other in names_in(definition.right[name].tree):
        if other in definition.declared and definition.declared[other].role == "abbreviation":
            _resolve(definition, scope, other)
    scope[name] = scope.value(definition.right[name])


def _reaches(trace: Trace, index: int, wanted: set[int]) -> bool:
    """Whether a value depends on one of some others."""
    waiting, seen = [index], set[int]()
    while waiting:
        number = waiting.pop()
        if number in wanted:
            return True
        if number not in seen:
            seen.add(number)
            waiting += trace.node(number).args
    return False
