"""The public face: a network bound to a time step, a target, a precision and a seed.

In: a network.  Out: runs and results.  It only joins the layers beneath.
"""

from numbadyn.simulator.explaining import explain_network
from numbadyn.simulator.simulator import Simulator

__all__ = ["Simulator", "explain_network"]
