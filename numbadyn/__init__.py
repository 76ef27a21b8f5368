"""numbadyn: neural dynamics in plain Python, run by Numba at the speed of hand-written kernels.

Models and networks go in as Python classes with units; results with units come out. This module only re-exports.
"""

from numbadyn import cache, errors, units
from numbadyn._version import __version__
from numbadyn.doctor import doctor
from numbadyn.io import Result, plot, reduce
from numbadyn.model import environ, init, random, typing
from numbadyn.model import functions as math
from numbadyn.model.condition import spike_count
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
from numbadyn.model.describe import Describer as ParamDescriber
from numbadyn.model.dynamics import Dynamics, Neuron, Synapse
from numbadyn.model.functions import exprel
from numbadyn.model.group import DynamicsGroup, Projection
from numbadyn.model.hooks import (
    not_receive_update_input,
    not_receive_update_output,
    receive_update_input,
    receive_update_output,
)
from numbadyn.model.integrate import euler_step, exp_euler_step, rk2_step, rk4_step
from numbadyn.model.lifecycle import call_all_fns, call_order, init_all_states, reset_all_states
from numbadyn.model.module import Module
from numbadyn.model.table import Table
from numbadyn.model.timed_array import TimedArray
from numbadyn.model.timed_stream import TimedStream
from numbadyn.model.timing import whole_steps
from numbadyn.model.values import Parameter, State
from numbadyn.model.view import View
from numbadyn.projections import (
    AlignPostProj,
    AlignPreProj,
    AllToAllProj,
    AsymmetryGapJunction,
    CurrentProj,
    DeltaProj,
    FixedIndegreeProj,
    FixedOutdegreeProj,
    FixedTotalNumberProj,
    OneToOneProj,
    PairwiseBernoulliProj,
    PairwisePoissonProj,
    PoissonInput,
    RuleProj,
    SymmetricPairwiseBernoulliProj,
    SymmetryGapJunction,
    SynapticProjection,
    align_post_projection,
    align_pre_projection,
    poisson_input,
)
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
    PairwisePoisson,
    SymmetricPairwiseBernoulli,
)
from numbadyn.simulator import Simulator
from numbadyn.study.study import Study
from numbadyn.study.sweep import sweep
from numbadyn.zoo import (
    COBA,
    CUBA,
    HH,
    LIF,
    STD,
    STP,
    Alpha,
    ConductanceSynapse,
    DualExpon,
    Expon,
    LIFRef,
    MgBlock,
    Playback,
    PoissonGroup,
    SpikeTrain,
    SynOut,
)

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
    "AllToAllProj",
    "Alpha",
    "AsymmetryGapJunction",
    "ConductanceSynapse",
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
    "FixedIndegreeProj",
    "FixedOutDegree",
    "FixedOutdegreeProj",
    "FixedProb",
    "FixedTotalNumber",
    "FixedTotalNumberProj",
    "InterpolationRegistry",
    "LIFRef",
    "Matrix",
    "MgBlock",
    "Module",
    "Neuron",
    "OneToOne",
    "OneToOneProj",
    "OutputDelayAt",
    "PairwiseBernoulliProj",
    "PairwisePoisson",
    "PairwisePoissonProj",
    "ParamDescriber",
    "Parameter",
    "Playback",
    "PoissonGroup",
    "PoissonInput",
    "Prefetch",
    "PrefetchDelay",
    "PrefetchDelayAt",
    "Projection",
    "Result",
    "RuleProj",
    "Simulator",
    "SpikeTrain",
    "State",
    "StateWithDelay",
    "Study",
    "SymmetricPairwiseBernoulli",
    "SymmetricPairwiseBernoulliProj",
    "SymmetryGapJunction",
    "SynOut",
    "Synapse",
    "SynapticProjection",
    "Table",
    "TimedArray",
    "TimedStream",
    "View",
    "__version__",
    "align_post_projection",
    "align_pre_projection",
    "cache",
    "call_all_fns",
    "call_order",
    "doctor",
    "environ",
    "errors",
    "euler_step",
    "exp_euler_step",
    "exprel",
    "init",
    "init_all_states",
    "init_maybe_prefetch",
    "math",
    "not_receive_update_input",
    "not_receive_update_output",
    "plot",
    "poisson_input",
    "random",
    "receive_update_input",
    "receive_update_output",
    "reduce",
    "reset_all_states",
    "rk2_step",
    "rk4_step",
    "spike_count",
    "sweep",
    "typing",
    "units",
    "whole_steps",
]
