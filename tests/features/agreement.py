"""Agreement of both targets, with the choice of what is recorded.

What is recorded changes the program: a value that somebody wants to see needs memory of its own, and a synaptic sum
that somebody wants to see cannot be cleared by its reader. So networks run with everything recorded, and with states
alone.
"""

from typing import Any

import numpy as np

from numbadyn.model.naming import walk
from tests.features.both import recorded, run_on
from tests.targets import COMPILED

__all__ = ["agree_quietly", "assert_same", "recorded", "run_on", "states_and_spikes"]


def states_and_spikes(sim: Any) -> None:
    """Record all states and all spikes, but no computed value."""
    names = {spec.name for spec in sim.step.states}
    for module in walk(sim.network):
        for name in module.states():
            if f"{module.path}.{name}" in names:
                sim.record(module, name)
        node = sim.step.outputs.get(module.path)
        if node is not None and sim.step.nodes[node].kind == "bool":
            sim.record(module, spikes=True)


def assert_same(found: Any, expected: Any) -> None:
    """Compare the arrays of two results bit by bit."""
    left, right = recorded(found), recorded(expected)
    assert left.keys() == right.keys()
    assert left
    for name, array in right.items():
        assert left[name].dtype == array.dtype, name
        assert left[name].tobytes() == np.ascontiguousarray(array).tobytes(), name


def agree_quietly(make: Any, dt: Any, duration: Any, seed: int = 0, precision: int = 64) -> tuple[Any, Any]:
    """Compare both targets with states and spikes recorded; gives simulator and result of the compiled target."""
    expected = run_on("interpret", make, dt, duration, seed, precision, states_and_spikes)[1]
    sim, found = run_on(COMPILED, make, dt, duration, seed, precision, states_and_spikes)
    assert_same(found, expected)
    return sim, found
