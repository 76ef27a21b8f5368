"""Drawing on axes that the user gives: rasters of spikes, rates, traces.

In: a `Result`, the user's modules, matplotlib axes.  Out: marks on the axes.  Must not know: targets and
figures. matplotlib is not imported here: whoever has axes has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.io.recordings import Result
from numbadyn.units import TIME, is_quantity, magnitude_in

__all__ = ["named", "raster", "rates", "traces"]

_COLOURS = ("#20508e", "#c2410c", "#15803d", "#7e22ce", "#b45309", "#475569")
_MOST_ROWS = 200
_TALLEST_SPIKE = 0.35


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _milliseconds(time: Any, what: str) -> float:
    """Turn a positive time into a number of milliseconds."""
    if not is_quantity(time) or (value := float(magnitude_in(time, TIME, what=what, where="numbadyn.io.plots"))) <= 0:
        raise InvalidParameterError(
            f"{what} is {time!r}.",
            where="numbadyn.io.plots",
            cure="Give a positive time, such as 5*ms.",
            time=time,
        )
    return value


def named(populations: Any) -> dict[str, Any]:
    """Give populations by the names that the picture shows."""
    if isinstance(populations, Mapping):
        return dict(populations)
    listed = populations if isinstance(populations, Sequence) and not isinstance(populations, str) else [populations]
    return {getattr(one, "path", str(one)): one for one in listed}


def raster(axes: Any, result: Result, populations: Any, *, neurons: int = _MOST_ROWS) -> None:
    """Draw a mark for each spike: time to the right, populations and their neurons upwards.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    result : Result
        Of a run that recorded the spikes.
    populations : Module, list of Module or dict of str to Module
        Whose spikes; the dict's names are shown.
    neurons : int
        How many neurons are shown in all. Larger networks are thinned evenly, each population by the same factor.

    Raises
    ------
    RecordingError
        The spikes of a population were not recorded.
    """
    shown = named(populations)
    events = {name: result[population].spikes for name, population in shown.items()}
    thinning = max(1, -(-sum(spikes.size for spikes in events.values()) // neurons))
    rows = {name: -(-spikes.size // thinning) for name, spikes in events.items()}
    height = min(6.0, max(2.2, 180.0 / sum(rows.values())))
    base, middles = 0, []
    for number, (name, spikes) in enumerate(events.items()):
        chosen = spikes.indices % thinning == 0
        times = (spikes.steps[chosen] + 1) * spikes.dt
        neuron = base + spikes.indices[chosen] // thinning
        axes.plot(times, neuron, "|", ms=height, mew=0.9, color=_colour(number), rasterized=True)
        middles.append(base + (rows[name] - 1) / 2)
        base += rows[name]
    axes.set_ylim(-0.5, base - 0.5)
    share = {name: f"\n{rows[name]} of {events[name].size}" if thinning > 1 else "" for name in rows}
    axes.set_yticks(middles, [name + share[name] for name in rows])
    axes.tick_params(axis="y", length=0)
    for number, label in enumerate(axes.get_yticklabels()):
        label.set_color(_colour(number))


def rates(axes: Any, result: Result, populations: Any, *, width: Any = None) -> None:
    """Draw the mean rate of each population over time.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    result : Result
        Of a run that recorded the spikes.
    populations : Module, list of Module or dict of str to Module
        Whose rates; the dict's names are shown.
    width : quantities.Quantity, optional
        Width of the bins in which spikes are counted; 1 ms by default, or the 200th part of a run longer than 200 ms.

    Raises
    ------
    RecordingError
        The spikes of a population were not recorded.
    InvalidParameterError
        `width` is no positive time.
    """
    first, last = result.first * result.dt, result.last * result.dt
    chosen = max(1.0, (last - first) / 200.0) if width is None else _milliseconds(width, "width")
    bins = _bins(first, last, result.dt, chosen)
    for number, (name, population) in enumerate(named(populations).items()):
        spikes = result[population].spikes
        # Half a step earlier than the end of its step, so that no spike lies on an edge.
        counts, _ = np.histogram((spikes.steps + 0.5) * spikes.dt, bins)
        heights = counts / (np.diff(bins) * 1e-3 * spikes.size)
        axes.stairs(heights, bins, label=name, color=_colour(number), lw=1.0, baseline=None)
    axes.set_ylabel("rate (Hz)")
    axes.set_ylim(bottom=0)


def _bins(first: float, last: float, dt: float, width: float) -> Any:
    """Edges of bins, each a whole number of steps; a rest too short for a bin is added to the last one."""
    steps = max(1, round(width / dt))
    number = max(1, round((last - first) / dt) // steps)
    edges = first + np.arange(number + 1) * steps * dt
    edges[-1] = last
    return edges


def traces(axes: Any, result: Result, population: Any, variable: str = "V", *, most: int = 3) -> None:
    """Draw a recorded variable over time, one line an element, lines apart from each other.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    result : Result
        Of a run that recorded the variable.
    population : Module
        Whose variable.
    variable : str
        Name of the variable.
    most : int
        How many elements are drawn at most.

    Raises
    ------
    RecordingError
        The variable was not recorded.

    Notes
    -----
    An integrate-and-fire neuron is reset in the step of its spike, so that its trace shows none. Where the spikes of
    the population were recorded too, a vertical line stands for each.
    """
    recording = result[population]
    samples = recording.samples.get(variable)
    values = np.asarray(recording[variable].magnitude, dtype=float)[:, :most]
    assert samples is not None
    times = samples.steps * samples.dt
    low, high = (float(np.min(values)), float(np.max(values))) if values.size else (0.0, 1.0)
    apart = 1.25 * (high - low or 1.0) * (1.0 + _TALLEST_SPIKE)
    for row, line in enumerate(values.T):
        axes.plot(times, line - row * apart, lw=0.8, color=_COLOURS[0])
        if recording.events is not None and samples.elements is not None:
            at = (recording.events.steps[recording.events.indices == samples.elements[row]] + 1) * samples.dt
            foot = high - row * apart
            axes.vlines(at, foot, foot + _TALLEST_SPIKE * (high - low), lw=0.8, color=_COLOURS[0])
    _scale(axes, values.shape[1], low, high, apart, str(recording[variable].dimensionality))
    axes.set_ylabel(variable)


def _scale(axes: Any, lines: int, low: float, high: float, apart: float, unit: str) -> None:
    """Mark the lowest and the highest value beside each line, since the lines are shifted."""
    at = [value - row * apart for row in range(lines) for value in (low, high)]
    axes.set_yticks(at, [f"{value:.3g} {unit}" for _row in range(lines) for value in (low, high)])
    axes.margins(y=0.02)
