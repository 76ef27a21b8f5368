"""Onset of synchrony: coupled phase oscillators against Kuramoto's closed form.

Frequencies of a Lorentz distribution of half width gamma, all coupled to all. Below K = 2 gamma the phases are spread
around the circle; above, a part of them locks, and the order parameter is sqrt(1 - 2 gamma / K). Each coupling is a
replica of one batch.

    python examples/kuramoto.py
    python examples/kuramoto.py --full

References
----------
Kuramoto, Y. (1984), Chemical Oscillations, Waves, and Turbulence, Springer, doi:10.1007/978-3-642-69689-3.
"""

import argparse
from pathlib import Path

import numpy as np
from quantities import kHz, ms

import numbadyn as nd

GAMMA = 0.05 * kHz


def order_of(theta):
    """Order parameter of phases along the last axis."""
    return np.abs(np.exp(1j * np.asarray(theta)).mean(axis=-1))


def theory(K):
    """Order parameter of infinitely many oscillators; K in units of gamma."""
    return np.sqrt(np.maximum(0.0, 1.0 - 2.0 / K))


def run(K, number, duration, target="cpu", seed=1, dt=0.1 * ms):
    """Order parameter for each coupling K, in units of gamma: its mean over the second half."""
    quantiles = (np.arange(number) + 0.5) / number
    omega = np.tan(np.pi * (quantiles - 0.5)) * GAMMA  # evenly along the distribution: no chance in them
    clocks = nd.Kuramoto(number, omega=omega, theta=nd.init.Uniform(0.0, 2 * np.pi))
    sim = nd.Simulator(clocks, dt=dt, target=target, seed=seed, batch=len(K))
    sim.batch["K"] = K * GAMMA
    sim.run(duration / 2, progress=False)
    sim.record(clocks, "theta", every=5 * ms)
    return order_of(sim.run(duration / 2, progress=False)[clocks].theta).mean(axis=-1)


def draw(K, r, path):
    """Both curves."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(4.5, 3), layout="constrained")
    axes = canvas.subplots()
    fine = np.linspace(0.5, K[-1], 300)
    axes.plot(fine, theory(fine), "k", label="closed form")
    axes.plot(K, r, "o", color="tab:red", markersize=4, label="oscillators")
    axes.axvline(2, color="grey", linewidth=0.7, linestyle="--")
    axes.set(xlabel=r"coupling $K / \gamma$", ylabel="order parameter")
    axes.legend(frameon=False)
    canvas.savefig(path, dpi=90, pil_kwargs={"optimize": True})


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--full", action="store_true", help="2,000 oscillators and 2 s instead of 300 and 0.3 s")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"), help="where the picture goes")
    parser.add_argument("--no-plot", action="store_true", help="make no picture; matplotlib is not needed then")
    return parser.parse_args()


def main():
    """Run, report, draw."""
    options = parse()
    K = np.linspace(0.5, 6, 23 if options.full else 12)
    r = run(K, *((2000, 2000 * ms) if options.full else (300, 300 * ms)))
    print("K/gamma  order  closed form")
    for row in zip(K, r, theory(K), strict=True):
        print("{:7.2f}  {:5.2f}  {:5.2f}".format(*row))
    if not options.no_plot:
        draw(K, r, options.out)
        print(f"picture {options.out}")


if __name__ == "__main__":
    main()
