"""Makes ``data/nest_brunel.json``: rate, irregularity and modulation of the four states of Brunel (2000) in NEST.

Run with NEST 3.10 (``pip install nest-simulator``), from this folder: ``python make_nest_brunel.py``; some minutes.
The measures are those of `test_brunel_regimes`: rate of the neurons in Hz, mean coefficient of variation of the
intervals of neurons with three spikes or more, standard deviation over mean of the population's spikes in 1 ms.
"""

import json

import nest
import numpy as np

N_E, N_I, C_E, C_I, J = 10_000, 2_500, 1_000, 250, 0.1
STATES = {"3,2": (3.0, 2.0, 300.0), "6,4": (6.0, 4.0, 500.0), "5,2": (5.0, 2.0, 500.0), "4.5,0.9": (4.5, 0.9, 3000.0)}
START = 200.0


def measured(g, eta, duration):
    """The three measures of one state."""
    nest.ResetKernel()
    nest.set(resolution=0.1, rng_seed=5)
    cell = {"C_m": 1.0, "tau_m": 20.0, "t_ref": 2.0, "E_L": 0.0, "V_reset": 10.0, "V_th": 20.0}
    neurons = nest.Create("iaf_psc_delta", N_E + N_I, cell)
    neurons.V_m = nest.random.uniform(0.0, 20.0)
    noise = nest.Create("poisson_generator", params={"rate": eta * 20.0 / (J * 20.0) * 1000.0})
    recorder = nest.Create("spike_recorder", params={"start": START})
    nest.Connect(noise, neurons, syn_spec={"weight": J, "delay": 1.5})
    for some, number, weight in ((neurons[:N_E], C_E, J), (neurons[N_E:], C_I, -g * J)):
        rule = {"rule": "fixed_indegree", "indegree": number}
        nest.Connect(some, neurons, rule, {"weight": weight, "delay": 1.5})
    nest.Connect(neurons, recorder)
    nest.Simulate(START + duration)
    senders, times = recorder.events["senders"], recorder.events["times"]
    order = np.lexsort((times, senders))
    senders, times = senders[order], times[order]
    of_each = np.split(times, np.flatnonzero(np.diff(senders)) + 1)
    intervals = [np.diff(own) for own in of_each if own.size >= 3]
    counts = np.bincount((times - START - 0.05).astype(int), minlength=int(duration))[: int(duration)]
    return {
        "rate": times.size / (N_E + N_I) / duration * 1e3,
        "irregularity": float(np.mean([each.std() / each.mean() for each in intervals])),
        "modulation": float(counts.std() / counts.mean()),
    }


def main():
    found = {name: measured(*state) for name, state in STATES.items()}
    with open("data/nest_brunel.json", "w") as file:
        json.dump({"NEST": nest.__version__, "states": found}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
