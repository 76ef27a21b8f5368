"""Parameters and states: forms, kinds, first values, NumPy protocols; a new number compiles nothing."""

from typing import Any

import numpy as np
import pytest
from quantities import ms, mV, s

import numbadyn as nd
from numbadyn.codegen.cache import folder as cache_folder
from numbadyn.errors import DimensionError, ReservedNameError, ShapeError
from numbadyn.ir.nodes import BindContext
from tests.features.both import assert_targets_agree


class Decay(nd.Dynamics):
    """Relaxes to a drive with a time constant; keeps a counter and a flag."""

    def __init__(self, size: Any = 5, tau: Any = 10 * ms, drive: Any = 2 * mV, limit: Any = 3) -> None:
        super().__init__(size)
        self.tau = nd.Parameter(tau, unit=ms)
        self.drive = nd.Parameter(drive, unit=mV)
        self.limit = nd.Parameter(limit)

    def init_state(self) -> None:
        self.x = nd.State(nd.init.Normal(0 * mV, 1 * mV))
        self.count = nd.State(0)
        self.flag = nd.State(True)

    def update(self) -> Any:
        self.x.value = nd.exp_euler_step(lambda x: (self.drive - x) / self.tau, self.x)
        self.count.value = self.count + np.where(self.flag, 2, 1)
        self.flag.value = self.count > self.limit
        return self.x.value


