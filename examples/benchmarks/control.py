"""What it costs to watch a run, to record it, to end it by a condition, to call a function, to profile it.

    python control.py
    python control.py --scale 0.25 --seconds 20
    python control.py --only recorder --seconds 50

All times are processor time. A bar and a log are told of every chunk, some 12 times a second of wall time, whatever
the length of a run; their share is therefore the time of one report times 12.5, and is the same in a run of ten
minutes. The recorder, a condition and a profile add to each step: their cost is the median of many short runs that take
turns with runs without them (see turns.py), of which the loop over steps counts, with its interval of 95 % confidence.
Recording all spikes grows with the number of spikes and not with the length of a run. Calls are runs that take turns,
the shortest of some rounds each.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from typing import Any

import networks
from measuring import machine, table
from quantities import ms
from turns import loop_ratio

import numbadyn as nd
from numbadyn.runtime.progress import LogProgress, Progress, TqdmProgress

HEADER = ("what", "cost")
REPORTS_PER_SECOND = 12.5
"""Chunks of steps aim at 0.08 s."""
WARM, PIECE = 100 * ms, 200 * ms
"""Simulated time before the first of the runs that take turns, and of each of them."""


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


def shortest(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Shortest processor time of each way, which take turns."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()  # compiles
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            way()
            found[name].append(time.process_time() - started)
    return {name: min(times) for name, times in found.items()}


def reports() -> list[tuple[str, str]]:
    """Rows of the bar and the log."""
    bar, log = report_us(TqdmProgress(io.StringIO(), interval=0.0)), report_us(LogProgress(interval=0.0))
    return [
        (f"{name}, of a run of any length", f"{us:.1f} us a report, {us * 1e-4 * REPORTS_PER_SECOND:.3f} %")
        for name, us in (("the bar", bar), ("a log", log))
    ]


def in_the_loop(scale: float, seconds: float, only: str | None) -> list[tuple[str, str]]:
    """Rows of what adds to each step."""
    bare, recorded, beside = (simulator(scale, spikes=spikes) for spikes in (False, True, True))
    never = {"until": lambda: beside.network.E.V.mean() > 0 * beside.network.E.V_th}
    ways: dict[str, tuple[str, nd.Simulator, nd.Simulator, dict[str, Any]]] = {
        "recorder": ("recording all spikes", bare, recorded, {}),
        "profile": ("profile=True", recorded, beside, {"profile": True}),
        "until": ("until=", recorded, beside, never),
    }
    rows = []
    for name, (text, plain, other, how) in ways.items():
        if only in (None, name):
            plain.reset().run(WARM, progress=False)
            other.reset().run(WARM, progress=False, **how)
            rows.append((text, str(loop_ratio(plain, other, PIECE, seconds, **how))))
    return rows


def of_calls(scale: float, duration_ms: float, rounds: int) -> list[tuple[str, str]]:
    """Rows of calls between two steps."""
    recorded = simulator(scale, spikes=True)
    net = recorded.network
    length, calls = duration_ms * ms, round(duration_ms)

    def fresh(sim: nd.Simulator, **how: Any) -> Callable[[], Any]:
        return lambda: sim.reset().run(length, progress=False, **how)

    def clamp(sim: nd.Simulator) -> None:
        sim.set(net.E[:10], "V", sim.get(net.E[:10], "V"))

    def change(_sim: nd.Simulator) -> None:
        net.E.tau.value = net.E.tau.value

    taken = shortest(
        {
            "no calls": fresh(recorded),
            "calls": fresh(recorded, every=1 * ms, call=lambda sim: None),
            "calls that set": fresh(recorded, every=1 * ms, call=clamp),
            "calls that change": fresh(recorded, every=1 * ms, call=change),
        },
        rounds,
    )
    plain = taken["no calls"]
    return [
        ("a step, all spikes recorded", f"{plain / duration_ms * 1e5:.2f} us"),
        ("a call that does nothing", f"{(taken['calls'] - plain) / calls * 1e6:.0f} us"),
        ("a call that reads and sets a state", f"{(taken['calls that set'] - plain) / calls * 1e6:.0f} us"),
        ("a call that changes a parameter", f"{(taken['calls that change'] - plain) / calls * 1e6:.0f} us"),
    ]


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the network, 4,000 neurons by default")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long to compare what adds to each step")
    parser.add_argument("--sim-ms", type=float, default=1000.0, help="simulated time of a run with calls")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way to call")
    parser.add_argument("--only", choices=("recorder", "profile", "until", "calls"), help="one part alone")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = parse()
    print(machine())
    rows = [] if options.only else reports()
    rows += in_the_loop(options.scale, options.seconds, options.only)
    if options.only in (None, "calls"):
        rows += of_calls(options.scale, options.sim_ms, options.rounds)
    print(table(HEADER, rows))


if __name__ == "__main__":
    main()
