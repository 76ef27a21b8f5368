"""Twenty firing patterns of one neuron model: the figure of Izhikevich (2004), each panel with its published numbers.

One population holds nineteen of the neurons, each with parameters and a current of its own. The twentieth,
accommodation, has another equation of the recovery in the published script, and is a subclass of ten lines. For each
pattern the script says what makes it one: numbers and times of spikes.

Three numbers are not those of the published script. Its figure is made with Euler steps of 0.1 to 0.5 ms, and with
these numbers the steps make the pattern, not the equations: solved exactly, inhibition-induced bursting with d = -2
fires without bound (tens of thousands of spikes, 12 in the script; 0, as in the table of the paper, makes bursts), the
depolarizing after-potential with d = -21 is a train of 8 spikes (-19 makes one), and the second pulse at 216 ms misses
the phase in which it stops the bistable neuron, which has fired at 199 instead of 208 ms by then (208 ms meets it).
`published` runs the three in the script's own way, with its own numbers.

    python examples/izhikevich.py

References
----------
Izhikevich, E. M. (2004), Which model to use for cortical spiking neurons?, IEEE Transactions on Neural Networks 15,
1063-1070, doi:10.1109/TNN.2004.832719, and the script that goes with its figure 1.
"""

import argparse
from pathlib import Path

import numpy as np
from quantities import kHz, ms, mV, pA

import numbadyn as nd

DT = 0.1
LONGEST = 400.0


def step(high, start, low=0.0):
    """A current that is switched on."""
    return lambda t: np.where(t > start, high, low)


def pulses(high, width, *starts, base=0.0):
    """A current of pulses."""
    return lambda t: base + high * sum((t > s) & (t < s + width) for s in starts)


def ramp(slope, start, base=0.0):
    """A current that grows."""
    return lambda t: base + slope * np.maximum(t - start, 0.0)


def variable(t):
    """The same pulse twice, the second time after inhibition."""
    return pulses(1.0, 5, 10, 80)(t) + pulses(-6.0, 5, 70)(t)


def accommodation(t):
    """A slow ramp, then a fast one that ends lower."""
    return np.where(t < 200, t / 25, np.where((t >= 300) & (t < 312.5), (t - 300) / 12.5 * 4, 0.0))


def released(t):
    """Less current in the middle."""
    return np.where((t < 50) | (t > 250), 80.0, 75.0)


# name: a, b, c, d, first V, duration, current of time; times in ms. Two have another parabola.
PATTERNS = {
    "tonic spiking": (0.02, 0.2, -65, 6, -70, 100, step(14, 10)),
    "phasic spiking": (0.02, 0.25, -65, 6, -64, 200, step(0.5, 20)),
    "tonic bursting": (0.02, 0.2, -50, 2, -70, 220, step(15, 22)),
    "phasic bursting": (0.02, 0.25, -55, 0.05, -64, 200, step(0.6, 20)),
    "mixed mode": (0.02, 0.2, -55, 4, -70, 160, step(10, 16)),
    "spike frequency adaptation": (0.01, 0.2, -65, 8, -70, 85, step(30, 8.5)),
    "class 1 excitable": (0.02, -0.1, -55, 6, -60, 300, ramp(0.075, 30)),
    "class 2 excitable": (0.2, 0.26, -65, 0, -64, 300, ramp(0.015, 30, -0.5)),
    "spike latency": (0.02, 0.2, -65, 6, -70, 100, pulses(7.04, 3, 10)),
    "subthreshold oscillations": (0.05, 0.26, -60, 0, -62, 200, pulses(2, 5, 20)),
    "resonator": (0.1, 0.26, -60, -1, -62, 400, pulses(0.65, 4, 40, 60, 280, 320)),
    "integrator": (0.02, -0.1, -55, 6, -60, 100, pulses(9, 2, 9.09, 14.09, 70, 80)),
    "rebound spike": (0.03, 0.25, -60, 4, -64, 200, pulses(-15, 5, 20)),
    "rebound burst": (0.03, 0.25, -52, 0, -64, 200, pulses(-15, 5, 20)),
    "threshold variability": (0.03, 0.25, -60, 4, -64, 100, variable),
    "bistability": (0.1, 0.26, -60, 0, -61, 300, pulses(1, 5, 37.5, 208, base=0.24)),
    "depolarizing after-potential": (1, 0.2, -60, -19, -70, 50, pulses(20, 2, 9)),
    "inhibition-induced spiking": (-0.02, -1, -60, 8, -63.8, 350, released),
    "inhibition-induced bursting": (-0.026, -1, -45, 0, -63.8, 350, released),
    "accommodation": (0.02, 1, -55, 4, -65, 400, accommodation),
}
OTHER_PARABOLA = ("class 1 excitable", "integrator")

# The script's numbers for those that it makes with its steps alone, and the steps (ms).
PUBLISHED = {
    "bistability": ((0.1, 0.26, -60, 0, -61, 300, pulses(1, 5, 37.5, 216, base=0.24)), 0.25),
    "depolarizing after-potential": ((1, 0.2, -60, -21, -70, 50, pulses(20, 2, 9)), 0.1),
    "inhibition-induced bursting": ((-0.026, -1, -45, -2, -63.8, 350, released), 0.5),
}


