"""Delays between steps: rounded up by default, refused by name where exact ones are asked for."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import DelayError, TargetError

COMM = nd.OneToOne(2, 2, weight=1 * mV)


class Net(nd.DynamicsGroup):
    """One population onto itself."""

    def __init__(self, **options):
        super().__init__()
        self.cells = nd.LIF(2)
        source = options.pop("source", lambda cells: cells)(self.cells)
        self.proj = nd.DeltaProj(source, comm=COMM, post=self.cells, **options)


def run(target, dt, **options):
    sim = nd.Simulator(Net(**options), dt=dt * ms, target=target, delays="exact")
    sim.run(5 * dt * ms)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize(
    "options",
    [
        {"delay": 0.9 * ms},
        {"delay": [0.3, 0.6] * ms},
        {"source": lambda cells: cells.output_delay(0.3 * 3 * ms)},
        {"source": lambda cells: cells.output_delay([0.3, 0.9] * ms, [0, 1])},
    ],
)
def test_multiples_of_dt_pass(target, options):
    """However they are written: 0.3 * 3 is not 0.9 in floating point."""
    run(target, 0.3, **options)
    run(target, 0.1, **options)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"delay": 0.25 * ms}, "0.25 ms is no multiple of the time step of 0.1 ms"),
        ({"delay": [0.3, 0.65] * ms}, "0.65 ms is no multiple"),
        ({"source": lambda cells: cells.output_delay(0.25 * ms)}, "0.25 ms is no multiple"),
        ({"source": lambda cells: cells.output_delay([0.3, 0.95] * ms, [0, 1])}, "0.95 ms is no multiple"),
        ({"delay": nd.init.Uniform(0.1 * ms, 1 * ms)}, "drawn from Uniform"),
    ],
)
def test_times_between_steps_are_refused(target, options, text):
    with pytest.raises(DelayError, match=text) as caught:
        run(target, 0.1, **options)
    assert "delays='up'" in str(caught.value)


def test_they_are_rounded_up_by_default():
    sim = nd.Simulator(Net(delay=0.25 * ms), dt=0.1 * ms)
    assert np.asarray(sim.tables[0].delays).tolist() == [3]


def test_the_choice_is_checked():
    with pytest.raises(TargetError, match="'nearest'"):
        nd.Simulator(Net(), dt=0.1 * ms, delays="nearest")
