"""Ready-made models, written with nothing but the public model interface: read them as examples.

In: parameters with units.  Out: neurons, generators of spikes, synapses and outputs.  Must not know: how a network is
lowered or run.
"""

from numbadyn.zoo.adapting import Adaptation, AdaptiveThreshold, EscapeNoise, Threshold
from numbadyn.zoo.adaptive import ALIF, AdEx, AdQIF, Izhikevich
from numbadyn.zoo.bounded import BoundedProj
from numbadyn.zoo.calcium import CalciumPool
from numbadyn.zoo.channels import Channel, Gate, PointNeuron, rates_of
from numbadyn.zoo.conductance_based import HodgkinHuxley, MorrisLecar, TraubMiles, WangBuzsaki
from numbadyn.zoo.fast_channels import (
    LeakChannel,
    PotassiumChannel,
    SodiumChannel,
    TraubMilesPotassium,
    TraubMilesSodium,
)
from numbadyn.zoo.generalized import GIF, StochasticGIF
from numbadyn.zoo.generators import Playback, PoissonGroup, SpikeTrain
from numbadyn.zoo.graded import GradedRelease
from numbadyn.zoo.hh import HH
from numbadyn.zoo.iaf import IafCondAlpha, IafCondExp, IafPscAlpha, IafPscDelta, IafPscExp
from numbadyn.zoo.integrate_and_fire import IF, QIF, ExpIF, IntegrateAndFire
from numbadyn.zoo.learning import BCPNN, HomeostaticScaling, RewardSTDP, VoltageSTDP, WeightNormalisation
from numbadyn.zoo.lif import LIF, LIFRef
from numbadyn.zoo.noises import OrnsteinUhlenbeck, PinkNoise, WhiteNoise
from numbadyn.zoo.oscillators import FitzHughNagumo, HindmarshRose, Kuramoto, StuartLandau
from numbadyn.zoo.outputs import COBA, CUBA, MgBlock, SynOut
from numbadyn.zoo.pinsky_rinzel import PinskyRinzel
from numbadyn.zoo.plasticity import STD, STP
from numbadyn.zoo.rates import JansenRit, MontbrioPazoRoxin, RateModel, ThresholdLinear, WilsonCowan
from numbadyn.zoo.receptors import AMPA, NMDA, GABAa, GABAb, KineticSynapse
from numbadyn.zoo.regular import RegularSpikes
from numbadyn.zoo.rewiring import Rewiring
from numbadyn.zoo.slow_channels import AHPChannel, HChannel, LCalciumChannel, MChannel, TCalciumChannel
from numbadyn.zoo.spike_triggered import FollowingThreshold, MovingEscape, SpikeCurrents
from numbadyn.zoo.stdp import STDP, TripletSTDP, VogelsSprekelerSTDP
from numbadyn.zoo.synapses import Alpha, ConductanceSynapse, DualExpon, Expon
from numbadyn.zoo.traces import SpikeTrace
from numbadyn.zoo.waveforms import Chirp, Pulse, Ramp, Sine, Staircase, Waveform

__all__ = [
    "ALIF",
    "AMPA",
    "BCPNN",
    "COBA",
    "CUBA",
    "GIF",
    "HH",
    "IF",
    "LIF",
    "NMDA",
    "QIF",
    "STD",
    "STDP",
    "STP",
    "AHPChannel",
    "AdEx",
    "AdQIF",
    "Adaptation",
    "AdaptiveThreshold",
    "Alpha",
    "BoundedProj",
    "CalciumPool",
    "Channel",
    "Chirp",
    "ConductanceSynapse",
    "DualExpon",
    "EscapeNoise",
    "ExpIF",
    "Expon",
    "FitzHughNagumo",
    "FollowingThreshold",
    "GABAa",
    "GABAb",
    "Gate",
    "GradedRelease",
    "HChannel",
    "HindmarshRose",
    "HodgkinHuxley",
    "HomeostaticScaling",
    "IafCondAlpha",
    "IafCondExp",
    "IafPscAlpha",
    "IafPscDelta",
    "IafPscExp",
    "IntegrateAndFire",
    "Izhikevich",
    "JansenRit",
    "KineticSynapse",
    "Kuramoto",
    "LCalciumChannel",
    "LIFRef",
    "LeakChannel",
    "MChannel",
    "MgBlock",
    "MontbrioPazoRoxin",
    "MorrisLecar",
    "MovingEscape",
    "OrnsteinUhlenbeck",
    "PinkNoise",
    "PinskyRinzel",
    "Playback",
    "PointNeuron",
    "PoissonGroup",
    "PotassiumChannel",
    "Pulse",
    "Ramp",
    "RateModel",
    "RegularSpikes",
    "RewardSTDP",
    "Rewiring",
    "Sine",
    "SodiumChannel",
    "SpikeCurrents",
    "SpikeTrace",
    "SpikeTrain",
    "Staircase",
    "StochasticGIF",
    "StuartLandau",
    "SynOut",
    "TCalciumChannel",
    "Threshold",
    "ThresholdLinear",
    "TraubMiles",
    "TraubMilesPotassium",
    "TraubMilesSodium",
    "TripletSTDP",
    "VogelsSprekelerSTDP",
    "VoltageSTDP",
    "WangBuzsaki",
    "Waveform",
    "WeightNormalisation",
    "WhiteNoise",
    "WilsonCowan",
    "rates_of",
]
