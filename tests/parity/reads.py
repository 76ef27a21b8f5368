"""What delayed reads give in each step, before and after their owner, on both targets and in eager calls.

In: a function that makes an owner and reads of it.  Out: the values, after all three ways were found to agree.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import quantities as pq
from quantities import ms, mV

import numbadyn as nd
from tests.features.both import assert_targets_agree, run_on

__all__ = ["DT", "SIZE", "START", "STEPS", "Owner", "b", "first_values", "n", "readings", "x"]

STEPS, SIZE, DT = 12, 4, 0.1
START = np.array([5.0, 6.0, 7.0, 8.0])


def x(step: Any) -> Any:
    """Real state after a step: the second power, apart for each neuron; before the start its first value."""
    step = np.asarray(step)[..., None]
    return np.where(step < 0, START, (step + 1) ** 2.0 + START)


def n(step: Any) -> Any:
    """Whole state after a step."""
    step = np.asarray(step)[..., None]
    return np.where(step < 0, -3, 7 * (step + 1) - 3) + 0 * np.arange(SIZE)


def b(step: Any) -> Any:
    """Spikes of a step; none before the start."""
    step = np.asarray(step)[..., None]
    return (step >= 0) & ((step * 5 + np.arange(SIZE) * 3) % 7 < 3)


class Owner(nd.Neuron):
    """Its states and its output are known functions of the step."""

    def __init__(self) -> None:
        super().__init__(SIZE)

    def init_state(self) -> None:
        self.step = nd.State(0, shape=())
        self.x = nd.State(START * mV)
        self.n = nd.State(-3)

    def update(self) -> Any:
        self.x.value = ((self.step + 1) ** 2 + START) * mV
        self.n.value = self.n + 7
        spikes = (self.step * 5 + np.arange(SIZE) * 3) % 7 < 3
        self.step.value = self.step + 1
        return spikes


class _Reader(nd.Dynamics):
    def __init__(self, reads: dict[str, Callable[[], Any]], examples: dict[str, Any] | None) -> None:
        super().__init__(SIZE)
        self.reads, self.examples = reads, examples
        self.seen: dict[str, list[Any]] = {name: [] for name in reads}

    def init_state(self) -> None:
        for name, example in (self.examples or {}).items():
            first = np.zeros((), dtype=np.asarray(example).dtype).item()
            units = getattr(example, "units", None)
            setattr(self, name, nd.State(first if units is None else first * units, shape=np.shape(example)))

    def update(self) -> None:
        for name, read in self.reads.items():
            if self.examples is None:
                self.seen[name].append(read())
            else:
                getattr(self, name).value = read()


class _Net(nd.DynamicsGroup):
    order = ("before", "owner", "after")

    def __init__(self, make: Callable[[], tuple[nd.Dynamics, Any]], examples: dict[str, Any] | None) -> None:
        super().__init__()
        self.owner, reads = make()
        self.before = _Reader(reads(self.owner), examples)
        self.after = _Reader(reads(self.owner), examples)


def readings(
    reads: Callable[[Any], dict[str, Any]], owner: type = Owner, *, compiled: bool = True
) -> dict[str, dict[str, list[Any]]]:
    """Values of reads in each step, by place and name.

    Parameters
    ----------
    reads : callable
        Makes the reads of an owner: name -> what is called for the value.
    owner : type
        Model that is read.
    compiled : bool
        Whether to run on the CPU target too, not on the interpreter alone.

    Returns
    -------
    dict
        ``values[place][name][step]`` as an eager call gives it, with unit and kind; compiled steps gave the same.
    """

    def make() -> tuple[Any, Any]:
        return owner(), reads

    eager = nd.init_all_states(_Net(make, None))
    for step in range(STEPS):
        with nd.environ.context(dt=DT * ms, i=step, t=step * DT * ms):
            eager()
    examples = {name: values[-1] for name, values in eager.before.seen.items()}
    run = {"make_network": lambda: _Net(make, examples), "dt": DT * ms, "duration": (STEPS + 1) * DT * ms}
    if compiled:
        _, result = assert_targets_agree(**run, may_be_silent=["_Net.owner"])
    else:
        _, result = run_on("interpret", **run)
    for place in ("before", "after"):
        seen = getattr(eager, place).seen
        for name, values in seen.items():
            samples = result[f"_Net.{place}"].samples[name].values
            kept = np.stack([np.asarray(_plain(value)) for value in values])
            found = samples[1 : STEPS + 1].reshape(kept.shape)
            if kept.dtype.kind == "f":
                np.testing.assert_allclose(found, kept, rtol=1e-13, atol=1e-13, err_msg=f"{name} {place}")
            else:
                np.testing.assert_array_equal(found, kept, err_msg=f"{name} {place}")
    return {"before": eager.before.seen, "after": eager.after.seen}


def _plain(value: Any) -> Any:
    return value.rescale(mV).magnitude if isinstance(value, pq.Quantity) and value.units != pq.dimensionless else value


def first_values(place: str, step: int) -> int:
    """The newest step whose value a read in a step may see."""
    return step - 1 if place == "before" else step
