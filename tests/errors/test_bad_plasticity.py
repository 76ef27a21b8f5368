"""Mistakes in a rule of plasticity: what is wrong, on which line, and what to write instead."""

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from numbadyn.errors import (
    AcrossSynapsesError,
    ConnectivityError,
    DimensionError,
    FixedAttributeError,
    HookArgumentError,
    InvalidParameterError,
    MixedSpacesError,
    NotInitialisedError,
    ReservedNameError,
    ShapeError,
    UnknownOptionError,
    UnknownRuleError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from numbadyn.projections.plastic import PlasticProj
from numbadyn.projections.synapse_state import SynapseState


def network(rule):
    """Two populations, and a projection whose `on_pre` is the rule."""

    class Rule(PlasticProj):
        def __init__(self, *modules, **options):
            super().__init__(*modules, **options)
            self.trace = SynapseState(0.0)
            self.tau = nd.Parameter(np.full(3, 20.0) * ms)

        def on_pre(self, s):
            rule(self, s)

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.E, self.I = nd.LIF(4), nd.LIF(3)
            self.E2I = Rule(self.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=self.I)

    return Net()


def neurons_beside_synapses(proj, s):
    s.weight = s.weight + proj.post.V * 0.01


def parameters_beside_synapses(proj, s):
    s.trace = s.trace + 1 * ms / proj.tau


def another_unit(proj, s):
    s.weight = s.weight / mV * pA


def states_of_neurons(proj, s):
    proj.post.V.value = -60 * mV  # would be done in each step


def a_parameter_of_the_projection(proj, s):
    s.trace = s.tau / ms


def one_after_another(proj, s):
    for synapse in s:
        synapse.weight = 0 * mV


def as_a_dictionary(proj, s):
    s["weight"] = 0 * mV


def no_such_state(proj, s):
    s.wight = s.weight


def no_such_variable(proj, s):
    s.weight = s.weight + s.post.U


def a_condition(proj, s):
    if s.weight > 0 * mV:
        s.weight = 0 * mV


def a_state_of_a_neuron(proj, s):
    s.post.V = -60 * mV


def all_synapses(proj, s):
    s.weight = s.weight / np.sum(s.trace)


def another_synapse(proj, s):
    s.weight = s.weight[0]


def how_many(proj, s):
    s.trace = s.trace / s.weight.size


def a_table(proj, s):
    s.trace = np.take(np.array([0.0, 1.0]), s.trace.astype(int))


def counts(proj, s):
    s.trace = nd.random.poisson(1.0)


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        (a_state_of_a_neuron, FixedAttributeError, r"s\.post\.V is assigned, but synapses only read"),
        (states_of_neurons, FixedAttributeError, r"(?s)Net\.I\.V is assigned in a rule.*in each step"),
        (a_parameter_of_the_projection, UnknownStateError, r"(?s)no state 'tau'.*write self\.tau"),
        (one_after_another, AcrossSynapsesError, r"(?s)as a collection of synapses.*s\.weight = "),
        (as_a_dictionary, AcrossSynapsesError, "as a collection of synapses"),
        (all_synapses, AcrossSynapsesError, r"np\.sum is asked for, of values of synapses"),
        (another_synapse, AcrossSynapsesError, "An element is asked for"),
        (how_many, AcrossSynapsesError, "Their number is asked for"),
        (a_table, AcrossSynapsesError, "An element of a table is asked for"),
        (counts, UnsupportedFeatureError, "Poisson counts are drawn for each synapse"),
        (neurons_beside_synapses, MixedSpacesError, "meets values of 3 neurons and values of the synapses of Net.E2I"),
        (parameters_beside_synapses, MixedSpacesError, "meets values of 3 neurons"),
        (another_unit, DimensionError, "Net.E2I.weight is in mV"),
        (no_such_state, UnknownStateError, "The synapses of Net.E2I have no state 'wight'"),
        (no_such_variable, UnknownStateError, "Net.I has no attribute 'U'"),
        (a_condition, nd.errors.TracedValueError, "`if`"),
    ],
)
def test_on_pre(rule, error, message):
    with pytest.raises(error, match=message) as caught:
        nd.Simulator(network(rule), dt=0.1 * ms, target="interpret")
    assert "test_bad_plasticity.py" in str(caught.value)


def test_a_function_has_no_synapses():
    with pytest.raises(ConnectivityError, match="which has no synapses that could have states"):
        PlasticProj(nd.LIF(3), comm=lambda x: x, post=nd.LIF(3))


def test_what_comes_must_be_spikes():
    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.E = nd.LIF(3)
            self.E2E = PlasticProj(self.E.prefetch("V"), comm=nd.OneToOne(3, 3, weight=1.0), post=self.E)

    with pytest.raises(UnsupportedFeatureError, match="holds real values, but its synapses wait for spikes"):
        nd.Simulator(Net(), dt=0.1 * ms, target="interpret")


def read_before_a_sum(proj, s):
    old = s.weight
    s.weight = 2 * old
    total = s.sum(s.weight)
    s.weight = old / total * mV


