"""Spikes between two steps: where in a step a potential crosses its threshold, and what is left of the step after it.

In: an integrate-and-fire neuron in its update.  Out: its potential and dead time at the end of the step, who spikes,
and how long before the end of the step.  Must not know: which neurons there are, lowering, targets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.model import environ
from numbadyn.model.acting import held
from numbadyn.model.functions import exprel
from numbadyn.model.integrate import exp_euler_course
from numbadyn.model.seldom import choose_seldom
from numbadyn.zoo.units import kHz, ms, mV

__all__ = ["Crossing", "Level", "Path", "check_spike_times", "find_crossing"]

_MILD = 1e-3
"""How much steeper a potential becomes over a step at least, for a logarithm to be better than a parabola."""

_STEEP = 0.05
"""How much steeper it becomes at most, for the end of a step to be right where it is no logarithm."""

_NONE = -1.0 * ms
"""Time since a spike of those that have none."""

_NEARLY = 1e-12
"""What is left of the time until a potential has run away, where it has: it crosses its threshold before."""

_QUARTERS = (0.25, 0.5, 0.75)
"""Parts of a step after which a potential that flows is known."""

_NEWTON = 4
"""Newton's iterations from a straight line: each doubles the digits that are right."""


def check_spike_times(spike_times: Any, threshold: Any, where: str) -> str:
    """Refuse what is no way of timing spikes, and what does not go with it.

    Raises
    ------
    InvalidParameterError
        It is neither ``"grid"`` nor ``"interpolated"``, or the threshold does not say where it is within a step: chance
        decides who fires, say.
    """
    if spike_times not in ("grid", "interpolated"):
        raise InvalidParameterError(
            f"spike_times of {where} is {spike_times!r}.",
            where=where,
            cure='Give "grid", for spikes at the ends of steps, or "interpolated", for spikes between them.',
            spike_times=spike_times,
        )
    if spike_times == "interpolated" and threshold is not None and not threshold.moves_smoothly:
        raise InvalidParameterError(
            f"{where} has a {type(threshold).__name__}, which does not say where it is within a step, so that no "
            "crossing of it can be found there.",
            where=where,
            cure='Leave threshold=... or spike_times="interpolated" out, or take one that jumps at spikes and moves '
            "smoothly between them, such as nd.AdaptiveThreshold(...).",
            threshold=threshold,
        )
    return str(spike_times)


@dataclass(frozen=True)
class Level:
    """A threshold within a step, which goes in a straight line.

    Parameters
    ----------
    start : quantities.Quantity, Parameter or traced value
        Where it is (mV).
    rise : quantities.Quantity or traced value, optional
        How much it rises over the step (mV); it stays where it is by default.
    """

    start: Any
    rise: Any = None

    def at(self, part: Any) -> Any:
        """Where it is after a part of a step."""
        return self.start if self.rise is None else self.start + self.rise * part

    def from_(self, part: Any) -> Level:
        """The same as it goes on from a part of the step."""
        return self if self.rise is None else Level(self.at(part), self.rise)


