"""Gamma rhythm of mutually inhibiting interneurons: the network of Wang and Buzsaki (1996).

A hundred fast-spiking interneurons get currents that differ a little, and inhibit each other by GABA-A synapses whose
release follows the presynaptic potential. They fire together, near 40 Hz; where currents differ too much, they do not.

    python examples/gamma.py
    python examples/gamma.py --full

References
----------
Wang, X.-J. and Buzsaki, G. (1996), Gamma oscillation by synaptic inhibition in a hippocampal interneuronal network
model, Journal of Neuroscience 16, 6402-6413, doi:10.1523/JNEUROSCI.16-20-06402.1996.
"""

import argparse
from pathlib import Path

import numpy as np
from quantities import kHz, ms, mV, nS, pA

import numbadyn as nd

AREA = 100 * pA  # what 1 uA/cm2 is on 10,000 um2


class Interneurons(nd.WangBuzsaki):
    """Fast-spiking neurons under currents of a normal distribution."""

    def __init__(self, number, spread):
        super().__init__(number, V_initializer=nd.init.Uniform(-70 * mV, -50 * mV))
        self.current = nd.Parameter(nd.init.Normal(1.0 * AREA, spread * AREA))

    def update(self):
        return super().update(self.current.value)


class Release(nd.Dynamics):
    """The fraction of open channels behind each neuron: ds/dt = alpha F(V) (1 - s) - beta s."""

    def __init__(self, cells, alpha=12 * kHz, beta=0.1 * kHz):
        super().__init__(cells.num)
        self.alpha, self.beta = nd.Parameter(alpha), nd.Parameter(beta)
        self.V = cells.prefetch("V")

    def init_state(self):
        self.s = nd.State(0.0)

    def update(self):
        rise = self.alpha / (1 + np.exp(-self.V() / (2 * mV)))
        self.s.value = nd.exp_euler_step(lambda s: rise * (1 - s) - self.beta * s, self.s.value)
        return self.s.value


class Gamma(nd.DynamicsGroup):
    """Interneurons, what they release, and where it ends."""

    order = ("release", "cells")

    def __init__(self, number=100, spread=0.03, g=0.1):
        super().__init__()
        self.cells = Interneurons(number, spread)
        self.release = Release(self.cells)
        weight = g * 100 * nS / number  # mS/cm2 on 10,000 um2, shared by all
        self.inhibition = nd.CurrentProj(
            self.release.prefetch("s"),
            comm=nd.AllToAll(number, number, weight=weight),
            out=nd.COBA.desc(E=-75 * mV),
            post=self.cells,
        )


def coherence(spikes, number, start, stop, width):
    """Mean over all pairs of neurons of what their trains have in common, in bins of some ms (0 to 1)."""
    bins = np.zeros((number, int((stop - start) / width)), dtype=bool)
    times, who = spikes.times.magnitude, spikes.indices
    inside = (times >= start) & (times < start + bins.shape[1] * width)
    bins[who[inside], ((times[inside] - start) / width).astype(int)] = True
    both, each = bins.astype(float) @ bins.T, bins.sum(axis=1)
    pairs = np.triu_indices(number, 1)
    return float((both / np.maximum(np.sqrt(np.outer(each, each)), 1e-9))[pairs].mean())


def run(number=100, spread=0.03, g=0.1, duration=500, target="cpu", seed=1, dt=0.05):
    """Give the spikes, the rate in Hz and the coherence over the second half."""
    net = Gamma(number, spread, g)
    sim = nd.Simulator(net, dt=dt * ms, target=target, seed=seed)
    sim.record(net.cells, spikes=True)
    spikes = sim.run(duration * ms, progress=False)[net.cells].spikes
    late = spikes.times.magnitude > duration / 2
    rate = late.sum() / number / (duration / 2e3)
    return spikes, rate, coherence(spikes, number, duration / 2, duration, 0.1 * 1e3 / max(rate, 1.0))


def draw(rasters, path):
    """Rasters of both networks."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(7, 3.2), layout="constrained")
    for axes, (title, spikes) in zip(canvas.subplots(1, 2, sharey=True), rasters, strict=True):
        axes.plot(spikes.times.magnitude, spikes.indices, "k.", markersize=1.5)
        axes.set(title=title, xlabel="time (ms)", xlim=(200, 500))
    canvas.supylabel("neuron")
    canvas.savefig(path, dpi=90, pil_kwargs={"optimize": True})


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true", help="more spreads of the currents, each for 1 s")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"), help="where the picture goes")
    parser.add_argument("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    return parser.parse_args()


def main():
    """Run, report, draw."""
    options = parse()
    rasters = []
    for spread in (0.0, 0.03, 0.06, 0.1, 0.15, 0.2) if options.full else (0.03, 0.2):
        spikes, rate, common = run(spread=spread, duration=1000 if options.full else 500)
        print(f"currents within {spread:.2f} uA/cm2: {rate:.0f} Hz, coherence {common:.2f}")
        rasters.append((f"spread {spread:g} µA/cm²", spikes))
    if not options.no_plot:
        draw([rasters[0], rasters[-1]], options.out)
        print(f"picture {options.out}")


if __name__ == "__main__":
    main()
