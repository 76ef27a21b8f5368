"""The study of brian2_study.py with numbadyn, each point with synapses and first values of its own, in one process.

By `nd.sweep`, as a user would write it; with `--opt api=batch` as one batch without the table, and with
`--opt api=shared` as one whose points have the same synapses, as those of brainpy_state_study.py do.
"""

import _common as c

import functools
import sys
from pathlib import Path

# this folder's own numbadyn.py must not hide the package
sys.path[0] = str(Path(__file__).resolve().parent.parent)

import time  # noqa: E402

import networks  # noqa: E402
import numpy as np  # noqa: E402
from quantities import ms  # noqa: E402

import numbadyn as nd  # noqa: E402

SEEDS = 10


def by_sweep(a, taus):
    """Build and compile with two points; then run all: each tenth time constant, with ten seeds."""
    given = {"mode": "zip", "dt": a.dt * ms, "duration": a.sim_ms * ms, "precision": a.precision}
    given |= {"record": ["E.spikes", "I.spikes"], "workers": 1, "progress": False}

    def count(result):
        return {"spikes": result["E"].spikes.count + result["I"].spikes.count}

    def run(some, seeds):
        grid = {"E.tau": some, "I.tau": some}
        return nd.sweep(lambda: networks.coba(a.scale)[0], grid, measure=count, seeds=seeds, **given)

    seeds = min(len(taus), SEEDS)
    run(taus[:2], [a.seed])
    started = time.process_time(), time.perf_counter()
    return started, int(np.sum(run(taus[::seeds], range(a.seed, a.seed + seeds))["spikes"]))


def by_batch(a, taus, shared=None):
    """Build and compile a batch; then draw all synapses anew and run."""
    net, population = networks.coba(a.scale)
    sim = nd.Simulator(net, dt=a.dt * ms, precision=a.precision, seed=a.seed, batch=len(taus), shared=shared)
    for part in population:
        sim.record(part, spikes=True)
    for name in ("E", "I"):
        sim.batch[f"{name}.tau"] = taus
    sim.compile()
    started = time.process_time(), time.perf_counter()
    sim.reset(seed=a.seed + len(taus))  # which draws the synapses anew
    result = sim.run(a.sim_ms * ms, progress=False)
    return started, sum(int(np.sum(result[part].spikes.count)) for part in population)


def main():
    """Run the study and print its figures."""
    a = c.parse()
    options = dict(opt.split("=") for opt in a.opt)
    points = int(options.get("points", "64"))
    shared = functools.partial(by_batch, shared="connectivity")
    way = {"sweep": by_sweep, "batch": by_batch, "shared": shared}[options.get("api", "sweep")]
    (built, wall), spikes = way(a, np.linspace(15, 25, points) * ms)
    used, wall = time.process_time() - built, time.perf_counter() - wall
    ne, ni, p = c.ei_sizes(c.COBA, a.scale)
    sizes = {"n_neurons": ne + ni, "n_synapses": round(p * (ne + ni) ** 2), "n_spikes": spikes}
    recorded = {"n_recorded": (ne + ni) * points}
    c.emit("numbadyn_study", nd.__version__, a, build_s=built, run_s=used, wall_s=wall, **sizes, **recorded)


if __name__ == "__main__":
    main()
