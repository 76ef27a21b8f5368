"""Reducers: what is computed from spikes and states while a network runs, so that these need not be stored.

In: spikes and samples as they come.  Out: rates, counts, histograms, means, with units.  Must not know: targets.
"""

from numbadyn.io.reduce.base import Reduced, Reducer, Running, Scope
from numbadyn.io.reduce.correlation import CountCorrelation
from numbadyn.io.reduce.counts import Counts, PopulationRate, Rate
from numbadyn.io.reduce.intervals import IsiCV, IsiHistogram
from numbadyn.io.reduce.moments import Mean, Variance
from numbadyn.io.reduce.plain import plain_of, reducer_from
from numbadyn.io.reduce.triggered import SpikeTriggeredAverage

__all__ = [
    "CountCorrelation",
    "Counts",
    "IsiCV",
    "IsiHistogram",
    "Mean",
    "PopulationRate",
    "Rate",
    "Reduced",
    "Reducer",
    "Running",
    "Scope",
    "SpikeTriggeredAverage",
    "Variance",
    "plain_of",
    "reducer_from",
]
