"""Spikes between steps: what is recorded beside spikes, of populations that say where in a step these are.

In: a recorder, a population whose spikes are recorded.  Out: a reducer that goes with them.
Must not know: targets, how numbers are gathered.
"""

from __future__ import annotations

import numpy as np

from numbadyn.io.reduce.between import SINCE, BetweenSteps
from numbadyn.model.module import Module
from numbadyn.model.view import view_of, whole_of
from numbadyn.simulator.measuring import take_reducer
from numbadyn.simulator.recorder import Recorder

__all__ = ["follow_times"]


def follow_times(recorder: Recorder, module: Module, *, collected: set[int], running: bool) -> bool:
    """Record where in a step spikes are, if the population says so.

    Returns
    -------
    bool
        Whether the program must be built anew.
    """
    part, whole = view_of(module), whole_of(module)
    path = recorder.path(whole)
    if (path, SINCE) not in recorder.step.probes:
        return False
    name = path if part is None else path + part.text
    index = None if part is None else np.sort(part.elements)  # as spikes are sorted
    window = dict.fromkeys(("every", "start", "stop"))
    return take_reducer(recorder, whole, name, BetweenSteps(), index, window, collected=collected, running=running)
