"""Every projection obeys the delay rule: a value of step m acts in step m + 1 + d, whoever keeps it on its way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.delay_draws import DTS, Before, arrays, delays, late
from tests.features.delay_networks import STEPS, compare, cuts, drawn, eagerly, traced
from tests.features.delay_routes import KINDS, N_JUNCTIONS, N_POST, N_PRE, N_SYNAPSES, Route, Routes, arrivals

WEIGHTS = st.integers(-4, 9)


@st.composite
def own_delays(draw, dt, count):
    """None, one, one for each neuron, one for each synapse, one for each pair."""
    how = draw(st.sampled_from(["none", "one", "neuron", "synapse", "pair"]))
    if how == "none":
        return None
    shape = {"one": (), "neuron": (N_PRE,), "synapse": (count,), "pair": (N_PRE, N_POST)}[how]
    return draw(arrays(delays(dt), *shape)) if shape else draw(delays(dt))


def weights(kind):
    """Conductances of gap junctions are zero or more."""
    return WEIGHTS.map(abs) if kind == "gap" else WEIGHTS


@st.composite
def routes(draw, dt, order="rank"):
    """One projection of any type."""
    kind = draw(st.sampled_from(KINDS if order == "rank" else KINDS[:-1]))
    count = N_JUNCTIONS if kind == "gap" else N_SYNAPSES
    ends = (draw(arrays(st.integers(0, size - 1), count)) for size in (N_PRE, N_POST))
    route = Route(kind, *ends, draw(arrays(weights(kind), count)))
    if kind == "gap":
        route.delay = draw(st.one_of(st.none(), delays(dt), arrays(delays(dt), count)))
        return route
    route.delay = draw(st.one_of(st.none(), delays(dt)) if kind == "function" else own_delays(dt, count))
    if order == "argument":
        return route
    route.graded = draw(st.sampled_from({"pre": [""], "post": ["", "k"]}.get(kind, ["", "x", "k"])))
    route.reference = draw(st.one_of(st.none(), delays(dt), arrays(delays(dt), N_PRE)))
    if route.reference is not None and draw(st.booleans()):
        changes = st.just(Before((N_PRE,), dt, route.graded or "b"))
        route.init = draw(changes | arrays(st.integers(-9, 9) if route.graded else st.booleans(), N_PRE))
    if route.reference is not None and not isinstance(route.init, Before) and draw(st.booleans()):
        route.every = draw(st.integers(1, 4)) * dt
        route.strategy = draw(st.sampled_from(["hold", "latest", "max"] + (["sum", "mean"] if route.graded else [])))
    return route


@st.composite
def networks(draw, order="rank"):
    """Step of time and several projections."""
    dt = draw(st.sampled_from(DTS))
    return dt, [draw(routes(dt, order)) for _ in range(draw(st.integers(1, 5)))]


def expected(dt, drawn_routes, **how):
    found = {}
    for number, route in enumerate(drawn_routes):
        for target, values in arrivals(route, dt, STEPS, **how).items():
            found[f"{target}{number}.got"] = values.__getitem__
    return found


@drawn(60)
@given(networks(), cuts())
def test_interpreted(net, pieces):
    dt, given_routes = net
    _, found = traced("interpret", lambda: Routes(given_routes), dt, pieces)
    compare(found, expected(*net), exact=False)


@drawn(25)
@given(networks())
def test_eager_calls(net):
    dt, given_routes = net
    compare(eagerly(lambda: Routes(given_routes), dt), expected(*net, eager=True), exact=False)


@pytest.mark.parametrize("order", ["hand", "argument"])
@drawn(25)
@given(data=st.data())
def test_called_after_the_population(order, data):
    """What they read is of this step then, so all comes one step earlier."""
    dt, given_routes = net = data.draw(networks(order))
    _, found = traced("interpret", lambda: Routes(given_routes, order), dt)
    compare(found, expected(*net, after=True), exact=False)
    compare(eagerly(lambda: Routes(given_routes, order), dt), expected(*net, after=True), exact=False)


@st.composite
def of_one_structure(draw):
    """Projections that differ in numbers only: the step of time, synapses, weights, delays, histories.

    Gap junctions without any delay are of another structure than others: they act with the mean over a step.
    """
    dt = draw(st.sampled_from(DTS))

    def route(kind, shape=None, **more):
        count, each = (N_JUNCTIONS, late) if kind == "gap" else (N_SYNAPSES, delays)
        ends = (draw(arrays(st.integers(0, size - 1), count)) for size in (N_PRE, N_POST))
        delay = None if shape is None else draw(arrays(each(dt), *shape)) if shape else draw(late(dt))
        return Route(kind, *ends, draw(arrays(weights(kind), count)), delay=delay, **more)

    each, init = (N_PRE,), draw(arrays(st.integers(-9, 9), N_PRE))
    return dt, [
        route("delta", each),
        route("delta", (N_SYNAPSES,), graded="x", reference=draw(late(dt))),
        route("post", (N_PRE, N_POST), reference=draw(arrays(delays(dt), N_PRE))),
        route("post", (), graded="k"),
        route("pre", each, reference=draw(late(dt))),
        route("current", (N_SYNAPSES,), graded="x", reference=draw(arrays(delays(dt), N_PRE)), init=init),
        route("current", graded="k", reference=draw(arrays(delays(dt), N_PRE)), every=2 * dt, strategy="mean"),
        route("function", (), graded="x"),
        route("gap", (N_JUNCTIONS,)),
    ]


@pytest.fixture(scope="module")
def compiled():
    return set()


@drawn(6, fewest=3)
@given(of_one_structure(), cuts())
def test_compiled(compiled, net, pieces):
    """All of them share one machine; its bits are those of the interpreter."""
    dt, given_routes = net
    sim, found = traced("cpu", lambda: Routes(given_routes), dt, pieces)
    compare(found, expected(*net), exact=False)
    for name, values in traced("interpret", lambda: Routes(given_routes), dt)[1].items():
        assert values.tobytes() == found[name].tobytes(), name
    compiled.add(sim.machine.loaded)
    assert len(compiled) == 1