def sent_twice(proj, s):
    s.send(s.weight)
    s.send(s.weight)


def sum_of_one(proj, s):
    s.trace = s.sum(1.0)


def sent_in_another_unit(proj, s):
    s.send(s.weight * (2 * pA / mV))


def test_what_is_sent_fits_the_synapse():
    class Rule(PlasticProj):
        on_pre = sent_in_another_unit

    def build(**synapse):
        net = nd.DynamicsGroup(name="Net")
        net.E, net.I = nd.LIF(4), nd.LIF(3)
        net.p = Rule(net.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=net.I, **synapse)
        return net

    net = build(syn=nd.Expon.desc(), out=nd.CUBA.desc())
    with pytest.raises(DimensionError, match=r"s\.send is given a value in pA, but .* takes what is in mV") as caught:
        nd.Simulator(net, dt=0.1 * ms, target="interpret")
    assert "test_bad_plasticity.py" in str(caught.value)
    with pytest.raises(DimensionError, match=r"in pA, but the sum is in mV; it comes from Net\.p\.\n"):
        nd.Simulator(build(), dt=0.1 * ms, target="interpret")


def trace_assigned(proj, s):
    s.x = 1.0


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        (read_before_a_sum, UnsupportedFeatureError, "from before their states were written"),
        (sent_twice, UnsupportedFeatureError, "called twice, or in another rule"),
        (sum_of_one, UnsupportedFeatureError, "of what is no value of synapses"),
        (trace_assigned, FixedAttributeError, "it is a trace of spikes"),
    ],
)
def test_sums_and_traces(rule, error, message):
    net = network(rule)
    net.E2I.x = net.E2I.pre_trace(20 * ms)
    with pytest.raises(error, match=message) as caught:
        nd.Simulator(net, dt=0.1 * ms, target="interpret")
    assert "test_bad_plasticity.py" in str(caught.value)


