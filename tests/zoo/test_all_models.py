"""A promise of each ready-made model: any size, parameters in any unit, as arrays, drawn; a batch has the bits of runs.

All of them stand in one network, which is made for a number: sizes and what each parameter is given as follow from it.
"""

import inspect

import numpy as np
import pytest
from quantities import Hz, V, ms, mV, nA, nF, nS, pA, s, uS

import numbadyn as nd
from numbadyn import zoo
from numbadyn.model.dynamics import Neuron
from numbadyn.model.naming import walk
from numbadyn.units import join_eager
from tests.features.both import _record_everything, assert_targets_agree, recorded

FIRST = nd.init.Uniform(-70 * mV, -50 * mV)
SIZES = [(1,), (5,), (2, 3)]
#: Populations that act by themselves.
UNDRIVEN = (nd.PoissonGroup, nd.RegularSpikes, nd.SpikeTrain)
#: Bases that name no equation of their own, and what is no class.
BASES = {"BoundedProj", "Channel", "ConductanceSynapse", "Gate", "IntegrateAndFire", "KineticSynapse", "RateModel"}
BASES |= {"SynOut", "Threshold", "Waveform", "rates_of"}
#: Parts of neurons and of projections, and where each stands.
PARTS = {
    "Adaptation": lambda n: nd.IF(n, adaptation=nd.Adaptation()),
    "AdaptiveThreshold": lambda n: nd.IF(n, threshold=nd.AdaptiveThreshold()),
    "EscapeNoise": lambda n: nd.IF(n, threshold=nd.EscapeNoise()),
    "FollowingThreshold": lambda n: nd.LIF(n, threshold=nd.FollowingThreshold(a=5 * Hz, reset=-55 * mV)),
    "MovingEscape": lambda n: nd.LIF(n, threshold=nd.MovingEscape(tau=[5, 50] * ms, jump=[2, 1] * mV)),
    "SpikeCurrents": lambda n: nd.LIF(n, adaptation=nd.SpikeCurrents(tau=[5, 50] * ms, jump=[20, 5] * pA)),
    "PointNeuron": lambda n: nd.PointNeuron(
        n, leak=nd.LeakChannel(), V_initializer=nd.init.Uniform(-70 * mV, -50 * mV)
    ),
    "CalciumPool": lambda n: nd.TraubMiles(
        n, L=nd.LCalciumChannel(), T=nd.TCalciumChannel(), pool_of_calcium=nd.CalciumPool(), AHP=nd.AHPChannel()
    ),
    "HChannel": lambda n: nd.TraubMiles(n, h=nd.HChannel(), M=nd.MChannel()),
    "PoissonGroup": lambda n: nd.PoissonGroup(n, rates=200 * Hz),
    "SpikeTrain": lambda n: nd.SpikeTrain(n, [0, 0], [0.2, 0.6] * ms),
    "Playback": lambda n: nd.Playback(np.arange(9.0) * pA, dt=0.2 * ms, in_size=n),
    "RegularSpikes": lambda n: nd.RegularSpikes(n, period=0.3 * ms),
    "Pulse": lambda n: nd.Pulse(n, amplitude=3 * pA, start=0.2 * ms, width=0.1 * ms, period=0.3 * ms),
    "Staircase": lambda n: nd.Staircase(n, times=[0.2, 0.6] * ms, values=[3, 5] * pA),
    "Ramp": lambda n: nd.Ramp(n, first=1 * pA, last=3 * pA, duration=1 * ms),
    "Sine": lambda n: nd.Sine(n, amplitude=3 * pA, frequency=900 * Hz),
    "Chirp": lambda n: nd.Chirp(n, amplitude=3 * pA, first=9 * Hz, last=900 * Hz, duration=1 * ms),
    "OrnsteinUhlenbeck": lambda n: nd.OrnsteinUhlenbeck(n, sigma=3 * pA, tau=2 * ms),
    "WhiteNoise": lambda n: nd.WhiteNoise(n, sigma=3 * pA * ms**0.5, mean=1 * pA),
    "PinkNoise": lambda n: nd.PinkNoise(n, sigma=3 * pA, octaves=3),
}
#: What stands in a network with one of the above, or is a rule of plasticity, which has tests of its own.
WITH = {"CalciumPool": ("AHPChannel", "LCalciumChannel", "TCalciumChannel"), "HChannel": ("MChannel",)}
WITH |= {"PointNeuron": ("LeakChannel",), "HodgkinHuxley": ("SodiumChannel", "PotassiumChannel")}
WITH |= {"TraubMiles": ("TraubMilesSodium", "TraubMilesPotassium")}
OUTPUTS = {"COBA", "CUBA", "MgBlock"}


def exported():
    """Names of all models, without rules of plasticity: projections whose synapses learn."""
    names = [name for name in zoo.__all__ if name not in BASES | OUTPUTS]
    projections = {name for name in names if issubclass(getattr(zoo, name), nd.PlasticProj)}
    return [name for name in names if name not in projections]


MODELS = [name for name in exported() if name not in {part for parts in WITH.values() for part in parts}]


