"""Pictures of a run: spikes as a raster, rates of populations, voltage traces.

In: a `Result` and the user's modules.  Out: a matplotlib figure, or marks on axes that the user gives.  Must not know:
targets.

matplotlib is an extra, ``pip install "numbadyn[plot]"``, and is imported when the first figure is made.
"""

from __future__ import annotations

import functools
import importlib
import io
from typing import Any

from numbadyn.errors import MissingExtraError, RecordingError
from numbadyn.io.panels import named, raster, rates, traces
from numbadyn.io.recordings import Result

__all__ = ["overview", "raster", "rates", "traces"]


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
    figure = module.Figure(figsize=size, dpi=90, layout="constrained")
    # Notebooks know how to show figures of pyplot only, once it is imported; others they ask for a picture.
    figure._repr_png_ = functools.partial(_png, figure)
    return figure


def _png(figure: Any) -> bytes:
    """Give the picture as bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


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
    shown = named(populations)
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