@dataclass(frozen=True)
class Path:
    """A potential within a step: from where it is, with its slope, to where a whole step takes it.

    Parameters
    ----------
    start, end : quantities.Quantity or traced value
        Where it is, and where it comes (mV).
    first, bend : quantities.Quantity or traced value
        Coefficients of the part of a step that has passed, and of its square (mV), of a parabola.
    steeper : number, array or traced value, optional
        How much steeper it becomes over a step, as a part of its slope, where it may run away; then it goes by a
        logarithm that does so, too.

    Notes
    -----
    Both are of second order. Where the slope grows exponentially with the potential, the logarithm is exact, so that
    the time of a spike does not hang on the one or two steps of the upswing.
    """

    start: Any
    end: Any
    first: Any
    bend: Any
    steeper: Any = None

    @classmethod
    def of(cls, slope: Callable[[Any], Any], start: Any, *, upswing: bool) -> Path:
        """That of a slope as a function of the potential, which may run away."""
        found = exp_euler_course(slope, start)
        first = environ.get_dt() * found.slope
        return cls(start, found.end, first, found.end - start - first, found.rate if upswing else None)

    @property
    def _runs_away(self) -> Any:
        return (self.steeper > _MILD) & (self.first > 0.0 * mV)

    @property
    def soars(self) -> Any:
        """Whether it becomes so much steeper that a step is too long for it."""
        return False if self.steeper is None else (self.steeper > _STEEP) & (self.first > 0.0 * mV)

    def at(self, part: Any) -> Any:
        """Where it is after a part of a step."""
        found = self.start + (self.first + self.bend * part) * part
        if self.steeper is None:
            return found
        steeper = np.where(self._runs_away, self.steeper, 1.0)
        left = np.maximum(1.0 - steeper * part, _NEARLY)
        return np.where(self._runs_away, self.start - self.first / steeper * np.log(left), found)

    def reaches(self, level: Level) -> Any:
        """After which part of a step it is at a level; zero where it is above it from the start."""
        rise = level.start - self.start
        first = self.first if level.rise is None else self.first - level.rise
        square = first * first + 4.0 * self.bend * rise
        steep = first + np.sqrt(np.maximum(square, 0.0 * mV * mV))
        part = 2.0 * rise / steep
        if self.steeper is not None:
            soared = self._soars_to(level.at(1.0))
            if level.rise is not None:
                soared = self._soars_to(level.at(np.minimum(soared, 1.0)))
            part = np.where(self._runs_away, soared, part)
        return np.where(rise > 0.0 * mV, part, 0.0)

    def _soars_to(self, height: Any) -> Any:
        """The same of one that runs away."""
        ratio = (height - self.start) / np.where(self._runs_away, self.first, 1.0 * mV)
        return ratio * exprel(-self.steeper * ratio)

    def is_at(self, level: Level, part: Any) -> Any:
        """Who is at a level, or above it, after a part of a step."""
        found = level.at(part) <= self.at(part)
        if self.steeper is None:
            return found
        return np.where(self._runs_away, self.reaches(level) <= part, found)


@dataclass(frozen=True)
class Flow:
    """A potential that nothing bends but its own decay and what drives it, within a step.

    Parameters
    ----------
    start, end : quantities.Quantity or traced value
        Where it is, and where it comes (mV).
    quarters : tuple
        Where it is after each quarter of the step between (mV).
    rate : number, array or traced value
        Rate of its decay times dt.

    Notes
    -----
    Where the equation is solved exactly, it is so after each quarter, too; the polynomial of fourth degree through all
    of them misses the rest by less than a part of a billion. Two potentials with the same drive approach each other by
    the decay alone, so what begins later in the step is exact as well.
    """

    start: Any
    end: Any
    quarters: tuple[Any, Any, Any]
    rate: Any

    #: As of `Path`.
    soars: ClassVar[bool] = False

    @classmethod
    def of(cls, slope: Callable[[Any], Any], start: Any) -> Flow:
        """That of a slope as a function of the potential."""
        found = exp_euler_course(slope, start, _QUARTERS)
        first, second, third = found.between
        return cls(start, found.end, (first, second, third), found.rate)

    def coefficients(self) -> tuple[Any, Any, Any, Any]:
        """Those of the powers of the quarters that have passed, from the first on."""
        a, (b, c, d), e = self.start, self.quarters, self.end
        one, two, three = b - a, c - 2.0 * b + a, d - 3.0 * c + 3.0 * b - a
        four = e - 4.0 * d + 6.0 * c - 4.0 * b + a
        return (
            one - two / 2.0 + three / 3.0 - four / 4.0,
            two / 2.0 - three / 2.0 + four * (11.0 / 24.0),
            three / 6.0 - four / 4.0,
            four / 24.0,
        )

    def decay(self, part: Any) -> Any:
        """What is left of a difference after a part of a step."""
        return np.exp(self.rate * part)


def _at(start: Any, powers: tuple[Any, Any, Any, Any], part: Any) -> Any:
    """A polynomial after a part of a step."""
    t = 4.0 * part
    a, b, c, d = powers
    return start + t * (a + t * (b + t * (c + t * d)))


