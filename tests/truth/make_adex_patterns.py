"""Spike times of the patterns of Naud et al. (2008), by SciPy's DOP853 with the threshold crossing as an event.

    python tests/truth/make_adex_patterns.py

writes ``data/adex_patterns.json``: the numbers of each pattern, and the times of its spikes in ms over 600 ms.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "adex.py"


def spikes_of(C, g, E, a, tau_w, b, V_reset, current, until=600.0):
    """Times of spikes, from reset to reset."""

    def slopes(_t, x):
        V, w = x
        return [(g * (E - V) + g * 2.0 * np.exp((V + 50.0) / 2.0) + current - w) / C, (a * (V - E) - w) / tau_w]

    def upswing(_t, x):
        return x[0]

    upswing.terminal = True
    t, x, found = 0.0, [float(E), 0.0], []
    while t < until:
        solved = solve_ivp(slopes, (t, until), x, method="DOP853", events=upswing, rtol=1e-10, atol=1e-10)
        t = float(solved.t[-1])
        if solved.status != 1:
            break
        found.append(round(t, 4))
        x = [float(V_reset), float(solved.y[1, -1]) + b]
    return found


def main():
    """Integrate and write."""
    spec = importlib.util.spec_from_file_location("example_adex", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    data = {name: {"numbers": list(row), "spikes": spikes_of(*row)} for name, row in example.PATTERNS.items()}
    (HERE / "data" / "adex_patterns.json").write_text(json.dumps(data, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
