"""Units for the default values of the ready-made models.

In: nothing.  Out: one of each unit.  Must not know: models.
"""

from numbadyn.units import CAPACITANCE, CONCENTRATION, CONDUCTANCE, CURRENT, FREQUENCY, LENGTH, TIME, VOLTAGE, unit_of

__all__ = ["kHz", "mM", "mV", "ms", "nS", "pA", "pF", "um"]

ms = unit_of(TIME)
mV = unit_of(VOLTAGE)
pA = unit_of(CURRENT)
nS = unit_of(CONDUCTANCE)
pF = unit_of(CAPACITANCE)
kHz = unit_of(FREQUENCY)
mM = unit_of(CONCENTRATION)
um = unit_of(LENGTH)