@pytest.mark.parametrize("interval", [None, 3.0, nd.Parameter(1 * mV), nd.Parameter(np.ones(3) * ms)])
def test_an_interval_must_be_one_time(interval):
    class Scaling(PlasticProj):
        def on_interval(self, s):
            s.weight = 0.9 * s.weight

    net = nd.DynamicsGroup()
    net.E, net.I = nd.LIF(4), nd.LIF(3)
    net.p = Scaling(net.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=net.I)
    net.p.interval = interval
    with pytest.raises(UnknownStateError, match="no interval that is one time"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret")


def test_step_where_gives_conditions_of_the_target():
    class Where(PlasticProj):
        def step_where(self):
            return -60 * mV < self.pre.V

        def on_step(self, s):
            s.weight = 0.9 * s.weight

    net = nd.DynamicsGroup()
    net.E, net.I = nd.LIF(4), nd.LIF(3)
    net.p = Where(net.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=net.I)
    with pytest.raises(ShapeError, match=r"gives bool values of shape \(4,\)"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret")


def assigned_whole(proj, s):
    proj.weight.value = 0.5 * s.weight


def test_all_synapses_are_not_assigned_by_a_rule_about_some():
    with pytest.raises(FixedAttributeError, match=r"weight\.value is assigned in a step.*reached or not"):
        nd.Simulator(network(assigned_whole), dt=0.1 * ms, target="interpret")


@pytest.mark.parametrize("name", ["w_max", "A_plus", "mu"])
def test_an_array_that_does_not_say_whose_values_it_has(name):
    net = nd.DynamicsGroup(name="Net")
    net.E, net.I = nd.LIF(4), nd.LIF(3)
    options = {"w_max": 2 * mV, name: np.ones(3) * (2 * mV if name == "w_max" else 0.3)}
    net.p = nd.STDP(net.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=net.I, **options)
    with pytest.raises(ShapeError, match=rf"p\.{name} is given values of shape \(3,\)") as caught:
        nd.Simulator(net, dt=0.1 * ms, target="interpret").run(1 * ms)
    assert "(1, 3) for each postsynaptic one" in str(caught.value)


def test_an_array_where_a_ready_made_rule_has_one_value():
    net = nd.DynamicsGroup(name="Net")
    net.E, net.I = nd.LIF(4), nd.AdEx(3)
    options = {"w_max": 2 * mV, "theta_minus": np.full(3, -70.0) * mV}
    net.p = nd.VoltageSTDP(net.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=net.I, **options)
    with pytest.raises(InvalidParameterError, match=r"p\.theta_minus holds 3 values, but VoltageSTDP has one"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret")


def test_a_misspelt_argument_that_a_rule_hands_on():
    with pytest.raises(UnknownOptionError, match=r"STDP has no argument 'A_pluss'") as caught:
        nd.STDP(nd.LIF(4), comm=nd.AllToAll(4, 3, weight=1 * mV), post=nd.LIF(3), w_max=2 * mV, A_pluss=0.1)
    assert "It has: A_plus, " in str(caught.value)


def no_argument(self):
    pass


def not_called(self, s):
    s.weight = 0.9 * s.weight


@pytest.mark.parametrize(
    ("name", "function", "error", "said"),
    [
        ("on_prespike", not_called, UnknownRuleError, r"(?s)on_prespike, which nothing calls.*Rules are on_pre, "),
        ("onPost", not_called, UnknownRuleError, r"(?s)onPost, which nothing calls.*Rules are on_post, "),
        ("step_when", no_argument, UnknownRuleError, "step_when, which nothing calls"),
        ("on_reward", not_called, UnknownRuleError, "a name that does not begin with on_"),
        ("step_where", no_argument, UnknownRuleError, "has no on_step"),
        ("step_where", not_called, HookArgumentError, r"(?s)with no argument.*def step_where\(self\)"),
        ("on_post", no_argument, HookArgumentError, r"(?s)on_post of .* one argument.*def on_post\(self, s\)"),
        ("update", no_argument, UnknownRuleError, "(?s)no rule is called.*super"),
    ],
)
def test_a_method_that_nothing_calls(name, function, error, said):
    def build():
        net = nd.DynamicsGroup()
        net.E, net.I = nd.LIF(4), nd.LIF(3)
        net.p = type("Rule", (PlasticProj,), {name: function})(net.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=net.I)
        nd.Simulator(net, dt=0.1 * ms, target="interpret")

    with pytest.raises(error, match=said) as caught:
        build()
    assert "test_bad_plasticity.py" in str(caught.value)


@pytest.mark.parametrize("name", ["sum", "send", "pre", "_sent", "weight", "syn"])
def test_a_state_whose_name_rules_need(name):
    proj = network(another_unit).E2I
    for value in (SynapseState(0.0), proj.pre_trace(20 * ms)):
        with pytest.raises((ReservedNameError, UnknownStateError), match=f"{name}"):
            setattr(proj, name, value)


def test_a_trace_of_what_is_not_ready():
    class Early(PlasticProj):
        def __init__(self, *modules, **options):
            self.x = self.pre_trace(20 * ms)
            super().__init__(*modules, **options)

    with pytest.raises(NotInitialisedError, match=r"(?s)Early is not ready.*super\(\)\.__init__"):
        Early(nd.LIF(4), comm=nd.AllToAll(4, 3, weight=1 * mV), post=nd.LIF(3))


@pytest.mark.parametrize("side", ["pre", "post"])
def test_rates_have_no_traces(side):
    class Traced(PlasticProj):
        def __init__(self, *modules, **options):
            super().__init__(*modules, **options)
            self.x, self.y = self.pre_trace(20 * ms), self.post_trace(20 * ms)

    net = nd.DynamicsGroup(name="Net")
    rates = nd.WilsonCowan(4)
    net.E, net.I = (rates, nd.LIF(4)) if side == "pre" else (nd.LIF(4), rates)
    net.p = Traced(net.E, comm=nd.AllToAll(4, 4, weight=1 * mV), post=net.I)
    with pytest.raises(UnsupportedFeatureError, match=r"holds real values, but .* wait for spikes"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret")


def a_quantity_on_the_left(proj, s):
    s.weight = 0.5 * mV + 0.5 * s.weight
    s.trace = nd.Table(np.arange(3.0))[nd.environ.get("i") % 3]
    s.weight = np.where(nd.random.bernoulli(s.trace), s.weight, 1 * mV)
    proj.kept = s.weight


def test_what_is_as_it_is_in_neurons():
    net = network(a_quantity_on_the_left)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    sim.run(0.2 * ms)
    assert np.all(sim.get(net.E2I, "weight") == 1 * mV)


def test_an_interval_of_zero_is_no_interval():
    class Scaling(PlasticProj):
        def on_interval(self, s):
            s.weight = 0.9 * s.weight

    net = nd.DynamicsGroup(name="Net")
    net.E, net.I = nd.LIF(4), nd.LIF(3)
    net.p = Scaling(net.E, comm=nd.AllToAll(4, 3, weight=1 * mV), post=net.I)
    net.p.interval = nd.Parameter(0 * ms)
    with pytest.raises(InvalidParameterError, match=r"Net\.p\.interval is no time"):
        nd.Simulator(net, dt=0.1 * ms, target="interpret").run(0.1 * ms)


def test_a_condition_does_not_look_at_all_synapses():
    net = network(a_quantity_on_the_left)
    sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    with pytest.raises(AcrossSynapsesError, match=r"(?s)np\.mean .*every=10\*ms, call=f"):
        sim.run(1 * ms, until=lambda: net.E2I.weight.mean() > 2 * mV)


def test_a_trace_or_a_state_of_another_projection():
    one, other = network(another_unit).E2I, network(another_unit).E2I
    one.x = one.pre_trace(20 * ms)
    for value in (one.x, one.weight):
        with pytest.raises(UnsupportedFeatureError, match=r"of Rule, but it belongs to one projection"):
            other.x = value
