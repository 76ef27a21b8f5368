"""Pictures: what is drawn agrees with what was recorded; what is missing is named."""

import sys

import numpy as np
import pytest
from quantities import Hz, ms, mV, nS

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, MissingExtraError, RecordingError


class Two(nd.DynamicsGroup):
    def __init__(self):
        super().__init__()
        self.A = nd.LIFRef(6, V_rest=-45 * mV, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV))
        self.B = nd.LIFRef(3, V_rest=-40 * mV)


@pytest.fixture(scope="module")
def run():
    pytest.importorskip("matplotlib")
    net = Two()
    sim = nd.Simulator(net, dt=0.5 * ms, target="interpret", seed=3)
    sim.record(net.A, "V", spikes=True, index=[4, 1])
    sim.record(net.B, spikes=True)
    sim.run(10 * ms)
    return net, sim.run(100 * ms)


@pytest.fixture
def axes():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    return figure.subplots()


def test_raster_has_a_mark_for_each_spike(run, axes):
    net, result = run
    nd.plot.raster(result, {"A": net.A, "B": net.B}, ax=axes)
    assert axes.get_xlabel() == "time (ms)"
    first, second = axes.lines
    assert first.get_xdata().tolist() == result[net.A].spikes.times.magnitude.tolist()
    assert second.get_ydata().tolist() == (6 + result[net.B].spikes.indices.astype(int)).tolist()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]


def test_a_large_raster_is_thinned_evenly(run, axes):
    net, result = run
    nd.plot.raster(result, {"A": net.A, "B": net.B}, neurons=3, ax=axes)
    shown = np.unique(axes.lines[0].get_ydata())
    assert shown.tolist() == [0, 1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A\n2 of 6", "B\n1 of 3"]


@pytest.mark.parametrize("width", [None, 5 * ms, 7 * ms, 200 * ms, 0.1 * ms])
def test_rates_hold_all_spikes(run, axes, width):
    net, result = run
    nd.plot.rates(result, net.A, width=width, ax=axes)
    values, edges, _ = axes.patches[0].get_data()
    assert np.sum(values * np.diff(edges) * 1e-3) * 6 == pytest.approx(result[net.A].spikes.count)
    assert (edges[0], edges[-1]) == (10.0, 110.0)


@pytest.mark.parametrize("width", [5, 0 * ms, -1 * ms])
def test_a_width_that_is_no_positive_time_is_refused(run, axes, width):
    net, result = run
    with pytest.raises(InvalidParameterError, match="width") as caught:
        nd.plot.rates(result, net.A, width=width, ax=axes)
    assert "such as 5*ms" in str(caught.value)


def test_traces_stand_apart_with_a_line_for_each_spike(run, axes):
    net, result = run
    nd.plot.traces(result, net.A, ax=axes)
    upper, lower = axes.lines
    V = result[net.A].V.magnitude
    assert upper.get_ydata().tolist() == V[:, 0].tolist()
    assert np.allclose(np.ptp(lower.get_ydata()), np.ptp(V[:, 1]))
    assert max(lower.get_ydata()) < min(upper.get_ydata())
    drawn = [len(collection.get_segments()) for collection in axes.collections]
    assert drawn == [int(np.sum(result[net.A].spikes.indices == element)) for element in (4, 1)]


def test_samples_know_their_elements(run):
    net, result = run
    assert result[net.A].samples["V"].elements.tolist() == [4, 1]


def test_an_overview_has_traces_only_where_they_were_recorded(run):
    net, result = run
    assert len(nd.plot.overview(result, [net.A, net.B], title="both").axes) == 3
    assert len(nd.plot.overview(result, net.B).axes) == 2


def test_an_overview_of_nothing_is_refused(run):
    with pytest.raises(RecordingError, match="No population is named"):
        nd.plot.overview(run[1], {})


def test_a_silent_run_can_be_drawn():
    pytest.importorskip("matplotlib")
    neurons = nd.LIF(2)
    sim = nd.Simulator(neurons, dt=0.5 * ms, target="interpret")
    sim.record(neurons, "V", spikes=True)
    figure = nd.plot.overview(sim.run(1 * ms), neurons)
    figure.canvas.draw()
    assert len(figure.axes) == 3


def test_without_matplotlib_the_message_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError) as caught:
        nd.plot.overview(run[1], run[0].A)
    assert 'pip install "numbadyn[plot]"' in str(caught.value)


