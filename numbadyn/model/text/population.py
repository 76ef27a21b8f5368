"""The base of models that are given as text: makes their parameters and states, and runs a step of what they say.

In: a definition.  Out: a population.  Must not know: texts, how they are read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import HookArgumentError, InvalidParameterError, UnknownOptionError
from numbadyn.model import environ
from numbadyn.model.dynamics import Dynamics, Neuron
from numbadyn.model.following import Following
from numbadyn.model.init import Initialiser
from numbadyn.model.nearest import nearest_first
from numbadyn.model.text.declarations import Declaration
from numbadyn.model.text.definition import Definition
from numbadyn.model.text.expressions import names_in
from numbadyn.model.text.first import first_text, parameter_text
from numbadyn.model.text.integration import METHODS, States, System
from numbadyn.model.text.scope import Scope, lifted
from numbadyn.model.text.vocabulary import DRAWS
from numbadyn.model.typing import SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.tracing.trace import current_trace
from numbadyn.units import TIME, VOLTAGE, join, unit_of

__all__ = ["TextDynamics", "TextNeuron"]

#: What every text knows.
_OF_EVERY_STEP: dict[str, Callable[[Dynamics], Any]] = {
    "t": lambda _population: environ.get("t"),
    "dt": lambda _population: environ.get_dt(),
    "t_in_timesteps": lambda _population: environ.get("i"),
    "N": lambda population: population.num,
    "i": lambda population: np.arange(population.num).reshape(population.varshape),
}
#: Steps since the last spike where there was none, a number that no refractoriness reaches.
_NEVER = 2**40


class TextDynamics(Dynamics):
    """Base of the classes that `equations` makes.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    name : str, optional
        Name for messages and results.
    **given
        By name: first values of states, also as text such as ``"E_L + rand()*5*mV"``; values of declared parameters,
        and of constants in place of those that were given with the text, as text of numbers, ``i``, ``N`` and chance:
        ``"10*ms + 2*ms*randn()"``. What is not given is zero, or the constant.

    Raises
    ------
    UnknownOptionError
        The text has no such name.
    SizeError, DimensionError, InvalidParameterError
        A size or a value has no meaning.
    """

    definition: ClassVar[Definition]
    #: What the class is made of, for those who compare code: there is no source that says it.
    content: ClassVar[dict[str, Any]]

    def __init__(self, in_size: SizeLike, name: str | None = None, **given: Any) -> None:
        super().__init__(in_size, name=name)
        known = self.definition
        settable = [*(n for n, made in known.declared.items() if made.role != "abbreviation"), *known.constants]
        settable = [key for key in settable if key not in known.inputs]
        unknown = sorted(given.keys() - set(settable))
        if unknown:
            near = ", ".join(nearest_first(unknown[0], settable))
            raise UnknownOptionError(
                f"{type(self).__name__} has no {unknown[0]!r} that could be given a value.",
                where=self.path,
                cure=f"Those that can are: {near or 'none'}.",
                name=unknown[0],
            )
        given = {
            key: parameter_text(value, known, key) if isinstance(value, str) and key not in known.kept else value
            for key, value in given.items()
        }
        self._first: dict[str, Any] = {}
        for key in known.kept:
            self._first[key] = given.get(key)
        self._texts = {key: first_text(text, known, key) for key, text in self._first.items() if isinstance(text, str)}
        for key, value in given.items():
            if key in known.declared and key not in self._texts:
                _check_kind(known.declared[key], value, f"{self.path}.{key}")
        for key, value in known.constants.items():
            own = given.get(key, value)
            setattr(self, key, Parameter(own) if not isinstance(own, Parameter) else own)
        for key, made in known.declared.items():
            if made.role == "parameter" and key not in self._first and key not in known.inputs:
                setattr(self, key, _parameter(made, given.get(key)))

    def init_state(self) -> None:
        """Make the states of the text, and what remembers spikes."""
        known = self.definition
        for key in self._in_order():
            given, made = self._first[key], known.declared[key]
            first = _zero(made) if given is None else given
            if key in self._texts:
                first = Following(functools.partial(self._first_of_text, key))
            unit = unit_of(made.dimension) if made.kind == "real" else None
            setattr(self, key, State(first, unit=unit, shape=() if made.shared else None))
        if known.held_by_condition:
            self.not_refractory = State(True)
        elif known.refractory is not None:
            self.steps_since_spike = State(_NEVER)
        if known.remembers_spikes:
            self.lastspike = State(join(-1e7, TIME))  # as in Brian2

    def _in_order(self) -> list[str]:
        """States, those behind whose first values follow from those of others."""
        found, waiting = [key for key in self._first if key not in self._texts], list(self._texts)
        while waiting:
            names = {key: names_in(self._texts[key].expression.tree) for key in waiting}
            key = next((key for key in waiting if not names[key] & set(waiting)), waiting[0])
            waiting.remove(key)
            found.append(key)
        return found

    def _first_of_text(self, key: str) -> Any:
        """First values that are given as text."""
        return self._texts[key].value(self.definition, self, key)

    def step(self, x: Any = None) -> Any:
        """Advance by one step; `update` calls it from the first line of the equations.

        Parameters
        ----------
        x : quantities.Quantity or traced value, optional
            Further input, where the text has one parameter flagged (input).

        Returns
        -------
        array of bool or traced value
            Who spikes; of a text without threshold, the first state.
        """
        known = self.definition
        self._check_given(x)
        start = {key: self._arrived(key) for key in known.kept}
        before = Scope(known, lambda scope, name: self._meaning(scope, name, x), start)
        free = self._find_free(before)
        fixed = {"not_refractory": True if free is None else free}
        for key, made in known.declared.items():
            if "constant over dt" in made.flags:
                fixed[key] = before.value(known.right[key])
        advanced = self._advanced(before, {**start, **fixed}, free)
        after = before.at({**start, **fixed, **advanced})
        self._show(after)
        spike = None
        if known.threshold is not None:
            spike = after.value(known.threshold)
            spike = spike if free is None else spike & free
            after = self._reset(after, spike)
        for key in known.kept:
            self.state(key).value = after[key]
        if spike is not None:
            self._remember(spike, free)
            return spike
        return self.state(known.kept[0]).value if known.kept else None

    def _check_given(self, x: Any) -> None:
        if x is not None and len(self.definition.inputs) != 1:
            raise HookArgumentError(
                f"{self.path} is given an input, but its text has {len(self.definition.inputs)} parameters that are "
                "flagged (input).",
                where=self.path,
                cure="Flag one: I : amp (input).",
                path=self.path,
            )

    def _arrived(self, key: str) -> Any:
        """A variable at the start of the step, with the jumps that projections bring under its name.

        Those without a label go to the first state.
        """
        value = self.state(key).value
        if key == next(iter(self.definition.named("state")), None):
            value = self.sum_delta_inputs(value, label="")
        return self.sum_delta_inputs(value, label=key)

    def _meaning(self, scope: Scope, name: str, x: Any) -> Any:
        """What a name means, if it is no function."""
        known = self.definition
        if name in known.declared:
            if known.declared[name].role == "abbreviation":
                return scope.value(known.right[name])
            return self._summed(name, scope, x) if name in known.inputs else self._held(name)
        if name in known.constants or name == "lastspike":
            return self._held(name)
        if name in known.folded:
            return lifted(known.folded[name])
        if name in DRAWS:
            return DRAWS[name](self.varshape)
        return _OF_EVERY_STEP[name](self)

    def _held(self, name: str) -> Any:
        """Value of a parameter or a state."""
        return getattr(self, name).value

    def _summed(self, name: str, scope: Scope, x: Any) -> Any:
        """What projections bring under a name, at the potential of this moment; all of it where one name asks."""
        known = self.definition
        dimension, label = known.declared[name].dimension, None if len(known.inputs) == 1 else name
        potentials = [key for key in known.named("state") if known.declared[key].dimension == VOLTAGE]
        states = [*potentials, *known.named("state")][:1]
        at = [scope[key] for key in states]
        total = self.sum_current_inputs(x, *at, label=label, dimension=dimension)
        return lifted(join(0.0, dimension)) if total is None else total

    def _find_free(self, scope: Scope) -> Any:
        """Who may spike in this step; None where all may, always.

        A condition counts from a spike until it is false for the first time.
        """
        refractory = self.definition.refractory
        if refractory is None:
            return None
        held = scope.value(refractory)
        if self.definition.held_by_condition:
            return self.not_refractory.value | np.logical_not(held)
        steps = np.floor(held / environ.get_dt() + 1e-3)  # as Brian2 counts them
        return self.steps_since_spike.value + 1 >= steps

    def _advanced(self, before: Scope, known: States, free: Any) -> States:
        """The states one step later."""
        definition = self.definition
        names = definition.named("state")
        if not names:
            return {}
        method = METHODS[definition.method]
        start = {key: known[key] for key in names}
        waiting = [key for key in names if "unless refractory" in definition.declared[key].flags and free is not None]

        def held(states: States) -> States:
            return {**states, **{key: np.where(free, states[key], start[key]) for key in waiting}}

        def moment(states: States, time: Any) -> Scope:
            known_then = {**known, **(held(states) if method.stages else states)}
            return before.at(known_then if time is None else {**known_then, "t": time})

        def slopes(states: States, time: Any = None, names: list[str] = names) -> States:
            scope = moment(states, time)
            return {key: self._slope(key, scope) for key in names}

        def amplitudes(states: States) -> dict[str, dict[str, Any]]:
            scope = moment(states, None)
            terms = definition.noise.items()
            return {key: {noise: scope.value(factor) for noise, factor in found.items()} for key, found in terms}

        shapes = {key: self.state(key).varshape for key in names}
        return held(method.advance(System(start, slopes, amplitudes, shapes, held, definition.drives())))

    def _slope(self, key: str, scope: Scope) -> Any:
        """A right-hand side; zero of an equation that is noise alone."""
        found = self.definition.right.get(key)
        dimension = self.definition.declared[key].dimension
        return lifted(join(0.0, dimension / TIME)) if found is None else scope.value(found)

    def _reset(self, after: Scope, spike: Any) -> Scope:
        """The variables behind the statements of the reset, where there was a spike."""
        changed = {key: after[key] for key in self.definition.kept}
        fixed = {key: after[key] for key in after if key not in changed and key not in self._derived()}
        scope = after
        for change in self.definition.reset:
            old = changed[change.name]
            changed[change.name] = np.where(spike, scope.value(change.value), old)
            scope = after.at({**fixed, **changed})
        return scope

    def _derived(self) -> list[str]:
        """Abbreviations that follow from states, so that they change with them."""
        declared = self.definition.declared
        return [
            key
            for key in [*self.definition.named("abbreviation"), *self.definition.inputs]
            if "constant over dt" not in declared[key].flags
        ]

    def _remember(self, spike: Any, free: Any) -> None:
        """Note who has spiked, and count the steps since then."""
        if self.definition.held_by_condition:
            self.not_refractory.value = free & np.logical_not(spike)
        elif self.definition.refractory is not None:
            count = self.steps_since_spike.value
            self.steps_since_spike.value = np.where(spike, 0, count + 1)
        if self.definition.remembers_spikes:
            self.lastspike.value = np.where(spike, environ.get("t"), self.lastspike.value)

    def _show(self, scope: Scope) -> None:
        """Let abbreviations be recorded, unless each look at them draws new numbers."""
        if current_trace() is None:
            return
        for key in self.definition.named("abbreviation"):
            if not self.definition.behind(self.definition.right[key]) & DRAWS.keys():
                self.observe(key, scope[key])


class TextNeuron(TextDynamics, Neuron):
    """Base of those with a threshold."""


def _zero(made: Declaration) -> Any:
    """Zero of the kind and unit of a declaration."""
    return {"bool": False, "int": 0}[made.kind] if made.kind != "real" else join(0.0, made.dimension)


def _check_kind(made: Declaration, value: Any, place: str) -> None:
    """Refuse a number where there is a condition, and a part where there are whole ones."""
    if made.kind == "real" or callable(value) or isinstance(value, Initialiser | Parameter):
        return
    wanted = {"bool": "b", "int": "iu"}[made.kind]
    if np.asarray(value).dtype.kind not in wanted:
        words = "true or false" if made.kind == "bool" else "whole numbers"
        raise InvalidParameterError(
            f"{place} is {value!r}, but {made.name} is declared as {words}.",
            where=place,
            cure=f"Give {words}.",
            value=value,
        )


def _parameter(made: Declaration, given: Any) -> Parameter:
    """The parameter of a declaration."""
    value = _zero(made) if given is None else given
    unit = unit_of(made.dimension) if made.kind == "real" else None
    return Parameter(
        value,
        unit=unit,
        positive="positive" in made.flags,
        negative="nonnegative" not in made.flags,
        shape=() if made.shared else None,
    )
