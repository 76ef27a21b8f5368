"""Spike times of the twenty patterns of Izhikevich (2004), by the classical Runge-Kutta method at 2 microseconds.

    python tests/truth/make_izhikevich_patterns.py

writes ``data/izhikevich_patterns.json``: the numbers of each pattern, and the times of its spikes in ms. The currents
are those of ``examples/izhikevich.py``.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "izhikevich.py"
H = 0.002


def load():
    """The example with the published numbers."""
    spec = importlib.util.spec_from_file_location("example_izhikevich", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def integrate(patterns, other):
    """All patterns side by side."""
    names = list(patterns)
    a, b, c, d, first = (np.array([float(patterns[name][k]) for name in names]) for k in range(5))
    leaky, shifted = np.array([0.0 if name == "accommodation" else 1.0 for name in names]), np.zeros(len(names))
    shifted[leaky == 0] = 65.0
    k1 = np.where(np.isin(names, other), 4.1, 5.0)
    k0 = np.where(np.isin(names, other), 108.0, 140.0)
    V, u, spikes = first, np.where(leaky == 0, -16.0, b * first), {name: [] for name in names}
    I = np.zeros(len(names))  # noqa: E741

    def slopes(V, u):
        return (0.04 * V + k1) * V + k0 - u + I, a * (b * (V + shifted) - leaky * u)

    for n in range(round(400 / H)):
        t = n * H
        if n % round(0.1 / H) == 0:  # the currents change with the steps of the example
            I = np.array([float(np.asarray(patterns[name][-1](np.array(t + 0.05)))) for name in names])  # noqa: E741
        p1, q1 = slopes(V, u)
        p2, q2 = slopes(V + H / 2 * p1, u + H / 2 * q1)
        p3, q3 = slopes(V + H / 2 * p2, u + H / 2 * q2)
        p4, q4 = slopes(V + H * p3, u + H * q3)
        V, u = V + H / 6 * (p1 + 2 * p2 + 2 * p3 + p4), u + H / 6 * (q1 + 2 * q2 + 2 * q3 + q4)
        for k in np.flatnonzero(V >= 30):
            if t + H < patterns[names[k]][5]:
                spikes[names[k]].append(round(t + H, 3))
        u = np.where(V >= 30, u + d, u)
        V = np.where(V >= 30, c, V)
    return spikes


def main():
    """Integrate and write."""
    example = load()
    spikes = integrate(example.PATTERNS, example.OTHER_PARABOLA)
    data = {name: {"numbers": list(example.PATTERNS[name][:6]), "spikes": spikes[name]} for name in spikes}
    (HERE / "data" / "izhikevich_patterns.json").write_text(json.dumps(data, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
