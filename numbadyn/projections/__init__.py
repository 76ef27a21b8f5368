"""Projections: what carries signals from one population to another.

In: populations, a rule of connection, models of synapses.  Out: what arrives at each target.  Must not know: Numba or
how the delivery is compiled.
"""

from numbadyn.projections.align_post import AlignPostProj
from numbadyn.projections.align_pre import AlignPreProj
from numbadyn.projections.aligned import align_post_projection, align_pre_projection
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.current import CurrentProj, DeltaProj
from numbadyn.projections.current_input import CurrentInput
from numbadyn.projections.gap_junction import AsymmetryGapJunction, SymmetryGapJunction
from numbadyn.projections.named import (
    AllToAllProj,
    FixedIndegreeProj,
    FixedOutdegreeProj,
    FixedTotalNumberProj,
    OneToOneProj,
    PairwiseBernoulliProj,
    PairwisePoissonProj,
    RuleProj,
    SymmetricPairwiseBernoulliProj,
)
from numbadyn.projections.poisson import PoissonInput, poisson_input

__all__ = [
    "AlignPostProj",
    "AlignPreProj",
    "AllToAllProj",
    "AsymmetryGapJunction",
    "CurrentInput",
    "CurrentProj",
    "DeltaProj",
    "FixedIndegreeProj",
    "FixedOutdegreeProj",
    "FixedTotalNumberProj",
    "OneToOneProj",
    "PairwiseBernoulliProj",
    "PairwisePoissonProj",
    "PoissonInput",
    "RuleProj",
    "SymmetricPairwiseBernoulliProj",
    "SymmetryGapJunction",
    "SynapticProjection",
    "align_post_projection",
    "align_pre_projection",
    "poisson_input",
]
