"""Methods by their names in Brian2: how the states of a text are advanced by one step.

In: right-hand sides and amplitudes of noise as functions of all states.  Out: the states one step later.  Must not
know: texts, populations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numbadyn.model import environ, random
from numbadyn.model.integrate import euler_step, exp_euler_step, rk2_step, rk4_step

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
        Their time derivatives, without noise: ``slopes(states)``, or ``slopes(states, time)`` at another time than that
        of the start of the step.
    amplitudes : callable
        What each noise is multiplied with: state -> noise -> value.
    shapes : dict
        Shape of each state.
    """

    start: States
    slopes: Callable[..., States]
    amplitudes: Callable[[States], dict[str, dict[str, Any]]]
    shapes: Mapping[str, tuple[int, ...]]

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
    amplitudes = system.amplitudes(system.start)
    plain = {name: value for name, value in system.start.items() if not amplitudes.get(name)}

    def slopes(_states: States, /) -> States:
        found = system.slopes({**system.start, **_states})
        return {name: found[name] for name in _states}

    found = exp_euler_step(slopes, plain) if plain else {}
    for name in system.start.keys() - plain.keys():
        (factor,) = amplitudes[name].values()

        def drift(x: Any, name: str = name) -> Any:
            return system.slopes({**system.start, name: x})[name]

        def amplitude(_x: Any, factor: Any = factor) -> Any:
            return factor

        found[name] = exp_euler_step(drift, amplitude, system.start[name])
    return {name: found[name] for name in system.start}


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


def _rk2(system: System) -> States:
    def slopes(_states: States, /, t: Any) -> States:
        return system.slopes(_states, t)

    advanced: States = rk2_step(slopes, system.start)
    return advanced


def _rk4(system: System) -> States:
    def slopes(_states: States, /, t: Any) -> States:
        return system.slopes(_states, t)

    advanced: States = rk4_step(slopes, system.start)
    return advanced


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
    "exact": Method(_exponential_euler, "one", linear=True),
    "linear": Method(_exponential_euler, "one", linear=True),
    "euler": Method(_euler, "any"),
    "heun": Method(_heun, "any", stages=True),
    "milstein": Method(_milstein, "any", stages=True),
    "rk2": Method(_rk2, stages=True),
    "rk4": Method(_rk4, stages=True),
}
