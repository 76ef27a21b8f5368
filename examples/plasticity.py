"""Spike-timing-dependent plasticity as a model of one's own: 1,000 Poisson inputs compete for one neuron.

Song, Miller and Abbott (2000): each pair of a presynaptic and a postsynaptic spike changes the conductance of a
synapse, up if the presynaptic spike comes first, down by a little more if it comes last. Conductances drift to both
ends of their range, and the neuron ends at the edge between silence and regular firing.

`PairSTDP` is the recipe: a `Dynamics` with one element for each synapse. It reads the spikes of both sides by index,
keeps traces and weights as states, and gives what each synapse transmits; an `AlignPostProj` with a rule of `Edges`
brings that to the neurons. Triplets, dopamine, homeostasis, weights that depend on themselves: change `update`.

    python examples/plasticity.py
    python examples/plasticity.py --inputs 200 --seconds 20

References
----------
Song, S., Miller, K. D. and Abbott, L. F. (2000), Competitive Hebbian learning through spike-timing-dependent synaptic
plasticity, Nature Neuroscience 3, 919-926, doi:10.1038/78829.
"""

import argparse
from pathlib import Path

import numpy as np
from quantities import Hz, ms, mV, nS, s

import numbadyn as nd


class PairSTDP(nd.Dynamics):
    r"""Synapses whose weights follow pairs of spikes.

    .. math::

        \frac{dx}{dt} = -\frac{x}{\tau_+}, \quad \frac{dy}{dt} = -\frac{y}{\tau_-}, \qquad
        \text{pre: } w \leftarrow w - A_- w_{max} y,\; x \leftarrow x + 1, \qquad
        \text{post: } w \leftarrow w + A_+ w_{max} x,\; y \leftarrow y + 1

    with w between 0 and w_max. A spike counts with the traces of before it, and transmits the weight of before.

    Parameters
    ----------
    pre, post : Dynamics
        Populations; the `order` of the network puts them first, so that this module sees the spikes of the same step.
    i, j : array of int
        Presynaptic and postsynaptic neuron of each synapse.
    w, w_max : Quantity
        First and largest weights.
    """

    def __init__(self, pre, post, i, j, w, w_max, A_plus=0.005, A_minus=0.00525, tau_plus=20 * ms, tau_minus=20 * ms):
        super().__init__(len(i))
        self.pre_spikes, self.post_spikes = pre.output_delay(0 * ms, i), post.output_delay(0 * ms, j)
        self.first, self.w_max = w, nd.Parameter(w_max, unit=nS, negative=False)
        self.A_plus, self.A_minus = nd.Parameter(A_plus), nd.Parameter(A_minus)
        self.tau_plus = nd.Parameter(tau_plus, unit=ms, positive=True)
        self.tau_minus = nd.Parameter(tau_minus, unit=ms, positive=True)

    def init_state(self):
        """Weights, and a trace of each side."""
        self.w = nd.State(self.first, unit=nS)
        self.x, self.y = nd.State(0.0), nd.State(0.0)

    def update(self):
        """What each synapse transmits in this step; then its new weight."""
        dt, pre, post = nd.environ.get_dt(), self.pre_spikes(), self.post_spikes()
        sent = np.where(pre, self.w, 0 * nS)
        x, y = self.x * np.exp(-dt / self.tau_plus), self.y * np.exp(-dt / self.tau_minus)
        down = np.where(pre, self.A_minus * self.w_max * y, 0 * nS)
        up = np.where(post, self.A_plus * self.w_max * x, 0 * nS)
        self.w.value = np.clip(self.w + up - down, 0 * nS, self.w_max)
        self.x.value, self.y.value = np.where(pre, x + 1, x), np.where(post, y + 1, y)
        return sent


class Competition(nd.DynamicsGroup):
    """Poisson inputs onto one leaky integrate-and-fire neuron, by plastic synapses."""

    order = ("pre", "post", "plastic")

    def __init__(self, inputs=1000, rate=15 * Hz):
        super().__init__()
        w_max = 10 * nS * (0.015 * 1000 / inputs)  # 0.015 leak conductances for 1,000 inputs
        self.pre = nd.PoissonGroup(inputs, rates=rate)
        potentials = {"V_rest": -74 * mV, "V_reset": -60 * mV, "V_th": -54 * mV}
        self.post = nd.LIF(1, R=1 / (10 * nS), tau=20 * ms, **potentials)
        i, j = np.arange(inputs), np.zeros(inputs, int)
        self.plastic = PairSTDP(self.pre, self.post, i, j, nd.init.Uniform(0 * nS, w_max), w_max)
        self.send = nd.AlignPostProj(
            self.plastic,
            comm=nd.Edges(inputs, 1, np.arange(inputs), j, weight=1.0),
            syn=nd.Expon.desc(tau=5 * ms, g_initializer=0 * nS),
            out=nd.COBA.desc(E=0 * mV),
            post=self.post,
        )


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add, picture = parser.add_argument, Path(__file__).with_suffix(".png")
    add("--inputs", type=int, default=1000, help="number of synapses (default: 1000)")
    add("--seconds", type=float, default=100.0, help="simulated time (default: 100)")
    add("--rate", type=float, default=15.0, help="rate of each input in Hz (default: 15)")
    add("--seed", type=int, default=1, help="seed of everything random (default: 1)")
    add("--out", type=Path, default=picture, help="where the picture goes (default: beside this file)")
    add("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    options = parser.parse_args()
    if options.inputs < 10:
        parser.error(f"--inputs {options.inputs} are too few to compete; the smallest is 10")
    if not options.no_plot and not options.out.resolve().parent.is_dir():
        parser.error(f"--out {options.out}: there is no such folder")
    return options


def draw(path, fractions, rates, seconds):
    """Draw how weights are spread at the end, and the rate over time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.hist(fractions, bins=20, range=(0, 1))
    left.set(xlabel="w / w_max", ylabel="synapses")
    right.plot(np.linspace(0, seconds, len(rates)), rates)
    right.set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, None))
    figure.savefig(path, dpi=120)


def main():
    """Run, print how weights and rate end, draw both."""
    options = parse()
    net = Competition(options.inputs, options.rate * Hz)
    sim = nd.Simulator(net, dt=0.1 * ms, seed=options.seed)
    rates, part = [], max(options.seconds / 20, 0.1)
    while float(sim.t.rescale("s")) < options.seconds - 1e-9:
        sim.record(net.post, spikes=True)
        rates.append(float(sim.run(part * s, progress=False)[net.post].spikes.rate))
    fractions = np.asarray(sim.get(net.plastic, "w") / net.plastic.w_max.value)
    print(f"{options.inputs} synapses after {float(sim.t.rescale('s')):g} s of inputs at {options.rate:g} Hz")
    print(f"rate: {rates[0]:.1f} Hz at first, {rates[-1]:.1f} Hz at last")
    low, high = (fractions < 0.2).mean(), (fractions > 0.8).mean()
    print(f"weights: {low:.0%} below 0.2 w_max, {high:.0%} above 0.8 w_max, mean {fractions.mean():.2f} w_max")
    if not options.no_plot:
        draw(options.out, fractions, rates, options.seconds)
        print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
