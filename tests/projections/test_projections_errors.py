"""What a projection refuses, and in which words."""

import re

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, pA

import numbadyn as nd
from numbadyn import errors
from tests.interpreted import Interpreted

PRE, POST = 4, 3
COMM = nd.AllToAll(PRE, POST, weight=1 * nS)
SYN, OUT = nd.Expon.desc(5 * ms), nd.COBA.desc(0 * mV)


def align(**options):
    given = {"comm": COMM, "syn": SYN, "out": OUT, "post": nd.LIF(POST)} | options
    return nd.AlignPostProj(given.pop("pre", nd.LIF(PRE)), **given)


class Receptor(nd.Synapse):
    def update(self, x=0.0):
        return x


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (
            {"syn": nd.Expon(POST)},
            errors.InvalidParameterError,
            ["one is a description, the other an instance", "COBA.desc"],
        ),
        ({"syn": Receptor.desc()}, errors.UnsupportedFeatureError, ["Receptor cannot stand", "AlignPreProj"]),
        ({"syn": nd.COBA.desc(0 * mV)}, errors.InvalidParameterError, ["COBA, which is no synapse"]),
        ({"out": nd.Expon.desc()}, errors.InvalidParameterError, ["no output model", "nd.COBA.desc"]),
        ({"syn": nd.Expon(7), "out": nd.COBA(0 * mV)}, errors.ShapeError, ["(7,)", "(3,)"]),
        ({"comm": 0.5}, errors.ConnectivityError, ["comm of AlignPostProj is 0.5", "FixedProb"]),
        ({"comm": nd.OneToOne}, errors.ConnectivityError, ["comm of AlignPostProj is <class", "neither a rule"]),
        ({"comm": nd.AllToAll(PRE, 9)}, errors.ShapeError, ["AllToAll(4 -> 9)", "(3,)", "post.varshape"]),
        ({"pre": nd.LIF(5)}, errors.ShapeError, ["AllToAll(4 -> 3)", "(5,)"]),
        ({"pre": "E"}, errors.HookArgumentError, ["'E'", "cannot be called"]),
        ({"post": "I"}, errors.ProjectionTargetError, ["'I'", "not a Dynamics"]),
        ({"post": nd.COBA(0 * mV)}, errors.ProjectionTargetError, ["COBA", "not a Dynamics"]),
        ({"delay": -1.5 * ms}, errors.DelayError, ["-1.5 ms", "delay"]),
        ({"delay": np.nan * ms}, errors.DelayError, ["nan ms"]),
        ({"delay": 1.5 * mV}, errors.DimensionError, ["1.5 mV", "ms"]),
        ({"delay": 1.5}, errors.UnitExpectedError, ["1.5"]),
        ({"delay": lambda: 1.5 * ms}, errors.HookArgumentError, ["with 1 argument", "shape"]),
        ({"comm": lambda x: x * nS, "delay": [1, 2, 3, 4] * ms}, errors.DelayError, ["many delays", "one delay"]),
    ],
)
def test_bad_arguments(options, error, words):
    with pytest.raises(error) as caught:
        align(**options)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.cure


class Deaf(nd.Dynamics):
    def init_state(self):
        self.x = nd.State(0.0)

    def update(self):
        self.x.value = self.x.value + 1.0
        return self.x.value


class Net(nd.DynamicsGroup):
    def __init__(self, make, post):
        super().__init__()
        self.pre, self.post = nd.LIF(PRE), post
        self.proj = make(self.pre, self.post)


@pytest.mark.parametrize("post", [Deaf(POST), nd.PoissonGroup(POST, 3 * Hz)])
def test_a_target_that_takes_no_current(post):
    make = lambda pre, post: nd.AlignPostProj(pre, comm=COMM, syn=SYN, out=OUT, post=post)  # noqa: E731
    with pytest.raises(errors.ProjectionTargetError, match="never sums its current inputs") as caught:
        Interpreted(Net(make, post))
    assert "Net.post" in str(caught.value)


def test_a_target_that_takes_no_jumps():
    make = lambda pre, post: nd.DeltaProj(pre, comm=COMM, post=post)  # noqa: E731
    with pytest.raises(
        errors.ProjectionTargetError,
        match=r"(?s)receives the input 'Net.proj', but nobody sums it.*attribute of the network",
    ):
        Interpreted(Net(make, Deaf(POST)))


