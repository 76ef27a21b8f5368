"""How fast recordings go to disk, how much memory that takes, and what recording costs at all.

    python examples/benchmarks/recording.py --rounds 3     10^8 samples, 0.8 GB
    python examples/benchmarks/recording.py --full         10^9 samples, 8 GB

Each way runs in a process of its own, whose largest resident memory is that of the run: `memory` keeps all samples in
memory, `disk` has a budget and writes to a temporary folder, `file` writes as many bytes to a bare file in pieces and
waits until they are there, which is what the disk can do. The last lines compare a network that records spikes, rates
and counts with the same one that records nothing, in many short runs that take turns (see turns.py).

    python examples/benchmarks/recording.py --way cost     these lines alone, in a minute
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from networks import coba
from quantities import Hz, ms, mV, nS
from turns import loop_ratio

import numbadyn as nd

CELLS, PIECE = 1000, 1 << 23


def network(cells: int = CELLS) -> nd.DynamicsGroup:
    """Noisy cells without synapses between them: steps are quick, so that recording counts."""
    net = nd.DynamicsGroup()
    net.E = nd.LIFRef(cells, V_initializer=nd.init.Uniform(-70 * mV, -50 * mV))
    net.noise = nd.PoissonGroup(cells, rates=100 * Hz)
    net.N2E = nd.AlignPostProj(
        net.noise,
        comm=nd.OneToOne(cells, cells, weight=20 * nS),
        syn=nd.Expon.desc(tau=5 * ms),
        out=nd.COBA.desc(E=0 * mV),
        post=net.E,
    )
    return net


def most_resident() -> int:
    """Bytes of memory that this process has held at most."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    for line in lines:  # what the system counts for its children begins with that of the process that has started them
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def timed(samples: int, memory: str | None) -> dict[str, float]:
    """Seconds of the time loop of a run that records so many samples, and what it took in memory."""
    net = network()
    sim = nd.Simulator(net, dt=0.1 * ms, seed=1)
    sim.record(net.E, "V")
    with tempfile.TemporaryDirectory() as folder:  # the libraries are there then, which no budget counts
        sim.run(10 * ms, progress=False, **({"spill": folder} if memory else {}))
    before = most_resident()
    result = sim.run(samples // CELLS * 0.1 * ms, progress=False, **({"memory": memory} if memory else {}))
    peak = most_resident()
    assert result[net.E].V.shape == (samples // CELLS, CELLS)
    return {"seconds": result.seconds, "peak": peak - before}


def written(samples: int) -> dict[str, float]:
    """Seconds in which as many bytes reach the disk."""
    piece = np.random.default_rng(1).bytes(PIECE)
    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        for _ in range(samples * 8 // PIECE):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
        return {"seconds": time.perf_counter() - started, "peak": 0}


def recorder_cost(seconds: float) -> dict[str, str]:
    """What recording adds to the loop of a run that records nothing: spikes, and what reducers make of them."""
    reduce, sims = nd.reduce, {}
    for what in ("nothing", "spikes", "spikes, rates, counts, CV"):
        net, parts = coba(1.0)
        sims[what] = nd.Simulator(net, dt=0.1 * ms, seed=1)
        for cells in parts:
            if what != "nothing":
                sims[what].record(cells, spikes=True)
            if "rates" in what:
                measures = (reduce.Rate(), reduce.PopulationRate(1 * ms), reduce.Counts(50 * ms), reduce.IsiCV())
                sims[what].record(cells, *measures)
    found = {}
    for what in ("spikes", "spikes, rates, counts, CV"):
        for sim in (sims["nothing"], sims[what]):
            sim.reset().run(100 * ms, progress=False)
        found[what] = str(loop_ratio(sims["nothing"], sims[what], 200 * ms, seconds))
    return found


def apart(*arguments: str) -> dict[str, Any]:
    """What a process of its own prints."""
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Compare the ways."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="10^9 samples, which need 8 GB of memory and of disk")
    parser.add_argument("--samples", type=int, help="another number of samples")
    parser.add_argument("--rounds", type=int, default=1, help="how often the ways take turns")
    parser.add_argument("--memory", default="256 MiB", help="the budget")
    parser.add_argument("--seconds", type=float, default=25.0, help="how long to compare each kind of recording")
    parser.add_argument("--way", choices=["memory", "disk", "file", "cost"], help="one way alone, printed as JSON")
    given = parser.parse_args()
    samples = given.samples or (10**9 if given.full else 10**8)
    if given.way:
        ways = {
            "memory": lambda: timed(samples, None),
            "disk": lambda: timed(samples, given.memory),
            "file": lambda: written(samples),
            "cost": lambda: recorder_cost(given.seconds),
        }
        print(json.dumps(ways[given.way]()))
        return
    size = samples * 8 / 1e9
    print(f"{samples:.0e} samples, {size:.1f} GB, budget {given.memory}")
    options = ("--samples", str(samples), "--memory", given.memory)
    ratios = []
    for _ in range(given.rounds):
        rates = {}
        for way in ("memory", "disk", "file"):
            found = apart("--way", way, *options)
            rates[way] = size / found["seconds"]
            print(f"{way:7s} {found['seconds']:7.2f} s  {rates[way]:5.2f} GB/s  peak {found['peak'] / 2**20:7.0f} MiB")
        ratios.append(rates["disk"] / min(rates["memory"], rates["file"]))
    print(f"disk has {statistics.median(ratios):.2f} of the speed of what limits it (median of {given.rounds})")
    for what, ratio in apart("--way", "cost", "--seconds", str(given.seconds)).items():
        print(f"recording {what}: {ratio}")


if __name__ == "__main__":
    main()
