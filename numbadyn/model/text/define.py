"""`equations`: a class of populations from the text of its equations.

In: texts, constants.  Out: a `Dynamics` class.  Must not know: how a step is run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from numbadyn.errors import (
    DuplicateNameError,
    EquationSyntaxError,
    IntegrationMethodError,
    NumbadynError,
    ReservedNameError,
    UnknownOptionError,
)
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.init import Initialiser
from numbadyn.model.nearest import nearest_first
from numbadyn.model.text.checks import check_linear, check_units
from numbadyn.model.text.declarations import Declaration, declarations
from numbadyn.model.text.definition import GIVEN, Definition
from numbadyn.model.text.expressions import Change, Expression, called_names, changes, expression, names_in
from numbadyn.model.text.folding import fold
from numbadyn.model.text.integration import METHODS
from numbadyn.model.text.noise import apart, is_noise
from numbadyn.model.text.places import Text, find_text
from numbadyn.model.text.population import TextDynamics, TextNeuron
from numbadyn.model.values import Parameter
from numbadyn.tracing.positions import users_module
from numbadyn.units import describe, split

__all__ = ["equations"]

_REFRACTORY = "refractory"


def equations(
    text: str,
    *,
    threshold: str | None = None,
    reset: str | None = None,
    refractory: Any = None,
    method: str | None = None,
    namespace: Mapping[str, Any] | None = None,
    name: str = "Equations",
    **constants: Any,
) -> type[TextDynamics]:
    r"""Make a class of populations from the text of its equations, in the notation of Brian2.

    Parameters
    ----------
    text : str
        On each line a differential equation ``dv/dt = (v_rest - v)/tau : volt``, a subexpression ``I = g*(E - v) :
        amp`` or a parameter ``tau : second``, with its unit; an expression may take several lines, and ``#`` begins a
        comment. Flags behind the unit: ``(unless refractory)``, ``(constant over dt)``, ``(constant)``, ``(shared)``;
        of parameters here also ``(input)``, which is the sum of what projections bring, ``(positive)`` and
        ``(nonnegative)``.
    threshold : str, optional
        Condition of a spike. With it, the class is one of spiking neurons.
    reset : str, optional
        What a spike does: assignments on lines of their own, or with semicolons between them.
    refractory : str or quantities.Quantity, optional
        Duration in which no other spike follows, as a value or an expression; or a condition as long as which none
        does.
    method : str, optional
        As in Brian2: ``exponential_euler``, ``euler``, ``rk2``, ``rk4``; ``exact`` (also ``linear``) for linear
        equations; with noise ``exponential_euler`` where each equation has one of its own, ``euler``, or, in the sense
        of Stratonovich, ``heun`` and ``milstein``. By default linear equations, and what they drive linearly, are
        exact, and others are advanced in turn by exponential Euler with the means of the states that they read: of
        second order, and one to two times the cost of ``exponential_euler``, which holds those states and is of first
        order. Where several equations have a noise in common the default is ``euler``, and where noise is multiplied
        with a state ``heun``.
    namespace : mapping, optional
        Further constants and functions, of which those that the text uses are taken: ``globals()``, for example.
    name : str
        Name of the class.
    **constants
        Numbers, quantities, arrays and distributions that the text names, which become parameters of each population;
        and functions that it calls, such as a `TimedArray`.

    Returns
    -------
    type
        A subclass of `Dynamics`. ``Model(in_size, v=..., tau=...)`` makes a population, with first values of states and
        values of parameters by name, zero by default as in Brian2.

    Raises
    ------
    EquationSyntaxError, DuplicateNameError, CyclicEquationsError
        A line cannot be read, or two of them do not go together.
    UnknownNameError, MissingEquationError, ReservedNameError, UnknownOptionError
        A name has no meaning, or one that a population needs for itself; a constant is not used.
    DimensionError, KindError
        Units of a line do not fit, or a threshold is no condition.
    IntegrationMethodError
        A method is not known, or is none for these equations.

    Notes
    -----
    The text is read by Python's own parser, and its expressions run like the lines of an `update`: with the same bits
    as a class that is written by hand, and with the line of the text in errors, in ``print(sim.step)`` and in generated
    code. In a step,

    1. jumps that projections bring are added: those of a `DeltaProj` with ``label="g"`` to ``g``, those without a label
       to the first differential equation;
    2. ``(constant over dt)`` and refractoriness are found, and states are advanced;
    3. who is above threshold, and not refractory, spikes and is reset.

    That is the order of Brian2, whose spikes of a step reach other neurons at its end. Refractoriness is counted as
    there, too: 5 ms at a step of 0.1 ms hold 49 steps. Names that a text knows besides its own: ``t``, ``dt``, ``i``,
    ``N``, ``lastspike``, ``not_refractory``, ``xi`` and ``xi_...`` for white noise, units, ``pi``, ``e``, and functions
    ``exp``, ``log``, ``sqrt``, ``sin``, ``tanh``, ``abs``, ``sign``, ``clip``, ``floor``, ``ceil``, ``int``,
    ``exprel``, ``rand``, ``randn``, ``poisson``, ``binomial``, ``timestep``, ``where``. A power is ``**`` or ``^``.

    References
    ----------
    Stimberg, M., Brette, R. and Goodman, D. F. M. (2019), Brian 2, an intuitive and efficient neural simulator, eLife
    8, e47314, doi:10.7554/eLife.47314.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> Cell = nd.equations(
    ...     '''
    ...     dv/dt = (v_rest - v + R*I)/tau : volt (unless refractory)
    ...     I : amp (input)
    ...     tau : second (constant)
    ...     ''',
    ...     threshold="v > -50*mV",
    ...     reset="v = v_rest",
    ...     refractory=5 * ms,
    ...     v_rest=-65 * mV,
    ...     R=100 * nd.units.unit_of(nd.units.RESISTANCE) / 1000,
    ... )
    >>> cells = nd.init_all_states(Cell(2, v=-60 * mV, tau=[10, 20] * ms))
    >>> with nd.environ.context(dt=1 * ms):
    ...     spikes = cells()
    >>> print(cells.v.value.round(3))
    [-60.476 -60.244] mV
    """
    place = find_text(text, name)
    declared = declarations(place)
    _check_class(declared, place)
    given = {**(namespace or {}), **constants}
    if refractory is False:  # as the default of Brian2
        refractory = None
    if refractory is not None and not isinstance(refractory, str):
        given[_REFRACTORY], refractory = refractory, _REFRACTORY
    _check_given(declared, constants, name)
    folded: dict[str, Any] = {}
    taken = {*declared, *given}

    def parsed(content: str, at: Text, line: int) -> Expression:
        return fold(expression(content, at, line), taken, folded)

    right = {key: parsed(made.expression, place, made.begins) for key, made in declared.items() if made.expression}
    condition = None if threshold is None else _alone(threshold, name, parsed)
    held = None if refractory is None else _alone(refractory, name, parsed)
    statements = [] if reset is None else changes(find_text(reset, name))
    resets = tuple(Change(one.name, fold(one.value, taken, folded)) for one in statements)
    used = {part for found in [*right.values(), condition, held] if found is not None for part in _names(found)}
    used |= {part for one in resets for part in _names(one.value)}
    own = {key: value for key, value in given.items() if key in used - declared.keys()}
    functions = {key: value for key, value in own.items() if _is_function(value)}
    plain = {key: value for key, value in own.items() if key not in functions}
    definition = Definition(name, declared, right, {}, condition, resets, held, tuple(given), plain, functions, folded)
    _check_reset(definition, place, threshold)
    _check_values(plain, name)
    whole = _with_method(definition, method, place)
    _check_used(constants, used, declared, place)
    return _made(whole, place)


def _names(found: Expression) -> set[str]:
    return names_in(found.tree) | called_names(found.tree)


def _is_function(value: Any) -> bool:
    """Whether something is called by a text, and is no value of an unusual form."""
    return callable(value) and not isinstance(value, Initialiser | Parameter)


def _alone(content: str, model: str, parsed: Callable[[str, Text, int], Expression]) -> Expression:
    """An expression that is a text of its own."""
    return parsed(content, find_text(content, model), 0)


def _check_given(declared: Mapping[str, Declaration], constants: Mapping[str, Any], model: str) -> None:
    """Refuse names that mean something else already."""
    for key, made in declared.items():
        if key in GIVEN or is_noise(key) or hasattr(Dynamics, key) or key in ("name", "in_size", "definition"):
            raise ReservedNameError(
                f"{key} is declared in the equations of {model}, but every population has a {key!r} of its own.",
                where=made.place,
                cure="Choose another name.",
                name=key,
            )
        if key in constants:
            raise DuplicateNameError(
                f"{key} is declared in the equations of {model}, and given as {describe(constants[key])} too.",
                where=made.place,
                cure=f"Leave the line, and {key} is a constant; or leave {key}=, and give it to each population: "
                f"{model}(100, {key}=...).",
                name=key,
            )
    for key in constants:
        if key in GIVEN or is_noise(key) or hasattr(Dynamics, key):
            raise ReservedNameError(
                f"{key}={describe(constants[key])} is given to the equations of {model}, but {key!r} has a meaning.",
                where=f"{model}.{key}",
                cure="Choose another name.",
                name=key,
            )


def _check_class(declared: Mapping[str, Declaration], place: Text) -> None:
    """Refuse a text that declares nothing, and a name that is none."""
    if not str(place.model).isidentifier():
        raise EquationSyntaxError(
            f"{place.model!r} is no name of a class.",
            where="equations(name=...)",
            cure="Give a word, such as name='Cell'.",
            name=place.model,
        )
    if not declared:
        raise EquationSyntaxError(
            f"The text of {place.model} declares nothing.",
            where=place.place(0),
            cure="Write at least one line: dv/dt = -v/tau : volt.",
        )


def _check_used(constants: Mapping[str, Any], used: set[str], declared: Mapping[str, Declaration], place: Text) -> None:
    """Refuse constants that have no effect."""
    for key, value in constants.items():
        if key not in used:
            near = ", ".join(nearest_first(key, used - declared.keys())[:3])
            raise UnknownOptionError(
                f"{key}={describe(value)} is given to {place.model}, but its text does not use it.",
                where=place.place(0),
                cure=f"Leave it out, or correct it; the text asks for {near or 'no constant'}. Many at once, of which "
                "some are used, are given as namespace=.",
                name=key,
            )


def _check_values(constants: Mapping[str, Any], model: str) -> None:
    """Refuse constants that are no values."""
    for key, value in constants.items():
        if not isinstance(value, Initialiser | Parameter):
            try:
                split(value)
            except NumbadynError as error:
                raise type(error)(f"{key}: {error.what}", where=f"{model}.{key}", cure=error.cure) from error


def _check_reset(definition: Definition, place: Text, threshold: str | None) -> None:
    """Refuse what acts at spikes where there are none."""
    if threshold is not None:
        return
    flagged = [key for key, made in definition.declared.items() if "unless refractory" in made.flags]
    what = "a reset" if definition.reset else "refractoriness" if definition.refractory is not None else ""
    if what or flagged:
        raise EquationSyntaxError(
            f"{definition.model} has {what or f'the flag (unless refractory) at {flagged[0]}'}, but no threshold.",
            where=place.place(0),
            cure="Say when there is a spike: threshold='v > -50*mV'.",
            model=definition.model,
        )


def _with_method(definition: Definition, method: str | None, place: Text) -> Definition:
    """The definition with drift and noise apart, all names known, and the way in which it is integrated."""
    definition.check_names()
    abbreviations = {key: definition.right[key] for key in definition.named("abbreviation")}
    right, noise = dict(definition.right), {}
    for key in definition.named("state"):
        drift, terms = apart(definition.right[key], abbreviations)
        if terms:
            _check_not_shared(definition.declared[key])
            noise[key] = terms
        if drift is None:
            del right[key]
        else:
            right[key] = drift
    for key in definition.named("abbreviation"):
        if any(map(is_noise, definition.behind(definition.right[key]))):
            del right[key]  # written out where it was used
    left = {key: made for key, made in definition.declared.items() if made.role != "abbreviation" or key in right}
    found = replace(definition, declared=left, right=right, noise=noise)
    found = replace(found, method=_default(found) if method is None else _checked_method(found, method, place))
    found = replace(found, held_by_condition=check_units(found))
    if METHODS[found.method].linear:
        check_linear(found)
    return found


def _check_not_shared(made: Declaration) -> None:
    if made.shared:
        raise EquationSyntaxError(
            f"{made.name} is (shared), but has white noise, which is drawn for each element.",
            where=made.place,
            cure="Leave the flag, or make it a population of one.",
            name=made.name,
        )


def _own_noise(definition: Definition) -> bool:
    """Whether each equation has at most one noise, and shares it with no other."""
    names = [noise for terms in definition.noise.values() for noise in terms]
    return len(set(names)) == len(names) and all(len(terms) < 2 for terms in definition.noise.values())


def _default(definition: Definition) -> str:
    states = set(definition.named("state"))
    factors = [factor for terms in definition.noise.values() for factor in terms.values()]
    additive = not any(definition.behind(factor) & states for factor in factors)
    return "" if additive and _own_noise(definition) else "euler" if additive else "heun"


def _checked_method(definition: Definition, method: str, place: Text) -> str:
    found = METHODS.get(method)
    if found is None or not method:
        raise IntegrationMethodError(
            f"{definition.model} is to be integrated by {method!r}, which is no method.",
            where=place.place(0),
            cure=f"Choose from {', '.join(nearest_first(str(method), filter(None, METHODS)))}.",
            method=method,
        )
    if definition.noise and (found.noise == "none" or (found.noise == "one" and not _own_noise(definition))):
        raise IntegrationMethodError(
            f"{definition.model} has white noise, which {method!r} cannot integrate here.",
            where=definition.declared[next(iter(definition.noise))].place,
            cure="Choose euler, heun or milstein; exponential_euler where each equation has one noise of its own.",
            method=method,
        )
    return method


_UPDATE = """
def update(self, x=None):
    '''Advance by one step.'''
    return self.step(x)
"""


def _update(definition: Definition, place: Text) -> Any:
    """The update, which stands where the equations do, so that what no line of theirs makes has a place too."""
    tree, made = ast.parse(_UPDATE.strip()), dict[str, Any]()
    line = min((one.line for one in definition.declared.values() if one.role == "state"), default=0)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr | ast.arg):
            node.lineno = node.end_lineno = place.first + line
    exec(compile(tree, place.file, "exec"), {"__name__": "equations"}, made)
    return made["update"]


def _made(definition: Definition, place: Text) -> type[TextDynamics]:
    """The class."""
    body = {
        "definition": definition,
        "content": definition.content(),
        "update": _update(definition, place),
        "__doc__": f"A model that is given as text.\n\nNotes\n-----\n::\n\n{_indented(place.content)}\n",
        "__module__": users_module() or __name__,
    }
    base = TextDynamics if definition.threshold is None else TextNeuron
    return type(definition.model, (base,), body)


def _indented(text: str) -> str:
    return "\n".join(f"    {line.strip()}" for line in text.strip().splitlines())