def _within_flow(flow: Flow, V_reset: Any, dead: Any, level: Level, tau_ref: Any) -> Crossing:
    """Go through a step in which a dead time ends, or a potential that flows crosses its threshold."""
    dt, powers = environ.get_dt(), flow.coefficients()
    held = np.minimum(_plain(dead / dt), 1.0)
    apart = flow.start - _at(flow.start, powers, held)

    def above(part: Any) -> tuple[Any, Any]:
        """How far the potential is above the threshold, and how fast that grows."""
        t, rest = 4.0 * part, apart * flow.decay(part - held)
        a, b, c, d = powers
        growth = 4.0 * (a + t * (2.0 * b + t * (3.0 * c + t * (4.0 * d)))) + flow.rate * rest
        growth = growth if level.rise is None else growth - level.rise
        return _at(flow.start, powers, part) + rest - level.at(part), growth

    end = flow.end + apart * flow.decay(1.0 - held)
    within = (held < 1.0) & (level.at(1.0) <= end)
    first, last = flow.start - level.at(held), end - level.at(1.0)
    part = held + (1.0 - held) * first / np.where(first < last, first - last, -1.0 * mV)
    for _time in range(_NEWTON):
        height, growth = above(part)
        part = np.clip(part - height / np.where(growth > 0.0 * mV, growth, 1.0 * mV), held, 1.0)
    part = np.where(first < 0.0 * mV, part, held)
    since = (1.0 - part) * dt
    again = np.maximum(since - tau_ref, 0.0 * ms) / dt
    anew = flow.end + (V_reset - _at(flow.start, powers, 1.0 - again)) * flow.decay(again)
    V = np.where(within, np.where(again > 0.0, anew, V_reset), end)
    left = np.where(within, np.maximum(tau_ref - since, 0.0 * ms), 0.0 * ms)
    return Crossing(V, left, within, np.where(within, since, _NONE))


@dataclass(frozen=True)
class Crossing:
    """What a step comes to: potential, dead time that is left, who spikes, how long before the end (else -1 ms)."""

    V: Any
    left: Any
    spike: Any
    since: Any


def find_crossing(
    path: Path | Flow,
    anew: Path | None,
    V_reset: Any,
    dead: Any,
    level_of: Callable[[Any], Level],
    tau_ref: Any,
    jumps: Callable[[Any], Any],
) -> Crossing:
    """Go through a step with at most one spike in it.

    Parameters
    ----------
    path, anew : Path
        The potential from the start of the step, and from the reset; or a `Flow`, which needs no other one.
    V_reset : quantities.Quantity, Parameter or traced value
        Where it begins anew (mV).
    dead : quantities.Quantity or traced value
        Dead time that is left at the start (ms).
    level_of : callable
        The threshold, from the potential at the end of a step without a spike.
    tau_ref : quantities.Quantity, Parameter or traced value
        Dead time after a spike (ms).
    jumps : callable
        Adds what arrives at the end of the step to a potential.

    Returns
    -------
    Crossing

    Notes
    -----
    The potential is held up to the end of a dead time within the step; then it follows `path`. From where it crosses
    the threshold on, it is held for `tau_ref`, then follows `anew`. Jumps come at the end of the step, where they may
    cross the threshold too, and are lost in a dead time. Most neurons are held for the whole step, or go through it
    from its start to its end, so all else is computed for those alone that want it.
    """
    dt = environ.get_dt()
    still = _plain(dead / dt)
    asleep = still >= 1.0
    V = np.where(asleep, path.start, path.end)
    level = level_of(V)
    wanted = ~asleep & ((still > 0.0) | (level.at(1.0) <= path.end) | path.soars)
    if isinstance(path, Flow):
        within = _within_flow(path, V_reset, dead, level, tau_ref)
    else:
        assert anew is not None
        within = _within(path, anew, dead, level, tau_ref)
    V = choose_seldom(wanted, within.V, V)
    left = choose_seldom(wanted, within.left, np.maximum(dead - dt, 0.0 * ms))
    since = choose_seldom(wanted, within.since, _NONE)
    spike, awake = _plain(since * kHz) > -1.0, _plain(left * kHz) <= 0.0
    V = np.where(awake, jumps(V), V)
    late = awake & ~spike & (level.at(1.0) <= V)
    V, left = np.where(late, V_reset, V), np.where(late, tau_ref, left)
    return Crossing(V, left, spike | late, np.where(late, 0.0 * ms, since))


def _plain(part: Any) -> Any:
    """A number of steps whose comparisons are those of a number: nothing here hangs on the last digits of a time."""
    return held(part)


def _within(path: Path, anew: Path, dead: Any, level: Level, tau_ref: Any) -> Crossing:
    """Go through a step in which a dead time ends, or a potential crosses its threshold."""
    dt = environ.get_dt()
    free = 1.0 - np.minimum(_plain(dead / dt), 1.0)
    level = level.from_(1.0 - free)
    within = (free > 0.0) & path.is_at(level, free)
    since = (free - np.minimum(path.reaches(level), free)) * dt
    again = np.maximum(since - tau_ref, 0.0 * ms) / dt
    V = np.where(within, anew.at(again), path.at(free))
    left = np.where(within, np.maximum(tau_ref - since, 0.0 * ms), 0.0 * ms)
    return Crossing(V, left, within, np.where(within, since, _NONE))
