"""Pictures of runs, networks and sweeps: ``nd.plot``.

In: results, projections, networks, tables.  Out: marks on matplotlib axes, which are returned.  Must not know: targets.

Each function draws on the axes that it is given, ``ax=``. Without, it takes the current axes of pyplot if that has been
imported, else it makes a figure that belongs to nobody: ``nd.plot.raster(result).figure.savefig("run.png")``. Windows
are never opened.

matplotlib is an extra, ``pip install "numbadyn[plot]"``, and is imported when the first axes are made.
"""

from numbadyn.io.plot.graphs import network
from numbadyn.io.plot.overviews import overview
from numbadyn.io.plot.spiking import raster, rates
from numbadyn.io.plot.sweeps import sweep_lines, sweep_map
from numbadyn.io.plot.synapses import connectivity, delays, weights
from numbadyn.io.plot.traced import traces

__all__ = [
    "connectivity",
    "delays",
    "network",
    "overview",
    "raster",
    "rates",
    "sweep_lines",
    "sweep_map",
    "traces",
    "weights",
]
