"""Making and resetting states over a whole network, the order of both, and the values of the environment."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import HookArgumentError, InvalidParameterError, TimeStepError, UnitExpectedError

SEEN = []


class Part(nd.Dynamics):
    """Says when its states are made and reset."""

    def __init__(self, label):
        super().__init__(2)
        self.label = label

    def init_state(self):
        SEEN.append(f"init {self.label}")
        self.x = nd.State(1.0)

    def reset_state(self):
        super().reset_state()
        SEEN.append(f"reset {self.label}")

    def update(self):
        self.x.value = self.x + 1.0


class Late(Part):
    """After all others, as delays in the reference package."""

    @nd.call_order(3)
    def init_state(self):
        super().init_state()

    @nd.call_order(3)
    def reset_state(self):
        super().reset_state()


class Early(Part):
    """Before all others."""

    @nd.call_order(-1)
    def init_state(self):
        super().init_state()


def network():
    net, sub = nd.DynamicsGroup(), nd.DynamicsGroup()
    net.late, net.a, net.sub = Late("late"), Part("a"), sub
    sub.b, sub.early = Part("b"), Early("early")
    SEEN.clear()
    return net


def test_states_are_made_and_reset_in_the_order_of_their_levels():
    """Lower levels first over the whole network; inside a level as the attributes stand."""
    net = nd.init_all_states(network())
    assert SEEN == ["init early", "init a", "init b", "init late"]
    SEEN.clear()
    nd.reset_all_states(net)
    assert SEEN == ["reset a", "reset b", "reset early", "reset late"]


def test_reset_puts_all_states_back():
    net = nd.init_all_states(network())
    with nd.environ.context(dt=1 * ms):
        net()
        net()
    assert net.sub.b.x.value.tolist() == [3.0, 3.0]
    assert nd.reset_all_states(net) is net
    assert [part.x.value.tolist() for part in (net.a, net.sub.b, net.late)] == [[1.0, 1.0]] * 3


def test_a_reset_of_a_model_waits_for_reset_all_states():
    class Cell(nd.Neuron):
        def init_state(self):
            self.V = nd.State(-65 * mV)

        def reset_state(self):
            self.V.value = -70 * mV

        def update(self):
            self.V.value = self.V.value + 0 * mV

    cell = nd.init_all_states(Cell(1))
    assert cell.V.value == -65 * mV
    sim = nd.Simulator(cell, dt=1 * ms, target="interpret")
    sim.run(1 * ms)
    assert sim.get(cell, "V") == -65 * mV
    assert nd.reset_all_states(nd.init_all_states(Cell(1))).V.value == -70 * mV


def test_arguments_of_a_reset():
    class Scaled(Part):
        def reset_state(self, factor=1.0):
            super().reset_state()
            self.x.value = factor * self.x

    net = nd.DynamicsGroup()
    net.a, net.b = Scaled("a"), Part("b")
    nd.reset_all_states(nd.init_all_states(net), 4.0)
    assert (net.a.x.value.tolist(), net.b.x.value.tolist()) == ([4.0, 4.0], [1.0, 1.0])
    with pytest.raises(HookArgumentError, match=r"No reset_state in .* takes the argument 'batch_size'"):
        nd.reset_all_states(net, batch_size=3)


@pytest.mark.parametrize(
    "rule", [lambda net: net.a, lambda _net: Late, lambda net: lambda module: module in (net.a, net.late)]
)
def test_modules_that_are_left_out(rule):
    net = network()
    nd.init_all_states(net)
    SEEN.clear()
    excluded = rule(net)
    nd.reset_all_states(net, node_to_exclude=excluded)
    left = {"reset a", "reset late"} - set(SEEN)
    assert left == (
        {"reset late"} if excluded is Late else {"reset a"} if excluded is net.a else {"reset a", "reset late"}
    )
    SEEN.clear()
    nd.init_all_states(net, node_to_exclude=(excluded, Early))
    assert "init early" not in SEEN
    assert "init b" in SEEN
    assert {"init" + word[5:] for word in left}.isdisjoint(SEEN)
    with pytest.raises(HookArgumentError, match="node_to_exclude is 'a'"):
        nd.reset_all_states(net, node_to_exclude="a")


def test_a_method_of_every_module():
    net = network()
    with pytest.raises(HookArgumentError, match="has no method 'tell'"):
        nd.call_all_fns(net, "tell")
    Part.tell = lambda self, word, end="": SEEN.append(f"{word} {self.label}{end}")
    try:
        nd.call_all_fns(net, "tell", "hi", {"end": "!"}, node_to_exclude=net.a, fun_if_not_exist="pass")
    finally:
        del Part.tell
    assert sorted(SEEN) == ["hi b!", "hi early!", "hi late!"]
    with pytest.raises(HookArgumentError, match="'perhaps'"):
        nd.call_all_fns(net, "tell", fun_if_not_exist="perhaps")


def test_states_of_plain_modules_have_the_shape_of_their_array():
    class Plain(nd.Module):
        def init_state(self):
            self.a, self.b = nd.State(np.arange(6.0).reshape(2, 3) * mV), nd.State(1)

        def update(self):
            self.a.value, self.b.value = self.a.value + 1 * mV, self.b.value + 1

    sim = nd.Simulator(Plain(), dt=1 * ms, target="interpret")
    sim.run(2 * ms)
    assert sim.get(sim.network, "a").tolist() == [[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]]
    assert sim.get(sim.network, "b") == 3


class Sized(nd.Dynamics):
    """Takes an argument of `init_all_states`."""

    def init_state(self, first=0.0, *, scale=1.0):
        self.x = nd.State(first * scale)

    def update(self):
        return self.x.value


def test_arguments_go_to_those_that_take_them():
    """The reference gives them to every `init_state`, and fails where one does not take them."""
    net = nd.DynamicsGroup()
    net.sized, net.plain = Sized(1), nd.LIF(2)
    nd.init_all_states(net, 2.0, scale=3.0)
    assert net.sized.x.value.tolist() == [6.0]
    with pytest.raises(HookArgumentError, match="takes the argument 'batch_size'"):
        nd.init_all_states(net, batch_size=4)
    with pytest.raises(HookArgumentError, match="positional argument 2"):
        nd.init_all_states(net, 1.0, 2.0)


def test_the_seed_decides_random_first_values():
    def drawn(seed):
        cells = nd.LIF(5, V_initializer=nd.init.Uniform(-70 * mV, -50 * mV))
        return np.asarray(nd.init_all_states(cells, seed=seed).V.value)

    assert (drawn(1) == drawn(1)).all()
    assert (drawn(1) != drawn(2)).all()


# ---- the environment -------------------------------------------------------------------------------------------------


def test_keys_of_the_environment():
    """dt and t are times; any other key, those of the reference among them, is kept as it is."""
    given = {"dt": 0.1 * ms, "t": 2 * ms, "i": 20, "fit": True, "precision": 32, "jit_error_check": False, "own": "x"}
    with nd.environ.context(**given):
        assert float(nd.environ.get_dt().rescale(ms)) == pytest.approx(0.1)
        assert [nd.environ.get(key) for key in list(given)[2:]] == [20, True, 32, False, "x"]
        with nd.environ.context(dt=1 * ms, own="inner"):
            assert (float(nd.environ.get("dt")), nd.environ.get("own"), nd.environ.get("i")) == (1.0, "inner", 20)
        assert nd.environ.get("own") == "x"
    with pytest.raises(KeyError, match="no 'own'"):
        nd.environ.get("own")
    assert nd.environ.get("own", 5) == 5


def test_values_are_taken_out_of_the_environment():
    with nd.environ.context(dt=0.1 * ms, own=1):
        assert nd.environ.pop("own") == 1
        assert nd.environ.pop("own", 2) == 2
        assert "own" not in nd.environ.all()
        with pytest.raises(KeyError, match=r"has no 'own'; it has:.*dt"):
            nd.environ.pop("own")
        nd.environ.set(own=3)
        nd.environ.reset()
        assert nd.environ.all() == {}
        with pytest.raises(TimeStepError):
            nd.environ.get_dt()


def test_precision_of_simulators():
    cells = nd.LIF(1)
    with nd.environ.context():
        nd.environ.set_precision(32)
        assert nd.environ.get_precision() == 32
        assert nd.Simulator(cells, dt=1 * ms, target="interpret").precision == 32
        assert nd.Simulator(cells, dt=1 * ms, target="interpret", precision=64).precision == 64
        with pytest.raises(InvalidParameterError, match="The precision is 16"):
            nd.environ.set_precision(16)
    assert nd.Simulator(cells, dt=1 * ms, target="interpret").precision == 64


def test_set_lasts_and_context_ends():
    with nd.environ.context():
        nd.environ.set(fit=True, dt=0.5 * ms)
        assert nd.environ.get("fit") is True
        assert nd.environ.all()["fit"] is True
    with pytest.raises(TimeStepError, match="No time step is set"):
        nd.environ.get_dt()


@pytest.mark.parametrize(
    ("dt", "error"), [(0.1, UnitExpectedError), (0 * ms, TimeStepError), (-1 * ms, TimeStepError), (1 * mV, TypeError)]
)
def test_time_steps_that_make_no_sense(dt, error):
    with pytest.raises(error):
        nd.environ.set(dt=dt)
