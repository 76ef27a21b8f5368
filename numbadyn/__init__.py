"""numbadyn: neural dynamics in plain Python, run by Numba at the speed of hand-written kernels.

Models and networks go in as Python classes with units; results with units come out. This module only re-exports.
"""

from numbadyn import cache, errors
from numbadyn._version import __version__
from numbadyn.model import environ, init, random
from numbadyn.model.delays import (
    Delay,
    DelayAccess,
    InterpolationRegistry,
    OutputDelayAt,
    Prefetch,
    PrefetchDelay,
    PrefetchDelayAt,
    StateWithDelay,
    init_maybe_prefetch,
)
from numbadyn.model.dynamics import Dynamics, Neuron, Synapse
from numbadyn.model.group import DynamicsGroup, Projection, set_explainer
from numbadyn.model.hooks import (
    not_receive_update_input,
    not_receive_update_output,
    receive_update_input,
    receive_update_output,
)
from numbadyn.model.integrate import euler_step, exp_euler_step, exprel, rk2_step, rk4_step
from numbadyn.model.module import Module, init_all_states, reset_all_states
from numbadyn.model.values import Parameter, State
from numbadyn.projections import (
    AlignPostProj,
    AlignPreProj,
    AsymmetryGapJunction,
    CurrentProj,
    DeltaProj,
    PoissonInput,
    SymmetryGapJunction,
    SynapticProjection,
    align_post_projection,
    align_pre_projection,
)
from numbadyn.projections.building import set_builder
from numbadyn.projections.connectivity import (
    AllToAll,
    Connectivity,
    EdgeList,
    Edges,
    FixedInDegree,
    FixedOutDegree,
    FixedProb,
    FixedTotalNumber,
    Matrix,
    OneToOne,
)
from numbadyn.runtime import on_demand
from numbadyn.simulator import Simulator
from numbadyn.zoo import (
    COBA,
    CUBA,
    HH,
    LIF,
    STD,
    STP,
    Alpha,
    DualExpon,
    Expon,
    LIFRef,
    MgBlock,
    PoissonGroup,
    SpikeTrain,
    SynOut,
)

set_builder(on_demand.build)
set_explainer(lambda network, dt: Simulator(network, dt).explain())

__all__ = [
    "COBA",
    "CUBA",
    "HH",
    "LIF",
    "STD",
    "STP",
    "AlignPostProj",
    "AlignPreProj",
    "AllToAll",
    "Alpha",
    "AsymmetryGapJunction",
    "Connectivity",
    "CurrentProj",
    "Delay",
    "DelayAccess",
    "DeltaProj",
    "DualExpon",
    "Dynamics",
    "DynamicsGroup",
    "EdgeList",
    "Edges",
    "Expon",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProb",
    "FixedTotalNumber",
    "InterpolationRegistry",
    "LIFRef",
    "Matrix",
    "MgBlock",
    "Module",
    "Neuron",
    "OneToOne",
    "OutputDelayAt",
    "Parameter",
    "PoissonGroup",
    "PoissonInput",
    "Prefetch",
    "PrefetchDelay",
    "PrefetchDelayAt",
    "Projection",
    "Simulator",
    "SpikeTrain",
    "State",
    "StateWithDelay",
    "SymmetryGapJunction",
    "SynOut",
    "Synapse",
    "SynapticProjection",
    "__version__",
    "align_post_projection",
    "align_pre_projection",
    "cache",
    "environ",
    "errors",
    "euler_step",
    "exp_euler_step",
    "exprel",
    "init",
    "init_all_states",
    "init_maybe_prefetch",
    "not_receive_update_input",
    "not_receive_update_output",
    "random",
    "receive_update_input",
    "receive_update_output",
    "reset_all_states",
    "rk2_step",
    "rk4_step",
]
