"""Projections that are named after their rule of connection: the rule and an `AlignPostProj` in one.

In: two populations, the numbers of a rule, models of a synapse and an output.  Out: an `AlignPostProj`.  Must not know:
which models there are.
"""

from numbadyn.projections.named.base import RuleProj
from numbadyn.projections.named.numbers import FixedIndegreeProj, FixedOutdegreeProj, FixedTotalNumberProj
from numbadyn.projections.named.pairwise import (
    PairwiseBernoulliProj,
    PairwisePoissonProj,
    SymmetricPairwiseBernoulliProj,
)
from numbadyn.projections.named.regular import AllToAllProj, OneToOneProj

__all__ = [
    "AllToAllProj",
    "FixedIndegreeProj",
    "FixedOutdegreeProj",
    "FixedTotalNumberProj",
    "OneToOneProj",
    "PairwiseBernoulliProj",
    "PairwisePoissonProj",
    "RuleProj",
    "SymmetricPairwiseBernoulliProj",
]