def test_the_signal_is_given_once():
    proj = align()
    with pytest.raises(errors.HookArgumentError, match="called with one as well"):
        proj(np.zeros(PRE, bool))
    bare = nd.AlignPostProj(comm=COMM, syn=SYN, out=OUT, post=nd.LIF(POST))
    with pytest.raises(errors.HookArgumentError, match="has no signal"):
        bare()


def test_a_slice_that_does_not_fit():
    proj = nd.AlignPostProj(comm=COMM, syn=SYN, out=OUT, post=nd.LIF(POST))
    nd.init_all_states(proj)
    with pytest.raises(errors.ShapeError, match=r"signal has the shape \(3,\)"), nd.environ.context(dt=1 * ms):
        proj(np.zeros(3, bool))


def test_weights_of_a_wrong_unit_are_found_while_tracing():
    make = lambda pre, post: nd.DeltaProj(pre, comm=COMM, post=post)  # noqa: E731
    with pytest.raises(errors.DimensionError, match=r"'Net\.proj' of Net\.post is in nS, but the sum is in mV"):
        Interpreted(Net(make, nd.LIF(POST)))


def test_a_current_projection_called_after_its_target():
    class Late(Net):
        def update(self):
            self.pre()
            self.post()
            self.proj()

    make = lambda pre, post: nd.CurrentProj(pre.prefetch("V"), comm=COMM, out=nd.CUBA.desc(), post=post)  # noqa: E731
    with pytest.raises(errors.NotInitialisedError, match="no conductance is bound") as caught:
        Interpreted(Late(make, nd.LIF(POST)))
    assert "before its target" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({"num_input": -1}, errors.InvalidParameterError, "-1"),
        ({"num_input": 1.5}, errors.InvalidParameterError, "1.5"),
        ({"freq": 3 * pA}, errors.DimensionError, "freq is 3.0 pA"),
        ({"target": 3}, errors.ProjectionTargetError, "not a Dynamics"),
    ],
)
def test_poisson_input(options, error, word):
    with pytest.raises(error) as caught:
        nd.PoissonInput(**({"target": nd.LIF(2), "num_input": 10, "freq": 3 * Hz, "weight": 1 * mV} | options))
    assert word in str(caught.value)


def test_align_pre_needs_a_synapse():
    with pytest.raises(errors.InvalidParameterError, match="no synapse"):
        nd.AlignPreProj(nd.LIF(PRE), syn=OUT, comm=COMM, out=OUT, post=nd.LIF(POST))
    with pytest.raises(errors.HookArgumentError, match="align_pre is given 3"):
        nd.LIF(2).align_pre(3)


class Receiver(nd.Dynamics):
    """Sums currents and jumps."""

    def init_state(self):
        self.V = nd.State(-70 * mV)

    def update(self):
        V = self.V.value
        self.V.value = self.sum_delta_inputs(V + 0 * mV / pA * self.sum_current_inputs(0 * pA, V))


WRONG_UNITS = {
    "jump": (
        lambda pre, post: nd.DeltaProj(pre, comm=nd.OneToOne(3, 3, weight=1 * nS), post=post),
        "delta input 'Net.p'",
    ),
    "two jumps": (
        lambda pre, post: [nd.DeltaProj(pre, comm=nd.OneToOne(3, 3, weight=1 * nS), post=post) for _ in range(2)],
        "delta inputs 'Net.p[0]', 'Net.p[1]'",
    ),
    "gap": (
        lambda pre, post: nd.SymmetryGapJunction((pre, post), "V", ([0], [1]), weight=1 * mV),
        "current input 'Net.p (post)'",
    ),
    "noise": (lambda pre, post: nd.PoissonInput(post, num_input=3, freq=5 * Hz, weight=1 * nS), "delta input 'Net.p'"),
    "noise of a state": (
        lambda pre, post: nd.PoissonInput(post.prefetch("V"), num_input=3, freq=5 * Hz, weight=1 * nS),
        "V input 'Net.p'",
    ),
    "current": (
        lambda pre, post: nd.CurrentProj(
            pre.prefetch("V"), comm=nd.OneToOne(3, 3, weight=1 * mV), out=nd.CUBA.desc(scale=1), post=post
        ),
        "current input 'CUBA'",
    ),
}


