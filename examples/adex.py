"""Firing patterns with adaptation: the eight of Naud et al. (2008), from one class and eight rows of numbers.

Adaptive exponential integrate-and-fire neurons get a step of current. What they do follows from how fast the membrane
and the adaptation are, how strongly they are coupled, and where the potential begins anew after a spike.

    python examples/adex.py

References
----------
Naud, R., Marcille, N., Clopath, C. and Gerstner, W. (2008), Firing patterns in the adaptive exponential
integrate-and-fire model, Biological Cybernetics 99, 335-347, doi:10.1007/s00422-008-0264-7.
"""

import argparse
from pathlib import Path

import numpy as np
from quantities import ms, mV, nS, pA, pF

import numbadyn as nd

DT = 0.1 * ms

# name: C (pF), g_L (nS), E_L (mV), a (nS), tau_w (ms), b (pA), V_reset (mV), I (pA); V_T = -50 mV, Delta_T = 2 mV
PATTERNS = {
    "tonic spiking": (200, 10, -70, 2, 30, 0, -58, 500),
    "adaptation": (200, 12, -70, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, 4, 150, 120, -50, 400),
    "regular bursting": (200, 10, -58, 2, 120, 100, -46, 210),
    "delayed accelerating": (200, 12, -70, -10, 300, 0, -58, 300),
    "delayed regular bursting": (100, 10, -65, -10, 90, 30, -47, 110),
    "transient spiking": (100, 10, -65, 10, 90, 100, -47, 180),
    "irregular spiking": (100, 12, -60, -11, 130, 30, -48, 160),
}


class Stepped(nd.AdEx):
    """A neuron for each pattern, under its current."""

    def __init__(self):
        C, g, E, a, tau_w, b, V_reset, current = np.array(list(PATTERNS.values()), dtype=float).T
        super().__init__(
            len(PATTERNS),
            R=1 / (g * nS),
            tau=(C * pF / (g * nS)).rescale(ms),
            V_reset=V_reset * mV,
            V_rest=E * mV,
            V_T=-50 * mV,
            delta_T=2 * mV,
            tau_w=tau_w * ms,
            a=a * nS,
            b=b * pA,
            V_initializer=E * mV,
        )
        self.current = nd.Parameter(current * pA)

    def update(self):
        return super().update(self.current.value)


def run(target="cpu", duration=600 * ms, dt=DT):
    """Give for each pattern the times of its spikes and its potential, in ms and mV."""
    cells = Stepped()
    sim = nd.Simulator(cells, dt=dt, target=target)
    sim.record(cells, "V", spikes=True)
    recorded = sim.run(duration, progress=False)[cells]
    times, who = recorded.spikes.times.magnitude, recorded.spikes.indices
    return {name: (times[who == k], recorded.V.magnitude[:, k]) for k, name in enumerate(PATTERNS)}


def draw(found, path):
    """Make the figure."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(8, 6))
    space = {"left": 0.08, "right": 0.98, "bottom": 0.08, "top": 0.95, "hspace": 0.5}
    for axes, (name, (times, V)) in zip(canvas.subplots(4, 2, gridspec_kw=space).flat, found.items(), strict=True):
        V = V.copy()
        V[np.minimum(np.rint(times / 0.1).astype(int), V.size - 1)] = 0.0
        axes.plot(np.arange(V.size) * 0.1, V, "k", linewidth=0.6)
        axes.set_title(name, fontsize=8)
        axes.set_ylim(-85, 5)
        axes.tick_params(labelsize=6)
    canvas.supxlabel("time (ms)", fontsize=8)
    canvas.supylabel("V (mV)", fontsize=8)
    canvas.savefig(path, dpi=90, pil_kwargs={"optimize": True})


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"), help="where the picture goes")
    parser.add_argument("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    return parser.parse_args()


def main():
    """Run, report, draw."""
    options = parse()
    found = run()
    for name, (times, _) in found.items():
        intervals = np.diff(times)
        shown = f"intervals {intervals.min():.1f} to {intervals.max():.1f} ms" if times.size > 1 else ""
        print(f"{name:<26}{times.size:>3} spikes, the first at {times[0]:.1f} ms  {shown}")
    if not options.no_plot:
        draw(found, options.out)
        print(f"picture {options.out}")


if __name__ == "__main__":
    main()
