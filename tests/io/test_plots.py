"""Pictures: what is drawn agrees with what was recorded; what is missing is named."""

import sys

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import InvalidParameterError, MissingExtraError, RecordingError
from numbadyn.io import plots


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
    plots.raster(axes, result, {"A": net.A, "B": net.B})
    first, second = axes.lines
    assert first.get_xdata().tolist() == result[net.A].spikes.times.magnitude.tolist()
    assert second.get_ydata().tolist() == (6 + result[net.B].spikes.indices.astype(int)).tolist()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]


def test_a_large_raster_is_thinned_evenly(run, axes):
    net, result = run
    plots.raster(axes, result, {"A": net.A, "B": net.B}, neurons=3)
    shown = np.unique(axes.lines[0].get_ydata())
    assert shown.tolist() == [0, 1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A\n2 of 6", "B\n1 of 3"]


@pytest.mark.parametrize("width", [None, 5 * ms, 7 * ms, 200 * ms, 0.1 * ms])
def test_rates_hold_all_spikes(run, axes, width):
    net, result = run
    plots.rates(axes, result, net.A, width=width)
    values, edges, _ = axes.patches[0].get_data()
    assert np.sum(values * np.diff(edges) * 1e-3) * 6 == pytest.approx(result[net.A].spikes.count)
    assert (edges[0], edges[-1]) == (10.0, 110.0)


@pytest.mark.parametrize("width", [5, 0 * ms, -1 * ms])
def test_a_width_that_is_no_positive_time_is_refused(run, axes, width):
    net, result = run
    with pytest.raises(InvalidParameterError, match="width") as caught:
        plots.rates(axes, result, net.A, width=width)
    assert "such as 5*ms" in str(caught.value)


def test_traces_stand_apart_with_a_line_for_each_spike(run, axes):
    net, result = run
    plots.traces(axes, result, net.A)
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
    assert len(plots.overview(result, [net.A, net.B], title="both").axes) == 3
    assert len(plots.overview(result, net.B).axes) == 2


def test_an_overview_of_nothing_is_refused(run):
    with pytest.raises(RecordingError, match="No population is named"):
        plots.overview(run[1], {})


def test_a_silent_run_can_be_drawn():
    pytest.importorskip("matplotlib")
    neurons = nd.LIF(2)
    sim = nd.Simulator(neurons, dt=0.5 * ms, target="interpret")
    sim.record(neurons, "V", spikes=True)
    figure = plots.overview(sim.run(1 * ms), neurons)
    figure.canvas.draw()
    assert len(figure.axes) == 3


def test_without_matplotlib_the_message_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError) as caught:
        plots.overview(run[1], run[0].A)
    assert 'pip install "numbadyn[plot]"' in str(caught.value)


def test_a_notebook_shows_the_figure(run):
    """Without pyplot, a notebook asks an object for a picture of itself."""
    net, result = run
    assert plots.overview(result, {"A": net.A})._repr_png_().startswith(b"\x89PNG")