class Driven(nd.Izhikevich):
    """Neurons of some patterns, each with its current."""

    def __init__(self, names):
        a, b, c, d, first, _, _ = (np.array(column) for column in zip(*(PATTERNS[name] for name in names), strict=True))
        other = np.isin(names, OTHER_PARABOLA)
        super().__init__(
            len(names),
            a.astype(float) * kHz,
            b.astype(float) * kHz,
            c * mV,
            d * mV / ms,
            k1=np.where(other, 4.1, 5.0) / ms,
            k0=np.where(other, 108.0, 140.0) * mV / ms,
            V_initializer=first.astype(float) * mV,
            u_initializer=(b * first).astype(float) * mV / ms,
        )
        t = (np.arange(round(LONGEST / DT)) + 0.5) * DT
        self.current = nd.TimedArray(np.stack([PATTERNS[name][-1](t) for name in names], axis=1) * pA, dt=DT * ms)

    def update(self):
        return super().update(self.current(nd.environ.get("t")))


class Accommodating(Driven):
    """The recovery of the published script: it integrates, du/dt = a b (V + 65 mV)."""

    def init_state(self):
        super().init_state()
        self.u = nd.State(-16 * mV / ms)

    def update(self):
        drive = self.R * self.current(nd.environ.get("t"))
        V, u = self.V.value, self.u + nd.environ.get_dt() * self.a * self.b * (self.V + 65 * mV)
        risen = nd.exp_euler_step(lambda v: (self.k2 * v + self.k1) * v + self.k0 - u + drive, V)
        spike = risen >= self.V_th
        self.V.value, self.u.value = np.where(spike, self.c, risen), np.where(spike, u + self.d, u)
        return spike


class Published(nd.Izhikevich):
    """The script's neuron: Euler steps, of the recovery with the new potential."""

    def __init__(self, pattern, step):
        a, b, c, d, first, duration, current = pattern
        numbers = {"a": a * kHz, "b": b * kHz, "c": c * mV, "d": d * mV / ms}
        super().__init__(1, **numbers, V_initializer=first * mV, u_initializer=b * first * mV / ms)
        self.current = nd.TimedArray(current(np.arange(round(duration / step)) * step) * mV / ms, dt=step * ms)

    def update(self):
        drive, u = self.current(nd.environ.get("t")), self.u.value
        V = nd.euler_step(lambda v: (self.k2 * v + self.k1) * v + self.k0 - u + drive, self.V.value)
        u = nd.euler_step(lambda u: self.a * (self.b * V - u), u)
        spike = self.V_th < V
        self.V.value, self.u.value = np.where(spike, self.c, V), np.where(spike, u + self.d, u)
        return spike


def published(name, target="cpu"):
    """Times in ms of the spikes of a pattern with the numbers and the steps of the published script."""
    pattern, step = PUBLISHED[name]
    cell = Published(pattern, step)
    sim = nd.Simulator(cell, dt=step * ms, target=target)
    sim.record(cell, spikes=True)
    return sim.run(pattern[5] * ms, progress=False)[cell].spikes.times.magnitude


class Figure(nd.DynamicsGroup):
    """All twenty."""

    def __init__(self):
        super().__init__()
        names = list(PATTERNS)
        self.cells, self.accommodating = Driven(names[:-1]), Accommodating(names[-1:])


def run(target="cpu", duration=LONGEST):
    """Give for each pattern the times of its spikes and its potential, in ms and mV."""
    net = Figure()
    sim = nd.Simulator(net, dt=DT * ms, target=target)
    for cells in (net.cells, net.accommodating):
        sim.record(cells, "V", spikes=True)
    result = sim.run(duration * ms, progress=False)
    found = {}
    for number, (name, pattern) in enumerate(PATTERNS.items()):
        recorded, k = (result[net.cells], number) if number < 19 else (result[net.accommodating], 0)
        times = recorded.spikes.times.magnitude[recorded.spikes.indices == k]
        found[name] = times[times < pattern[5]], recorded.V.magnitude[: round(pattern[5] / DT), k]
    return found


def draw(found, path):
    """Make the figure, with the current below each potential."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(9, 8))
    space = {"left": 0.02, "right": 0.98, "bottom": 0.02, "top": 0.95, "hspace": 0.3}
    for axes, (name, (times, V)) in zip(canvas.subplots(5, 4, gridspec_kw=space).flat, found.items(), strict=True):
        t = np.arange(V.size) * DT
        V = V.copy()
        V[np.minimum(np.rint(times / DT).astype(int), V.size - 1)] = 30.0
        current = PATTERNS[name][-1](t)
        span = np.ptp(current) or 1.0
        axes.plot(t, V, "k", linewidth=0.7)
        axes.plot(t, 10 * (current - current.min()) / span - 105, "tab:blue", linewidth=0.7)
        axes.set_title(name, fontsize=7)
        axes.axis("off")
    canvas.savefig(path, dpi=100, pil_kwargs={"optimize": True})


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
        shown = ", ".join(f"{time:.1f}" for time in times[:4]) + (", ..." if times.size > 4 else "")
        print(f"{name:<30}{times.size:>3} spikes  {shown}")
    if not options.no_plot:
        draw(found, options.out)
        print(f"picture {options.out}")


if __name__ == "__main__":
    main()
