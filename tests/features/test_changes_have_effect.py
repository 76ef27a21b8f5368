"""What looks as if it could be changed acts, or is refused by name; nothing keeps an old value in silence."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn import errors
from tests.targets import simulator_of

AROUND = 1.0
LARGE = 5000


class Plain(nd.Dynamics):
    """A sum of plain values from all the places where an update finds them."""

    of_class = 1.0

    def __init__(self) -> None:
        super().__init__(1)
        self.scale, self.flag, self._private = 1.0, True, 1
        self.quantity, self.array, self.large = 1 * mV, np.ones(1), np.ones(LARGE)
        self.nested = {"a": [1.0, (2.0, [3.0])]}
        self.settings = SimpleNamespace(gain=1.0, inner=SimpleNamespace(offset=1.0))
        self.function = lambda x: x * 1.0
        self.count, self.log = 0, []

    def init_state(self) -> None:
        self.x = nd.State(0.0)

    def update(self) -> Any:
        chosen = self.scale if self.flag else 0.0
        inside = self.nested["a"][1][1][0] + self.settings.gain + self.settings.inner.offset + self.function(1.0)
        whole = self.array + self.large[-1] + self._private + float(self.quantity) + self.of_class + AROUND
        self.x.value = self.x + chosen + inside + whole
        return self.x.value


def changed_function(model: Plain) -> None:
    model.function = lambda x: x * 3.0


def changed_global(_model: Plain) -> None:
    globals()["AROUND"] = AROUND + 1.0


CHANGES = {
    "number": lambda m: setattr(m, "scale", 2.0),
    "flag": lambda m: setattr(m, "flag", False),
    "private": lambda m: setattr(m, "_private", 3),
    "quantity": lambda m: setattr(m, "quantity", 2 * mV),
    "array": lambda m: setattr(m, "array", np.zeros(1)),
    "array in place": lambda m: m.array.fill(7.0),
    "large array in place": lambda m: m.large.__setitem__(-1, 4.0),
    "nested": lambda m: m.nested["a"][1][1].__setitem__(0, 5.0),
    "object": lambda m: setattr(m.settings, "gain", 5.0),
    "object in an object": lambda m: setattr(m.settings.inner, "offset", 5.0),
    "function": changed_function,
    "class": lambda m: setattr(Plain, "of_class", Plain.of_class + 1.0),
    "global": changed_global,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_plain_value_that_the_step_has_used_is_refused_once_it_has_changed(change):
    model = Plain()
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret")
    sim.run(0.1 * ms)
    change(model)
    for again in (lambda: sim.run(0.1 * ms), lambda: sim.reset().run(0.1 * ms), sim.compile):
        with pytest.raises(errors.FixedAttributeError, match=r"has changed since the step was traced(.|\n)*Parameter"):
            again()


def test_a_value_that_is_put_back_is_no_change():
    model = Plain()
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret")
    model.scale = 5.0
    with pytest.raises(errors.FixedAttributeError, match=r"Plain\.scale"):
        sim.run(0.1 * ms)
    model.scale = 1.0
    sim.run(0.1 * ms)


def test_what_the_step_has_not_used_may_change():
    model = Plain()
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret")
    for number in range(3):
        model.count, model.note = number, f"run {number}"
        model.log.append(number)
        model.large[0] = number
        sim.run(0.1 * ms)


def test_first_values_follow_what_they_were_made_of():
    class Begins(nd.Dynamics):
        def __init__(self) -> None:
            super().__init__(2)
            self.begin = 1.0

        def init_state(self) -> None:
            self.x = nd.State(lambda shape: np.full(shape, self.begin))

        def update(self) -> None:
            self.x.value = self.x + 1

    model = Begins()
    sim = nd.Simulator(model, dt=0.1 * ms, target="interpret")
    assert sim.get(model, "x").tolist() == [1.0, 1.0]
    model.begin = 5.0
    sim.run(0.1 * ms)
    assert sim.get(model, "x").tolist() == [6.0, 6.0]


def test_two_simulators_of_parts_of_a_network_do_not_disturb_each_other():
    """The second one gives modules other names."""
    net = nd.DynamicsGroup()
    net.E = nd.LIF(3, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(0.1 * ms)
    nd.Simulator(net.E, dt=0.1 * ms, target="interpret").run(0.1 * ms)
    net.E.tau.value = 10 * ms
    sim.run(0.1 * ms)


@pytest.mark.parametrize("target", ["cpu", "interpret"])
def test_given_spikes_may_be_others_in_the_next_run(target):
    train = nd.SpikeTrain(3, indices=[0, 1], times=[0.1, 0.2] * ms)
    sim = simulator_of(train, 0.1 * ms, target)
    sim.record(train, spikes=True)

    def played() -> list[tuple[int, int]]:
        spikes = sim.reset().run(1 * ms, progress=False)[train].spikes
        return list(zip(spikes.steps.tolist(), spikes.indices.tolist(), strict=True))

    assert played() == [(0, 0), (1, 1)]
    train.times = [0.5, 0.3] * ms
    assert played() == [(2, 1), (4, 0)]
    train.indices = [2, 2]
    assert played() == [(2, 2), (4, 2)]
    train.play([0], [0.1] * ms)
    assert played() == [(0, 0)]
    with pytest.raises(errors.ShapeError):
        train.times = [0.1, 0.2] * ms
    assert train.times.tolist() == [0.1]


def projection() -> Any:
    cells = nd.LIF(3)
    return nd.DeltaProj(cells, comm=nd.OneToOne(3, 3, weight=1 * mV), post=cells, delay=1 * ms)


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: nd.Simulator(nd.LIF(2), dt=0.1 * ms, target="interpret"), name, value)
        for name, value in (
            ("seed", 2), ("dt", 1 * ms), ("t", 0 * ms), ("target", "cpu"), ("precision", 32), ("threads", 2),
            ("reproducible", True), ("launch", "graph"), ("delays", "nearest"), ("network", None), ("sed", 2),
        )
    ]
    + [
        (projection, "delay", 2 * ms),
        (lambda: nd.Expon.desc(tau=5 * ms), "tau", 3 * ms),
        (lambda: nd.Expon.desc(tau=5 * ms), "kwargs", {}),
    ],
)  # fmt: skip
def test_attributes_that_would_have_no_effect(make, name, value):
    with pytest.raises(errors.FixedAttributeError, match=name):
        setattr(make(), name, value)


@pytest.mark.parametrize(("name", "value"), [("rate", 5.0), ("times", 3), ("V_initializer", nd.init.Constant(1.0))])
def test_a_ready_made_model_has_no_such_attribute(name, value):
    net = nd.DynamicsGroup()
    net.noise, net.cells = nd.PoissonGroup(3, rates=100 / (1000 * ms)), nd.LIF(2)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(0.1 * ms)
    setattr(net.cells, name, value)
    with pytest.raises(errors.FixedAttributeError, match=rf"cells\.{name} was assigned(.|\n)*tau"):
        sim.run(0.1 * ms)


def test_weights_of_inputs_and_junctions_are_parameters():
    cells = nd.LIF(2)
    noise = nd.PoissonInput(cells, num_input=100, freq=1 / ms, weight=1 * mV)
    net = nd.DynamicsGroup()
    net.cells, net.noise = cells, noise
    net.gap = nd.SymmetryGapJunction(cells, "V", ([0], [1]), weight=1 * nS)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    for module in (noise, net.gap):
        with pytest.raises(errors.RecordingError, match=r"weight'; it is a parameter(.|\n)*weight\.value"):
            sim.set(module, "weight", 2)
    noise.weight.value, noise.freq.value = 0 * mV, 0 / ms
    net.gap.weight.value = 0 * nS
    sim.run(1 * ms)
    assert cells.V.value.tolist() == [-60.0, -60.0]


def recursive(depth: int) -> float:
    return 1.0 if depth == 0 else mutual(depth)


def mutual(depth: int) -> float:
    return recursive(depth - 1)


class Holds(nd.Dynamics):
    """What an update may find in attributes beside plain values."""

    order = ("first", "second", "reader")

    def __init__(self, first: Any, second: Any) -> None:
        super().__init__(1)
        self.table, self.module = nd.TimedArray(np.ones(3), dt=1 * ms), first
        self.listed, self.held = [nd.Parameter(1.0)], SimpleNamespace(p=nd.Parameter(1.0))
        self.object = type("Anything", (), {})()
        self.object.p, self.second = nd.Parameter(1.0), second

    def init_state(self) -> None:
        self.x = nd.State(0.0)

    def update(self) -> None:
        found = self.table(nd.environ.get("t")) + self.listed[0] + self.held.p + self.object.p
        self.x.value = self.x + found + self.module.x + recursive(2)


class Grows(nd.Dynamics):
    def __init__(self) -> None:
        super().__init__(1)

    def init_state(self) -> None:
        self.x = nd.State(0.0)

    def update(self) -> None:
        self.x.value = self.x + 1


@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m, "table", nd.TimedArray(np.zeros(3), dt=1 * ms)),
        lambda m: setattr(m, "table", nd.TimedArray(np.ones(3), dt=1 * ms)),
        lambda m: setattr(m, "module", m.second),
        lambda m: m.listed.__setitem__(0, nd.Parameter(2.0)),
        lambda m: setattr(m.held, "p", nd.Parameter(2.0)),
        lambda m: setattr(m.object, "p", nd.Parameter(2.0)),
        lambda m: setattr(m, "in_size", 2),
    ],
    ids=["table", "table of the same values", "module", "in a list", "in a namespace", "in an object", "size"],
)
def test_another_table_module_or_parameter_in_the_place_of_one_is_refused(change):
    net = nd.DynamicsGroup()
    net.first, net.second, net.order = Grows(), Grows(), Holds.order
    net.reader = Holds(net.first, net.second)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(0.1 * ms)
    assert sim.get(net.reader, "x").tolist() == [6.0]
    net.reader.table.values, net.reader.listed[0].value = np.zeros(3), 0.0
    sim.run(0.1 * ms)
    assert sim.get(net.reader, "x").tolist() == [6.0 + 5.0]
    change(net.reader)
    with pytest.raises((errors.FixedAttributeError, errors.SchedulingError), match=r"has changed|was changed"):
        sim.run(0.1 * ms)


@pytest.mark.parametrize("name", ["interpolation", "after", "start", "unit", "shape", "other"])
def test_what_a_timed_array_was_made_with_stays(name):
    with pytest.raises(errors.FixedAttributeError, match=rf"{name} of TimedArray is assigned"):
        setattr(nd.TimedArray([1.0, 2.0], dt=1 * ms), name, 1 * ms)


def test_a_first_value_that_stands_in_the_place_of_a_state_to_come_is_not_lost_in_silence():
    cells = nd.LIF(4)
    cells.V = -50 * mV
    with pytest.raises(errors.FixedAttributeError, match=r"assigned to LIF\.V before(.|\n)*sim\.set"):
        nd.Simulator(cells, dt=0.1 * ms, target="interpret")