def test_a_notebook_shows_the_figure(run):
    """Without pyplot, a notebook asks an object for a picture of itself."""
    net, result = run
    assert nd.plot.overview(result, {"A": net.A})._repr_png_().startswith(b"\x89PNG")


# ---- what all functions share ----------------------------------------------------------------------------------------


def test_each_function_returns_the_axes_that_it_is_given(run, axes):
    net, result = run
    assert nd.plot.raster(result, ax=axes) is axes
    assert nd.plot.rates(result, ax=axes) is axes
    assert nd.plot.traces(result, net.A, ax=axes) is axes
    assert nd.plot.network(net, ax=axes) is axes


def test_without_axes_it_draws_on_those_of_pyplot_if_it_is_in_use(run, monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    alone = nd.plot.raster(run[1])
    assert alone._repr_png_().startswith(b"\x89PNG")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.figure()
    assert nd.plot.raster(run[1]) is pyplot.gca()
    pyplot.close()


def test_by_default_all_recorded_populations_are_drawn(run, axes):
    nd.plot.raster(run[1], ax=axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]


@pytest.fixture(scope="module")
def batch():
    net = Two()
    sim = nd.Simulator(net, dt=0.5 * ms, target="interpret", seed=3, batch=3)
    sim.record(net.A, "V", spikes=True)
    return net, sim.run(40 * ms)


def test_a_picture_of_one_trial_refuses_a_batch(batch, axes):
    net, result = batch
    for draw in (nd.plot.raster, lambda result, ax: nd.plot.traces(result, net.A, ax=ax)):
        with pytest.raises(RecordingError, match="a batch of 3") as caught:
            draw(result, ax=axes)
        assert "result.replica(0)" in str(caught.value)
        draw(result.replica(1), ax=axes)


def test_rates_of_a_batch_have_a_band(batch, axes):
    net, result = batch
    nd.plot.rates(result, net.A, width=5 * ms, ax=axes)
    mean, edges, _ = axes.patches[0].get_data()
    assert np.sum(mean * np.diff(edges) * 1e-3) * 6 == pytest.approx(result[net.A].spikes.count / 3)
    assert len(axes.collections) == 1


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda result: nd.plot.raster("result"), "is no result"),
        (lambda result: nd.plot.rates(None), "is no result"),
        (lambda result: nd.plot.raster(result, neurons=0), "neurons is 0"),
        (lambda result: nd.plot.raster(result, ax=[1, 2]), "no axes of matplotlib"),
        (lambda result: nd.plot.sweep_map(3, "g", "eta", "rate"), "int is no table"),
    ],
)
def test_what_cannot_be_drawn_is_refused(run, draw, said):
    with pytest.raises(InvalidParameterError, match=said):
        draw(run[1])


# ---- traces ----------------------------------------------------------------------------------------------------------


def test_traces_have_their_unit_on_the_axis(run, axes):
    net, result = run
    nd.plot.traces(result, net.A, ax=axes)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (ms)", "V (mV)")
    low, high = result[net.A].V.magnitude.min(), result[net.A].V.magnitude.max()
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"{low:.3g}", f"{high:.3g}"] * 2


def test_traces_of_chosen_elements_on_one_scale(run, axes):
    net, result = run
    nd.plot.traces(result, net.A, elements=[1], apart=False, ax=axes)
    (line,) = axes.lines
    assert line.get_ydata().tolist() == result[net.A].V.magnitude[:, 1].tolist()
    assert line.get_label() == "1"
    with pytest.raises(InvalidParameterError, match="Element 0") as caught:
        nd.plot.traces(result, net.A, elements=[0], ax=axes)
    assert "Recorded are 4, 1" in str(caught.value)


# ---- synapses --------------------------------------------------------------------------------------------------------


def project(pre, post, weight=1 * mV, delay=None, prob=0.4):
    comm = nd.FixedProb(pre.num, post.num, prob=prob, weight=weight)
    return nd.DeltaProj(pre, comm=comm, post=post, delay=delay)


@pytest.fixture
def joined():
    net = nd.DynamicsGroup()
    net.A, net.B = nd.LIF(30), nd.LIF(20)
    net.proj = project(net.A, net.B, nd.init.Normal(1 * mV, 0.5 * mV), nd.init.Uniform(1 * ms, 2 * ms))
    return net, nd.Simulator(net, dt=0.25 * ms, target="interpret", seed=2)


