"""A profiled run has the bits of a plain one, and says by population, projection and work what took how long."""

import numpy as np
import pytest
from quantities import Hz, ms, mV

import numbadyn as nd
from numbadyn import errors
from numbadyn.io.profile import Profile
from numbadyn.simulator.profiling import check_profile
from tests.errors.models import refused
from tests.features.agreement import assert_same
from tests.features.small_network import Small, simulator, watch
from tests.targets import COMPILED, simulator_of

pytestmark = pytest.mark.skipif(COMPILED != "cpu", reason="profiles of a device are refused")
TARGETS = pytest.mark.parametrize("target", ["interpret", "cpu"])


@TARGETS
def test_bits_are_those_of_a_plain_run_and_the_parts_are_all_of_the_time(target):
    plain = simulator(target)
    sim = simulator(target)
    source = sim.source
    for length in (60, 3):  # a run is short beside a chunk, or longer
        expected, found = plain.run(length * ms), sim.run(length * ms, profile=True)
        assert_same(found, expected)
        profile = found.profile
        assert profile.seconds == pytest.approx(found.seconds, rel=1e-3)
        assert profile.table["share"].sum() == pytest.approx(1.0)
        assert expected.profile is None
    works = set(profile.table["work"].tolist())
    assert {"neurons", "delivery", "recording", "between chunks"} <= works
    assert {"Small.A", "Small.B", "Small.excite", "Small.inhibit"} <= set(profile.by("module"))
    assert sim.source == source
    assert_same(sim.run(5 * ms), plain.run(5 * ms))


def shared(sizes):
    """Populations of these sizes that share a loop, with Poisson input and a projection of their own each."""
    net = nd.DynamicsGroup()
    net.cells = [nd.LIF(size, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV)) for size in sizes]
    net.noise = [nd.PoissonInput(cell, num_input=100, freq=50 * Hz, weight=0.1 * mV) for cell in net.cells]
    return net


def test_populations_that_share_a_loop_share_its_time_by_their_sizes():
    net = shared((300, 100))
    sim = nd.Simulator(net, dt=0.1 * ms)
    profile = sim.run(200 * ms, profile=True).profile
    rows = {(row["work"], row["module"]): row["seconds"] for row in profile.table}
    assert {work for work, _module in rows} >= {"neurons", "drawing"}
    large, small = (rows["neurons", f"DynamicsGroup.cells[{k}]"] for k in range(2))
    assert large == pytest.approx(3 * small)
    assert small > 0


@TARGETS
def test_batches_conditions_and_calls_are_profiled_too(target):
    def clamp(sim):
        sim.set(sim.network.A, "V", -60 * mV)
        sim.network.A.tau.value = (10 + float(sim.t) / 10) * ms  # other rows from here on

    found = []
    for profile in (False, True):
        sim = watch(simulator_of(Small(), 0.1 * ms, target, batch=2, seed=[3, 4]))
        net = sim.network
        until = lambda net=net: nd.spike_count(net.B) >= 20  # noqa: E731
        found.append(sim.run(20 * ms, until=until, every=1 * ms, call=clamp, profile=profile))
        net.A.tau.value = 20 * ms
    assert found[0].last == found[1].last
    assert_same(found[1], found[0])
    seconds = found[1].profile.by("work")
    assert seconds["neurons"] > 0
    assert seconds["between chunks"] > 0


def test_the_table():
    profile = Profile([("neurons", "E", 1.0), ("delivery", "E2E", 3.0), ("neurons", "I", 0.0)])
    assert profile.by("work") == {"delivery": 3.0, "neurons": 1.0}
    assert profile.table["share"].tolist() == [0.75, 0.25, 0.0]
    assert "75.0%" in str(profile)
    refused(lambda: profile.by("line"), errors.InvalidParameterError, "'line'", "Profile.by", "'work' or 'module'")
    np.testing.assert_array_equal(Profile([]).table["seconds"], [])


def test_a_target_without_profiles_says_so():
    where = r"run\(profile=True\)"
    refused(lambda: check_profile("cuda"), errors.UnsupportedFeatureError, "target='cuda'", where, "'interpret'")
