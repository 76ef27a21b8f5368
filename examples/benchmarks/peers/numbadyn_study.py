"""The study of brian2_study.py with numbadyn: a batch whose replicas draw their own synapses and first values."""

import _common as c

import sys
from pathlib import Path

# this folder's own numbadyn.py must not hide the package
sys.path[0] = str(Path(__file__).resolve().parent.parent)

import time  # noqa: E402

import networks  # noqa: E402
import numpy as np  # noqa: E402
from quantities import ms  # noqa: E402

import numbadyn as nd  # noqa: E402


def main() -> None:
    """Build and compile; then draw all synapses and run."""
    a = c.parse()
    points = int(dict(opt.split("=") for opt in a.opt).get("points", "64"))
    net, population = networks.coba(a.scale)
    sim = nd.Simulator(net, dt=a.dt * ms, precision=a.precision, seed=a.seed, batch=points)
    for part in population:
        sim.record(part, spikes=True)
    for name in ("E", "I"):
        sim.batch[f"{name}.tau"] = np.linspace(15, 25, points) * ms
    sim.compile()
    built, wall = time.process_time(), time.perf_counter()
    sim.reset(seed=a.seed + points)  # which draws the synapses anew
    result = sim.run(a.sim_ms * ms, progress=False)
    used, wall = time.process_time() - built, time.perf_counter() - wall
    spikes = sum(int(np.sum(result[part].spikes.count)) for part in population)
    neurons = sum(part.num for part in population)
    synapses = sum(table.n_synapses for table in sim.tables)
    sizes = {"n_neurons": neurons, "n_synapses": synapses, "n_spikes": spikes, "n_recorded": neurons * points}
    c.emit("numbadyn_study", nd.__version__, a, build_s=built, run_s=used, wall_s=wall, **sizes)


if __name__ == "__main__":
    main()
