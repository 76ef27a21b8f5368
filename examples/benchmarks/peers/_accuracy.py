"""Single neurons under constant and synaptic currents, whose spike times are compared: what all simulators share.

Of a population only the first `DISTINCT` neurons differ; the others repeat them, so that the cost of a step is that of
many neurons.
"""

import argparse
import json
import time

import numpy as np

DISTINCT = 50
MODELS = ("lif", "adex", "hh")
STEPS = {"lif": (0.4, 0.2, 0.1, 0.05), "adex": (0.2, 0.1, 0.05, 0.025), "hh": (0.1, 0.05, 0.025, 0.01)}
"""Time steps (ms); the inputs of the LIF come at multiples of the longest."""
FINEST = {"lif": 0.005, "adex": 0.002, "hh": 0.002}
CURRENTS = {"lif": (90.0, 400.0), "adex": (600.0, 1200.0), "hh": (150.0, 900.0)}
LIF = {
    "C": 100.0, "tau": 10.0, "E": -60.0, "V_th": -50.0, "V_reset": -60.0, "tau_ref": 2.0, "tau_syn": 5.0,
    "weight": 30.0,
}  # fmt: skip
ADEX = {
    "C": 281.0, "g": 30.0, "E": -70.6, "V_T": -50.4, "delta": 2.0, "V_peak": 0.0, "V_reset": -70.6,
    "tau_w": 144.0, "a": 4.0, "b": 80.5,
}  # fmt: skip
HH = {"C": 200.0, "g_L": 10.0, "g_Na": 20000.0, "g_K": 6000.0, "E_L": -60.0, "E_Na": 50.0, "E_K": -90.0, "V_T": -63.0}


def currents(model, neurons):
    """Constant current (pA) of each neuron."""
    return np.resize(np.linspace(*CURRENTS[model], DISTINCT), neurons)


def input_times(sim_ms):
    """Times (ms) of spikes that reach each LIF neuron through an exponential current; each brings `weight` pA."""
    rng = np.random.default_rng(1)
    return np.unique(rng.integers(2, int(sim_ms / 0.4) - 2, int(sim_ms * 0.4))) * 0.4


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", help="folder for spike times")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--neurons", type=int, default=2000)
    parser.add_argument("--sim-ms", type=float, default=200.0)
    parser.add_argument("--finest", action="store_true", help="make a converged run of each model instead")
    return parser.parse_args()


def measured(run):
    """What a call gives, and the processor time that it takes (s)."""
    began = time.process_time()
    found = run()
    return found, time.process_time() - began


def emit(a, simulator, model, scheme, dt, times, senders, seconds, offset):
    """Keep spike times, those on a grid in the middle of their steps, and print the cost of a neuron and ms (ns)."""
    order = np.lexsort((times, senders))
    times, senders = np.asarray(times)[order] + offset, np.asarray(senders)[order]
    chosen = senders < DISTINCT
    name = f"{simulator}-{model}-{scheme}-{dt:g}".replace(" ", "_")
    np.savez(f"{a.out}/{name}.npz", times=times[chosen], senders=senders[chosen])
    cost = 1e9 * seconds / (a.neurons * a.sim_ms)
    row = {"simulator": simulator, "model": model, "scheme": scheme, "dt": dt, "file": name, "cost": cost}
    print("ROW " + json.dumps(row), flush=True)
