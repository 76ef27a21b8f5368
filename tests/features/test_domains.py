"""A value is refused by its meaning, whatever way it comes: as a number, an array, a distribution, a function, later.

Each class is asked for its own domain, so that a parameter that is added here is checked in all forms.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from quantities import Hz, kHz, mM, ms, mV, nS, pA, pF, s

import numbadyn as nd
from numbadyn.errors import DimensionError, InvalidParameterError, RateError
from numbadyn.model.streams import stream_of

N = 50


class Driven(nd.DynamicsGroup):
    """One module, and a target where it needs one."""

    def __init__(self, make: Callable[..., Any], **given: Any) -> None:
        super().__init__()
        self.cells = nd.LIF(N, R=1.0)
        self.tested = make(self.cells, **given)


def alone(kind: type) -> Callable[..., Any]:
    return lambda cells, **given: kind(N, **given)


class Fed(nd.DynamicsGroup):
    """A membrane that is given a current, so that its resistance matters."""

    def __init__(self, **given: Any) -> None:
        super().__init__()
        self.cells = nd.LIF(N, **given)

    def update(self) -> None:
        self.cells(1 * pA)


def fed(cells: Any, **given: Any) -> Any:
    return Fed(**given)


def poisson_input(cells: Any, **given: Any) -> Any:
    return nd.PoissonInput(cells, num_input=10, weight=0.1 * mV, **given)


def through(kind: type, **fixed: Any) -> Callable[..., Any]:
    """A synapse, or an output, as a projection makes it of a description."""

    def make(cells: Any, **given: Any) -> Any:
        source = nd.PoissonGroup(N, 10 * Hz)
        out = nd.MgBlock.desc(**given) if kind is nd.MgBlock else nd.COBA.desc(E=0 * mV)
        syn = kind.desc(**fixed, **given) if kind is not nd.MgBlock else nd.Expon.desc(tau=5 * ms)
        cells = nd.LIF(N)
        group = nd.DynamicsGroup()
        group.source, group.cells = source, cells
        group.proj = nd.AlignPostProj(source, comm=nd.OneToOne(N, N, weight=1 * nS), syn=syn, out=out, post=cells)
        return group

    return make


TAU = (4 * ms, [-1 * ms, 0 * ms])
RATE = (10 * Hz, [-1 * Hz])
PARAMETERS: dict[str, tuple[Callable[..., Any], str, Any, list[Any]]] = {
    "LIF.tau": (alone(nd.LIF), "tau", *TAU),
    "LIF.R": (fed, "R", 0.1 / nS, [-0.1 / nS]),
    "LIFRef.tau_ref": (alone(nd.LIFRef), "tau_ref", 0 * ms, [-0.1 * ms]),
    "HH.C": (alone(nd.HH), "C", 200 * pF, [0 * pF, -200 * pF]),
    "HH.g_Na": (alone(nd.HH), "g_Na", 0 * nS, [-1 * nS]),
    "HH.tau_ref": (alone(nd.HH), "tau_ref", 0 * s, [-1 * s]),
    "PoissonGroup.rates": (alone(nd.PoissonGroup), "rates", 0 * Hz, [-1 * kHz]),
    "PoissonInput.freq": (poisson_input, "freq", *RATE),
    "Expon.tau": (through(nd.Expon), "tau", *TAU),
    "Alpha.tau": (through(nd.Alpha), "tau", *TAU),
    "DualExpon.tau_rise": (through(nd.DualExpon), "tau_rise", *TAU),
    "DualExpon.tau_decay": (through(nd.DualExpon), "tau_decay", *TAU),
    "MgBlock.beta": (through(nd.MgBlock), "beta", 3.5 * mM, [0 * mM]),
    "MgBlock.cc_Mg": (through(nd.MgBlock), "cc_Mg", 0 * mM, [-1 * mM]),
}  # fmt: skip


def refused(make: Callable[..., Any], name: str, value: Any) -> str:
    """The message of a simulator that is given a value somehow."""
    with pytest.raises(InvalidParameterError) as caught:
        nd.Simulator(Driven(make, **{name: value}), dt=0.1 * ms, target="interpret", seed=3).run(0.1 * ms)
    return str(caught.value)


def elements(good: Any, bad: Any) -> Any:
    values = np.ones(N) * good
    values[N - 3] = bad
    return values


@pytest.mark.parametrize("case", PARAMETERS)
def test_every_way_in_is_checked(case: str) -> None:
    make, name, good, wrong = PARAMETERS[case]
    nd.Simulator(Driven(make, **{name: good}), dt=0.1 * ms, target="interpret").run(0.1 * ms)
    for bad in wrong:
        mixed = elements(good, bad)
        assert f".{name} is" in refused(make, name, bad)
        assert f"element {N - 3}" in refused(make, name, mixed)
        assert f".{name} is" in refused(make, name, nd.init.Constant(bad))
        assert f"element {N - 3}" in refused(make, name, nd.init.Values(mixed))
        spread = nd.init.Uniform(bad, bad + abs(bad) if bad else bad)
        message = refused(make, name, spread)
        assert f".{name} is drawn from Uniform(" in message
        assert f"of {N} values are not " in message
        given = nd.init.FromFunction(lambda shape, bad=bad: np.ones(shape) * bad)
        assert f"{N} of {N} values are not" in refused(make, name, given)
        assert f"{N} of {N} values are not" in refused(make, name, lambda shape, bad=bad: np.ones(shape) * bad)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_a_new_value_between_runs_is_checked_and_the_run_can_go_on(target: str) -> None:
    cells = nd.LIF(N, tau=nd.init.Uniform(5 * ms, 9 * ms))
    sim = nd.Simulator(cells, dt=0.1 * ms, target=target, seed=3)
    sim.run(1 * ms)
    for bad in (-1 * ms, 0 * ms, np.inf * ms, np.linspace(-1, 5, N) * ms):
        with pytest.raises(InvalidParameterError, match=r"LIF\.tau is"):
            cells.tau.value = bad
    cells.tau.value = nd.init.Normal(5 * ms, 4 * ms)
    for _ in range(2):
        with pytest.raises(InvalidParameterError, match=r"LIF\.tau is drawn from Normal\(5.0 ms, 4.0 ms\): \d+ of 50"):
            sim.run(1 * ms)
    cells.tau.value = nd.init.Normal(5 * ms, 4 * ms, low=1 * ms)
    assert sim.run(1 * ms) is not None
    assert sim.t == 2 * ms


def test_an_array_that_is_changed_in_place_is_checked_again() -> None:
    tau = np.full(N, 5.0)
    cells = nd.LIF(N, tau=tau * ms)
    sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret")
    sim.run(0.1 * ms)
    cells.tau.content().magnitude[7] = -5.0
    with pytest.raises(InvalidParameterError, match="negative in element 7"):
        sim.run(0.1 * ms)


def test_what_no_step_reads_is_checked_too() -> None:
    """A resistance without an input, rates that nobody listens to."""
    for model in (
        nd.LIF(N, R=nd.init.Normal(0.1 / nS, 0.2 / nS)),
        nd.LIF(N, R=lambda shape: np.linspace(-1, 1, shape[0]) / nS),
        nd.PoissonGroup(N, rates=nd.init.Uniform(5 * kHz, 15 * kHz)),
    ):
        with pytest.raises(InvalidParameterError):
            nd.Simulator(model, dt=0.1 * ms, target="interpret").run(0.1 * ms)


def test_the_message_counts_and_names_the_worst_and_the_cure() -> None:
    cells = nd.LIF(1000, tau=nd.init.Normal(5 * ms, 5 * ms))
    with pytest.raises(InvalidParameterError) as caught:
        cells.tau.value  # noqa: B018 - the access raises
    what, where, cure = str(caught.value).splitlines()
    tau = nd.init.Normal(5 * ms, 5 * ms)(1000, stream=stream_of(cells, "value", "tau")).magnitude
    assert f"{(tau <= 0).sum()} of 1000 values are not larger than zero" in what
    assert f"in element {tau.argmin()}" in what
    assert "LIF.tau" in where
    assert "low=..." in cure
    assert "LogNormal" in cure


@pytest.mark.parametrize("bits", [64, 32])
def test_what_stays_inside_is_taken(bits: int) -> None:
    for tau in (nd.init.LogNormal(5 * ms, 5 * ms), nd.init.Normal(5 * ms, 5 * ms, low=0.1 * ms)):
        nd.Simulator(nd.LIF(1000, tau=tau), dt=0.1 * ms, target="interpret", precision=bits).run(0.1 * ms)


def test_fractions_have_two_bounds() -> None:
    for bad in (-0.1, 1.5, nd.init.Normal(0.5, 0.5), nd.init.Uniform(0.9, 1.5), [0.5] * (N - 1) + [2.0]):
        with pytest.raises(InvalidParameterError, match=r"\.U is .*(from 0 to 1|at most 1|zero or more)"):
            nd.STP(N, U=bad).U.value  # noqa: B018 - the access raises
        with pytest.raises(InvalidParameterError, match=r"\.U is "):
            nd.STD(N, U=bad).U.value  # noqa: B018 - the access raises


def test_time_constants_that_must_differ_however_they_come() -> None:
    for rise in (nd.init.Constant(10 * ms), nd.init.Values(np.full(N, 10.0) * ms), lambda shape: 10 * ms):
        assert "are equal" in refused(through(nd.DualExpon), "tau_rise", rise)
    synapse = nd.DualExpon(N)
    sim = nd.Simulator(synapse, dt=0.1 * ms, target="interpret")
    sim.run(0.1 * ms)
    synapse.tau_decay.value = synapse.tau_rise.value
    with pytest.raises(InvalidParameterError, match=r"nd.Alpha"):
        sim.run(0.1 * ms)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_rates_above_one_spike_a_step_are_refused_with_the_highest(target: str) -> None:
    noise = nd.PoissonGroup(N, rates=10 * kHz)
    sim = nd.Simulator(noise, dt=0.1 * ms, target=target)
    sim.record(noise, spikes=True)
    assert sim.run(1 * ms)[noise].spikes.count == 10 * N
    for rates, place in ((20 * kHz, ""), (np.linspace(0, 20, N) * kHz, "in 25 of 50 neurons, first in 25")):
        noise.rates.value = rates
        with pytest.raises(RateError, match=rf"{place}; with one spike a step of 0.1 ms the highest is 10.0 kHz") as no:
            sim.run(1 * ms)
        assert "PoissonInput" in str(no.value)
    noise.rates.value = nd.init.Uniform(5 * kHz, 15 * kHz)
    with pytest.raises(RateError, match=r"the highest is 10\.0 kHz"):
        sim.run(1 * ms)
    noise.rates.value = 1 * kHz
    sim.run(1 * ms)
    with nd.environ.context(dt=1 * ms), pytest.raises(RateError, match=r"the highest is 1\.0 kHz"):
        nd.PoissonGroup(3, 1.5 * kHz)()


class Modulated(nd.PoissonGroup):
    """Rates that are a state, which grows by 1 kHz a step."""

    def init_state(self) -> None:
        self.rates = nd.State(7.5 * kHz)

    def update(self) -> Any:
        self.rates.value = self.rates.value + 1 * kHz
        return super().update()


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_rates_that_grow_too_high_end_the_run(target: str) -> None:
    noise = Modulated(3, 1 * Hz)
    with pytest.raises(RateError, match=r"rate of 10.5 kHz in step 2 \(t = 0.2 ms\), neuron 0; .* highest is 10.0 kHz"):
        nd.Simulator(noise, dt=0.1 * ms, target=target).run(5 * ms)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_two_spikes_in_a_step_are_refused_and_one_given_twice_is_one(target: str) -> None:
    train = nd.SpikeTrain(3, [1, 1, 2, 1], [0.31, 0.39, 0.35, 0.9] * ms)
    sim = nd.Simulator(train, dt=0.1 * ms, target=target)
    sim.record(train, spikes=True)
    with pytest.raises(RateError, match=r"Neuron 1 of SpikeTrain is to fire at 0.31 ms and at 0.39 ms, both in one"):
        sim.run(1 * ms)
    sim = nd.Simulator(train, dt=0.05 * ms, target=target)
    sim.record(train, spikes=True)
    assert sim.run(1 * ms)[train].spikes.count == 4
    twice = nd.SpikeTrain(3, [1, 1], [0.3, 0.1 * 3] * ms)
    sim = nd.Simulator(twice, dt=0.1 * ms, target="interpret")
    sim.record(twice, spikes=True)
    assert sim.run(1 * ms)[twice].spikes.count == 1


class Counting(nd.Dynamics):
    """Counts with a mean that no distribution has, for some of its elements."""

    def init_state(self) -> None:
        self.rate = nd.State([3.0, -1.0, 2e9, 40.0])
        self.n = nd.State(0.0)

    def update(self) -> None:
        self.n.value = self.n.value + nd.random.poisson(self.rate.value)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_counts_with_an_impossible_mean_are_no_numbers(target: str) -> None:
    counting = Counting(4)
    sim = nd.Simulator(counting, dt=0.1 * ms, target=target)
    with pytest.raises(nd.errors.NonFiniteStateError, match=r"n became NaN in element 1 \(2 of 4"):
        sim.run(1 * ms)


def test_counts_that_are_too_many_are_refused() -> None:
    net = nd.DynamicsGroup()
    net.cells = nd.LIF(2, R=1.0)
    net.drive = nd.PoissonInput(net.cells, num_input=10**8, freq=200 * kHz, weight=1e-9 * mV)
    with pytest.raises(RateError, match=r"2e\+09 spikes a step"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret").run(1 * ms)


def test_bounds_of_a_parameter_of_ones_own() -> None:
    bounds = {"unit": mV, "low": -0.1 * 1000 * mV, "high": 100 * mV}
    assert nd.Parameter(-100 * mV, **bounds).value == -100 * mV
    for bad, message in ((-101 * mV, "must be -100.0 mV or more"), (101 * mV, "must be at most 100.0 mV")):
        with pytest.raises(InvalidParameterError, match=message):
            nd.Parameter(bad, **bounds).value  # noqa: B018 - the access raises
    with pytest.raises(DimensionError, match="low of Parameter"):
        nd.Parameter(1 * mV, low=1 * ms).value  # noqa: B018 - the access raises
