"""What it costs to watch a run, to record it, to end it by a condition, to call a function, to profile it.

    python control.py
    python control.py --scale 0.25 --rounds 3

All times are processor time, of runs that take turns, the shortest of some rounds each. A bar and a log are told of
every chunk, some 12 times a second of wall time, whatever the length of a run; their share is therefore the time of one
report times 12.5, and is the same in a run of ten minutes. The cost of the recorder is that of recording all spikes,
beside the same run without; it grows with the number of spikes and not with the length of a run. Measuring ratios
below 1 % needs a quiet machine: the spread of the plain runs is printed beside.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from typing import Any

import networks
from measuring import machine, table
from quantities import ms

import numbadyn as nd
from numbadyn.runtime.progress import LogProgress, Progress, TqdmProgress

HEADER = ("what", "cost")
REPORTS_PER_SECOND = 12.5
"""Chunks of steps aim at 0.08 s."""


def report_us(progress: Progress, reports: int = 2000) -> float:
    """Processor time of one report that is drawn, as most are in a run."""
    progress.start(100 * reports, 0.1)
    started = time.process_time()
    for _ in range(reports):
        progress.advance(100)
    taken = time.process_time() - started
    progress.close()
    return taken / reports * 1e6


def simulator(scale: float, *, spikes: bool) -> nd.Simulator:
    """A network with some hundred spikes in each ms, recorded or not."""
    net, _recorded = networks.coba(scale)
    sim = nd.Simulator(net, dt=0.1 * ms, seed=1)
    if spikes:
        for population in (net.E, net.I):
            sim.record(population, spikes=True)
    return sim


def shortest(ways: dict[str, Callable[[], Any]], rounds: int) -> tuple[dict[str, float], float]:
    """Shortest processor time of each way, which take turns, and the relative spread of the first one."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()  # compiles
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            way()
            found[name].append(time.process_time() - started)
    first = sorted(next(iter(found.values())))
    return {name: min(times) for name, times in found.items()}, statistics.median(first) / first[0] - 1


def measure(scale: float, duration_ms: float, rounds: int) -> list[tuple[str, str]]:
    """Rows of the table."""
    bar, log = report_us(TqdmProgress(io.StringIO(), interval=0.0)), report_us(LogProgress(interval=0.0))
    rows = [
        (f"{name}, of a run of any length", f"{us:.1f} us a report, {us * 1e-4 * REPORTS_PER_SECOND:.3f} %")
        for name, us in (("the bar", bar), ("a log", log))
    ]
    quiet, recorded = simulator(scale, spikes=False), simulator(scale, spikes=True)
    net = recorded.network
    length, calls = duration_ms * ms, round(duration_ms)

    def fresh(sim: nd.Simulator, **how: Any) -> Callable[[], Any]:
        return lambda: sim.reset().run(length, progress=False, **how)

    def clamp(sim: nd.Simulator) -> None:
        sim.set(net.E[:10], "V", sim.get(net.E[:10], "V"))

    def change(_sim: nd.Simulator) -> None:
        net.E.tau.value = net.E.tau.value

    taken, spread = shortest(
        {
            "no recording": fresh(quiet),
            "spikes recorded": fresh(recorded),
            "profile": fresh(recorded, profile=True),
            "until": fresh(recorded, until=lambda: net.E.V.mean() > 0 * net.E.V_th),
            "calls": fresh(recorded, every=1 * ms, call=lambda sim: None),
            "calls that set": fresh(recorded, every=1 * ms, call=clamp),
            "calls that change": fresh(recorded, every=1 * ms, call=change),
        },
        rounds,
    )
    plain, base = taken["spikes recorded"], taken["no recording"]
    steps = duration_ms / 0.1
    profile = recorded.reset().run(length, progress=False, profile=True).profile
    share = profile.by("work").get("recording", 0.0) / profile.seconds
    rows += [
        ("a step, nothing recorded", f"{base / steps * 1e6:.2f} us, spread of runs {spread:.1%}"),
        ("recording all spikes", f"{plain / base - 1:+.2%}, {share:.2%} in the profile"),
        ("profile=True", f"{taken['profile'] / plain - 1:+.2%}"),
        ("until=", f"{taken['until'] / plain - 1:+.2%}, {(taken['until'] - plain) / steps * 1e9:.0f} ns a step"),
        ("a call that does nothing", f"{(taken['calls'] - plain) / calls * 1e6:.0f} us"),
        ("a call that reads and sets a state", f"{(taken['calls that set'] - plain) / calls * 1e6:.0f} us"),
        ("a call that changes a parameter", f"{(taken['calls that change'] - plain) / calls * 1e6:.0f} us"),
    ]
    return rows


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the network, 4,000 neurons by default")
    parser.add_argument("--sim-ms", type=float, default=2000.0, help="simulated time of a run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = parse()
    print(machine())
    print(table(HEADER, measure(options.scale, options.sim_ms, options.rounds)))


if __name__ == "__main__":
    main()
