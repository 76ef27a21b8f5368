import numpy as np
import pytest
import quantities as pq

from numbadyn.errors import DelayError, DimensionError, UnitExpectedError
from numbadyn.model import init
from numbadyn.model.delays.times.rule import LONGEST
from numbadyn.projections.connectivity import AllToAll, as_delay
from numbadyn.projections.connectivity.delays import is_explicit, steps
from numbadyn.runtime.builders import CONNECTIVITY_STREAM, build


def test_forms():
    assert as_delay(None) is None
    assert as_delay(0.0015 * pq.s) == init.Constant(1.5 * pq.ms)
    assert as_delay([1.0, 2.0] * pq.ms) == init.Values([1.0, 2.0] * pq.ms)
    drawn = init.Normal(1 * pq.ms, 1 * pq.ms)
    assert as_delay(drawn) is drawn
    assert as_delay(as_delay(2 * pq.ms)) == init.Constant(2 * pq.ms)
    assert not is_explicit(drawn)
    assert is_explicit(as_delay(lambda shape: np.ones(shape) * pq.ms))


def test_multiples_of_the_step_are_exact():
    n = np.arange(5000)
    for dt in (0.1, 0.05, 0.025, 0.3, 1 / 3):
        np.testing.assert_array_equal(steps(n * dt, dt), n)
        np.testing.assert_array_equal(steps(np.round(n * dt, 12), dt), n)


def test_times_between_steps():
    times = np.array([0.01, 0.05, 0.11, 0.19, 0.35, 0.25])
    assert steps(times, 0.1).tolist() == [1, 1, 2, 2, 4, 3]
    assert steps(times, 0.1, "nearest").tolist() == [0, 1, 1, 2, 4, 3]
    assert steps(times, 0.1).dtype == steps(times, 0.1, "nearest").dtype == np.int32


def test_drawn_delays_are_rounded_as_all_others_and_end_at_zero():
    rule, delay = AllToAll(100, 100, weight=1 * pq.mV), init.Normal(0.2 * pq.ms, 0.2 * pq.ms)
    drawn = delay.sample((100, 100), seed=3, stream=CONNECTIVITY_STREAM + 2)
    for rounding in ("up", "nearest"):
        table = build(rule, delay=delay, dt=0.1, rounding=rounding, seed=3)
        wanted = np.bincount(steps(np.maximum(drawn, 0.0), 0.1, rounding).ravel())
        found = np.bincount(np.repeat(np.tile(table.delays, 100), np.diff(table.offsets)))
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("make", "error", "parts"),
    [
        (lambda: as_delay(-1.5 * pq.ms, where="Net.E2I.delay"), DelayError, ["-1.5 ms", "Net.E2I.delay"]),
        (lambda: as_delay(np.nan * pq.ms), DelayError, ["nan ms"]),
        (lambda: as_delay([1.0, np.inf] * pq.ms), DelayError, ["inf ms", "position 1"]),
        (lambda: as_delay(init.Constant(-1 * pq.ms)), DelayError, ["-1 ms"]),
        (lambda: as_delay(1.5 * pq.mV), DimensionError, ["1.5 mV"]),
        (lambda: as_delay(1.5), UnitExpectedError, ["1.5"]),
        (lambda: as_delay(init.Uniform(0 * pq.mV, 1 * pq.mV)), DimensionError, ["mV"]),
        (lambda: as_delay(init.Uniform(0.0, 1.0)), DimensionError, ["ms"]),
        (lambda: as_delay(init.Uniform(-2 * pq.ms, -1 * pq.ms), where="Net.E2I.delay"), DelayError, ["-1.5 ms", "E2I"]),
        (lambda: as_delay(init.Normal(-1 * pq.ms, 5 * pq.ms)), DelayError, ["-1 ms", "low="]),
        (lambda: as_delay(init.Normal(1 * pq.ms, 5 * pq.ms, high=-2 * pq.ms)), DelayError, ["-2 ms"]),
        (lambda: steps(np.array([1e9]), 0.1), DelayError, ["1000000000.0 ms", str(LONGEST)]),
    ],
)
def test_bad_delays(make, error, parts):
    with pytest.raises((error, UnitExpectedError)) as caught:
        make()
    text = str(caught.value)
    assert "cure:" in text
    for part in parts:
        assert part in text