FORMS = {
    "scalar": 10 * ms,
    "seconds": 0.01 * s,
    "array": np.array([5.0, 10.0, 15.0, 20.0, 25.0]) * ms,
    "list": [5 * ms, 10 * ms, 15 * ms, 20 * ms, 25 * ms],
    "one element": np.array([10.0]) * ms,
    "distribution": nd.init.Uniform(5 * ms, 20 * ms),
    "constant": nd.init.Constant(10 * ms),
    "parameter": nd.Parameter(10 * ms),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_a_parameter(name: str) -> None:
    model = Decay(tau=FORMS[name])
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret", seed=4)
    start = sim.get(model, "x").magnitude
    sim.run(3 * ms)
    tau = np.broadcast_to(model.tau.value.magnitude, 5)
    np.testing.assert_allclose(sim.get(model, "x").magnitude, 2 + (start - 2) * np.exp(-3 / tau), rtol=1e-12)
    if name == "distribution":
        assert np.unique(tau).size == 5
        assert ((tau >= 5) & (tau < 20)).all()


def test_kinds_of_states_on_both_targets() -> None:
    _, result = assert_targets_agree(
        lambda: Decay((2, 3), tau=nd.init.Uniform(5 * ms, 20 * ms)), 0.1 * ms, 1 * ms, seed=9
    )
    recording = result["Decay"]
    assert (recording.x.magnitude.dtype, recording.count.dtype, recording.flag.dtype) == (
        np.float64,
        np.int64,
        np.bool_,
    )
    assert recording.count[:5, 0].tolist() == [0, 2, 3, 4, 6]
    assert recording.flag[:5, 5].tolist() == [True, False, False, True, True]


def test_a_new_number_compiles_nothing() -> None:
    def files() -> set[Any]:
        return {path for path in cache_folder.folder().rglob("*") if path.is_file()}

    model = Decay()
    sim = nd.Simulator(model, dt=0.1 * ms, seed=1)
    sim.run(1 * ms)
    loaded, before = sim.machine.loaded, files()
    assert before
    compiled = loaded.compiled
    start = sim.get(model, "x").magnitude
    model.tau.value = 3 * ms
    model.drive.value = np.linspace(0, 1, 1) * mV
    sim.run(1 * ms)
    np.testing.assert_allclose(sim.get(model, "x").magnitude, start * np.exp(-1 / 3), rtol=1e-12)
    assert loaded.compiled == compiled
    assert files() == before
    other = nd.Simulator(Decay(7, tau=1 * ms, limit=5), dt=0.2 * ms, seed=8)
    other.run(1 * ms)
    assert other.source == sim.source
    assert files() == before


def test_parameter_keeps_its_dimension() -> None:
    free = nd.Parameter(3 * ms)
    with pytest.raises(DimensionError, match="is in ms, but the new value is in mV"):
        free.value = 3 * mV
    assert free.value == 3 * ms
    free.value = 1 * ms
    assert free.value == 1 * ms


def test_parameters_and_states_take_part_in_expressions() -> None:
    model = nd.init_all_states(Decay(tau=np.arange(1.0, 6.0) * ms))
    model.x.value = np.arange(5.0) * mV
    assert str(model.x + 1 * mV) == "[1. 2. 3. 4. 5.] mV"
    assert str(1 * mV + model.x) == "[1. 2. 3. 4. 5.] mV"
    assert (model.x / model.tau)[1].magnitude == 0.5
    assert (np.maximum(model.x, 2 * mV)).magnitude.tolist() == [2, 2, 2, 3, 4]
    assert (model.x > 2 * mV).tolist() == [False, False, False, True, True]
    assert np.where(model.x > 2 * mV, 0 * mV, model.x).magnitude.tolist() == [0, 1, 2, 0, 0]
    assert np.clip(model.x, 1 * mV, 2 * mV).magnitude.tolist() == [1, 1, 2, 2, 2]
    assert (len(model.x), model.x.ndim, model.x.size, model.x.shape) == (5, 1, 5, (5,))
    assert model.x[1:3].magnitude.tolist() == [1, 2]
    assert float(model.x.sum().magnitude) == 10.0
    assert [float(x.magnitude) for x in model.x] == [0, 1, 2, 3, 4]
    assert model.x.rescale("V").magnitude.tolist() == [0, 0.001, 0.002, 0.003, 0.004]
    assert (int(model.limit), float(model.limit), range(model.limit), round(model.limit)) == (3, 3.0, range(3), 3)
    assert bool(nd.State(True, shape=()))
    assert np.stack([model.count, model.count]).shape == (2, 5)


def test_values_of_eager_states_are_copies() -> None:
    model = nd.init_all_states(Decay())
    kept = model.count.value
    kept += 5
    assert model.count.value.tolist() == [0] * 5
    model.count[1] = 7
    model.count.value += 1
    assert model.count.value.tolist() == [1, 8, 1, 1, 1]


def test_names_follow_the_network() -> None:
    net = nd.DynamicsGroup()
    net.parts = [Decay()]
    nd.init_all_states(net)
    assert net.parts[0].tau.path == "DynamicsGroup.parts[0].tau"
    assert net.parts[0].x.path == "DynamicsGroup.parts[0].x"
    assert list(net.parts[0].states()) == ["x", "count", "flag"]


def test_first_values_depend_on_the_seed_and_come_back() -> None:
    first, second, third = (nd.init_all_states(Decay(), seed=seed).x.value.magnitude for seed in (1, 1, 2))
    assert (first == second).all()
    assert (first != third).all()
    model = nd.init_all_states(Decay(), seed=1)
    model.x.value = 0 * mV
    nd.reset_all_states(model)
    assert (model.x.value.magnitude == first).all()
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret", seed=1)
    assert (sim.get(model, "x").magnitude == first).all()


@pytest.mark.parametrize("name", ["name", "in_size", "size", "varshape", "update", "states", "prefetch"])
@pytest.mark.parametrize("make", [lambda: nd.State(0.0), lambda: nd.Parameter(1 * ms), lambda: nd.LIF(2)])
def test_names_that_modules_keep_for_themselves(name: str, make: Any) -> None:
    model = nd.LIF(3)
    with pytest.raises(ReservedNameError, match=f"named '{name}'") as info:
        setattr(model, name, make())
    assert isinstance(info.value, AttributeError)


def test_defaults_of_a_class_are_no_members() -> None:
    class Model(nd.Dynamics):
        x = None

        def init_state(self) -> None:
            self.x = nd.State(1.0)

    assert nd.init_all_states(Model(2)).x.value.tolist() == [1.0, 1.0]


class Fixed(nd.Dynamics):
    def __init__(self, size, first):
        super().__init__(size)
        self.first = nd.Parameter(first)

    def init_state(self):
        self.V = nd.State(self.first)


def test_first_values_of_a_wrong_shape_name_it_and_their_parameter():
    words = r"of shape \(3,\) of Fixed.V, which is Fixed.first, does not fit the shape \(3, 4\)"
    with pytest.raises(ShapeError, match=words):
        nd.init_all_states(Fixed((3, 4), np.zeros(3) * mV))


class Plain(nd.Module):
    def __init__(self, first, varshape=None):
        super().__init__()
        self.first = first
        if varshape is not None:
            self.varshape = varshape

    def init_state(self):
        self.x = nd.State(self.first)


def test_states_of_a_module_that_is_no_population_have_their_own_shape_or_that_which_it_says():
    assert nd.init_all_states(Plain(np.zeros((2, 3)))).x.value.shape == (2, 3)
    with pytest.raises(ShapeError, match=r"(?s)of shape \(2,\) of Plain.x does not fit the shape \(3,\)"):
        nd.init_all_states(Plain(np.zeros(2), (3,)))
    for varshape in ((3,), 3, [3]):
        module = nd.init_all_states(Plain(np.arange(3), varshape))
        assert (module.varshape, module.x.value.tolist()) == ((3,), [0, 1, 2])
    assert nd.init_all_states(Plain(1.0, ())).x.value == 1.0
    with pytest.raises(nd.errors.SizeError, match=r"(?s)The size is 2.5.*Plain.varshape"):
        Plain(0.0, 2.5)


# ---- values of a replica ---------------------------------------------------------------------------------------------


def test_a_binding_may_give_a_parameter_another_value():
    model = nd.init_all_states(Decay())
    other = model.tau.replaced(7 * ms)
    context = BindContext(0.1, 0, instead={id(model.tau): other})
    assert model.tau.fetch(context) == 7.0
    assert model.tau.fetch(BindContext(0.1, 0)) == model.tau.value.magnitude == 10.0
    with pytest.raises(DimensionError, match="Decay"):
        model.tau.replaced(7 * mV)
