"""Delay differential equations: the Mackey-Glass equation on its way to chaos, and rates that inhibit themselves late.

Mackey and Glass described the number of white blood cells by x' = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x. With a
longer delay the fixed point gives way to a cycle, the cycle doubles its period, and chaos follows. Here each system has
a delay of its own, kept in a state, and is read between steps by cubic interpolation. The second part is a population
whose feedback comes back after a delay: it rests below a critical delay, and oscillates above it. The script prints
what each system does, how fast the compiled loop is, and draws a picture.

    python examples/delay_equations.py

References
----------
Mackey, M. C. and Glass, L. (1977), Oscillation and chaos in physiological control systems, Science 197, 287-289,
doi:10.1126/science.267326.
Farmer, J. D. (1982), Chaotic attractors of an infinite-dimensional dynamical system, Physica D 4, 366-393,
doi:10.1016/0167-2789(82)90042-2.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
from quantities import ms

import numbadyn as nd

DELAYS = (3.0, 8.0, 14.0, 17.0)
GAIN = 2.0
OMEGA = math.sqrt(GAIN**2 - 1)
CRITICAL = math.acos(-1 / GAIN) / OMEGA


class MackeyGlass(nd.Dynamics):
    """One system for each delay; a unit of time is one ms.

    Parameters
    ----------
    delays : sequence of float
        tau of each system, up to 40.
    """

    def __init__(self, delays, name=None):
        super().__init__(len(delays), name=name)
        self.delays = np.asarray(delays, dtype=float)
        each = np.arange(len(delays))
        self.x_then = self.prefetch_delay("x", self.prefetch("tau"), each, max_delay=40 * ms, interpolation="cubic")

    def init_state(self):
        self.x, self.tau = nd.State(1.2), nd.State(self.delays * ms)

    def update(self):
        past = self.x_then()
        production = 0.2 * past / (1.0 + past**10)
        self.x.value = nd.exp_euler_step(lambda x: (production - 0.1 * x) / (1 * ms), self.x.value)
        return self.x.value


class Rates(nd.Dynamics):
    """tau r' = -r + what arrives."""

    def init_state(self):
        self.r = nd.State(0.1)

    def update(self):
        drive = self.sum_current_inputs(0.0, self.r.value)
        self.r.value = nd.exp_euler_step(lambda r: (drive - r) / (1 * ms), self.r.value)
        return self.r.value


class Inhibited(nd.DynamicsGroup):
    """r' = -r - g tanh(r(t - delay)), each rate with its own delay."""

    def __init__(self, delays):
        super().__init__()
        n = len(delays)
        self.cells = Rates(n)
        self.feedback = nd.CurrentProj(
            self.cells.prefetch_delay("r", np.asarray(delays) * ms, np.arange(n)),
            np.tanh,
            comm=nd.OneToOne(n, n, weight=-GAIN),
            out=nd.CUBA.desc(scale=1.0),
            post=self.cells,
        )


def heights(x, resolution=0.005):
    """Different heights of the local maxima."""
    inner = x[1:-1]
    peaks = inner[(inner > x[:-2]) & (inner >= x[2:])]
    return len(np.unique((peaks / resolution).round())) if np.ptp(x) > 1e-4 else 0


def mackey_glass(duration):
    """Run the four systems; give the recording and the speed."""
    systems = MackeyGlass(DELAYS)
    sim = nd.Simulator(systems, dt=0.05 * ms).compile()
    sim.record(systems, "x", every=0.25 * ms)
    started = time.perf_counter()
    result = sim.run(duration * ms, progress=False)
    return result[systems], duration / 0.05 * len(DELAYS) / (time.perf_counter() - started)


def inhibited(duration):
    """Run three rates: below, slightly above and far above the critical delay."""
    net = Inhibited(np.array([0.9, 1.02, 1.3]) * CRITICAL)
    sim = nd.Simulator(net, dt=0.002 * ms)
    sim.record(net.cells, "r", every=0.01 * ms)
    return sim.run(duration * ms, progress=False)[net.cells]


def draw(systems, cells, path):
    """Delay plots of the four systems, and the three rates."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots(2, 4)
    x = np.asarray(systems.x)[-6000:]
    for k, delay in enumerate(DELAYS):
        lag = round(delay / 0.25)
        style = {"marker": "o", "ms": 4} if np.ptp(x[:, k]) < 1e-3 else {"lw": 0.5}
        axes[0, k].plot(x[lag:, k], x[:-lag, k], **style)
        axes[0, k].set(title=f"tau = {delay:g}", xlabel="x(t)", ylabel="x(t - tau)", xlim=(0.3, 1.4), ylim=(0.3, 1.4))
        axes[0, k].set_aspect("equal")
    below = axes[1, 0].get_gridspec()
    for axis in axes[1]:
        axis.remove()
    panel = figure.add_subplot(below[1, :])
    times, r = np.asarray(cells.t("r")), np.asarray(cells.r)
    for k, factor in enumerate((0.9, 1.02, 1.3)):
        panel.plot(times[-4000:], r[-4000:, k], label=f"{factor} of the critical delay")
    panel.set(xlabel="time", ylabel="r", title="Rates that inhibit themselves after a delay", ylim=(-1, 1.35))
    panel.legend(loc="upper center", ncols=3, frameon=False)
    figure.suptitle("Mackey-Glass equation")
    figure.savefig(path, dpi=80)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--duration", type=float, default=6000.0, help="length of the Mackey-Glass run (default 6000)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"), help="where the picture goes")
    parser.add_argument("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    given = parser.parse_args()
    systems, speed = mackey_glass(given.duration)
    tail = np.asarray(systems.x)[-6000:]
    for k, delay in enumerate(DELAYS):
        found = heights(tail[:, k])
        kind = "rests at 1" if found == 0 else f"{found} different heights of its maxima"
        print(f"Mackey-Glass, tau = {delay:4g}: x between {tail[:, k].min():.3f} and {tail[:, k].max():.3f}, {kind}")
    print(f"{speed / 1e6:.0f} million steps of a system each second")
    cells = inhibited(200.0)
    r = np.asarray(cells.r)[-10000:]
    for k, factor in enumerate((0.9, 1.02, 1.3)):
        print(f"rates, {factor:4} of the critical delay {CRITICAL:.3f}: amplitude {np.abs(r[:, k]).max():.3f}")
    crossings = np.flatnonzero((r[:-1, 1] < 0) & (r[1:, 1] >= 0))
    period = np.diff(crossings).mean() * 0.01
    print(f"period at onset {period:.3f}, by theory 2 pi / omega = {2 * math.pi / OMEGA:.3f}")
    if not given.no_plot:
        draw(systems, cells, given.out)
        print(f"picture: {given.out}")


if __name__ == "__main__":
    main()
