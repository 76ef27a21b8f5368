"""Networks whose values are known in each step, and what their readers see.

In: names of readers, and what they call.  Out: what each has seen in each step, on a target or in eager calls.
"""

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from quantities import ms, mV

import numbadyn as nd
from tests.draws import share
from tests.features.delay_oracle import flags, numbers, reals
from tests.targets import simulator_of

__all__ = [
    "FIRST",
    "SIGNALS",
    "STEPS",
    "Readers",
    "Signal",
    "Spiking",
    "compare",
    "cuts",
    "drawn",
    "eagerly",
    "in_unit",
    "times",
    "traced",
]

STEPS = 24
SIGNALS = {"x": reals, "k": numbers, "b": flags}
FIRST = {"x": -7.5, "k": 4, "b": True}


def drawn(number, fewest=4):
    """A fixed choice of examples, the same in each run; failures are not shrunk where each example compiles."""
    return settings(
        max_examples=share(number, fewest),
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )


def in_unit(item, value):
    """A value of the item with its unit."""
    return value * mV if item == "x" else value


class Signal(nd.Dynamics):
    """States of three kinds with known values, one of which is the output too; may read its own past."""

    def __init__(self, shape, output="x"):
        super().__init__(shape)
        self.output_item, self._own = output, None

    def init_state(self):
        self.n = nd.State(0)
        for item, first in FIRST.items():
            setattr(self, item, nd.State(in_unit(item, first)))

    def update(self):
        n, i = self.n.value, np.arange(self.num).reshape(self.varshape)
        for item, signal in SIGNALS.items():
            self.state(item).value = in_unit(item, signal(n, i))
        self.n.value = n + 1
        if self._own is not None:
            self._own()
        return self.state(self.output_item).value


class Spiking(Signal, nd.Neuron):
    """The same, known to give Booleans before its first update."""


class Readers(nd.Dynamics):
    """Keeps what it reads: name -> (read, an array of the shape and kind that is read, unit)."""

    def __init__(self, reads):
        super().__init__(1)
        self.reads = reads

    def init_state(self):
        for name, (_, like, unit) in self.reads.items():
            zero = {"b": False, "i": 0, "f": 0.0}[like.dtype.kind]
            setattr(self, name, nd.State(zero * unit if like.dtype.kind == "f" else zero, shape=like.shape))

    def update(self):
        for name, (read, _, _) in self.reads.items():
            self.state(name).value = read()


def readers_of(net):
    """Parts of a network that say what they read, by name."""
    return {name: part for name, part in vars(net).items() if hasattr(part, "reads")}


def times(microseconds):
    """The same in floating point with a unit."""
    return np.asarray(microseconds) / 1000.0 * ms


def cuts():
    """Lengths of pieces that make the whole."""
    inside = st.sets(st.integers(1, STEPS - 1), max_size=3).map(sorted)
    return inside.map(lambda ends: tuple(np.diff([0, *ends, STEPS]).tolist()))


def traced(target, make, dt, pieces=(STEPS,), precision=64, between=None):
    """Run a network in pieces; gives the simulator and what its readers have seen in each step.

    `between(sim, number)` is called at the start of each piece.
    """
    sim = simulator_of(make(), times(dt), target, precision=precision)
    readers = readers_of(sim.network)
    for part in readers.values():
        for name in part.reads:
            sim.record(part, name)
    results = []
    for number, steps in enumerate((*pieces, 1)):
        if between is not None:
            between(sim, number)
        results.append(sim.run(times(steps * dt), progress=False))
    found = {}
    for place, part in readers.items():
        for name, (_, like, _) in part.reads.items():
            samples = np.concatenate([result[part].samples[name].values for result in results])
            found[f"{place}.{name}"] = samples[1:].reshape(-1, *like.shape)  # samples are of the start of a step
    return sim, found


def eagerly(make, dt):
    """Call a network outside of a trace; gives what its readers have seen in each step."""
    net = nd.init_all_states(make())
    readers = readers_of(net)
    rows = []
    for n in range(STEPS):
        with nd.environ.context(dt=times(dt), i=n):
            net()
        rows.append(
            {f"{p}.{name}": part.state(name).array().copy() for p, part in readers.items() for name in part.reads}
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def compare(found, expected, exact=True):
    """Each reader against a function of the step; `exact` where nothing is rounded."""
    assert found.keys() == expected.keys()
    for name, wanted in expected.items():
        assert len(found[name]) == STEPS, name
        for n in range(STEPS):
            if exact:
                np.testing.assert_array_equal(found[name][n], wanted(n), err_msg=f"{name} in step {n}")
            else:
                np.testing.assert_allclose(
                    found[name][n], wanted(n), rtol=1e-9, atol=1e-7, err_msg=f"{name} in step {n}"
                )
