"""Making and resetting states over a whole network, the order of both, and the values of the environment."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import HookArgumentError, TimeStepError, UnitExpectedError

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
    assert SEEN[:4] == ["init early", "init a", "init b", "init late"]
    assert SEEN[4:] == ["reset a", "reset b", "reset early", "reset late"]
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


def test_set_lasts_and_context_ends():
    with nd.environ.context():
        nd.environ.set(fit=True, dt=0.5 * ms)
        assert nd.environ.get("fit") is True
        assert nd.environ.all_values()["fit"] is True
    with pytest.raises(TimeStepError, match="No time step is set"):
        nd.environ.get_dt()


@pytest.mark.parametrize(
    ("dt", "error"), [(0.1, UnitExpectedError), (0 * ms, TimeStepError), (-1 * ms, TimeStepError), (1 * mV, TypeError)]
)
def test_time_steps_that_make_no_sense(dt, error):
    with pytest.raises(error):
        nd.environ.set(dt=dt)
