"""Phase diagram of a sparse network: rate and irregularity over inhibition and drive, from a sweep.

Model A of Brunel (2000): excitatory and inhibitory integrate-and-fire neurons with equal input, sparse random synapses
with jumps of J and -g J, and Poisson spikes from outside at eta times the rate that reaches the threshold. Where g < 4,
excitation wins, and neurons fire fast and regularly; where g > 4, inhibition wins, rates are low and intervals
irregular.

A sweep runs all points of the grid with all seeds. Points that share a structure run together as replicas in one
process, and several processes share the work; with ``--store``, what is finished is kept, and the same command goes on
after an interruption.

    python examples/sweep.py
    python examples/sweep.py --full --store phase_diagram

References
----------
Brunel, N. (2000), Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, Journal of
Computational Neuroscience 8, 183-208, doi:10.1023/A:1008925309027.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from quantities import Hz, ms, mV, s

import numbadyn as nd

TAU = 20 * ms
V_TH = 20 * mV
TRANSIENT = 100 * ms


class Brunel(nd.DynamicsGroup):
    """One population, whose first four fifths are excitatory.

    Parameters
    ----------
    g : float
        Inhibitory over excitatory weight.
    eta : float
        Rate from outside over the rate that brings a neuron just to its threshold.
    scale : float
        Factor of the numbers of neurons and of synapses a neuron; J is divided by it, so that the mean input stays.
    """

    def __init__(self, g, eta, scale):
        super().__init__()
        n_e, n_i, c_e, c_i = (round(number * scale) for number in (10_000, 2_500, 1_000, 250))
        n, J = n_e + n_i, 0.1 * mV / scale
        potentials = {
            "V_rest": 0 * mV,
            "V_th": V_TH,
            "V_reset": 10 * mV,
            "V_initializer": nd.init.Uniform(0 * mV, V_TH),
        }
        self.cells = nd.LIFRef(n, R=1.0, tau=TAU, tau_ref=2 * ms, **potentials)
        excitation, inhibition = (
            nd.FixedInDegree(n_e, n, c_e, weight=J),
            nd.FixedInDegree(n_i, n, c_i, weight=-g * J),
        )
        self.exc = nd.DeltaProj(self.cells[:n_e], comm=excitation, post=self.cells, delay=1.5 * ms)
        self.inh = nd.DeltaProj(self.cells[n_e:], comm=inhibition, post=self.cells, delay=1.5 * ms)
        rate = (eta * V_TH / (J * TAU) / c_e).rescale(Hz)
        self.drive = nd.PoissonInput(self.cells, num_input=c_e, freq=rate, weight=J)


def measure(result):
    """Give what stands in the table: mean rate and mean CV of intervals."""
    spikes = result["cells"].spikes
    return {"rate": spikes.rate, "CV": spikes.cv_isi()}


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add, picture = parser.add_argument, Path(__file__).with_suffix(".png")
    add("--full", action="store_true", help="12,500 neurons, 1 s, a fine grid, three seeds: some hours on one core")
    add("--scale", type=float, help="1 means 12,500 neurons; J is divided by it (default: 0.1, with --full 1)")
    add("--seconds", type=float, help="simulated time of a point (default: 0.3, with --full 1)")
    add(
        "--points", type=int, nargs=2, metavar=("G", "ETA"), help="points of the grid (default: 6 4, with --full 25 16)"
    )
    add("--seeds", type=int, help="trials of each point (default: 2, with --full 3)")
    add("--workers", type=int, help="processes (default: as many as there are cores)")
    add("--store", type=Path, help="folder that keeps what is finished, to go on from after an interruption")
    add("--out", type=Path, default=picture, help="where the picture goes (default: beside this file)")
    add("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    options = parser.parse_args()
    sizes = {"scale": 1.0, "seconds": 1.0, "points": [25, 16], "seeds": 3}
    if not options.full:
        sizes = {"scale": 0.1, "seconds": 0.3, "points": [6, 4], "seeds": 2}
    for name, default in sizes.items():
        if getattr(options, name) is None:
            setattr(options, name, default)
    if not options.scale * 250 >= 1:
        parser.error(f"--scale {options.scale:g} leaves no inhibitory synapse; the smallest is 0.004")
    if min(*options.points, options.seeds) < 1:
        parser.error(f"--points {options.points}, --seeds {options.seeds}: give positive numbers")
    if not options.no_plot and not options.out.resolve().parent.is_dir():
        parser.error(f"--out {options.out}: there is no such folder")
    return options


def draw(study, out):
    """Draw both measures over the plane."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 3.8), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2)
    nd.plot.sweep_map(study, "g", "eta", "rate", ax=left)
    nd.plot.sweep_map(study, "g", "eta", "CV", ax=right, cmap="magma")
    for ax in (left, right):
        ax.axvline(4.0, color="white", lw=1.0, ls="--")  # excitation and inhibition are balanced
    figure.savefig(out)


def main():
    """Sweep, report, draw."""
    options = parse()
    grid = {
        "g": np.linspace(3.0, 8.0, options.points[0]),
        "eta": np.linspace(0.5, 4.0, options.points[1]),
        "scale": [options.scale],
    }
    started = time.perf_counter()
    study = nd.sweep(
        Brunel,
        grid,
        dt=0.1 * ms,
        duration=options.seconds * s,
        transient=TRANSIENT,
        record="cells.spikes",
        measure=measure,
        seeds=range(options.seeds),
        workers=options.workers,
        store=options.store,
    )
    seconds = time.perf_counter() - started

    print(f"{len(study)} runs of {round(12_500 * options.scale):,} neurons in {seconds:.1f} s")
    for name, regime in (("excitation wins", study["g"] < 4.0), ("inhibition wins", study["g"] > 4.0)):
        chosen = regime & (study["eta"] > 1.0)
        if chosen.any():
            rate, CV = np.mean(study["rate"][chosen]), np.nanmean(study["CV"][chosen])
            print(f"{name}: {rate.rescale(Hz).item():5.1f} Hz, CV of intervals {CV:.2f}")
    if not options.no_plot:
        draw(study, options.out)
        print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
