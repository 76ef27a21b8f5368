"""Which projections share one synapse: those of equal numbers, whatever their units and dtypes; and no others."""

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS, s, us

import numbadyn as nd
from tests.features.both import assert_targets_agree, run_on

N = 3000
DT = 0.1
BASE = np.linspace(2.0, 9.0, N)


def changed(element, by):
    taus = BASE.copy()
    taus[element] += by
    return taus * ms


def project(post, tau, E=0 * mV, **options):
    """A projection whose synapse has the given time constant."""
    return nd.AlignPostProj(
        nd.LIF(N),
        comm=nd.OneToOne(N, N, weight=1 * nS),
        syn=nd.Expon.desc(tau=tau),
        out=nd.COBA.desc(E=E),
        post=post,
        **options,
    )


def shared(first, second):
    post = nd.LIF(N)
    a, b = (project(post, **given) if isinstance(given, dict) else project(post, given) for given in (first, second))
    same = a.syn is b.syn
    assert (a.out is b.out) == same
    assert len(post.before_updates) == len(post.current_inputs) == (1 if same else 2)
    return same


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (5 * ms, 5.0 * ms),
        (5 * ms, 0.005 * s),
        (5 * ms, 5000 * us),
        (5 * ms, np.float32(5) * ms),
        (5 * ms, np.array(5, np.int16) * ms),
        (BASE * ms, BASE.copy() * ms),
        (np.arange(1, N + 1) * ms, np.arange(1.0, N + 1.0) * ms),
        (np.arange(1, N + 1, dtype=np.uint16) * ms, np.arange(1000, 1000 * N + 1, 1000) * us),
        (np.arange(1, N + 1, dtype=np.float32) * ms, np.arange(1, N + 1) * ms),
        ({"tau": 8 * ms, "E": 0 * mV}, {"tau": 0.008 * s, "E": np.float32(0) * mV}),
        (nd.init.Normal(5 * ms, 1 * ms), nd.init.Normal(5 * ms, 1 * ms)),
    ],
)
def test_equal_numbers_merge(first, second):
    assert shared(first, second)


@pytest.mark.parametrize("element", [0, 1, N // 2, N - 1])
def test_arrays_that_differ_in_one_element_do_not_merge(element):
    """Upstream elides the middle of a long array in the key and merges these silently."""
    assert not shared(changed(element, 0.0), changed(element, 1e-9))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (5.0000001 * ms, 5.0000002 * ms),
        (5.0 * ms, np.nextafter(5.0, 6.0) * ms),
        (5 * ms, 5 * us),
        (5 * ms, np.full(N, 5.0) * ms),
        ({"tau": 5 * ms, "E": 0 * mV}, {"tau": 5 * ms, "E": -80 * mV}),
        ({"tau": 5 * ms, "label": "a"}, {"tau": 5 * ms, "label": "b"}),
        ({"tau": 5 * ms}, {"tau": 5 * ms, "share": False}),
        ({"tau": 5 * ms, "share": False}, {"tau": 5 * ms}),
        (nd.init.Normal(5 * ms, 1 * ms), nd.init.Normal(5 * ms, 2 * ms)),
    ],
)
def test_other_numbers_do_not_merge(first, second):
    assert not shared(first, second)


# ---- members of one group with delays of their own -------------------------------------------------------------------

STEPS = np.array([2, 11, 30])
DELAYS = {"a": 0, "b": 4, "c": 13}
WEIGHTS = {"a": 1.0, "b": 2.5, "c": 0.25}


def network(share):
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = nd.SpikeTrain(2, [0, 0, 0], (STEPS + 1) * DT * ms), nd.LIF(2)
            for name, delay in DELAYS.items():
                projection = nd.AlignPostProj(
                    self.pre,
                    comm=nd.OneToOne(2, 2, weight=WEIGHTS[name] * nS),
                    syn=nd.Expon.desc(tau=5 * ms),
                    out=nd.COBA.desc(E=0 * mV),
                    post=self.post,
                    delay=delay * DT * ms,
                    share=share,
                )
                setattr(self, name, projection)

    return Net


def test_each_member_keeps_its_delay():
    """The synapse holds the sum of all members: decay, then the weight of every spike that is m + 1 + d steps old."""
    sim, result = assert_targets_agree(network(True), DT * ms, 6 * ms, may_be_silent=["Net.post"])
    assert sim.network.a.syn is sim.network.b.syn is sim.network.c.syn
    found = result[sim.network.a.syn].g.magnitude[1:, 0]  # sample n stands for the start of step n
    g, expected = 0.0, []
    for step in range(59):
        g *= np.exp(-DT / 5.0)
        g += sum(WEIGHTS[name] for name, delay in DELAYS.items() if step - 1 - delay in STEPS)
        expected.append(g)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_sharing_changes_no_current():
    apart, together = (run_on("cpu", network(share), DT * ms, 6 * ms)[1] for share in (False, True))
    V, W = (result.recordings["Net.post"].samples["V"].values for result in (apart, together))
    np.testing.assert_allclose(V, W, rtol=1e-13)
    assert V.max() > -60


def test_merged_and_separate_groups_on_one_target():
    """Two groups: each holds its own members, and the target feels both."""

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.pre, self.post = nd.PoissonGroup(20, rates=200 * Hz), nd.LIF(20, V_th=-50 * mV)
            given = {"comm": nd.FixedProb(20, 20, 0.3, weight=1 * nS), "post": self.post}
            fast, slow = nd.Expon.desc(tau=5 * ms), nd.DualExpon.desc()
            excite, inhibit = nd.COBA.desc(E=0 * mV), nd.COBA.desc(E=-80 * mV)
            self.p = [
                nd.AlignPostProj(self.pre, syn=syn, out=out, delay=delay * ms, **given)
                for syn, out, delay in ((fast, excite, 0), (fast, excite, 1), (fast, inhibit, 1), (slow, excite, 0.5))
            ]

    sim, _result = assert_targets_agree(Net, DT * ms, 20 * ms, seed=2)
    first, second, third, fourth = sim.network.p
    assert first.syn is second.syn
    assert len({id(p.syn) for p in (first, third, fourth)}) == 3
    assert len(sim.network.post.before_updates) == 3


def test_presynaptic_synapses_of_equal_numbers_merge_too():
    pre, posts = nd.LIF(N), [nd.LIF(N) for _ in range(3)]
    taus = [changed(N // 2, by) for by in (0.0, 0.0, 1e-9)]
    a, b, c = (
        nd.AlignPreProj(
            pre, syn=nd.Expon.desc(tau=tau), comm=nd.OneToOne(N, N, 1 * nS), out=nd.COBA.desc(E=0 * mV), post=post
        )
        for tau, post in zip(taus, posts, strict=True)
    )
    assert a.syn is b.syn
    assert a.syn is not c.syn
