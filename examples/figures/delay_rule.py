"""The picture of the delay rule: one spike through a delay, read and received, from a run of a small network.

In: nothing.  Out: `delay_rule.png` beside this file, or another file: ``python delay_rule.py --out rule.png``.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from quantities import ms, mV, nS

import numbadyn as nd

DT, EMITTED, DELAY, STEPS = 0.5, 1, 3, 9
"""Time step (ms), step of the spike, delay and length of the run (steps)."""
SOURCE, READ, JUMP, SYNAPSE, EMISSION = "#333333", "#20508e", "#c2410c", "#15803d", "#eeeeee"
ARRIVAL = "#fdebc8"


class Reader(nd.Dynamics):
    """Keeps what it reads."""

    def __init__(self, read):
        super().__init__(1)
        self._read = read

    def init_state(self):
        self.seen = nd.State(0.0)

    def update(self):
        self.seen.value = np.where(self._read(), 1.0, 0.0)


class Network(nd.DynamicsGroup):
    """A neuron that fires once, its spikes read before and after its update, and two targets behind it."""

    def __init__(self, delay):
        super().__init__()
        resting = {"V_rest": 0 * mV, "V_reset": 0 * mV, "V_th": 100 * mV, "tau": 4 * ms}
        self.source = nd.SpikeTrain(1, indices=[0], times=[(EMITTED + 1) * DT] * ms)
        late = self.source.output_delay(delay)
        self.before, self.after = Reader(late), Reader(late)
        self.jumping, self.charged = nd.LIF(1, **resting), nd.LIF(1, **resting)
        one = nd.OneToOne(1, 1, weight=1 * mV)
        self.delta = nd.DeltaProj(late, comm=one, post=self.jumping)
        self.synapse = nd.AlignPostProj(
            late, comm=nd.OneToOne(1, 1, weight=1 * nS), syn=nd.Expon.desc(tau=1.5 * ms), out=nd.COBA.desc(E=60 * mV),
            post=self.charged,
        )  # fmt: skip

    def update(self):
        self.delta()
        self.synapse()
        self.before()
        self.source()
        self.after()
        self.jumping()
        self.charged()


def run():
    """Run the network.

    Returns
    -------
    dict
        The step of the spike, samples at the start of each step, and what both readers read in each step.
    """
    net = Network(DELAY * DT * ms)
    sim = nd.Simulator(net, dt=DT * ms, target="interpret")
    sim.record(net.source, spikes=True)
    for module, name in (
        (net.before, "seen"),
        (net.after, "seen"),
        (net.jumping, "V"),
        (net.synapse.syn, "g"),
        (net.charged, "V"),
    ):
        sim.record(module, name)
    result = sim.run((STEPS + 1) * DT * ms, progress=False)

    def read(reader):
        return np.flatnonzero(result[reader].seen[1:, 0])  # what is read in step n is there at the start of step n + 1

    return {
        "spike": int(result[net.source].spikes.steps[0]),
        "before": read(net.before),
        "after": read(net.after),
        "V": result[net.jumping].V[:, 0].magnitude,
        "g": result[net.synapse.syn].g[:, 0].magnitude,
        "charged": result[net.charged].V[:, 0].magnitude,
    }


def draw(found):
    """The figure of a run.

    Parameters
    ----------
    found : dict
        From `run`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(9.2, 5.0))
    heights = {"height_ratios": [1.2, 0.55, 0.55, 0.9, 0.9, 0.9], "hspace": 0.12}
    axes = figure.subplots(
        6, 1, sharex=True, gridspec_kw=heights | {"left": 0.2, "right": 0.985, "top": 0.99, "bottom": 0.105}
    )
    m = found["spike"]
    for ax in axes:
        ax.axvspan(m, m + 1, color=EMISSION, zorder=0, linewidth=0)
        ax.axvspan(m + 1 + DELAY, m + 2 + DELAY, color=ARRIVAL, zorder=0, linewidth=0)
        for n in range(STEPS + 1):
            ax.axvline(n, color="#dddddd", linewidth=0.8, zorder=0.5)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        ax.set_yticks([])
    draw_spike(axes[0], m)
    draw_reads(axes[1], found["before"], "read before the\nsource's update")
    draw_reads(axes[2], found["after"], "read after it")
    draw_samples(axes[3], found["V"], JUMP, "V of the target of\na delta synapse")
    draw_samples(axes[4], found["g"], SYNAPSE, "g of an exponential\nsynapse")
    draw_samples(axes[5], found["charged"], SYNAPSE, "V of its target")
    axes[-1].set_xticks(range(STEPS + 1), [f"{n * DT:g}" for n in range(STEPS + 1)])
    axes[-1].set_xlabel("t (ms); dots are samples: values at the start of a step")
    axes[-1].set_xlim(-0.05, STEPS + 0.05)
    return figure


def label(ax, text):
    """Say at the left what a row shows."""
    ax.text(-0.02, 0.5, text, transform=ax.transAxes, ha="right", va="center", fontsize=9.5)


def draw_spike(ax, m):
    """The spike at the end of its step, and the delay as an arrow from there."""
    arrival = m + 1 + DELAY
    ax.set_ylim(0, 1.75)
    for n in range(STEPS):
        name = f"m = step {n}" if n == m else f"step {n}"
        bold = "bold" if n in (m, arrival) else "normal"
        ax.text(n + 0.5, 1.55, name, ha="center", va="center", fontsize=8, color="#555555", fontweight=bold)
    ax.vlines(m + 1, 0.1, 1.2, color=SOURCE, linewidth=3)
    arrow = {"arrowstyle": "-|>", "color": SOURCE, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.3}
    ax.annotate("", (arrival, 0.55), (m + 1, 0.55), arrowprops=arrow)
    ax.text((m + 1 + arrival) / 2, 0.68, f"delay of d = {DELAY} steps", ha="center", va="bottom", fontsize=9.5)
    ax.text(m + 0.5, 0.6, "fires", ha="center", va="center", fontsize=9.5)
    ax.text(arrival + 0.5, 0.6, "acts in\nm + 1 + d", ha="center", va="center", fontsize=9.5)
    label(ax, "source")


def draw_reads(ax, steps, text):
    """What is read in each step."""
    ax.set_ylim(0, 1)
    for n in range(STEPS):
        seen = n in steps
        ax.bar(n + 0.5, 0.76, 0.84, 0.12, color=READ if seen else "white", edgecolor=READ, linewidth=0.8)
        color = "white" if seen else READ
        ax.text(n + 0.5, 0.48, "1" if seen else "0", ha="center", va="center", fontsize=9, color=color)
    label(ax, text)


def draw_samples(ax, values, color, text):
    """Samples of a variable, to its own scale."""
    ax.plot(range(STEPS + 1), values[: STEPS + 1], "o-", color=color, markersize=4.5, linewidth=1.2, clip_on=False)
    ax.set_ylim(-0.12 * values.max(), 1.15 * values.max())
    label(ax, text)


def save(figure, path):
    """Write a figure in few colours, which makes a small file."""
    whole = io.BytesIO()
    figure.savefig(whole, dpi=110, format="png")
    Image.open(whole).convert("RGB").quantize(64).save(path, format="PNG", optimize=True)


def main():
    """Draw the picture of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"), help="file to write")
    save(draw(run()), parser.parse_args().out)


if __name__ == "__main__":
    main()
