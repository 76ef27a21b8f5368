"""Error against cost: spike times of single neurons by the schemes of numbadyn, Brian2 and NEST, and a converged run.

Leaky neurons with synaptic input, adapting exponential ones and Hodgkin-Huxley ones are driven by constant currents. Of
each scheme and time step the table shows the processor time, the mean error of a spike's time, and the error of the
rate; `below` says whether some scheme of numbadyn is as exact at no more cost.

    PEERS_DIR=<folder of peers/install.sh> python accuracy.py           # all of it: some ten minutes
    PEERS_DIR=... python accuracy.py --quick                            # a tenth of that
    python accuracy.py --models adex --neurons 500                      # without other simulators
    python accuracy.py --keep folder --anew numbadyn                    # the others as they were kept in a folder
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matrix import python_of
from measuring import HERE, fresh, machine, note, table
from numpy.typing import NDArray

SIMULATORS = {"numbadyn": ("numbadyn_accuracy.py", ""), "Brian2": ("brian2_accuracy.py", "brian2_cython")}
SIMULATORS["NEST"] = ("nest_accuracy.py", "nest")
FINEST = "finest"
_EXACT = 1e-9
"""Error of times (us) that is no more than rounding: a few of the last digits of some hundred ms."""

OTHER_SPIKES = {("NEST", "hh")}
"""Who says of a model that a spike is elsewhere, and is compared with a converged run of its own."""

HEADER = (
    "model",
    "simulator",
    "scheme",
    "dt, ms",
    "ns for a neuron and ms",
    "error of times, us",
    "error of rate, %",
    "below",
)

Trains = list[NDArray[np.float64]]


class Point(NamedTuple):
    """A scheme at a time step: what it costs, and how wrong it is."""

    model: str
    simulator: str
    scheme: str
    dt: float
    cost: float
    error: float
    rate: float


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--models", nargs="+", default=["lif", "adex", "hh"], choices=["lif", "adex", "hh"])
    parser.add_argument("--neurons", type=int, default=2000)
    parser.add_argument("--sim-ms", type=float, default=200.0)
    parser.add_argument("--nest-neurons", type=int, default=200, help="at most; each costs as much as it does of many")
    parser.add_argument("--quick", action="store_true", help="a quarter of the neurons and half of the time")
    parser.add_argument("--keep", type=Path, help="folder for what scripts leave; what is there is not run again")
    parser.add_argument("--anew", nargs="+", default=[], choices=list(SIMULATORS), help="but for these")
    a = parser.parse_args()
    if a.quick:
        a.neurons, a.nest_neurons, a.sim_ms = a.neurons // 4, a.nest_neurons // 4, a.sim_ms / 2
    return a


def run(script: str, python: str, log: Path, *arguments: str) -> None:
    """Run a script of the folder peers, which leaves its spike times in the folder of its log, and what it prints."""
    own, began = python == sys.executable, time.monotonic()
    variables = {"PYTHONPATH": str(HERE.parents[1])} if own else {"PYTHONPATH": ""}
    done = fresh([python, HERE / "peers" / script, log.parent, *arguments], timeout=7200, **variables)
    if done.code:
        note(f"{script}: {done.errors.strip().splitlines()[-1] if done.errors.strip() else done.code}; left out")
        return
    note(f"{script}: {time.monotonic() - began:.0f} s")
    log.write_text(done.output, encoding="utf-8")


def measure(a: argparse.Namespace, folder: Path) -> None:
    """Run all simulators that are installed, but for what the folder holds already."""
    for name, (script, peer) in SIMULATORS.items():
        python = python_of(peer) if peer else sys.executable
        neurons = min(a.neurons, a.nest_neurons) if name == "NEST" else a.neurons
        finest = [model for model in a.models if not peer or (name, model) in OTHER_SPIKES]
        runs = {"": (a.models, str(neurons), ()), f"-{FINEST}": (finest, "50", (f"--{FINEST}",))}
        for ending, (models, count, more) in runs.items():
            log = folder / f"{script.removesuffix('.py')}{ending}.log"
            if not models or (log.exists() and name not in a.anew):
                continue
            if python is None:
                note(f"{name} is not installed")
                break
            run(script, python, log, *more, "--models", *models, "--neurons", count, "--sim-ms", str(a.sim_ms))


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """What the scripts have printed."""
    lines = [line for path in sorted(folder.glob("*.log")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line.removeprefix("ROW ")) for line in lines if line.startswith("ROW ")]


def trains_of(folder: Path, row: dict[str, Any]) -> Trains:
    """Spike times of each neuron."""
    with np.load(folder / f"{row['file']}.npz") as stored:
        times, senders = stored["times"], stored["senders"]
    return [np.sort(times[senders == number]) for number in range(int(senders.max(initial=0)) + 1)]


def errors(found: Trains, truth: Trains) -> tuple[float, float]:
    """Mean error of the times of spikes that both have (us), and error of the rate (%)."""
    pairs = [(a[: len(b)], b[: len(a)]) for a, b in zip(found, truth, strict=False)]
    wrong = np.concatenate([np.abs(a - b) for a, b in pairs])
    spikes, right = sum(map(len, found)), sum(map(len, truth))
    return 1e3 * float(wrong.mean()), 100.0 * (spikes - right) / right


def points_of(folder: Path) -> list[Point]:
    """All schemes with their errors."""
    rows = rows_of(folder)
    truths = {(row["simulator"].split()[0], row["model"]): row for row in rows if row["scheme"].endswith(FINEST)}
    found = []
    for row in rows:
        name = row["simulator"].split()[0]
        own = (name, row["model"]) in OTHER_SPIKES
        truth = truths.get((name if own else "numbadyn", row["model"]))
        if truth is not None and not row["scheme"].endswith(FINEST):
            error, rate = errors(trains_of(folder, row), trains_of(folder, truth))
            place = row["model"], row["simulator"], row["scheme"], row["dt"]
            found.append(Point(*place, row["cost"], error, rate))
    return found


def below(point: Point, points: list[Point]) -> str:
    """Whether some scheme of numbadyn has no larger error, but for a hundredth of it or rounding, at no more cost."""
    if point.simulator == "numbadyn":
        return ""
    ours = [each for each in points if each.simulator == "numbadyn" and each.model == point.model]
    most = max(1.01 * point.error, _EXACT)
    return "yes" if any(each.cost <= point.cost and each.error <= most for each in ours) else "**no**"


def row_of(point: Point, points: list[Point]) -> list[str]:
    """Give the cells of a line of the table."""
    numbers = f"{point.cost:.0f}", f"{point.error:.3g}", f"{point.rate:+.2f}"
    return [point.model, point.simulator, f"`{point.scheme}`", f"{point.dt:g}", *numbers, below(point, points)]


def main() -> None:
    """Measure, and print the table."""
    a = parse()
    with tempfile.TemporaryDirectory() as made:
        folder = a.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        measure(a, folder)
        points = points_of(folder)
        print(table(HEADER, [row_of(point, points) for point in sorted(points) if point.model in a.models]))
    print(f"\n{machine()}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
