"""Projections: what carries signals from one population to another.

In go populations, a rule of connection, models of synapses; out comes what arrives at each target. Nothing here knows
Numba or how the delivery is compiled.
"""

from numbadyn.projections.align_post import AlignPostProj
from numbadyn.projections.align_pre import AlignPreProj
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.current import CurrentProj, DeltaProj, PoissonInput

__all__ = ["AlignPostProj", "AlignPreProj", "CurrentProj", "DeltaProj", "PoissonInput", "SynapticProjection"]
