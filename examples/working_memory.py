"""A memory in synapses: an item that is kept by facilitation, without spikes (Mongillo, Barak and Tsodyks 2008).

Five groups of excitatory neurons stand for five items; synapses inside of a group are stronger, and all excitatory ones
facilitate. A cue to one group facilitates its synapses for a second and more. A weak signal to all excitatory neurons
later on lets this group alone answer, with a burst that refreshes the memory. All numbers are those of the paper; the
smaller network, without --full, has fewer neurons with synapses that are stronger by as much.

    python examples/working_memory.py
    python examples/working_memory.py --full

References
----------
Mongillo, G., Barak, O. and Tsodyks, M. (2008), Synaptic theory of working memory, Science 319, 1543-1546,
doi:10.1126/science.1150769.
"""

import argparse
from pathlib import Path

import numpy as np
from quantities import ms, mV

import numbadyn as nd

ITEMS, CODED = 5, 0.1  # groups, and what part of the excitatory neurons each of them has
CUE, RECALLS, END = (500, 850), ((1500, 1750), (2300, 2550)), 3000  # ms


def inside(t, window):
    """Whether a time is in a window of some ms."""
    return (t >= window[0] * ms) & (t < window[1] * ms)


class Excitatory(nd.LIFRef):
    """Neurons whose mean input is that of the cue, of the recall, or of neither."""

    def __init__(self, number, mean):
        times = {"tau": 15 * ms, "tau_ref": 2 * ms}
        first = nd.init.Uniform(10 * mV, 20 * mV)
        levels = {"V_rest": 0 * mV, "V_th": 20 * mV, "V_reset": 16 * mV, "V_initializer": first}
        super().__init__(number, R=1.0, **times, **levels)
        self.mean = nd.Parameter(mean)
        self.cued = nd.Parameter((np.arange(number) < number * CODED).astype(float))

    def update(self):
        t = nd.environ.get("t")
        recall = sum(inside(t, window) * 1.0 for window in RECALLS)
        return super().update(self.mean * (1 + 0.15 * inside(t, CUE) * self.cued + 0.05 * recall))


class Inhibitory(nd.LIFRef):
    """Neurons with a constant mean input."""

    def __init__(self, number):
        times = {"tau": 10 * ms, "tau_ref": 2 * ms}
        first = nd.init.Uniform(10 * mV, 20 * mV)
        levels = {"V_rest": 0 * mV, "V_th": 20 * mV, "V_reset": 13 * mV, "V_initializer": first}
        super().__init__(number, R=1.0, **times, **levels)

    def update(self):
        return super().update(20.5 * mV)


class Memory(nd.DynamicsGroup):
    """The network; `scale` is that of numbers of neurons, whose weights are divided by it."""

    def __init__(self, scale=1.0, mean=23.1, tau_f=1500 * ms):
        super().__init__()
        n_e, n_i = round(8000 * scale), round(2000 * scale)
        self.E, self.I = Excitatory(n_e, mean * mV), Inhibitory(n_i)
        self.noise_E = nd.CurrentInput(self.E, nd.WhiteNoise.desc(sigma=1 * mV * (15 * ms) ** 0.5))
        self.noise_I = nd.CurrentInput(self.I, nd.WhiteNoise.desc(sigma=1 * mV * (10 * ms) ** 0.5))
        group = round(n_e * CODED)

        def strength(i, j):
            """Strong inside of a group; of those that others make, one in ten, which a hash picks."""
            a, b = np.minimum(i // group, ITEMS), np.minimum(j // group, ITEMS)
            among = (a == b) & (a < ITEMS)
            lucky = (a == ITEMS) & ((i * 7919 + j * 104729) % 1009 < 101)
            return np.where(among | lucky, 0.45, 0.10) / scale * mV

        facilitating = nd.STP.desc(U=0.2, tau_f=tau_f, tau_d=200 * ms)
        self.E2E = self.connect(self.E.align_pre(facilitating), self.E, self.E, strength)
        self.E2I = self.connect(self.E, self.E, self.I, 0.135 * mV / scale)
        self.I2E = self.connect(self.I, self.I, self.E, -0.25 * mV / scale)
        self.I2I = self.connect(self.I, self.I, self.I, -0.20 * mV / scale)

    @staticmethod
    def connect(signal, pre, post, weight):
        """One pair in five, with delays of 0.1 to 1 ms."""
        comm = nd.FixedProb(pre.num, post.num, prob=0.2, weight=weight)
        return nd.DeltaProj(signal, comm=comm, post=post, delay=nd.init.Uniform(0.1 * ms, 1 * ms))


def run(scale, seed=1, **options):
    """Give the network and the spikes of its excitatory neurons."""
    net = Memory(scale, **options)
    sim = nd.Simulator(net, dt=0.1 * ms, seed=seed)
    sim.record(net.E, spikes=True)
    return net, sim.run(END * ms, progress=False)[net.E].spikes


def rates(spikes, number, window):
    """Rate in Hz of each group, and of the others last, in a window."""
    group = round(number * CODED)
    who = np.minimum(spikes.indices // group, ITEMS)
    chosen = (spikes.times.magnitude >= window[0]) & (spikes.times.magnitude < window[1])
    sizes = np.array([group] * ITEMS + [number - ITEMS * group])
    return np.bincount(who[chosen], minlength=ITEMS + 1) / sizes / (window[1] - window[0]) * 1e3


def draw(spikes, number, path):
    """A raster of some neurons of each group."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(7, 3), layout="constrained")
    axes = canvas.subplots()
    group = round(number * CODED)
    shown = (spikes.indices < ITEMS * group) & (spikes.indices % group < 60)
    for item in range(ITEMS):
        mine = shown & (spikes.indices // group == item)
        y = item * 60 + spikes.indices[mine] % group
        axes.plot(spikes.times.magnitude[mine], y, ".", markersize=1, color=f"C{item}")
    for window, colour in ((CUE, "C0"), *((window, "grey") for window in RECALLS)):
        axes.axvspan(*window, color=colour, alpha=0.15, linewidth=0)
    axes.set(xlabel="time (ms)", ylabel="items", yticks=[], xlim=(0, END))
    canvas.savefig(path, dpi=90, pil_kwargs={"optimize": True})


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true", help="10,000 neurons instead of 4,000")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"), help="where the picture goes")
    parser.add_argument("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    return parser.parse_args()


def main():
    """Run, report, draw."""
    options = parse()
    net, spikes = run(1.0 if options.full else 0.4)
    print("rates in Hz of the five groups and of all others")
    for name, window in (
        ("before", (200, 500)),
        ("cue", CUE),
        ("delay", (950, 1500)),
        ("recall", RECALLS[0]),
        ("again", RECALLS[1]),
    ):
        print(f"{name:<8}", " ".join(f"{rate:5.1f}" for rate in rates(spikes, net.E.num, window)))
    if not options.no_plot:
        draw(spikes, net.E.num, options.out)
        print(f"picture {options.out}")


if __name__ == "__main__":
    main()
