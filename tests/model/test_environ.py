"""`environ`: values of a context, and what they are while a step is traced."""

from typing import Any

import numpy as np
import pytest
from quantities import ms, s

import numbadyn as nd
from numbadyn.errors import TimeStepError
from tests.features.both import assert_targets_agree


def test_contexts_nest_and_end() -> None:
    with nd.environ.context(dt=0.1 * ms, mode="a"):
        with nd.environ.context(dt=1 * ms, i=3):
            assert nd.environ.get_dt() == 1 * ms
            assert nd.environ.get("mode") == "a"
            assert nd.environ.all() == {"dt": 1 * ms, "mode": "a", "i": 3}
        assert nd.environ.get_dt() == 0.1 * ms
        assert nd.environ.get("i", None) is None
    with pytest.raises(TimeStepError, match="No time step is set"):
        nd.environ.get_dt()


def test_time_follows_from_the_step() -> None:
    with nd.environ.context(dt=0.0005 * s, i=4):
        assert nd.environ.get("t") == 2 * ms
        assert str(nd.environ.get("dt").dimensionality) == "ms"
    with nd.environ.context(t=0.002 * s):
        assert float(nd.environ.get("t").magnitude) == 2.0


def test_unknown_keys() -> None:
    assert nd.environ.get("colour", "red") == "red"
    with pytest.raises(KeyError, match=r"nd.environ.set\(colour=...\)"):
        nd.environ.get("colour")


class Clock(nd.Dynamics):
    """Keeps time, step number and time step."""

    def __init__(self) -> None:
        super().__init__(2)

    def init_state(self) -> None:
        self.t, self.dt = nd.State(0 * ms), nd.State(0 * ms)
        self.i = nd.State(-1)
        self.own = nd.State(0.0)

    def update(self) -> Any:
        self.t.value = nd.environ.get("t")
        self.dt.value = nd.environ.get_dt()
        self.i.value = nd.environ.get("i")
        self.own.value = nd.environ.get("factor", 1.0) * self.i


def test_traced_values() -> None:
    with nd.environ.context(factor=2.5):
        _, result = assert_targets_agree(Clock, 0.3 * ms, 3 * ms)
    clock = result["Clock"]
    steps = np.arange(9)
    assert clock.i[1:, 0].tolist() == steps.tolist()
    assert clock["t"][1:, 0].magnitude.tolist() == (steps * 0.3).tolist()
    assert clock.dt[1:, 1].magnitude.tolist() == [0.3] * 9
    assert clock.own[1:, 0].tolist() == (2.5 * steps).tolist()
