"""Texts of equations beside classes that are written by hand: the same bits, traced and eager."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA, pF
from scipy.linalg import expm

import numbadyn as nd
from numbadyn.errors import DimensionError, InvalidParameterError, UnknownNameError
from numbadyn.lowering.exact.solve import solve_linear_equations
from numbadyn.model.acting import over_step, tentatively
from numbadyn.model.step import trace_step
from numbadyn.study.fingerprints import fingerprints
from tests.interpreted import Interpreted

DT = 0.1

ADAPTING = """
    # a neuron with a synapse and an adaptation current
    dv/dt = (g_L*(E_L - v) + g*(E_e - v)
             + I - w) / C : volt
    dg/dt = -g/tau_g : siemens
    dw/dt = (a*(v - E_L) - w)/tau_w : amp
    I : amp (input)
    tau_w : second (constant)
    """
CONSTANTS = {
    "g_L": 10 * nS, "E_L": -70 * mV, "E_e": 0 * mV, "C": 200 * pF, "tau_g": 5 * ms, "a": 2 * nS, "b": 60 * pA,
}  # fmt: skip
RULES = {"threshold": "v > -50*mV", "reset": "v = -60*mV; w += b"}


Kept = nd.equations("dv/dt = -v/tau : volt", tau=10 * ms, name="Kept")


class ByHand(nd.Neuron):
    """The same as a class."""

    def __init__(self, in_size, tau_w, step):
        super().__init__(in_size)
        for name, value in CONSTANTS.items():
            setattr(self, name, nd.Parameter(value))
        self.tau_w, self.advance = nd.Parameter(tau_w, unit=ms), step

    def init_state(self):
        self.v, self.g, self.w = nd.State(-65 * mV), nd.State(0 * nS), nd.State(0 * pA)

    def update(self, x=None):
        def slopes(v, g, w):
            current = self.sum_current_inputs(x, v, dimension=self.b.dimension)
            total = self.g_L * (self.E_L - v) + g * (self.E_e - v) + current - w
            return total / self.C, -g / self.tau_g, (self.a * (v - self.E_L) - w) / self.tau_w

        start = self.sum_delta_inputs(self.v.value, label=""), self.sum_delta_inputs(self.g.value, label="g")
        v, g, w = self.advance(slopes, (*start, self.w.value))
        spike = v > -50 * mV
        self.v.value, self.g.value = np.where(spike, -60 * mV, v), g
        self.w.value = np.where(spike, w + self.b, w)
        return spike


class Net(nd.DynamicsGroup):
    """Cells that are driven by currents, conductances and jumps."""

    def __init__(self, cells):
        super().__init__()
        self.cells, self.source = cells, nd.PoissonGroup(40, rates=60 * Hz)
        self.cells.add_current_input("drive", lambda v: 2 * nS * (0 * mV - v))
        comm = nd.FixedProb(40, 3, prob=0.5, weight=4 * nS)
        self.syn = nd.DeltaProj(self.source, comm=comm, post=cells, label="g")
        self.kick = nd.DeltaProj(self.source, comm=nd.FixedProb(40, 3, prob=0.2, weight=0.5 * mV), post=cells)


def text_model(method):
    return nd.equations(ADAPTING, method=method, **RULES, **CONSTANTS)(3, v=-65 * mV, tau_w=[80, 100, 120] * ms)


def in_turn(slopes, values):
    """The conductance, then the potential with means of it and of a guess of the current, then that with its mean."""

    def alone(number, others):
        return nd.exp_euler_step(lambda x: slopes(*others[:number], x, *others[number + 1 :])[number], values[number])

    def mean(number, later):
        return over_step(values[number], 0.5 * (values[number] + later))

    v, g, w = values
    new_g = alone(1, values)
    with tentatively():
        guess = alone(2, values)
    new_v = alone(0, [v, mean(1, new_g), mean(2, guess)])
    return new_v, new_g, alone(2, [mean(0, new_v), g, w])


@pytest.mark.parametrize(
    ("method", "step"),
    [
        (None, in_turn),
        ("exponential_euler", nd.exp_euler_step),
        ("euler", nd.euler_step),
        ("rk2", nd.rk2_step),
        ("rk4", nd.rk4_step),
    ],
)
def test_a_text_has_the_bits_of_a_class(method, step):
    states = []
    for cells in (text_model(method), ByHand(3, [80, 100, 120] * ms, step)):
        net = Net(cells)
        states.append(Interpreted(net, seed=4).record(250, cells.v, cells.g, cells.w))
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (np.diff(states[0][0], axis=0) < -5).any()  # there were spikes


def test_an_eager_call_gives_the_same():
    cells, twin = text_model(None), ByHand(3, [80, 100, 120] * ms, in_turn)
    for each in (cells, twin):
        nd.init_all_states(each)
        each.add_current_input("drive", lambda v: 8 * nS * (0 * mV - v))
    with nd.environ.context(dt=5 * DT * ms):
        spikes = [(cells().tolist(), twin().tolist()) for _ in range(60)]
    assert all(one == other for one, other in spikes)
    assert any(any(one) for one, _other in spikes)
    np.testing.assert_array_equal(cells.v.value, twin.v.value)


def test_parameters_change_without_a_new_text():
    Cell = nd.equations("dv/dt = (rest - v)/tau : volt\ntau : second (positive)", rest=-60 * mV)
    cells = Cell(2, tau=[10, 10] * ms, rest=[-60, -70] * mV, v=-50 * mV)
    assert isinstance(cells, nd.Dynamics)
    sim = nd.Simulator(cells, dt=1 * ms, target="interpret")
    cells.tau.value = [10, 20] * ms
    sim.run(10 * ms)
    found = sim.get(cells, "v").rescale("mV").magnitude
    np.testing.assert_allclose(found, [-60 + 10 * np.exp(-1), -70 + 20 * np.exp(-0.5)], rtol=1e-12)


def test_parameters_are_given_as_text_of_their_element_and_of_chance():
    Cell = nd.equations("dv/dt = (rest - v)/tau : volt\ntau : second (positive)\nk : integer", rest=-60 * mV)
    cells = Cell((2, 500), tau="10*ms + 5*ms*rand() + 100*ms*rand()", rest="-60*mV - 10*mV*i/N", v="rest")
    nd.Simulator(cells, dt=1 * ms, target="interpret", seed=3).run(1 * ms)
    tau, rest = cells.tau.value.rescale("ms").magnitude, cells.rest.value.rescale("mV").magnitude
    assert 10 < tau.min() < 12 < 112 < tau.max() < 115
    assert np.corrcoef(tau.ravel()[:-1], tau.ravel()[1:])[0, 1] == pytest.approx(0, abs=0.13)
    np.testing.assert_allclose(rest, -60 - 0.01 * np.arange(1000).reshape(2, 500), rtol=1e-12)
    refused = {"rest/(6*mV)*ms": UnknownNameError, "5*mV": DimensionError, "-1*ms*rand()": InvalidParameterError}
    for text, kind in refused.items():
        with pytest.raises(kind):
            nd.Simulator(Cell(3, tau=text), dt=1 * ms, target="interpret").run(1 * ms)
    with pytest.raises(InvalidParameterError, match="declared as int"):
        Cell(3, k="3*rand()")


def test_signs_and_inverse_functions_take_what_those_of_brian_take():
    text = "s = sign(v) : 1\na = arcsin(x) + arccos(x) : 1\nx = v/(10*mV) : 1\ndv/dt = 0*volt/second : volt"
    cells = nd.equations(text)(3, v=[-5, 0, 10] * mV)
    sim = nd.Simulator(cells, dt=1 * ms, target="interpret")
    sim.record(cells, "s", "a")
    found = sim.run(1 * ms)[cells]
    assert found.s[-1].tolist() == [-1, 0, 1]
    np.testing.assert_allclose(found.a[-1], np.pi / 2, rtol=1e-15)


def test_noise_has_the_distribution_of_an_ornstein_uhlenbeck_process():
    text = "dx/dt = (mu - x)/tau + sigma*sqrt(2/tau)*xi : volt"
    for method, exact in ((None, 2.0), ("euler", 2.0 / np.sqrt(1 - 0.05)), ("heun", 2.0)):
        Cell = nd.equations(text, method=method, mu=-60 * mV, sigma=2 * mV, tau=5 * ms)
        cells = Cell(4000, x=-60 * mV)
        sim = nd.Simulator(cells, dt=0.5 * ms, target="interpret", seed=3)
        sim.run(20 * ms)
        x = sim.get(cells, "x").rescale("mV").magnitude
        assert abs(x.mean() + 60) < 0.15
        assert x.std() == pytest.approx(exact, rel=0.05)


def test_linear_equations_are_exact_and_jumps_go_along():
    text = "dv/dt = (I - v)/tau : volt\ndI/dt = -I/tau_s : volt"
    net = nd.DynamicsGroup()
    net.cells = nd.equations(text, method="exact", tau=10 * ms, tau_s=5 * ms)(1, v=1 * mV, I=6 * mV)
    net.source = nd.SpikeTrain(1, [0], [1 * ms])
    net.jump = nd.DeltaProj(net.source, comm=nd.OneToOne(1, 1, weight=14 * mV), post=net.cells, label="I")
    sim = nd.Simulator(net, dt=1 * ms, target="interpret")
    sim.run(6 * ms)

    def after(v, current, t):
        decays = np.exp(-t / 10), np.exp(-t / 5)
        return decays[0] * v + current * (decays[0] - decays[1]), decays[1] * current

    v, current = after(1.0, 6.0, 1.0)
    v, current = after(v, current + 14.0, 5.0)
    assert sim.get(net.cells, "v").item() == pytest.approx(v, rel=1e-12)
    assert sim.get(net.cells, "I").item() == pytest.approx(current, rel=1e-12)


def error_after(text, dt, method=None, **given):
    """Of the first state after 8 ms, beside Runge-Kutta with steps that are far shorter."""
    found = []
    for step, how in ((dt, method), (0.05, "rk4")):
        cells = nd.equations(text, method=how)(1, **given)
        sim = nd.Simulator(cells, dt=step * ms, target="interpret")
        sim.run(8 * ms)
        found.append(float(sim.get(cells, "x").item()))
    return abs(found[0] - found[1])


def test_equations_that_act_on_each_other_are_of_second_order_unless_something_else_is_asked_for():
    text = "dx/dt = x*(1 - y)/ms : 1\ndy/dt = y*(x - 1)/ms : 1"
    coarse, fine = (error_after(text, dt, x=1.5, y=1.0) for dt in (0.2, 0.1))
    assert 3.4 < coarse / fine < 4.6
    assert error_after(text, 0.1, "exponential_euler", x=1.5, y=1.0) > 10 * fine


@pytest.mark.parametrize("method", [None, "exact"])
def test_linear_equations_are_exact_with_constant_drives_and_in_circles(method):
    text = "dx/dt = (a - x - y)/(10*ms) : 1\ndy/dt = (2*x - y)/(30*ms) : 1\ndz/dt = (y - z + 3)/(5*ms) : 1"
    cells = nd.equations(text, method=method, a=20.0)(2, x=1.0, z=2.0)
    sim = nd.Simulator(cells, dt=1 * ms, target="interpret")
    sim.run(20 * ms)
    rates = np.array([[-0.1, -0.1, 0, 2], [2 / 30, -1 / 30, 0, 0], [0, 0.2, -0.2, 0.6], [0, 0, 0, 0]])
    found = [float(sim.get(cells, name)[1]) for name in "xyz"]
    np.testing.assert_allclose(found, (expm(20 * rates) @ [1, 0, 2, 1])[:3], rtol=1e-12)


def test_a_noise_with_one_name_is_one_noise():
    text = """
    dx/dt = -x/tau + (xi_1 + xi)/sqrt(tau) : 1
    dy/dt = -y/tau + xi/sqrt(tau) : 1
    dz/dt = -z/tau + noise : 1
    noise = xi/sqrt(tau) : Hz
    """
    Cell = nd.equations(text, tau=5 * ms)
    assert Cell.definition.method == "euler"
    cells = Cell(2000)
    sim = nd.Simulator(cells, dt=0.5 * ms, target="interpret")
    sim.run(20 * ms)
    x, y, z = (sim.get(cells, name) for name in "xyz")
    np.testing.assert_array_equal(y, z)
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(np.sqrt(0.5), abs=0.06)


def test_multiplied_noise_is_that_of_stratonovich():
    text = "dx/dt = x*xi/sqrt(tau) : 1"
    ends = []
    for method in ("heun", "milstein", None):
        Cell = nd.equations(text, method=method, tau=10 * ms)
        cells = Cell(4000, x=1.0)
        sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret", seed=2)
        sim.run(5 * ms)
        ends.append(sim.get(cells, "x"))
    np.testing.assert_array_equal(ends[0], ends[2])
    np.testing.assert_allclose(ends[0], ends[1], rtol=0.02)
    assert np.log(ends[0]).mean() == pytest.approx(0.0, abs=0.04)  # of Ito, it would be -0.25
    assert np.log(ends[0]).std() == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_rates_that_call_a_random_function_need_no_equation():
    Source = nd.equations("rate : Hz", threshold="rand() < rate*dt")
    cells = Source(2000, rate=100 * Hz)
    assert isinstance(cells, nd.Neuron)
    sim = nd.Simulator(cells, dt=1 * ms, target="interpret")
    sim.record(cells, spikes=True)
    assert sim.run(50 * ms)[cells].spikes.count == pytest.approx(10_000, rel=0.05)


def test_several_inputs_are_told_apart_by_their_label():
    text = "dv/dt = (slow + 2*fast)*R/tau : volt\nslow : amp (input)\nfast : amp (input)"
    Cell = nd.equations(text, R=1 / nS, tau=1 * ms)
    cells = nd.init_all_states(Cell(2))
    cells.add_current_input("a", lambda _v: 1 * pA, label="slow")
    cells.add_current_input("b", lambda _v: [3, 5] * pA, label="fast")
    with nd.environ.context(dt=1 * ms):
        assert cells().rescale("mV").magnitude.tolist() == [7.0, 11.0]


def test_what_is_constant_over_a_step_is_drawn_once():
    text = "dx/dt = (y - x)/tau : 1\ny = randn() : 1 (constant over dt)\nz = y - y : 1"
    cells = nd.equations(text, method="rk4", tau=5 * ms)(50)
    sim = nd.Simulator(cells, dt=0.5 * ms, target="interpret")
    sim.record(cells, "x")
    assert np.ptp(sim.run(5 * ms)[cells].x[-1]) > 0


def test_functions_tables_and_names_of_every_text():
    text = """
    dx/dt = (clip(f(x), 0, 1) + k(t)*sign(x - 2)^2 + int(i == N - 1))/tau : 1
    f_now = f(x)**2 : 1
    """
    table = nd.TimedArray([1.0, 0.0, 3.0], dt=1 * ms)
    cells = nd.equations(text, namespace={"f": lambda x: 2 * x, "k": table, "tau": 1 * ms, "unused": object()})(
        3, x=0.3
    )
    sim = nd.Simulator(cells, dt=1 * ms, target="interpret")
    sim.record(cells, "f_now")
    result = sim.run(1 * ms)[cells]
    by_hand = 0.3 + (np.expm1(2.0) / 2.0) * (0.6 + 1.0 + np.array([0, 0, 1]))
    np.testing.assert_allclose(sim.get(cells, "x"), by_hand, rtol=1e-12)
    np.testing.assert_allclose(result.f_now[-1], (2 * by_hand) ** 2, rtol=1e-12)


def test_operations_stand_on_the_lines_of_the_text():
    cells = text_model(None)
    step = str(nd.Simulator(Net(cells), dt=DT * ms, target="interpret").step)
    name = __file__.rsplit("/", 1)[-1]
    first = next(
        n for n, line in enumerate(Path(__file__).read_text().splitlines(), 1) if line.startswith('ADAPTING = """')
    )
    assert f"# {name}:{first + 4}: dg/dt = -g/tau_g : siemens" in step
    assert f"# {name}:{first + 2}: dv/dt" in step
    assert "numbadyn" not in step.split("in Net.cells\n")[1].split("    in ")[0]


