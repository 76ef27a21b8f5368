"""A whole run in one figure: raster, rates, traces.

In: a `Result` and the user's modules.  Out: a matplotlib figure.  Must not know: targets.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import RecordingError
from numbadyn.io.plot.canvas import empty_figure
from numbadyn.io.plot.populations import named_populations
from numbadyn.io.plot.spiking import raster, rates
from numbadyn.io.plot.traced import traces
from numbadyn.io.recordings import Result

__all__ = ["overview"]


def overview(
    result: Result, populations: Any = None, *, variable: str = "V", width: Any = None, title: str | None = None
) -> Any:
    """Make a figure with everything that was recorded: a raster with rates beneath, and traces.

    Parameters
    ----------
    result : Result
        Of a run, or of one replica of a batch.
    populations : Module, list of Module or dict of str to Module, optional
        Populations whose spikes were recorded; all of these by default.
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
        The spikes of a population were not recorded, or of none.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> neurons = nd.LIFRef(10, V_rest=-45 * mV, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
    >>> sim = nd.Simulator(neurons, dt=1 * ms, target="interpret")
    >>> sim.record(neurons, "V", spikes=True)
    >>> figure = nd.plot.overview(sim.run(100 * ms), {"LIF": neurons})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['', 'rate (Hz)', 'V (mV)']
    """
    shown = named_populations(result, populations)
    if not shown:
        raise RecordingError(
            "No population is named.",
            where="nd.plot.overview(populations)",
            cure='Give one or more, such as {"E": net.E, "I": net.I}.',
        )
    traced = next((p for p in shown.values() if variable in result[p].samples), None)
    heights = [3.0, 1.2] + ([2.0] if traced is not None else [])
    figure = empty_figure((9.0, 1.05 * sum(heights) + 0.6))
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    raster(result, shown, ax=panels[0])
    rates(result, shown, width=width, ax=panels[1])
    if traced is not None:
        traces(result, traced, variable, ax=panels[2])
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_xlim(result.first * result.dt, result.last * result.dt)
    for panel in panels[:-1]:
        panel.set_xlabel("")
    if title is not None:
        figure.suptitle(title, fontsize="medium")
    return figure
