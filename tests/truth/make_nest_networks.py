"""Makes ``data/nest_networks.json``: rates and irregularity of two networks in NEST.

Run with NEST 3.10 (``pip install nest-simulator``): ``python tests/truth/make_nest_networks.py``; some minutes. The
networks are those that ``examples/benchmarks/peers/nest.py`` compares the speed of:

* ``coba``: Vogels and Abbott (2005) as in Brette et al. (2007), 0 to 500 ms, for eight seeds;
* ``microcircuit``: Potjans and Diesmann (2014) at a tenth of its size, 500 to 4,500 ms, for two seeds.

Of each seed: rates of the populations in Hz, and the mean coefficient of variation of the intervals of neurons with
three spikes or more.
"""

import importlib.util
import itertools
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

HERE = Path(__file__).resolve().parent
PEERS = HERE.parents[1] / "examples" / "benchmarks" / "peers"


def load():
    """The networks, written for NEST."""
    sys.path.append(str(PEERS))
    spec = importlib.util.spec_from_file_location("nest_peer", PEERS / "nest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def irregularity(senders, times):
    """Mean coefficient of variation of intervals."""
    order = np.lexsort((times, senders))
    senders, times = senders[order], times[order]
    of_each = np.split(times, np.flatnonzero(np.diff(senders)) + 1)
    intervals = [np.diff(own) for own in of_each if own.size >= 3]
    return float(np.mean([each.std() / each.mean() for each in intervals]))


def measured(peer, network, scale, sizes, seed, start, stop):
    """Rate and irregularity of each population, which follow each other."""
    nest = peer.nest
    nest.ResetKernel()
    nest.set(resolution=0.1, rng_seed=seed)
    neurons, _, _ = getattr(peer, network)(SimpleNamespace(scale=scale, dt=0.1, seed=seed, opt=[]))
    recorder = nest.Create("spike_recorder", params={"start": start})
    nest.Connect(neurons, recorder)
    nest.Simulate(stop)
    first = min(neurons.tolist())
    senders, times = recorder.events["senders"] - first, recorder.events["times"]
    edges, found = np.cumsum([0, *sizes]), {"rates": [], "irregularity": []}
    for low, high in itertools.pairwise(edges):
        own = (senders >= low) & (senders < high)
        found["rates"].append(float(own.sum() / (high - low) / (stop - start) * 1e3))
        found["irregularity"].append(irregularity(senders[own], times[own]))
    return found


def main():
    peer = load()
    sizes = peer.c.micro_pars(0.1, 0.1)["N"].astype(int)
    data = {
        "NEST": peer.nest.__version__,
        "coba": [measured(peer, "coba", 1.0, (3200, 800), seed, 0.0, 500.0) for seed in range(1, 9)],
        "microcircuit": [measured(peer, "microcircuit", 0.1, sizes, seed, 500.0, 4500.0) for seed in (1, 2)],
    }
    (HERE / "data" / "nest_networks.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
