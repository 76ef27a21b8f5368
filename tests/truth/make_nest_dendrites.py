"""Makes ``data/nest_dendrites.npz``: weights of ``stdp_synapse`` of NEST with a dendritic delay each.

Run with NEST 3.10 (``pip install nest-simulator``), from this folder: ``python make_nest_dendrites.py``. Sources and
targets repeat given spikes; sources fire in steps with an even number, targets in those with an odd one, and delays are
even, so that no two spikes meet at a synapse, about which simulators differ.
"""

import nest
import numpy as np

DT, DURATION, N_PRE, N_POST = 0.5, 50.0, 4, 3
RULE = {"tau_plus": 12.0, "lambda": 0.06, "alpha": 1.1, "mu_plus": 0.4, "mu_minus": 0.4, "Wmax": 2.0}
TAU_MINUS = 17.0


def given(rng, count, odd):
    """Times of spikes of some neurons, in steps of the one or the other kind."""
    steps = np.arange(4 + odd, int(DURATION / DT) - 4, 2)
    return [np.sort(rng.choice(steps, 10, replace=False)) * DT for _ in range(count)]


def repeaters(trains):
    """Neurons that fire at these times, and a delay of the generator later."""
    cells = nest.Create("parrot_neuron", len(trains), params={"tau_minus": TAU_MINUS})
    for cell, times in zip(cells, trains, strict=True):
        generator = nest.Create("spike_generator", params={"spike_times": times})
        nest.Connect(generator, cell, syn_spec={"delay": 2 * DT})
    return cells


def main():
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution = DT
    rng = np.random.default_rng(3)
    sources, targets = given(rng, N_PRE, 0), given(rng, N_POST, 1)
    delays = 2 * DT * rng.integers(1, 9, (N_PRE, N_POST))
    first = rng.uniform(0.4, 1.6, (N_PRE, N_POST))
    pre, post = repeaters(sources), repeaters(targets)
    recorder = nest.Create("weight_recorder")
    nest.CopyModel("stdp_synapse", "learning", {**RULE, "weight_recorder": recorder, "receptor_type": 1})
    for i in range(N_PRE):
        for j in range(N_POST):
            spec = {"synapse_model": "learning", "delay": delays[i, j], "weight": first[i, j]}
            nest.Connect(pre[i], post[j], syn_spec=spec)
    heard = {"pre": nest.Create("spike_recorder"), "post": nest.Create("spike_recorder")}
    nest.Connect(pre, heard["pre"])
    nest.Connect(post, heard["post"])
    nest.Simulate(DURATION + 10)
    sent = recorder.events
    spikes = {}
    for side, cells in (("pre", pre), ("post", post)):
        spikes[f"{side}_times"] = heard[side].events["times"]
        spikes[f"{side}_indices"] = heard[side].events["senders"] - cells[0].global_id
    np.savez_compressed(
        "data/nest_dendrites.npz",
        delays=delays,
        first=first,
        **spikes,
        sent_times=sent["times"],
        sent_pre=sent["senders"] - pre[0].global_id,
        sent_post=sent["targets"] - post[0].global_id,
        sent_weights=sent["weights"],
    )
    print(len(sent["times"]), "spikes, weights of", sent["weights"].min(), "to", sent["weights"].max())


main()
