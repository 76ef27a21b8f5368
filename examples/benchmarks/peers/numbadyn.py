"""numbadyn itself, in the same frame as the other simulators: same command line, same JSON line.

The networks are those of ../networks.md, written with the public API.
"""

import _common as c  # starts the clock of the build before anything else is imported

import sys
from pathlib import Path

# this folder's own numbadyn.py must not hide the package
sys.path[0] = str(Path(__file__).resolve().parent.parent)

import time  # noqa: E402

import networks  # noqa: E402
from quantities import ms  # noqa: E402

import numbadyn as nd  # noqa: E402


def main() -> None:
    """Build, warm up, run, print."""
    a = c.parse()
    name = "_".join([a.network, *a.opt])  # --opt held: the synaptic current is held over the step
    if not hasattr(networks, name):
        c.unsupported("numbadyn", a, "not written")
    net, population = getattr(networks, name)(a.scale)
    sim = nd.Simulator(net, dt=a.dt * ms, threads=a.threads, precision=a.precision, seed=a.seed)
    recorded = population if isinstance(population, list) else [population]
    for part in recorded:
        sim.record(part, spikes=True)
    sim.compile()
    build = time.perf_counter() - c.T_START
    sim.run(a.warm_ms * ms, progress=False)
    t0, cpu = time.perf_counter(), time.process_time()
    result = sim.run(a.sim_ms * ms, progress=False)
    run, cpu = time.perf_counter() - t0, time.process_time() - cpu
    spikes = sum(result[part].spikes.count for part in recorded)
    neurons = sum(part.num for part in recorded)
    synapses = sum(table.n_synapses for table in sim.tables)
    sizes = {"n_neurons": neurons, "n_synapses": synapses, "n_spikes": spikes}
    c.emit("numbadyn", nd.__version__, a, build_s=build, run_s=run, cpu_s=round(cpu, 5), **sizes)


if __name__ == "__main__":
    main()
