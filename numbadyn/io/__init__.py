"""Results: what a run recorded, with names and units.

In: logs of the runtime.  Out: recordings for users.  Must not know: targets.
"""

from numbadyn.io.recordings import Recording, Result, Spikes

__all__ = ["Recording", "Result", "Spikes"]
