"""Makes ``data/nest_psc.npz``: fixed spikes into single neurons of NEST, and what these do.

Run with NEST 3.10 (``pip install nest-simulator``), from this folder: ``python make_nest_traces.py``.  The spikes and
weights are drawn here, and stored; both simulators get the same.
"""

import numpy as np

STEPS, DT, CELLS, SOURCES, INHIBITORY = 500, 0.1, 4, 20, 4

COMMON = {"C_m": 250.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -65.0, "V_m": -70.0, "t_ref": 2.0}
MODELS = {
    "iaf_psc_exp": {"tau_m": 10.0, "tau_syn_ex": 2.0, "tau_syn_in": 5.0},
    "iaf_psc_exp_equal": {"tau_m": 10.0, "tau_syn_ex": 10.0, "tau_syn_in": 3.0},
    "iaf_psc_alpha": {"tau_m": 10.0, "tau_syn_ex": 2.0, "tau_syn_in": 3.0},
    "iaf_psc_alpha_equal": {"tau_m": 8.0, "tau_syn_ex": 8.0, "tau_syn_in": 3.0},
}


def fixed_input(scale):
    """Whether each source has a spike in each step, and the weights (pA) of all pairs; the last sources inhibit."""
    rng = np.random.default_rng(5)
    spikes = rng.random((STEPS - 20, SOURCES)) < 0.04
    signs = np.where(np.arange(SOURCES) < SOURCES - INHIBITORY, 1.0, -1.0)
    return np.vstack([np.zeros((20, SOURCES), bool), spikes]), rng.uniform(0.2, 1.0, (SOURCES, CELLS)) * scale * signs[
        :, None
    ]


def run(model, parameters, current, spikes, weights):
    """Spike steps and neurons, and the potential at the end of each step."""
    import nest

    nest.ResetKernel()
    nest.resolution = DT
    cells = nest.Create(model, CELLS, {**COMMON, **parameters, "I_e": current})
    for source in range(SOURCES):
        # a spike that is sent at step n - 1 with a delay of one step is there at step n
        times = (np.flatnonzero(spikes[:, source]) - 1) * DT
        generator = nest.Create("spike_generator", {"spike_times": times.round(1)})
        for cell in range(CELLS):
            nest.Connect(generator, cells[cell], syn_spec={"weight": weights[source, cell], "delay": DT})
    recorder, meter = nest.Create("spike_recorder"), nest.Create("multimeter", {"record_from": ["V_m"], "interval": DT})
    nest.Connect(cells, recorder)
    nest.Connect(meter, cells)
    nest.Simulate(STEPS * DT)
    events, traces = recorder.events, meter.events
    order = np.lexsort((traces["times"], traces["senders"]))
    potential = traces["V_m"][order].reshape(CELLS, -1).T
    return np.rint(events["times"] / DT).astype(int), events["senders"] - cells[0].global_id, potential


def main():
    stored = {"dt": DT}
    for name, parameters in MODELS.items():
        current, scale = 200.0, 120.0 if "alpha" in name else 200.0
        spikes, weights = fixed_input(scale)
        fired, senders, potential = run(name.removesuffix("_equal"), parameters, current, spikes, weights)
        print(name, fired.size, "spikes")
        stored |= {
            f"{name}/input": np.packbits(spikes, axis=0),
            f"{name}/weights": weights,
            f"{name}/spike_steps": fired.astype(np.int16),
            f"{name}/spike_neurons": senders.astype(np.int8),
            f"{name}/V": potential[9::10],
            f"{name}/current": current,
            **{f"{name}/{key}": value for key, value in parameters.items()},
        }
    np.savez_compressed("data/nest_psc.npz", **stored)


if __name__ == "__main__":
    main()
