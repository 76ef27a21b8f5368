"""Patterns on a sheet of cortex: local excitation, wider inhibition, and activity that breaks up into bumps.

Excitatory and inhibitory neurons stand on grids over a torus of 1 mm. Probabilities of synapses fall off with distance
as Gaussians, delays grow with it. With inhibition that reaches no farther than excitation, activity is spread evenly;
with a wider one, a pattern of bumps comes out of noise, as Rosenbaum and Doiron (2014) explain.

This is their mechanism, not their network, which has exponential integrate-and-fire neurons with currents and an input
layer of its own. Neurons and conductances are those of Vogels and Abbott (2005), but for inhibition that is as fast
as excitation, so that the weights of the paper, which are currents, have no meaning here.

    python examples/spatial.py
    python examples/spatial.py --full

References
----------
Rosenbaum, R. and Doiron, B. (2014), Balanced networks of spiking neurons with spatially dependent recurrent
connections, Physical Review X 4, 021039, doi:10.1103/PhysRevX.4.021039.
"""

import argparse
from pathlib import Path

import numpy as np
from quantities import mm, ms, mV, nS, pA, um

import numbadyn as nd

SHEET = 1 * mm
SYNAPSES = {"E": 100, "I": 25}  # onto each neuron, on average


class Driven(nd.LIFRef):
    """Neurons with a constant current."""

    def update(self):
        return super().update(230 * pA)


class Sheet(nd.DynamicsGroup):
    """Both kinds of neurons on a torus.

    Parameters
    ----------
    side : int
        Number of excitatory neurons along an edge, even; of inhibitory ones there are half as many.
    reach_E, reach_I : Quantity
        Standard deviations of the distance that synapses of both kinds span.
    """

    def __init__(self, side, reach_E=90 * um, reach_I=90 * um):
        super().__init__()
        first = nd.init.Uniform(-60 * mV, -50 * mV)
        self.E, self.I = (Driven((n, n), V_initializer=first) for n in (side, side // 2))
        for cells in (self.E, self.I):
            cells.positions = nd.space.grid(cells.varshape, extent=SHEET)
        excitation = {"weight": 6 * nS, "syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
        inhibition = {"weight": 66 * nS, "syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=-80 * mV)}
        self.E2E = self.connect(self.E, self.E, "E", reach_E, **excitation)
        self.E2I = self.connect(self.E, self.I, "E", reach_E, **excitation)
        self.I2E = self.connect(self.I, self.E, "I", reach_I, **inhibition)
        self.I2I = self.connect(self.I, self.I, "I", reach_I, **inhibition)

    @staticmethod
    def connect(pre, post, kind, reach, weight, syn, out):
        """Synapses within a few standard deviations, as many whatever the reach is."""
        peak = SYNAPSES[kind] / (pre.num * 2 * np.pi * float((reach / SHEET).simplified) ** 2)
        near = nd.init.OfDistance(nd.space.Gaussian(reach, peak=peak).within(4 * reach), pre, post, period=SHEET)
        late = nd.init.OfDistance(nd.space.TravelTime(0.3 * mm / ms, 0.5 * ms), pre, post, period=SHEET)
        comm = nd.FixedProb(pre.varshape, post.varshape, prob=near, weight=weight)
        return nd.AlignPostProj(pre, comm=comm, syn=syn, out=out, post=post, delay=late)


def run(side, reach_I, duration=400, target="cpu", seed=1):
    """Give the map of rates in Hz of the excitatory neurons over the second half."""
    net = Sheet(side, reach_I=reach_I)
    sim = nd.Simulator(net, dt=0.1 * ms, target=target, seed=seed)
    sim.run(duration / 2 * ms, progress=False)
    sim.record(net.E, spikes=True)
    spikes = sim.run(duration / 2 * ms, progress=False)[net.E].spikes
    return np.bincount(spikes.indices, minlength=side * side).reshape(side, side) / duration * 2e3


def contrast(rates):
    """How much of the variance of a map lies in its strongest wave, and how often that wave fits into the sheet."""
    power = np.abs(np.fft.rfft2(rates - rates.mean())) ** 2
    strongest = np.unravel_index(np.argmax(power), power.shape)
    number = np.hypot(min(strongest[0], rates.shape[0] - strongest[0]), strongest[1])
    return 2 * power[strongest] / (rates.size**2 * rates.var()), number


def draw(maps, path):
    """Both maps."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(7, 3.1), layout="constrained")
    for axes, (title, rates) in zip(canvas.subplots(1, 2), maps, strict=True):
        image = axes.imshow(rates, extent=(0, 1, 0, 1), cmap="magma", vmin=0)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("mm")
        canvas.colorbar(image, ax=axes, label="Hz")
    canvas.savefig(path, dpi=90, pil_kwargs={"optimize": True})


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true", help="12,500 neurons and 1 s instead of 3,125 and 0.4 s")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"), help="where the picture goes")
    parser.add_argument("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    return parser.parse_args()


def main():
    """Run, report, draw."""
    options = parse()
    maps = []
    for reach in (90 * um, 200 * um):
        rates = run(100 if options.full else 50, reach, 1000 if options.full else 400)
        share, number = contrast(rates)
        print(f"inhibition over {reach}: {rates.mean():.0f} Hz, {share:.0%} of variance in one wave, {number:.1f} a mm")
        maps.append((f"inhibition over {reach}", rates))
    if not options.no_plot:
        draw(maps, options.out)
        print(f"picture {options.out}")


if __name__ == "__main__":
    main()
