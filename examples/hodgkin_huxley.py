"""Squid axon of Hodgkin and Huxley (1952): the shape of a spike, and the currents at which the axon fires.

Many copies of the membrane get a step of current each. Below 2.3 uA/cm2 nothing happens, from there a single spike, and
from 6.3 uA/cm2 on a train that begins at 50 Hz: the second class of Hodgkin (1948).

    python examples/hodgkin_huxley.py
    python examples/hodgkin_huxley.py --full

References
----------
Hodgkin, A. L. and Huxley, A. F. (1952), A quantitative description of membrane current and its application to
conduction and excitation in nerve, Journal of Physiology 117, 500-544, doi:10.1113/jphysiol.1952.sp004764.
"""

import argparse
from pathlib import Path

import numpy as np
from quantities import ms, mV, pA

import numbadyn as nd

AREA = 200 * pA  # what 1 uA/cm2 is on 20,000 um2
AT_REST = -64.9997 * mV


class Axons(nd.HodgkinHuxley):
    """One axon for each current in uA/cm2."""

    def __init__(self, currents):
        super().__init__(len(currents), V_initializer=AT_REST, V_spike=0 * mV)
        self.current = nd.Parameter(np.asarray(currents) * AREA)

    def update(self):
        return super().update(self.current.value)


def run(currents, duration=100 * ms, dt=0.025 * ms, target="cpu"):
    """Give the spikes and the potentials of axons under these currents."""
    axons = Axons(currents)
    sim = nd.Simulator(axons, dt=dt, target=target)
    sim.record(axons, "V", spikes=True)
    return sim.run(duration, progress=False)[axons]


def shape(V, dt):
    """Peak and trough (mV), and the width half way up (ms), of the first spike of a potential."""
    peak = int(np.argmax(V[: round(20 / dt)]))
    half = (V[peak] + V[0]) / 2
    above = np.flatnonzero(V[: peak + round(5 / dt)] > half)
    return V[peak], V[peak : peak + round(8 / dt)].min(), (above[-1] - above[0] + 1) * dt


def rates(recorded, number, start=50.0):
    """Rates in Hz from the intervals after a transient; zero for less than two spikes."""
    times, who = recorded.spikes.times.magnitude, recorded.spikes.indices
    trains = [times[(who == k) & (times > start)] for k in range(number)]
    return np.array([1e3 / np.diff(train).mean() if train.size > 1 else 0.0 for train in trains])


def draw(currents, rate, V, dt, path):
    """The spike and the curve."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(7, 2.8), layout="constrained")
    left, right = canvas.subplots(1, 2)
    left.plot(np.arange(V.size) * dt, V, "k")
    left.set(xlim=(0, 25), xlabel="time (ms)", ylabel="V (mV)")
    right.plot(currents, rate, "k.-", markersize=3)
    right.set(xlabel="current (µA/cm²)", ylabel="rate (Hz)")
    canvas.savefig(path, dpi=90, pil_kwargs={"optimize": True})


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true", help="600 currents and a second instead of 60 and 0.2 s")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"), help="where the picture goes")
    parser.add_argument("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    return parser.parse_args()


def main():
    """Run, report, draw."""
    options = parse()
    currents, dt = np.linspace(0, 30, 601 if options.full else 61), 0.025
    recorded = run(currents, (1000 if options.full else 200) * ms, dt * ms)
    counts = np.bincount(recorded.spikes.indices, minlength=currents.size)
    rate = rates(recorded, currents.size, 100.0)
    V = recorded.V.magnitude[:, np.searchsorted(currents, 10)]
    print(f"one spike from {currents[counts > 0][0]:.1f} uA/cm2 on, a train from {currents[rate > 0][0]:.1f}")
    print(f"rates {rate[rate > 0][0]:.0f} to {rate[-1]:.0f} Hz")
    print("peak {:.0f} mV, trough {:.0f} mV, width {:.2f} ms".format(*shape(V, dt)))
    if not options.no_plot:
        draw(currents, rate, V, dt, options.out)
        print(f"picture {options.out}")


if __name__ == "__main__":
    main()
