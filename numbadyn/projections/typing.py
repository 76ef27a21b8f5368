"""Names for what users may give, in signatures; ``nd.typing``.

In: nothing.  Out: type aliases, those of models too.  Must not know: who takes them.

Examples
--------
>>> import numbadyn as nd
>>> def excite(pre: nd.typing.PopulationLike, post: nd.typing.PopulationLike, comm: nd.typing.CommLike) -> nd.DeltaProj:
...     return nd.DeltaProj(pre, comm=comm, post=post)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from numbadyn.model.delays import OutputDelayAt, Prefetch, PrefetchDelayAt
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.typing import ParameterLike, QuantityLike, SizeLike
from numbadyn.model.view import View
from numbadyn.projections.connectivity import Connectivity
from numbadyn.projections.output import Output

__all__ = [
    "CommLike",
    "OutputLike",
    "ParameterLike",
    "PopulationLike",
    "PresynapticLike",
    "QuantityLike",
    "SizeLike",
    "SynapseLike",
]

PopulationLike: TypeAlias = Dynamics | View
"""A population, or a part of one, such as ``E[:80]``."""

PresynapticLike: TypeAlias = PopulationLike | Prefetch | PrefetchDelayAt | OutputDelayAt
"""A population, a part of one, or a reference to what one has, as ``E.output_delay(1.5 * ms)`` gives."""

CommLike: TypeAlias = Connectivity | Callable[..., Any]
"""A rule of connection, or a function of what the populations before the synapses give."""

SynapseLike: TypeAlias = Dynamics | Describer
"""A model of a synapse, or its description: ``nd.Expon.desc(tau=5 * ms)``."""

OutputLike: TypeAlias = Output | Describer
"""What makes a current of a conductance, or its description: ``nd.COBA.desc(E=0 * mV)``."""
