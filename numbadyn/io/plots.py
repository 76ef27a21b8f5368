"""Pictures of a run: spikes as a raster, rates of populations, voltage traces.

In: a `Result` and the user's modules.  Out: a matplotlib figure, or marks on axes that the user gives.  Must not know:
targets.

matplotlib is an extra, ``pip install "numbadyn[plot]"``, and is imported when the first figure is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError, MissingExtraError, RecordingError
from numbadyn.io.recordings import Result
from numbadyn.units import TIME, is_quantity, magnitude_in

__all__ = ["overview", "raster", "rates", "traces"]

_COLOURS = ("#20508e", "#c2410c", "#15803d", "#7e22ce", "#b45309", "#475569")
_MOST_ROWS = 200
_TALLEST_SPIKE = 0.35


def _figure(size: tuple[float, float]) -> Any:
    """Make an empty figure that belongs to nobody: pyplot and its windows are not touched."""
    try:
        module = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise MissingExtraError(
            "Pictures need matplotlib, which is not installed.",
            where="numbadyn.io.plots",
            cure='Install it: pip install "numbadyn[plot]"',
        ) from error
    return module.Figure(figsize=size, dpi=90, layout="constrained")


def _milliseconds(time: Any, what: str) -> float:
    """Turn a positive time into a number of milliseconds."""
    if not is_quantity(time) or (value := float(magnitude_in(time, TIME, what=what, where="numbadyn.io.plots"))) <= 0:
        raise InvalidParameterError(
            f"{what} is {time!r}.", where="numbadyn.io.plots", cure="Give a positive time, such as 5*ms."
        )
    return value


def _names(populations: Any) -> dict[str, Any]:
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
    shown = _names(populations)
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
    for number, (name, population) in enumerate(_names(populations).items()):
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


def overview(
    result: Result, populations: Any, *, variable: str = "V", width: Any = None, title: str | None = None
) -> Any:
    """Make a figure with everything that was recorded: raster, rates, traces.

    Parameters
    ----------
    result : Result
        Of a run.
    populations : Module, list of Module or dict of str to Module
        Populations whose spikes were recorded.
    variable : str
        Variable of the traces; drawn for the first population that has it recorded, left out if there is none.
    width : quantities.Quantity, optional
        Width of the bins of the rates; see `rates`.
    title : str, optional
        Text above the figure.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig("run.png")``; in a notebook, the last line of a cell shows it.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    RecordingError
        The spikes of a population were not recorded.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from numbadyn.io import plots
    >>> from quantities import ms, mV
    >>> neurons = nd.LIFRef(10, V_rest=-45 * mV, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
    >>> sim = nd.Simulator(neurons, dt=1 * ms, target="interpret")
    >>> sim.record(neurons, "V", spikes=True)
    >>> figure = plots.overview(sim.run(100 * ms), {"LIF": neurons})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['', 'rate (Hz)', 'V']
    """
    shown = _names(populations)
    if not shown:
        raise RecordingError(
            "No population is named.",
            where="plots.overview(populations)",
            cure='Give one or more, such as {"E": net.E, "I": net.I}.',
        )
    traced = next((p for p in shown.values() if variable in result[p].samples), None)
    heights = [3.0, 1.2] + ([2.0] if traced is not None else [])
    figure = _figure((9.0, 1.05 * sum(heights) + 0.6))
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    raster(panels[0], result, shown)
    rates(panels[1], result, shown, width=width)
    if traced is not None:
        traces(panels[2], result, traced, variable)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_xlim(result.first * result.dt, result.last * result.dt)
    panels[-1].set_xlabel("time (ms)")
    if title is not None:
        figure.suptitle(title, fontsize="medium")
    return figure


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]
