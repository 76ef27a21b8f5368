"""Spikes: rasters, and rates over time.

In: a `Result`, the user's modules, matplotlib axes.  Out: marks on the axes.  Must not know: targets and figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.io.plot.canvas import axes_of, colour
from numbadyn.io.plot.populations import named_populations, require_one_trial
from numbadyn.io.recordings import Result, Spikes
from numbadyn.units import TIME, is_quantity, magnitude_in

__all__ = ["raster", "rates"]

_MOST_ROWS = 200


def raster(result: Result, populations: Any = None, *, neurons: int = _MOST_ROWS, ax: Any = None) -> Any:
    """Draw a mark for each spike: time to the right, populations and their neurons upwards.

    Parameters
    ----------
    result : Result
        Of a run that recorded the spikes, or of one replica of a batch.
    populations : Module, list of Module or dict of str to Module, optional
        Whose spikes; the dict's names are shown. By default all that were recorded.
    neurons : int
        How many neurons are shown in all. Larger networks are thinned evenly, each population by the same factor.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    RecordingError
        The spikes of a population were not recorded, or the result is a batch.
    InvalidParameterError
        No neurons are to be shown.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> E = nd.LIFRef(10, V_rest=-45 * mV, name="E")
    >>> sim = nd.Simulator(E, dt=1 * ms, target="interpret")
    >>> sim.record(E, spikes=True)
    >>> ax = nd.plot.raster(sim.run(100 * ms))
    >>> ax.get_xlabel(), [label.get_text() for label in ax.get_yticklabels()]
    ('time (ms)', ['E'])
    """
    require_one_trial(result, "A raster")
    if neurons < 1:
        raise InvalidParameterError(
            f"neurons is {neurons!r}.", where="nd.plot.raster", cure="Give how many are shown in all.", neurons=neurons
        )
    shown = named_populations(result, populations)
    events = {name: result[population].spikes for name, population in shown.items()}
    axes = axes_of(ax)
    thinning = max(1, -(-sum(spikes.size for spikes in events.values()) // neurons))
    rows = {name: -(-spikes.size // thinning) for name, spikes in events.items()}
    height = min(6.0, max(2.2, 180.0 / max(1, sum(rows.values()))))
    base, middles = 0, []
    for number, (name, spikes) in enumerate(events.items()):
        indices = np.asarray(spikes.indices)
        chosen = indices % thinning == 0
        times = (np.asarray(spikes.steps)[chosen] + 1) * spikes.dt
        neuron = base + indices[chosen] // thinning
        axes.plot(times, neuron, "|", ms=height, mew=0.9, color=colour(number), rasterized=True)
        middles.append(base + (rows[name] - 1) / 2)
        base += rows[name]
    axes.set_ylim(-0.5, base - 0.5)
    axes.set_xlim(result.first * result.dt, result.last * result.dt)
    axes.set_xlabel("time (ms)")
    share = {name: f"\n{rows[name]} of {events[name].size}" if thinning > 1 else "" for name in rows}
    axes.set_yticks(middles, [name + share[name] for name in rows])
    axes.tick_params(axis="y", length=0)
    for number, label in enumerate(axes.get_yticklabels()):
        label.set_color(colour(number))
    return axes


def rates(result: Result, populations: Any = None, *, width: Any = None, ax: Any = None) -> Any:
    """Draw the mean rate of each population over time; of a batch the mean of the replicas, with a band.

    Parameters
    ----------
    result : Result
        Of a run that recorded the spikes.
    populations : Module, list of Module or dict of str to Module, optional
        Whose rates; the dict's names are shown. By default all that were recorded.
    width : quantities.Quantity, optional
        Width of the bins in which spikes are counted; 1 ms by default, or the 200th part of a run longer than 200 ms.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The band is one standard deviation of the replicas wide on each side.

    Raises
    ------
    RecordingError
        The spikes of a population were not recorded.
    InvalidParameterError
        `width` is no positive time.
    """
    shown = named_populations(result, populations)
    first, last = result.first * result.dt, result.last * result.dt
    chosen = max(1.0, (last - first) / 200.0) if width is None else _milliseconds(width, "width")
    counted = {name: result[population].spikes for name, population in shown.items()}
    axes, bins = axes_of(ax), _bins(first, last, result.dt, chosen)
    for number, (name, spikes) in enumerate(counted.items()):
        heights = _counts(spikes, bins) / (np.diff(bins) * 1e-3 * spikes.size)
        mean, spread = heights.mean(axis=0), heights.std(axis=0)
        if spikes.batch is not None:
            options = {"step": "post", "color": colour(number), "alpha": 0.2, "lw": 0}
            low, high = (np.append(values, values[-1]) for values in (mean - spread, mean + spread))
            axes.fill_between(bins, low, high, **options)
        axes.stairs(mean, bins, label=name, color=colour(number), lw=1.0, baseline=None)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("rate (Hz)")
    axes.set_ylim(bottom=0)
    return axes


def _counts(spikes: Spikes, bins: Any) -> NDArray[np.float64]:
    """Spikes in each bin, one row a replica."""
    # Half a step earlier than the end of its step, so that no spike lies on an edge.
    times = (np.asarray(spikes.steps) + 0.5) * spikes.dt
    if spikes.replicas is None:
        return np.histogram(times, bins)[0][np.newaxis].astype(np.float64)
    edges = np.arange((spikes.batch or 0) + 1) - 0.5
    counts: NDArray[np.float64] = np.histogram2d(np.asarray(spikes.replicas), times, (edges, bins))[0]
    return counts


def _milliseconds(time: Any, what: str) -> float:
    """Turn a positive time into a number of milliseconds."""
    if not is_quantity(time) or (value := float(magnitude_in(time, TIME, what=what, where="nd.plot"))) <= 0:
        raise InvalidParameterError(
            f"{what} is {time!r}.",
            where="nd.plot",
            cure="Give a positive time, such as 5*ms.",
            time=time,
        )
    return value


def _bins(first: float, last: float, dt: float, width: float) -> Any:
    """Edges of bins, each a whole number of steps; a rest too short for a bin is added to the last one."""
    steps = max(1, round(width / dt))
    number = max(1, round((last - first) / dt) // steps)
    edges = first + np.arange(number + 1) * steps * dt
    edges[-1] = last
    return edges
