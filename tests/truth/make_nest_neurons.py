"""Makes ``data/nest_iaf.npz``: fixed spikes into neurons of NEST with jumps and conductances, and what these do.

Run with NEST 3.10 (``pip install nest-simulator``), from this folder: ``python make_nest_neurons.py``. Input and run
are those of `make_nest_traces`.
"""

import numpy as np
from make_nest_traces import DT, fixed_input, run

MODELS = {
    "iaf_psc_delta": ({"tau_m": 10.0}, 200.0, 2.0),
    "iaf_cond_exp": ({"g_L": 25.0, "tau_syn_ex": 1.5, "tau_syn_in": 4.0, "E_in": -85.0}, 200.0, 15.0),
    "iaf_cond_alpha": ({"g_L": 25.0, "tau_syn_ex": 1.0, "tau_syn_in": 2.0, "E_in": -85.0}, 200.0, 8.0),
}


def main():
    stored = {"dt": DT}
    for name, (parameters, current, scale) in MODELS.items():
        spikes, weights = fixed_input(scale)
        fired, senders, potential = run(name, parameters, current, spikes, weights)
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
    np.savez_compressed("data/nest_iaf.npz", **stored)


if __name__ == "__main__":
    main()
