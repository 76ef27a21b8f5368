"""What delays cost: Mackey-Glass systems in numbadyn and in a loop written by hand with Numba, side by side.

    python delays.py --pairs 5 --n 1000 --steps 20000

Each system has x' = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x with a delay of its own (or one for all), advanced by
Euler's method. Both sides run in this process, in turn, after they are compiled; ratios are taken in each round. Before
any time is taken, both must give the same numbers.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from measuring import machine, middle, note, table
from numba import njit
from quantities import ms

import numbadyn as nd

DT = 0.1
KINDS = ("one for all", "one each", "changing, between steps")
HEADER = ("delays", "numbadyn, ns", "by hand, ns", "by hand / numbadyn")


class MackeyGlass(nd.Dynamics):
    """One system for each delay."""

    def __init__(self, delays, kind):
        super().__init__(len(delays))
        self.delays, own = delays, np.arange(len(delays))
        if kind == KINDS[0]:
            self.delayed = self.prefetch_delay("x", delays[0] * ms)
        elif kind == KINDS[1]:
            self.delayed = self.prefetch_delay("x", delays * ms, own)
        else:
            tau = self.prefetch("tau")
            self.delayed = self.prefetch_delay("x", tau, own, max_delay=40 * ms, interpolation="linear")

    def init_state(self):
        self.x, self.tau = nd.State(1.2), nd.State(self.delays * ms)

    def update(self):
        past = self.delayed()
        slope = 0.2 * past / (1.0 + past**10) - 0.1 * self.x.value
        self.x.value = self.x + nd.environ.get("dt") / (1 * ms) * slope
        self.tau.value = 1.0 * self.tau.value  # as far as the compiler knows, it changes
        return self.x.value


@njit(error_model="numpy")
def slope(x, past):
    p2 = past * past
    p4 = p2 * p2
    return 0.2 * past / (1.0 + p4 * p4 * p2) - 0.1 * x


@njit(error_model="numpy")
def by_hand(kind, x, ring, lags, tau, first, steps, dt):
    depth, n = ring.shape
    for step in range(first, first + steps):
        newest, now = (step + depth - 1) % depth, step % depth
        if kind == 0:
            row = (newest - lags[0] + depth) % depth
            for i in range(n):
                x[i] += dt * slope(x[i], ring[row, i])
        elif kind == 1:
            for i in range(n):
                row = newest - lags[i]
                x[i] += dt * slope(x[i], ring[row + depth if row < 0 else row, i])
        else:
            for i in range(n):
                position = tau[i] / dt
                newer = int(position)
                part = position - newer
                row = newest - newer
                row = row + depth if row < 0 else row
                older = row - 1 if row else depth - 1
                x[i] += dt * slope(x[i], ring[row, i] * (1.0 - part) + ring[older, i] * part)
        for i in range(n):
            ring[now, i] = x[i]


class Hand:
    """The state of the loop by hand."""

    def __init__(self, delays, kind):
        self.kind, self.tau = KINDS.index(kind), delays.copy()
        self.lags = np.round(delays / DT).astype(np.int64)
        self.x, self.step = np.full(len(delays), 1.2), 0
        self.ring = np.full((self.lags.max() + 3, len(delays)), 1.2)

    def run(self, steps):
        by_hand(self.kind, self.x, self.ring, self.lags, self.tau, self.step, steps, DT)
        self.step += steps


def seconds(action):
    """Processor time of a call."""
    started = time.process_time()
    action()
    return time.process_time() - started


def compare(kind, n, steps, pairs):
    """One row of the table."""
    delays = np.linspace(5, 30, n)
    delays = delays if kind == KINDS[2] else delays.round(1)
    model = MackeyGlass(delays, kind)
    sim, hand = nd.Simulator(model, dt=DT * ms), Hand(delays, kind)
    sim.run(100 * DT * ms, progress=False)
    hand.run(100)
    np.testing.assert_allclose(np.asarray(sim.get(model, "x")), hand.x, rtol=1e-9)
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(seconds(lambda: sim.run(steps * DT * ms, progress=False)))
        theirs.append(seconds(lambda: hand.run(steps)))
        note(f"{kind}: {ours[-1]:.3f} s, by hand {theirs[-1]:.3f} s")
    ratio = middle(b / a for a, b in zip(ours, theirs, strict=True))
    scale = 1e9 / n / steps
    return [kind, f"{middle(ours) * scale:.2f}", f"{middle(theirs) * scale:.2f}", f"{ratio:.2f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--n", type=int, default=1000, help="systems (default 1000)")
    parser.add_argument("--steps", type=int, default=20000, help="steps of a round (default 20000)")
    given = parser.parse_args()
    print(table(HEADER, [compare(kind, given.n, given.steps, given.pairs) for kind in KINDS]))
    print(f"\nProcessor time of a system and a step, {given.n} systems. {machine()}")


if __name__ == "__main__":
    main()