def vary(model, rng, size):
    """Give each parameter of a model in another unit, as an array or drawn, within three parts in a hundred."""
    for module in walk(model):
        for parameter in [value for value in vars(module).values() if isinstance(value, nd.Parameter)]:
            value = parameter.value
            number, way = np.asarray(value), rng.integers(4)
            if number.dtype.kind != "f" or number.shape != ():
                continue
            spread = np.abs(0.03 * number)
            if way == 1:
                parameter.value = in_another_unit(value)
            elif way == 2 and getattr(module, "varshape", ()) == size:
                parameter.value = join_eager(number + spread * rng.uniform(-1, 1, size), parameter.dimension)
            elif way == 3 and spread:
                ends = [join_eager(end, parameter.dimension) for end in (number - spread, number + spread)]
                parameter.value = nd.init.Uniform(*ends)


def in_another_unit(value):
    """The same value as a modeller may write it."""
    for unit in (s, V, nA, uS, nF, Hz):
        try:
            return value.rescale(unit)
        except (AttributeError, ValueError):
            continue
    return value


class Fed(nd.DynamicsGroup):
    """A synapse that gets spikes, a potential or jumps, whatever it takes."""

    def __init__(self, synapse):
        super().__init__()
        self.source = nd.SpikeTrain(synapse.varshape, [0, 0, 0], [0.2, 0.3, 0.7] * ms)
        self.synapse = synapse

    def update(self):
        spikes = self.source()
        if isinstance(self.synapse, nd.ConductanceSynapse):
            self.synapse(np.where(spikes, 2.0 * nS, 0.0 * nS))
        elif isinstance(self.synapse, nd.GradedRelease):
            self.synapse(np.where(spikes, 20.0 * mV, -60.0 * mV))
        else:
            self.synapse(spikes)


class Zoo(nd.DynamicsGroup):
    """All models, each with a drive where it takes one, and one of each output."""

    def __init__(self, number, names):
        super().__init__()
        rng = np.random.default_rng(number)
        for name in names:
            size = SIZES[rng.integers(len(SIZES))]
            model = PARTS.get(name, getattr(zoo, name))(size)
            vary(model, rng, size)
            setattr(self, name, Fed(model) if isinstance(model, nd.Synapse | nd.SpikeTrace) else model)
            target = model.soma if isinstance(model, nd.PinskyRinzel) else model
            if isinstance(target, Neuron) and not isinstance(target, UNDRIVEN):
                strength = rng.uniform(400, 900) * pA * ms**0.5
                setattr(self, f"{name}_drive", nd.CurrentInput(target, nd.WhiteNoise.desc(sigma=strength)))
        self.spikes, self.post = nd.PoissonGroup(4, rates=nd.init.Uniform(1000 * Hz, 2000 * Hz)), nd.LIF((2, 3))
        outputs = (nd.MgBlock.desc(), nd.COBA.desc(E=0 * mV), nd.CUBA.desc(scale=3 * mV))
        for out in outputs if len(names) > 5 else outputs[:1]:
            comm = nd.AllToAll(4, (2, 3), weight=1 * nS)
            projection = nd.AlignPreProj(self.spikes, syn=nd.NMDA.desc(), comm=comm, out=out, post=self.post)
            setattr(self, f"by_{out.cls.__name__}", projection)


def test_each_model_is_in_the_network_or_named_elsewhere():
    together = {name for names in WITH.values() for name in names}
    assert set(zoo.__all__) - BASES - OUTPUTS - together >= set(MODELS)
    learning = {name for name in zoo.__all__ if inspect.isclass(getattr(zoo, name)) and name not in MODELS}
    for name in learning - together - BASES - OUTPUTS:
        assert issubclass(getattr(zoo, name), nd.PlasticProj), name


def test_a_replica_has_the_bits_of_the_run_of_its_seed_in_one_way_of_giving_parameters():
    assert_replicas_are_runs(0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", range(1, 20))
def test_a_replica_has_the_bits_of_the_run_of_its_seed(number):
    assert_replicas_are_runs(number)


FEW = ["StochasticGIF", "Sine"]


@pytest.mark.parametrize("precision", [64, pytest.param(32, marks=pytest.mark.exhaustive)])
def test_targets_agree_on_a_few(precision):
    silent = [f"Zoo.{name}" for name in FEW] + ["Zoo.post", "Zoo.spikes"]
    assert_targets_agree(lambda: Zoo(1, FEW), 0.1 * ms, 3 * ms, 1, precision, may_be_silent=silent)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", MODELS)
def test_targets_agree_on_each(name):
    silent = [f"Zoo.{name}", f"Zoo.{name}.soma", f"Zoo.{name}.dendrite", "Zoo.post", "Zoo.spikes"]
    for precision in (64, 32):
        assert_targets_agree(lambda: Zoo(2, [name]), 0.1 * ms, 2 * ms, 1, precision, may_be_silent=silent)


def assert_replicas_are_runs(number):
    """And nothing is NaN, whatever parameters are given as."""
    steps = 4
    single = nd.Simulator(Zoo(number, MODELS), dt=0.1 * ms, seed=8, target="interpret")
    batch = nd.Simulator(Zoo(number, MODELS), dt=0.1 * ms, seed=7, batch=2, target="interpret")
    results = []
    for sim in (single, batch):
        _record_everything(sim)
        results.append(sim.run(steps * 0.1 * ms, progress=False))
    expected, found = recorded(results[0]), recorded(results[1].replica(1))
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert len({name.split(".")[1] for name in expected}) > len(MODELS) - 5
