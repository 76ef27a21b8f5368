"""Sparse network of 12,500 excitatory and inhibitory neurons with delta synapses: rates, irregularity, one picture.

Model A of Brunel (2000): each neuron gets 1,000 excitatory and 250 inhibitory synapses, with jumps of J = 0.1 mV and
-g J, 1.5 ms after the spike, and Poisson spikes of the rate eta V_th / (J tau) from outside. The plane of g and eta
holds the four states of the paper; try ``--g 3 --eta 2`` (regular, synchronous) or ``--g 5 --eta 2`` (irregular,
asynchronous).

    python examples/brunel.py
    python examples/brunel.py --scale 0.2 --g 4.5 --eta 0.9

References
----------
Brunel, N. (2000), Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, Journal of
Computational Neuroscience 8, 183-208, doi:10.1023/A:1008925309027.
"""

import argparse
from pathlib import Path

from quantities import Hz, ms, mV, s

import numbadyn as nd

DELAY = 1.5 * ms
TAU = 20 * ms
V_TH = 20 * mV


class Brunel(nd.DynamicsGroup):
    """One population of both kinds; `update` is written by hand and slices the spikes.

    Parameters
    ----------
    scale : float
        Factor of the numbers of neurons and of synapses a neuron; J is divided by it, so that the mean input stays.
    g : float
        Inhibitory over excitatory weight.
    eta : float
        Rate from outside over the rate that brings a neuron just to its threshold.
    delay : Quantity
        From a spike to the step in which the jump is added, which is seen at the end of that step.
    """

    def __init__(self, scale=1.0, g=5.0, eta=2.0, delay=DELAY):
        super().__init__()
        self.n_e, n_i = round(10_000 * scale), round(2_500 * scale)
        c_e, c_i = round(1_000 * scale), round(250 * scale)
        J = 0.1 * mV / scale
        n = self.n_e + n_i
        first = nd.init.Uniform(0 * mV, V_TH)
        potentials = {"V_rest": 0 * mV, "V_th": V_TH, "V_reset": 10 * mV, "V_initializer": first}
        self.neurons = nd.LIFRef(n, R=1.0, tau=TAU, tau_ref=2 * ms, **potentials)
        self.exc = nd.DeltaProj(comm=nd.FixedInDegree(self.n_e, n, c_e, weight=J), post=self.neurons, delay=delay)
        self.inh = nd.DeltaProj(comm=nd.FixedInDegree(n_i, n, c_i, weight=-g * J), post=self.neurons, delay=delay)
        rate = eta * V_TH / (J * TAU) / c_e
        self.drive = nd.PoissonInput(self.neurons, num_input=c_e, freq=rate.rescale(Hz), weight=J)

    def update(self):
        """Deliver the spikes of the last step, draw those from outside, advance the neurons."""
        spikes = self.neurons.get_spike()
        self.exc(spikes[: self.n_e])
        self.inh(spikes[self.n_e :])
        self.drive()
        self.neurons()


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add, picture = parser.add_argument, Path(__file__).with_suffix(".png")
    add("--seconds", type=float, default=0.5, help="simulated time, after 0.1 s that is left out (default: 0.5)")
    add("--scale", type=float, default=1.0, help="1 means 12,500 neurons; J is divided by it (default: 1)")
    add("--g", type=float, default=5.0, help="inhibitory over excitatory weight (default: 5)")
    add("--eta", type=float, default=2.0, help="external rate over that which reaches the threshold (default: 2)")
    add("--precision", type=int, choices=[32, 64], default=64, help="bits of real numbers (default: 64)")
    add("--seed", type=int, default=1, help="seed of everything random (default: 1)")
    add("--out", type=Path, default=picture, help="where the picture goes (default: beside this file)")
    add("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    options = parser.parse_args()
    if not options.scale * 250 >= 1:
        parser.error(f"--scale {options.scale:g} leaves no inhibitory synapse; the smallest is 0.004")
    if not options.no_plot and not options.out.resolve().parent.is_dir():
        parser.error(f"--out {options.out}: there is no such folder")
    return options


def main():
    """Build, run past the transient, run, report, draw."""
    options = parse()
    net = Brunel(options.scale, options.g, options.eta)
    sim = nd.Simulator(net, dt=0.1 * ms, precision=options.precision, seed=options.seed)
    sim.record(net.neurons, spikes=True)
    sim.compile()
    sim.run(100 * ms, progress=False)
    result = sim.run(options.seconds * s, progress=True)

    spikes = result[net.neurons].spikes
    print(f"{net.neurons.num:,} neurons, g = {options.g:g}, eta = {options.eta:g}")
    print(f"rate           {spikes.rate.item():.1f} Hz")
    print(f"CV of ISI      {spikes.cv_isi():.2f}")
    print(f"speed          {options.seconds:g} s simulated in {result.seconds:.2f} s")
    print(f"before that    {', '.join(f'{stage} {seconds:.2f} s' for stage, seconds in sim.seconds.items())}")

    if not options.no_plot:
        title = f"Brunel (2000), g = {options.g:g}, $\\eta$ = {options.eta:g}"
        figure = nd.plot.overview(result, {"neurons": net.neurons}, width=1 * ms, title=title)
        figure.savefig(options.out)
        print(f"picture        {options.out}")


if __name__ == "__main__":
    main()