@pytest.mark.parametrize("case", WRONG_UNITS)
@pytest.mark.parametrize("eager", [True, False], ids=["eager", "traced"])
@pytest.mark.parametrize("receiver", [Receiver, nd.LIF, nd.HH])
def test_a_wrong_unit_names_the_projection(case, eager, receiver):
    net = nd.DynamicsGroup(name="Net")
    net.pre, net.post = nd.LIF(3), receiver(3)
    make, named = WRONG_UNITS[case]
    net.p = make(net.pre, net.post)
    with nd.environ.context(dt=0.1 * ms), pytest.raises(errors.DimensionError) as caught:
        nd.init_all_states(net)() if eager else nd.Simulator(net, dt=0.1 * ms)
    if eager and case == "two jumps":
        named = "delta input 'Net.p[0]'"
    if case == "gap":  # both ends are wrong, and the order of names says which sums first
        named = named if " of Net.post " in str(caught.value) else "current input 'Net.p (pre)'"
    assert re.match(f"{re.escape(named)} of Net.(post|pre) ", str(caught.value))
    assert "but the sum is in" in str(caught.value)


class WrongUnit(nd.DynamicsGroup):
    """A projection from pre to post of given weights, and perhaps a second one that may share its synapse."""

    def __init__(self, make, *, weight, second=None):
        super().__init__(name="net")
        self.pre, self.post = nd.LIF(PRE), nd.LIF(POST)
        self.E2I = make(self.pre, self.post, nd.AllToAll(PRE, POST, weight=weight))
        if second is not None:
            self.I2I = make(self.post, self.post, nd.AllToAll(POST, POST, weight=second))


def to_current(out):
    return lambda pre, post, comm: nd.CurrentProj(pre.prefetch("V"), comm=comm, out=out, post=post)


def before(out):
    return lambda pre, post, comm: nd.AlignPreProj(pre, syn=SYN, comm=comm, out=out, post=post)


def behind(out):
    return lambda pre, post, comm: nd.AlignPostProj(pre, comm=comm, syn=SYN, out=out, post=post)


def jumping(pre, post, comm):
    return nd.DeltaProj(pre, comm=comm, post=post)


@pytest.mark.parametrize(
    ("make", "weight", "given", "shown", "wanted", "cure"),
    [
        (behind(OUT), 6 * mV, "mV^2", "6.0 mV", "pA", "net.E2I in nS"),
        (behind(OUT), nd.init.Normal(6 * mV, 1 * mV), "mV^2", "Normal(6.0 mV, 1.0 mV", "pA", "net.E2I in nS"),
        (behind(nd.CUBA.desc()), 6 * nS, "nS", "6.0 nS", "pA", "net.E2I in pA"),
        (before(OUT), 6 * mV, "mV^2", "6.0 mV", "pA", "net.E2I in nS"),
        (to_current(nd.CUBA.desc()), 6, "mV", "6", "pA", "net.E2I in nS"),
        (to_current(nd.CUBA.desc()), 6 * mV, "mV^2", "6.0 mV", "pA", "net.E2I in nS"),
        (jumping, 6 * nS, "nS", "6.0 nS", "mV", "net.E2I in mV"),
    ],
)
def test_a_current_of_a_wrong_unit_names_the_projection(make, weight, given, shown, wanted, cure):
    with pytest.raises(errors.DimensionError) as caught:
        nd.Simulator(WrongUnit(make, weight=weight), dt=1 * ms)
    assert f"of net.post is in {given}, but the sum is in {wanted}" in caught.value.what
    assert f"it comes from net.E2I (weight {shown}" in caught.value.what
    assert caught.value.where.startswith("net.E2I, onto net.post")
    assert caught.value.cure.startswith(f"Give the weights of {cure}, or ")


def test_of_two_projections_the_wrong_one_is_named_and_of_two_that_share_both():
    with pytest.raises(errors.DimensionError) as caught:
        nd.Simulator(WrongUnit(behind(OUT), weight=1 * nS, second=2 * mV), dt=1 * ms)
    assert "net.I2I (weight 2.0 mV)" in caught.value.what
    assert "net.E2I" not in str(caught.value)
    with pytest.raises(errors.DimensionError) as caught:
        nd.Simulator(WrongUnit(behind(OUT), weight=1 * mV, second=2 * mV), dt=1 * ms)
    assert "net.E2I (weight 1.0 mV), net.I2I (weight 2.0 mV)" in caught.value.what
    assert "weights of net.E2I, net.I2I in nS" in caught.value.cure


def test_a_function_as_comm_has_no_weights_but_a_projection():
    net = WrongUnit(
        lambda pre, post, _comm: nd.CurrentProj(pre.prefetch("V"), comm=lambda v: v[:3], out=nd.CUBA.desc(), post=post),
        weight=1,
    )
    with pytest.raises(errors.DimensionError, match=r"it comes from net\.E2I\.") as caught:
        nd.Simulator(net, dt=1 * ms)
    assert "one physical dimension" in caught.value.cure
