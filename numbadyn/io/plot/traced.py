"""Recorded variables over time.

In: a `Result`, a module, matplotlib axes.  Out: lines on the axes.  Must not know: targets and figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.io.export.parts import unit_name
from numbadyn.io.plot.canvas import COLOURS, axes_of, colour, label_of
from numbadyn.io.plot.populations import require_one_trial
from numbadyn.io.recordings import Recording, Result, Samples

__all__ = ["traces"]

_TALLEST_SPIKE = 0.35


def traces(
    result: Result,
    population: Any,
    variable: str = "V",
    *,
    most: int = 3,
    elements: Any = None,
    apart: bool = True,
    ax: Any = None,
) -> Any:
    """Draw a recorded variable over time, one line an element.

    Parameters
    ----------
    result : Result
        Of a run that recorded the variable, or of one replica of a batch.
    population : Module or str
        Whose variable.
    variable : str
        Name of the variable.
    most : int
        How many elements are drawn at most.
    elements : sequence of int, optional
        Numbers of the elements in the population; by default the first ones that were recorded.
    apart : bool
        Whether lines are shifted so that they do not cross, each with marks for its lowest and highest value; else all
        share one scale.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    RecordingError
        The variable was not recorded, or the result is a batch.
    InvalidParameterError
        An element was not recorded.

    Notes
    -----
    An integrate-and-fire neuron is reset in the step of its spike, so that its trace shows none. Where the spikes of
    the population were recorded too, a vertical line stands for each, if lines are apart.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> E = nd.LIF(3, name="E")
    >>> sim = nd.Simulator(E, dt=1 * ms, target="interpret")
    >>> sim.record(E, "V")
    >>> ax = nd.plot.traces(sim.run(20 * ms), E, apart=False, elements=[0, 2])
    >>> ax.get_ylabel()
    'V (mV)'
    """
    require_one_trial(result, "A picture of traces")
    recording = result[population]
    recording[variable]  # names what was not recorded
    samples = recording.samples[variable]
    columns = _columns(samples, elements, most, recording.name)
    values = np.asarray(samples.values[:, columns], dtype=float)
    axes = axes_of(ax)
    if apart:
        _draw_apart(axes, recording, samples, columns, values)
    else:
        for number, line in enumerate(values.T):
            name = f"{_numbers(samples)[columns[number]]}"
            axes.plot(np.asarray(samples.steps) * samples.dt, line, lw=0.9, color=colour(number), label=name)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel(label_of(variable, unit_name(samples.dimension)))
    return axes


def _numbers(samples: Samples) -> Any:
    """Numbers of the recorded elements in their population."""
    return np.arange(samples.values.shape[-1]) if samples.elements is None else np.asarray(samples.elements)


def _columns(samples: Samples, elements: Any, most: int, name: str) -> list[int]:
    """Which columns of the samples are drawn."""
    numbers = _numbers(samples)
    if elements is None:
        return list(range(min(most, numbers.size)))
    wanted = np.atleast_1d(np.asarray(elements))
    missing = [number for number in wanted.tolist() if number not in numbers]
    if missing:
        raise InvalidParameterError(
            f"Element {missing[0]} of {name} was not recorded.",
            where="nd.plot.traces(elements=...)",
            cure=f"Recorded are {', '.join(map(str, numbers[:12].tolist()))}{', ...' if numbers.size > 12 else ''}.",
            elements=elements,
        )
    return [int(np.flatnonzero(numbers == number)[0]) for number in wanted]


def _draw_apart(axes: Any, recording: Recording, samples: Samples, columns: list[int], values: Any) -> None:
    """Draw lines beneath each other, with spikes on top."""
    times = np.asarray(samples.steps) * samples.dt
    low, high = (float(np.min(values)), float(np.max(values))) if values.size else (0.0, 1.0)
    apart = 1.25 * (high - low or 1.0) * (1.0 + _TALLEST_SPIKE)
    numbers, spikes = _numbers(samples), recording.events
    for row, line in enumerate(values.T):
        axes.plot(times, line - row * apart, lw=0.8, color=COLOURS[0])
        if spikes is not None:
            at = (np.asarray(spikes.steps)[np.asarray(spikes.indices) == numbers[columns[row]]] + 1) * samples.dt
            foot = high - row * apart
            axes.vlines(at, foot, foot + _TALLEST_SPIKE * (high - low), lw=0.8, color=COLOURS[0])
    # Lines are shifted, so that the lowest and the highest value are marked beside each.
    at_marks = [value - row * apart for row in range(values.shape[1]) for value in (low, high)]
    axes.set_yticks(at_marks, [f"{value:.3g}" for _row in range(values.shape[1]) for value in (low, high)])
    axes.margins(y=0.02)