def test_another_text_is_another_class_for_studies():
    def fingerprint(text, **constants):
        Cell = nd.equations(text, name="Cell", **constants)
        return fingerprints(lambda: Cell(3), "build")

    text = "dv/dt = -v/tau : volt"
    same = fingerprint(text, tau=10 * ms)
    assert fingerprint("  dv/dt = -v / tau : volt  # a comment", tau=10 * ms) == same
    assert fingerprint("dv/dt = -v/(2*tau) : volt", tau=10 * ms) != same
    assert fingerprint(text, tau=20 * ms) != same


def test_populations_of_a_class_that_a_module_names_are_copied_and_pickled():
    cells = Kept(3, v=2 * mV, tau=[1, 2, 3] * ms)
    for twin in (pickle.loads(pickle.dumps(cells)), copy.deepcopy(cells)):
        assert type(twin) is Kept
        assert twin.tau.value.tolist() == [1, 2, 3]
        assert nd.init_all_states(twin).v.value.rescale("mV").tolist() == [2.0, 2.0, 2.0]


def test_first_values_are_text_that_follows_parameters_other_states_and_the_seed():
    text = "dv/dt = (rest - v)/tau : volt\ndu/dt = -u/tau : volt\ndw/dt = -w/tau : 1"
    cells = nd.equations(text, tau=10 * ms, rest=-60 * mV)((2, 2), u="v/2", v="rest + 10*mV*rand() + w*mV", w="i/N")
    sim = nd.Simulator(cells, dt=1 * ms, target="interpret", batch=3, seed=[5, 5, 6])
    sim.batch["rest"] = [-60, -80, -60] * mV
    v, u, w = (sim.get(cells, name) for name in "vuw")
    spread = v.rescale("mV").magnitude - np.array([-60, -80, -60])[:, None, None] - w
    assert ((spread >= 0) & (spread < 10)).all()
    assert np.unique(spread.round(9)).size == 8
    np.testing.assert_allclose(spread[0], spread[1], rtol=1e-9)
    np.testing.assert_array_equal(u, v / 2)
    np.testing.assert_array_equal(w[0], [[0, 0.25], [0.5, 0.75]])
    with pytest.raises(UnknownNameError, match="'t' has no value before the first step"):
        nd.equations(text, tau=10 * ms, rest=-60 * mV)(2, v="rest*t/ms")


def test_many_equations_that_read_each_other_are_traced_in_few_operations():
    """The trace, and what is written of it, grows with the number of reads, not with its square."""
    counts = []
    for size in (6, 12):
        rows = [f"dx{k}/dt = ({'+'.join(f'sin(x{j})' for j in range(size))})/(5*ms) : 1" for k in range(size)]
        cells = nd.init_all_states(nd.equations("\n".join(rows))(2))
        counts.append(len(solve_linear_equations(trace_step(cells)).nodes) / size**2)
    assert counts[1] < 1.6 * counts[0]
