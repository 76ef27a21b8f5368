"""Methods by their names in Brian2: how the states of a text are advanced by one step.

In: right-hand sides and amplitudes of noise as functions of all states.  Out: the states one step later.  Must not
know: texts, populations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numbadyn.errors import UnsupportedFunctionError
from numbadyn.model import environ, random
from numbadyn.model.acting import over_step, tentatively
from numbadyn.model.integrate import euler_step, exp_euler_step, rk2_step, rk4_step
from numbadyn.tracing.differentiate import derivative
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node

__all__ = ["METHODS", "Method", "System"]

States = dict[str, Any]


@dataclass(frozen=True, slots=True)
class System:
    """Equations that are advanced together.

    Parameters
    ----------
    start : dict
        States at the start of the step.
    slopes : callable
        Their time derivatives, without noise: ``slopes(states, time, names)``, where the time is that of the start of
        the step and all are asked for unless something else is given.
    amplitudes : callable
        What each noise is multiplied with: state -> noise -> value.
    shapes : dict
        Shape of each state.
    held : callable
        States as they are in a refractory period, in which some do not change.
    drives : dict
        State -> other states whose equations read it.
    """

    start: States
    slopes: Callable[..., States]
    amplitudes: Callable[[States], dict[str, dict[str, Any]]]
    shapes: Mapping[str, tuple[int, ...]]
    held: Callable[[States], States]
    drives: Mapping[str, set[str]]

    def jumps(self) -> dict[str, Any]:
        """What each white noise adds up to in this step: a normal number times the root of the step, in its own unit.

        A noise that several states have in common is one number for each element.
        """
        names: dict[str, tuple[int, ...]] = {}
        for state, terms in self.amplitudes(self.start).items():
            for noise in terms:
                names[noise] = max(names.get(noise, ()), self.shapes[state], key=len)
        return {noise: np.sqrt(environ.get_dt()) * random.normal(size=names[noise]) for noise in sorted(names)}


def _noisy(states: States, amplitudes: dict[str, dict[str, Any]], jumps: dict[str, Any]) -> States:
    """States, with noise added."""
    found = dict(states)
    for name, terms in amplitudes.items():
        for noise, factor in terms.items():
            found[name] = found[name] + factor * jumps[noise]
    return found


def _exponential_euler(system: System) -> States:
    """Equations without noise together, each as linear in its own state, with the others held; the others alone."""
    noisy = {name for name, terms in system.amplitudes(system.start).items() if terms}
    plain = {name: value for name, value in system.start.items() if name not in noisy}

    def slopes(_states: States, /) -> States:
        found = system.slopes({**system.start, **_states}, names=list(_states))
        return {name: found[name] for name in _states}

    found = {**(exp_euler_step(slopes, plain) if plain else {}), **_each(system, noisy)}
    return {name: found[name] for name in system.start}


def _exact(system: System) -> States:
    """Equations one by one: those that drive others linearly are taken along exactly when a step is lowered."""
    return _each(system, system.start)


def _each(system: System, names: Iterable[str]) -> States:
    """Some states, each advanced with the others held."""
    return {name: _alone(system, name, system.start) for name in names}


def _alone(system: System, name: str, others: States) -> Any:
    """A state, advanced with values that the others have meanwhile."""

    def slope(x: Any) -> Any:
        return system.slopes({**others, name: x}, names=[name])[name]

    factors = system.amplitudes(system.start).get(name, {}).values()
    return exp_euler_step(slope, *map(_constant, factors), system.start[name])


def _in_turn(system: System) -> States:
    """Equations in turn, each with the means of the others over the step: of second order together.

    The mean of a state is half of what it is at both ends of the step. What it comes to is known of those whose turn
    was before; of those after, exponential Euler from the start of the step says it. Those that drive most others come
    last, so that the many which follow them, as gates do a potential, are computed once. White noise is held over a
    step, which keeps its variance. Where linear equations act on each other, values at the start are left for them to
    be solved exactly together when a step is lowered; where they drive others, the mean is marked, for the same.
    """
    start, found, guessed = system.start, States(), States()
    noisy = {name for name, terms in system.amplitudes(start).items() if terms}
    together = _together(system, set(start) - noisy)
    for name in sorted(start, key=lambda name: (name not in together, len(system.drives[name]))):
        means = States()
        for other in start:
            if name in system.drives[other] and other not in noisy | together.get(name, set()):
                if other not in found and other not in guessed:
                    with tentatively():
                        guessed[other] = _alone(system, other, start)
                means[other] = 0.5 * (start[other] + (found[other] if other in found else guessed[other]))
        kept = system.held({**start, **means})
        found[name] = _alone(system, name, {**start, **{key: over_step(start[key], kept[key]) for key in means}})
    return {name: found[name] for name in start}


def _together(system: System, names: set[str]) -> dict[str, set[str]]:
    """Of equations that are linear with constant coefficients in each other and in no others: which act on each other.

    An eager call solves none together, so there are none then.
    """
    trace, reads = current_trace(), {name: {key for key in names if name in system.drives[key]} for name in names}
    circles = _circles(reads)
    if trace is None or not any(circles.values()):
        return {}
    values = {name: Traced(trace, trace.emit("identity", as_node(trace, x))) for name, x in system.start.items()}
    slopes, linear = system.slopes(values, None, sorted(names)), dict[str, set[str]]()
    for name in sorted(names):
        others = {name, *(other for other in values if name in system.drives[other])}
        rates = (_rate(trace, slopes[name], values[other]) for other in sorted(others))
        if others <= names and all(rate is None or trace.is_constant(rate) for rate in rates):
            linear[name] = reads[name]
    while left := {name for name, by in linear.items() if not by <= linear.keys()}:
        linear = {name: by for name, by in linear.items() if name not in left}
    return {name: circles[name] for name in linear}


def _circles(reads: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """State -> others that it reads, by way of others too, and that read it."""
    behind = {name: set(by) for name, by in reads.items()}
    while True:
        further = {name: by.union(*(behind[other] for other in by)) for name, by in behind.items()}
        if further == behind:
            return {
                name: {other for other in by if other != name and name in behind[other]} for name, by in behind.items()
            }
        behind = further


def _rate(trace: Trace, slope: Any, value: Traced) -> int | None:
    """Derivative of a right-hand side by a state; one that it has not is none of a run."""
    node = value.node_in(trace)
    try:
        return derivative(trace, as_node(trace, slope), node)
    except UnsupportedFunctionError:
        return node


def _constant(factor: Any) -> Callable[[Any], Any]:
    """A function of a state that does not depend on it."""
    return lambda _x: factor


def _euler(system: System) -> States:
    def slopes(_states: States, /) -> States:
        return system.slopes(_states)

    return _noisy(euler_step(slopes, system.start), system.amplitudes(system.start), system.jumps())


def _heun(system: System) -> States:
    """Noise at both ends of the step, drift at its start; in the sense of Stratonovich."""
    jumps, dt = system.jumps(), environ.get_dt()
    before = system.amplitudes(system.start)
    after = system.amplitudes(_noisy(system.start, before, jumps))
    slopes = system.slopes(system.start)
    found = {name: value + dt * slopes[name] for name, value in system.start.items()}
    for name, terms in before.items():
        for noise, factor in terms.items():
            found[name] = found[name] + 0.5 * jumps[noise] * (factor + after[name][noise])
    return found


def _milstein(system: System) -> States:
    """With the derivative of the amplitude taken from a step ahead; in the sense of Stratonovich."""
    jumps, dt = system.jumps(), environ.get_dt()
    before, slopes = system.amplitudes(system.start), system.slopes(system.start)
    drifted = {name: value + dt * slopes[name] for name, value in system.start.items()}
    roots = {noise: np.sqrt(dt) for noise in jumps}
    after = system.amplitudes(_noisy(drifted, before, roots))
    found = _noisy(drifted, before, jumps)
    for name, terms in before.items():
        for noise, factor in terms.items():
            change = (after[name][noise] - factor) * (0.5 / np.sqrt(dt))
            found[name] = found[name] + change * (jumps[noise] * jumps[noise])
    return found


def _runge_kutta(step: Callable[..., Any]) -> Callable[[System], States]:
    """A method whose right-hand sides are asked for at other times, too."""

    def advance(system: System) -> States:
        def slopes(_states: States, /, t: Any) -> States:
            return system.slopes(_states, t)

        advanced: States = step(slopes, system.start)
        return advanced

    return advance


@dataclass(frozen=True, slots=True)
class Method:
    """A way of advancing states.

    Parameters
    ----------
    advance : callable
        Gives the states one step later.
    noise : {"none", "one", "any"}
        Which equations with noise it takes: none, those with a noise of their own each, all.
    stages : bool
        Whether right-hand sides are asked for at other states than those of the start.
    linear : bool
        Whether equations must be linear.
    """

    advance: Callable[[System], States]
    noise: str = "none"
    stages: bool = False
    linear: bool = False


METHODS = {
    "exponential_euler": Method(_exponential_euler, "one"),
    "exact": Method(_exact, "one", linear=True),
    "linear": Method(_exact, "one", linear=True),
    "": Method(_in_turn, "one"),
    "euler": Method(_euler, "any"),
    "heun": Method(_heun, "any", stages=True),
    "milstein": Method(_milstein, "any", stages=True),
    "rk2": Method(_runge_kutta(rk2_step), stages=True),
    "rk4": Method(_runge_kutta(rk4_step), stages=True),
}
