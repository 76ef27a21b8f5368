"""What do batches and sweeps cost beside single runs, and beside the same study with other simulators?

    python batches.py
    python batches.py --only replicas --rounds 7
    PEERS_DIR=<folder of peers/install.sh> python batches.py --only peers --points 64

**Replicas.** One simulator with a batch, and as many simulators with one replica each, of the same seeds, run in turns
in this process; all are compiled and have run before. The ratio is that of their processor times, which must be at most
1.05 for `coba:0.25` (a thousand neurons, each replica fits into the cache) and at most 0.5 where a single run is bound
by what a run and a step cost whatever the size (a hundred neurons).

**Sweep.** 200 points of a grid of time constants and seeds by `nd.sweep` in this process, and the same runs by hand
with one simulator that is reset: at most 1.1 times as much processor time.

**Workers.** Wall time of the sweep with one worker and with two, which have started and loaded what is compiled before;
it says something on a machine that does nothing else. Beside it stands the ratio of the processor time of one to the
part that each of several has of theirs, which wall times would have if each had a core and all ended together.

**Peers.** A study of many membrane time constants, from nothing: imports, building and compiling once, then all points
one after the other. `points` is the processor time after the program has been built; `whole` has the rest with it. Each
point draws synapses of its own, but for those of brainpy.state, which share them, and of numbadyn with `api=shared`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networks
import numpy as np
from measuring import HERE, fresh, machine, middle, note, table
from quantities import ms

import numbadyn as nd

SCRIPTS = {
    "numbadyn": ("numbadyn_study.py", None),
    "numbadyn, api=batch": ("numbadyn_study.py", None),
    "numbadyn, api=shared": ("numbadyn_study.py", None),
    "brian2": ("brian2_study.py", "brian"),
    "brainpy.state": ("brainpy_state_study.py", "brainx"),
}
"""Script of each simulator, and its virtual environment in PEERS_DIR; behind a comma an option."""


PARTS = ("replicas", "sweep", "workers", "peers")


def used(work: Callable[[], Any]) -> float:
    """Processor time of something, in s."""
    started = time.process_time()
    work()
    return time.process_time() - started


def simulator(scale: float, seeds: list[int]) -> nd.Simulator:
    """A batch of `coba`, or a network alone, compiled; all spikes are recorded."""
    net, population = networks.coba(scale)
    options = {"seed": seeds, "batch": len(seeds)} if len(seeds) > 1 else {"seed": seeds[0]}
    sim = nd.Simulator(net, dt=0.1 * ms, **options)
    for part in population:
        sim.record(part, spikes=True)
    sim.compile()
    sim.run(10 * ms, progress=False)
    return sim


def compare_replicas(scale: float, replicas: int, sim_ms: float, rounds: int) -> list[object]:
    """A row: cost of a step of a replica, alone and in the batch, in us, and the ratio."""
    seeds = list(range(replicas))
    batch, alone = simulator(scale, seeds), [simulator(scale, [seed]) for seed in seeds]
    single_us, batch_us, ratios = [], [], []
    for _ in range(rounds):
        one = sum(used(lambda sim=sim: sim.run(sim_ms * ms, progress=False)) for sim in alone)
        all_in_one = used(lambda: batch.run(sim_ms * ms, progress=False))
        steps = replicas * sim_ms / 0.1
        single_us.append(one / steps * 1e6)
        batch_us.append(all_in_one / steps * 1e6)
        ratios.append(all_in_one / one)
        note(f"coba:{scale:g}, {replicas} replicas: {ratios[-1]:.2f}")
        for sim in (batch, *alone):
            sim.reset()
    wanted = "1.05" if scale >= 0.25 else "0.50"
    name = f"coba:{scale:g} ({round(4000 * scale)} neurons), {replicas} x {sim_ms:g} ms"
    return [name, f"{middle(single_us):.2f}", f"{middle(batch_us):.2f}", f"{middle(ratios):.2f}", wanted]


def build() -> nd.DynamicsGroup:
    """The network of the sweep."""
    return networks.coba(0.25)[0]


def measure(result: nd.Result) -> dict[str, Any]:
    """What is tabulated."""
    return {"rate": result["E"].spikes.rate}


def run_sweep(taus: Any, sim_ms: float, workers: int) -> nd.Study:
    """All points by `nd.sweep`."""
    return nd.sweep(
        build,
        {"E.tau": taus},
        seeds=range(10),
        dt=0.1 * ms,
        duration=sim_ms * ms,
        record=["E.spikes", "I.spikes"],
        measure=measure,
        workers=workers,
        progress=False,
    )


def run_by_hand(taus: Any, sim_ms: float) -> list[Any]:
    """The same runs with one simulator that is reset."""
    net = build()
    sim = nd.Simulator(net, dt=0.1 * ms)
    for part in (net.E, net.I):
        sim.record(part, spikes=True)
    rates = []
    for tau in taus:
        net.E.tau.value = tau
        for seed in range(10):
            sim.reset(seed=seed)
            rates.append(sim.run(sim_ms * ms, progress=False)[net.E].spikes.rate)
    return rates


def compare_sweep(points: int, sim_ms: float, rounds: int) -> list[object]:
    """A row: the sweep beside its runs by hand, on one core, by processor time."""
    taus = np.linspace(15, 25, points // 10) * ms
    run_sweep(taus[:1], sim_ms, 1)  # imports, and what compiles
    hand, swept = [], []
    for _ in range(rounds):
        hand.append(used(lambda: run_by_hand(taus, sim_ms)))
        swept.append(used(lambda: run_sweep(taus, sim_ms, 1)))
        note(f"sweep: {swept[-1] / hand[-1]:.2f} of its runs by hand")
    ratio = middle(b / a for a, b in zip(hand, swept, strict=True))
    name = f"{points} points of {sim_ms:g} ms: runs by hand, sweep"
    return [name, f"{middle(hand):.2f}", f"{middle(swept):.2f}", f"{ratio:.2f}", "1.10"]


def spent() -> dict[str, float]:
    """Processor time of this process and of each worker that it has started, in s."""
    seconds = {"self": time.process_time()}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                seconds[stat.parent.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def compare_workers(points: int, sim_ms: float, rounds: int, workers: int) -> list[object]:
    """A row: wall time of the sweep with one worker and with several."""
    taus = np.linspace(15, 25, points // 10) * ms
    walls, shares = [], []
    for _ in range(rounds):
        for number in (1, workers):  # which starts, and loads what is compiled
            run_sweep(taus[:1], 10.0, number)
        seconds, used = list[float](), list[float]()
        for number in (1, workers):
            before, started = spent(), time.perf_counter()
            run_sweep(taus, sim_ms, number)
            seconds.append(time.perf_counter() - started)
            used.append(sum(now - before.get(process, 0.0) for process, now in spent().items()) / number)
        walls.append(seconds)
        shares.append(used)
        note(f"{workers} workers: {seconds[0] / seconds[1]:.2f} times less, {used[0] / used[1]:.2f} by processor time")
    one, several = (middle(column) for column in zip(*walls, strict=True))
    ratio, by_processor = (middle(alone / shared for alone, shared in both) for both in (walls, shares))
    name = f"{points} points of {sim_ms:g} ms, {workers} workers"
    return [name, f"{one:.2f}", f"{several:.2f}", f"{ratio:.2f}", "1.90", f"{by_processor:.2f}"]


def python_of(environment: str | None) -> Path | None:
    """The interpreter of a simulator; None where it is not installed."""
    if environment is None:
        return Path(os.sys.executable)
    found = Path(os.environ.get("PEERS_DIR", "nowhere"), environment, "bin", "python")
    return found if found.exists() else None


def compare_peers(points: int, sim_ms: float, rounds: int) -> list[list[object]]:
    """Rows: processor time of a study with each simulator, after building and as a whole, and the ratios to ours."""
    costs: dict[str, list[tuple[float, float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for round_number in range(rounds):
            for name, (script, environment) in SCRIPTS.items():
                interpreter = python_of(environment)
                if interpreter is None:
                    note(f"{name} is not installed (PEERS_DIR, see peers/install.sh); left out")
                    continue
                arguments = ["coba", "--scale", "0.25", "--sim-ms", f"{sim_ms:g}", "--opt", f"points={points}"]
                arguments += ["--opt", name.partition(", ")[2]] if "," in name else []
                cache = {"NUMBADYN_CACHE_DIR": Path(folder, str(round_number))}  # empty: ours compiles, too
                done = fresh([interpreter, HERE / "peers" / script, *arguments], **cache)
                figures = done.figures()
                if figures is None:
                    note(f"{name} failed and is left out:\n{done.errors[-2000:]}")
                    continue
                costs.setdefault(name, []).append((figures["run_s"], done.cpu_s, figures["rate_hz"]))
                note(f"{name}: {figures['run_s']:.2f} s for {points} points, {done.cpu_s:.1f} s in all")
    rows = []
    for name, found in costs.items():
        run_s, whole_s, rate = (middle(column) for column in zip(*found, strict=True))
        ours = costs["numbadyn"]
        beside = [middle(a[k] / b[k] for a, b in zip(found, ours, strict=False)) for k in (0, 1)]
        texts = [f"{run_s:.2f}", f"{beside[0]:.1f}", f"{whole_s:.1f}", f"{beside[1]:.1f}", f"{rate:.1f}"]
        rows.append([name, *texts])
    return rows


def main() -> None:
    """Measure what was asked for and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--replicas", type=int, default=64)
    parser.add_argument(
        "--sim-ms", type=float, nargs="+", default=[200.0, 1000.0], help="lengths of the runs of replicas"
    )
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--point-ms", type=float, default=200.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--worker-ms", type=float, default=2000.0, help="length of the points that several workers share"
    )
    asked = parser.parse_args()
    if "replicas" in asked.only:
        sizes = [(scale, length) for scale in (0.25, 0.025) for length in asked.sim_ms]
        rows = [compare_replicas(scale, asked.replicas, length, asked.rounds) for scale, length in sizes]
        print(table(("network", "alone, us a step", "in a batch, us a step", "ratio", "wanted at most"), rows))
    if "sweep" in asked.only:
        row = compare_sweep(asked.points, asked.point_ms, asked.rounds)
        print(table(("sweep", "by hand, s", "sweep, s", "ratio", "wanted at most"), [row]))
    if "workers" in asked.only:
        row = compare_workers(asked.points, asked.worker_ms, asked.rounds, asked.workers)
        header = ("sweep", "one, s", "several, s", "times less", "wanted at least", "by processor time")
        print(table(header, [row]))
    if "peers" in asked.only:
        rows = compare_peers(asked.points, asked.point_ms, asked.rounds)
        header = ("simulator", "points, s", "beside ours", "whole, s", "beside ours", "rate, Hz")
        print(table(header, rows))
    print(machine())


if __name__ == "__main__":
    main()