def test_histograms_hold_all_synapses(joined, axes):
    net, sim = joined
    edges = net.proj.edges()
    for source in (net.proj, edges, sim.get(net.proj, "weight")):
        nd.plot.weights(source, bins=7, ax=axes)
        counts, borders, _ = axes.patches[-1].get_data()
        expected = np.histogram(edges.weight.magnitude, 7)
        assert (counts.tolist(), borders.tolist()) == (expected[0].tolist(), expected[1].tolist())
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("weight (mV)", "synapses")


def test_each_delay_has_a_bar(joined, axes):
    net, sim = joined
    for source in (net.proj, sim.get(net.proj, "delay")):
        nd.plot.delays(source, ax=axes)
        counts, borders, _ = axes.patches[-1].get_data()
        steps, times = np.unique(net.proj.edges().delay.magnitude, return_counts=True)
        assert np.allclose((borders[1:] + borders[:-1]) / 2, steps)
        assert counts.tolist() == times.tolist()
    assert axes.get_xlabel() == "delay (ms)"


def test_projections_without_delays_have_one_bar(axes):
    A = nd.LIF(5)
    nd.plot.delays(project(A, A), ax=axes)
    assert axes.patches[0].get_data()[0].sum() == project(A, A).edges().pre.size


@pytest.mark.parametrize("value", ["number", "weight"])
def test_the_matrix_has_each_synapse_in_its_place(value, joined, axes):
    net, _sim = joined
    nd.plot.connectivity(net.proj, value=value, ax=axes)
    edges, expected = net.proj.edges(), np.zeros((30, 20))
    np.add.at(expected, (edges.pre, edges.post), 1.0 if value == "number" else edges.weight.magnitude)
    assert np.allclose(axes.images[0].get_array(), expected)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("postsynaptic neuron", "presynaptic neuron")
    labels = [other.get_ylabel() for other in axes.figure.axes if other is not axes]
    assert labels == ["synapses" if value == "number" else "weight (mV)"]


def test_the_matrix_of_large_populations_shows_means(axes):
    A, B = nd.LIF(1000), nd.LIF(401)
    nd.plot.connectivity(nd.DeltaProj(A, comm=nd.AllToAll(1000, 401), post=B), colorbar=False, ax=axes)
    shown = axes.images[0].get_array()
    assert shown.shape == (400, 400)
    assert np.allclose(shown, 1.0)


def test_what_is_no_projection_has_no_matrix(axes):
    with pytest.raises(InvalidParameterError, match="ndarray"):
        nd.plot.connectivity(np.ones(3), ax=axes)


# ---- networks --------------------------------------------------------------------------------------------------------


class Wired(nd.DynamicsGroup):
    """Populations in a list, projections of all kinds, one of them called with a signal."""

    def __init__(self):
        super().__init__()
        self.cells = [nd.LIF(4), nd.LIFRef(3)]
        self.E = nd.LIF(10)
        self.E2E = project(self.E, self.E)
        self.E2cell = project(self.E, self.cells[0])
        self.back = nd.DeltaProj(comm=nd.AllToAll(3, 10, weight=1 * mV), post=self.E)
        self.noise = nd.PoissonInput(self.E, num_input=5, freq=1 * Hz, weight=1 * mV)
        self.gap = nd.AsymmetryGapJunction(
            pre=self.E,
            pre_state="V",
            post=self.cells[0],
            post_state="V",
            conn=lambda *_: ([0], [1]),
            weight=[1, 1] * nS,
        )

    def update(self):
        self.E2E()
        self.E2cell()
        self.back(self.cells[1].get_spike())
        self.noise()
        self.gap()
        self.E()
        for cell in self.cells:
            cell()


@pytest.mark.parametrize("simulated", [False, True])
def test_a_graph_has_a_circle_for_each_population_and_an_arrow_for_each_projection(simulated, axes):
    net = Wired()
    nd.plot.network(nd.Simulator(net, dt=0.1 * ms, target="interpret") if simulated else net, ax=axes)
    circles = [patch for patch in axes.patches if type(patch).__name__ == "Circle"]
    arrows = [patch for patch in axes.patches if type(patch).__name__ == "FancyArrowPatch"]
    assert (len(circles), len(arrows)) == (3, 5)
    texts = [text.get_text() for text in axes.texts]
    assert texts[:3] == ["E\n10", "cells[0]\n4", "cells[1]\n3"]
    assert sorted(texts[3:]) == sorted(["~40", "~16", "30"])
    # The source of the projection that is called with a signal is known once its step has been traced.
    colours = [arrow.get_edgecolor() for arrow in arrows]
    assert (circles[2].get_edgecolor() in colours) is simulated


