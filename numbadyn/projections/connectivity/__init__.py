"""Connectivity: rules that say who is connected to whom, and the table of synapses that they become.

In: sizes, probabilities, indices or matrices.  Out: checked specifications.  Must not know: Numba.

The compiled builders that make the table live in `numbadyn.runtime.builders`.
"""

from numbadyn.projections.connectivity.base import Connectivity
from numbadyn.projections.connectivity.convolution import Conv, ConvTranspose
from numbadyn.projections.connectivity.delays import as_delay
from numbadyn.projections.connectivity.explicit import Edges, Matrix, list_edges
from numbadyn.projections.connectivity.graphs import BlockModel, Graph, ScaleFree, SmallWorld
from numbadyn.projections.connectivity.pairwise import PairwisePoisson, SymmetricPairwiseBernoulli
from numbadyn.projections.connectivity.rules import (
    AllToAll,
    FixedInDegree,
    FixedOutDegree,
    FixedProb,
    FixedTotalNumber,
    OneToOne,
)
from numbadyn.projections.connectivity.table import (
    EdgeList,
    Places,
    PlasticEdgeList,
    SynapseTable,
    edge_list,
    place_synapses,
)

__all__ = [
    "AllToAll",
    "BlockModel",
    "Connectivity",
    "Conv",
    "ConvTranspose",
    "EdgeList",
    "Edges",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProb",
    "FixedTotalNumber",
    "Graph",
    "Matrix",
    "OneToOne",
    "PairwisePoisson",
    "Places",
    "PlasticEdgeList",
    "ScaleFree",
    "SmallWorld",
    "SymmetricPairwiseBernoulli",
    "SynapseTable",
    "as_delay",
    "edge_list",
    "list_edges",
    "place_synapses",
]
