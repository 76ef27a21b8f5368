"""Space: positions of neurons, and functions of the distance between them.

In: sizes, lengths.  Out: positions with a unit, functions that know how far they reach.  Must not know: populations,
rules of connection, Numba.
"""

from numbadyn.model.space.positions import grid, uniform
from numbadyn.model.space.profiles import Disc, Exponential, Gaussian, Profile, TravelTime

__all__ = ["Disc", "Exponential", "Gaussian", "Profile", "TravelTime", "grid", "uniform"]
