"""Balanced network of 4,000 excitatory and inhibitory neurons: the main job, from a class to a picture.

The conductance-based benchmark of Vogels & Abbott (2005) in the form of Brette et al. (2007): 3,200 excitatory and 800
inhibitory integrate-and-fire neurons, 2 % connectivity, weights of 6 nS and 67 nS, exponential synapses of 5 ms and
10 ms. Two things differ from the paper: spikes travel for 1.5 ms, and a constant current of 200 pA keeps the network
going (the paper starts it with a kick, after which it may die).

    python examples/ei_balance.py
    python examples/ei_balance.py --seconds 5 --scale 10 --precision 32 --no-plot

References
----------
Vogels, T. P. and Abbott, L. F. (2005), Journal of Neuroscience 25, 10786-10795, doi:10.1523/JNEUROSCI.3508-05.2005.
Brette, R. et al. (2007), Journal of Computational Neuroscience 23, 349-398, doi:10.1007/s10827-007-0038-6.
"""

import time

STARTED = time.perf_counter()  # before the imports, so that they count in the time to the first step

import argparse  # noqa: E402
from pathlib import Path  # noqa: E402

from quantities import ms, mV, nS, pA, s  # noqa: E402

import numbadyn as nd  # noqa: E402

SYNAPSES = 80  # of each neuron, on average; 2 % of 4,000
DELAY = 1.5 * ms


class Driven(nd.LIFRef):
    """A leaky integrate-and-fire neuron with a constant current."""

    def update(self):
        return super().update(200 * pA)


class EINet(nd.DynamicsGroup):
    """Excitatory and inhibitory neurons, coupled all ways; without an `update`, projections run before neurons."""

    def __init__(self, scale=1.0):
        super().__init__()
        n_e, n_i = round(3200 * scale), round(800 * scale)
        neuron = {"tau": 20 * ms, "V_rest": -60 * mV, "V_th": -50 * mV, "V_reset": -60 * mV, "tau_ref": 5 * ms}
        self.E = Driven(n_e, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV), **neuron)
        self.I = Driven(n_i, V_initializer=nd.init.Uniform(-60 * mV, -50 * mV), **neuron)

        prob = min(1.0, SYNAPSES / (n_e + n_i))
        excitation = {"weight": 6 * nS, "syn": nd.Expon.desc(tau=5 * ms), "out": nd.COBA.desc(E=0 * mV)}
        inhibition = {"weight": 67 * nS, "syn": nd.Expon.desc(tau=10 * ms), "out": nd.COBA.desc(E=-80 * mV)}
        self.E2E = project(self.E, self.E, prob, **excitation)
        self.E2I = project(self.E, self.I, prob, **excitation)
        self.I2E = project(self.I, self.E, prob, **inhibition)
        self.I2I = project(self.I, self.I, prob, **inhibition)


def project(pre, post, prob, weight, syn, out):
    """Random synapses from one population to another; those of equal `syn` and `out` share one conductance."""
    comm = nd.FixedProb(pre.varshape, post.varshape, prob=prob, weight=weight)
    return nd.AlignPostProj(pre.output_delay(DELAY), comm=comm, syn=syn, out=out, post=post)


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add, picture = parser.add_argument, Path(__file__).with_suffix(".png")
    add("--seconds", type=float, default=1.0, help="simulated time (default: 1)")
    add("--scale", type=float, default=1.0, help="1 means 4,000 neurons, each with 80 synapses always (default: 1)")
    targets = "compiled for the processor, the interpreter, or compiled for a GPU (default: cpu)"
    add("--target", choices=["cpu", "interpret", "cuda"], default="cpu", help=targets)
    add("--precision", type=int, choices=[32, 64], default=64, help="bits of real numbers (default: 64)")
    add("--seed", type=int, default=42, help="seed of connectivity and first values (default: 42)")
    add("--out", type=Path, default=picture, help="where the picture goes (default: beside this file)")
    add("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    options = parser.parse_args()
    if not options.scale * 800 >= 1:
        parser.error(f"--scale {options.scale:g} leaves no inhibitory neuron; the smallest is 0.00125")
    if not options.no_plot and not options.out.resolve().parent.is_dir():
        parser.error(f"--out {options.out}: there is no such folder")
    return options


def main():
    """Build, run, report, draw."""
    options = parse()
    net = EINet(options.scale)
    sim = nd.Simulator(net, dt=0.1 * ms, target=options.target, precision=options.precision, seed=options.seed)
    sim.record(net.E, spikes=True)
    sim.record(net.I, spikes=True)
    sim.record(net.E, "V", index=slice(3), every=0.2 * ms)
    sim.compile()
    ready = time.perf_counter() - STARTED
    result = sim.run(options.seconds * s, progress=True)

    stages = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in sim.seconds.items())
    print(f"first step    {ready:.2f} s after the start ({stages})")
    speed = 1 / result.real_time_factor
    print(f"run           {options.seconds:g} s simulated in {result.seconds:.3f} s: {speed:.1f} times real time")
    for name, population in (("E", net.E), ("I", net.I)):
        spikes = result[population].spikes
        numbers = f"{spikes.rate.item():.1f} Hz, CV of intervals {spikes.cv_isi():.2f}"
        print(f"{name}             {population.num:,} neurons, {numbers}")

    if not options.no_plot:
        title = f"{net.E.num + net.I.num:,} conductance-based neurons"
        figure = nd.plot.overview(result, {"E": net.E, "I": net.I}, title=title)
        figure.savefig(options.out, pil_kwargs={"optimize": True})
        print(f"picture       {options.out}")


if __name__ == "__main__":
    main()
