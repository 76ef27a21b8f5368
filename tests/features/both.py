"""Run one network on both targets and compare everything that it computes, bit by bit.

In: a function that makes a network.  Out: the results, after `assert_targets_agree` found them equal.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import numbadyn as nd
from numbadyn.io.recordings import Result
from numbadyn.model.module import Module
from numbadyn.model.naming import walk
from tests.targets import COMPILED, simulator_of

__all__ = ["assert_targets_agree", "recorded", "run_on"]


def _record_everything(sim: nd.Simulator) -> None:
    """Record every state, every named value and all spikes of the network."""
    modules = {module.path: module for module in walk(sim.network)}
    for path, module in modules.items():
        for name in module.states():
            if any(spec.name == f"{path}.{name}" for spec in sim.step.states):
                sim.record(module, name)
        node = sim.step.outputs.get(path)
        if node is not None and sim.step.nodes[node].kind == "bool":
            sim.record(module, spikes=True)
    for path, name in list(sim.step.probes):
        if path in modules:
            sim.record(modules[path], name)


def run_on(
    target: str,
    make_network: Callable[[], Module],
    dt: Any,
    duration: Any,
    seed: int = 0,
    precision: int = 64,
    record: Callable[[nd.Simulator], None] = _record_everything,
) -> tuple[nd.Simulator, Result]:
    """Make a network anew and run it on one target, recording everything that has a name."""
    sim = simulator_of(make_network(), dt, target, seed=seed, precision=precision)
    record(sim)
    return sim, sim.run(duration, progress=False)


def recorded(result: Result) -> dict[str, Any]:
    """All arrays of a result by name."""
    arrays: dict[str, Any] = {}
    for path, recording in result.recordings.items():
        for name, samples in recording.samples.items():
            arrays[f"{path}.{name}"] = samples.values
        if recording.events is not None:
            arrays[f"{path} spike steps"] = recording.events.steps
            arrays[f"{path} spike indices"] = recording.events.indices
    return arrays


def _bits(array: Any) -> Any:
    """The array as whole numbers, so that NaN equals NaN and zero differs from minus zero."""
    flat = np.ascontiguousarray(array)
    return flat.view(f"u{flat.dtype.itemsize}") if flat.dtype.kind == "f" else flat


def _assert_same_bits(found: Any, expected: Any, name: str) -> None:
    assert found.dtype == expected.dtype, name
    assert found.shape == expected.shape, name
    differ = np.argwhere(_bits(found) != _bits(expected))
    if differ.size:
        first = tuple(differ[0])
        raise AssertionError(
            f"{name} differs in {len(differ)} of {found.size} samples, first at (sample, element) {first}: "
            f"{COMPILED} {found[first]!r}, interpret {expected[first]!r}"
        )


def assert_targets_agree(
    make_network: Callable[[], Module],
    dt: Any,
    duration: Any,
    seed: int = 0,
    precision: int = 64,
    *,
    may_be_silent: Iterable[str] = (),
) -> tuple[nd.Simulator, Result]:
    """Run a network on the interpreter and compiled, and compare every state, spike and named value bit by bit.

    Parameters
    ----------
    make_network : callable
        Makes a new network at each call, always the same.
    dt, duration : Quantity
        Time step and length of the run.
    seed, precision
        Those of `Simulator`.
    may_be_silent : iterable of str
        Paths of populations that need not fire; all others must, or the comparison would say little.

    Returns
    -------
    tuple
        Simulator and result of the compiled target.
    """
    expected = recorded(run_on("interpret", make_network, dt, duration, seed, precision)[1])
    sim, result = run_on(COMPILED, make_network, dt, duration, seed, precision)
    found = recorded(result)
    assert found.keys() == expected.keys()
    assert found, "the network has nothing to compare"
    for name, array in expected.items():
        _assert_same_bits(found[name], array, name)
        if name.endswith(" spike steps") and name.removesuffix(" spike steps") not in set(may_be_silent):
            assert array.size, f"{name.removesuffix(' spike steps')} never fires"
    return sim, result
