"""Ready-made models, written with nothing but the public model interface: read them as examples.

In: parameters with units.  Out: neurons, generators of spikes, synapses and outputs.  Must not know: how a network is
lowered or run.
"""

from numbadyn.zoo.generators import Playback, PoissonGroup, SpikeTrain
from numbadyn.zoo.hh import HH
from numbadyn.zoo.lif import LIF, LIFRef
from numbadyn.zoo.outputs import COBA, CUBA, MgBlock, SynOut
from numbadyn.zoo.plasticity import STD, STP
from numbadyn.zoo.synapses import Alpha, ConductanceSynapse, DualExpon, Expon

__all__ = [
    "COBA",
    "CUBA",
    "HH",
    "LIF",
    "STD",
    "STP",
    "Alpha",
    "ConductanceSynapse",
    "DualExpon",
    "Expon",
    "LIFRef",
    "MgBlock",
    "Playback",
    "PoissonGroup",
    "SpikeTrain",
    "SynOut",
]