def test_a_thing_without_populations_has_no_graph(axes):
    with pytest.raises(InvalidParameterError, match="no population"):
        nd.plot.network(nd.DynamicsGroup(), ax=axes)
    with pytest.raises(InvalidParameterError, match="no network"):
        nd.plot.network("net", ax=axes)


# ---- sweeps ----------------------------------------------------------------------------------------------------------

POINTS = [(tau, g, seed) for tau in (10.0, 20.0, 40.0) for g in (3.0, 4.0) for seed in (1, 2)]
RATES = [tau / g + seed for tau, g, seed in POINTS]


def as_table(kind):
    """A table of a study, in each form that there is, with a point that has failed."""
    columns = {"tau": [p[0] for p in POINTS], "g": [p[1] for p in POINTS], "seed": [p[2] for p in POINTS]}
    values = np.array([*RATES[:-1], np.nan])
    if kind == "mapping":
        return {**columns, "tau": columns["tau"] * ms, "rate": values * Hz}
    if kind == "array":
        return np.array(
            [(*p, r) for p, r in zip(POINTS, values, strict=True)], [(n, float) for n in (*columns, "rate")]
        )
    if kind == "pandas":
        frame = pytest.importorskip("pandas").DataFrame({**columns, "rate": values})
        frame.attrs["units"] = {"tau": "ms", "rate": "Hz"}
        return frame
    xarray = pytest.importorskip("xarray")
    coords = {"tau": ("tau", [10.0, 20.0, 40.0], {"units": "ms"}), "g": [3.0, 4.0], "seed": [1, 2]}
    return xarray.Dataset({"rate": (("tau", "g", "seed"), values.reshape(3, 2, 2), {"units": "Hz"})}, coords)


@pytest.mark.parametrize("kind", ["mapping", "array", "pandas", "xarray"])
def test_a_map_shows_means_over_seeds(kind, axes):
    nd.plot.sweep_map(as_table(kind), "tau", "g", "rate", ax=axes)
    expected = np.array([[tau / g + 1.5 for tau in (10.0, 20.0, 40.0)] for g in (3.0, 4.0)])
    expected[1, 2] -= 0.5  # only one of the two seeds is there
    assert np.allclose(axes.collections[0].get_array(), expected)
    unit = "" if kind == "array" else " (ms)"
    assert (axes.get_xlabel(), axes.get_ylabel()) == (f"tau{unit}", "g")


@pytest.mark.parametrize("kind", ["mapping", "pandas", "xarray"])
def test_lines_have_bands(kind, axes):
    nd.plot.sweep_lines(as_table(kind), "tau", "rate", by="g", ax=axes)
    assert [line.get_label() for line in axes.lines] == ["g = 3", "g = 4"]
    assert axes.lines[0].get_xdata().tolist() == [10.0, 20.0, 40.0]
    assert np.allclose(axes.lines[0].get_ydata(), np.array([10.0, 20.0, 40.0]) / 3 + 1.5)
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert np.isclose(heights.max(), 40 / 3 + 1.5 + np.std([1, 2], ddof=1))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("tau (ms)", "rate (Hz)")


def test_a_line_without_repetitions_has_no_band(axes):
    nd.plot.sweep_lines({"x": [1.0, 2.0], "y": [3.0, 4.0]}, "x", "y", ax=axes)
    assert (len(axes.lines), len(axes.collections)) == (1, 0)


def test_columns_that_are_not_there_are_named(axes):
    with pytest.raises(InvalidParameterError, match="'rates'") as caught:
        nd.plot.sweep_map(as_table("pandas"), "tau", "g", "rates", ax=axes)
    assert "'rate'" in str(caught.value)
    with pytest.raises(InvalidParameterError, match="does not hold numbers"):
        nd.plot.sweep_lines({"x": ["a", "b"], "y": [1, 2]}, "x", "y", ax=axes)
    with pytest.raises(InvalidParameterError, match="band is 'both'"):
        nd.plot.sweep_lines({"x": [1, 2], "y": [1, 2]}, "x", "y", band="both", ax=axes)


def test_what_has_no_list_of_synapses_is_named():
    cells = nd.LIF(2)
    drive = nd.PoissonInput(cells, num_input=1, freq=1 * Hz, weight=1 * mV)
    for draw in (nd.plot.weights, nd.plot.delays, nd.plot.connectivity):
        with pytest.raises(InvalidParameterError, match="no list of synapses"):
            draw(drive)
