"""Spikes of interneurons that inhibit each other (Wang and Buzsaki 1996), by the classical Runge-Kutta method in NumPy.

    python tests/truth/make_wang_buzsaki.py

writes ``data/wang_buzsaki.json``: for each spread of the currents the times of the spikes of 20 neurons in ms, in the
order of the neurons, over 150 ms. Equations and numbers are those of the paper, per square centimeter.
"""

import json
from pathlib import Path

import numpy as np

N, UNTIL, H = 20, 150.0, 0.005
SPREADS = (0.0, 0.03, 0.1)
PATH = Path(__file__).parent / "data" / "wang_buzsaki.json"


def start():
    """Potentials (mV) and currents in units of the spread, evenly spread and out of step with each other."""
    places = (np.arange(N) + 0.5) / N
    return -70.0 + 20.0 * places, np.roll(2.0 * places - 1.0, 7)


def rates(V):
    """Rates in kHz of opening and closing of m, h, n."""
    a_m, b_m = 0.1 * (V + 35) / (1 - np.exp(-0.1 * (V + 35))), 4 * np.exp(-(V + 60) / 18)
    a_h, b_h = 0.07 * np.exp(-(V + 58) / 20), 1 / (1 + np.exp(-0.1 * (V + 28)))
    a_n, b_n = 0.01 * (V + 34) / (1 - np.exp(-0.1 * (V + 34))), 0.125 * np.exp(-(V + 44) / 80)
    return (a_m, b_m), (a_h, b_h), (a_n, b_n)


def slopes(x, current):
    """Derivatives of V, h, n and s."""
    V, h, n, s = x
    (a_m, b_m), (a_h, b_h), (a_n, b_n) = rates(V)
    m = a_m / (a_m + b_m)
    dV = current - 35 * m**3 * h * (V - 55) - 9 * n**4 * (V + 90) - 0.1 * (V + 65) - 0.1 * s.mean() * (V + 75)
    dh, dn = 5 * (a_h * (1 - h) - b_h * h), 5 * (a_n * (1 - n) - b_n * n)
    return np.stack([dV, dh, dn, 12 / (1 + np.exp(-V / 2)) * (1 - s) - 0.1 * s])


def spikes_of(spread):
    """Times at which each neuron crosses -20 mV upwards."""
    V, along = start()
    _, (a_h, b_h), (a_n, b_n) = rates(V)
    x, current = np.stack([V, a_h / (a_h + b_h), a_n / (a_n + b_n), np.zeros(N)]), 1.0 + spread * along
    found = [[] for _ in range(N)]
    for step in range(round(UNTIL / H)):
        k1 = slopes(x, current)
        k2 = slopes(x + H / 2 * k1, current)
        k3 = slopes(x + H / 2 * k2, current)
        new = x + H / 6 * (k1 + 2 * k2 + 2 * k3 + slopes(x + H * k3, current))
        for cell in np.flatnonzero((x[0] <= -20) & (new[0] > -20)):
            part = (-20 - x[0, cell]) / (new[0, cell] - x[0, cell])
            found[cell].append(round(H * (step + float(part)), 3))
        x = new
    return found


if __name__ == "__main__":
    PATH.write_text(json.dumps({str(spread): spikes_of(spread) for spread in SPREADS}, indent=0), encoding="utf-8")
