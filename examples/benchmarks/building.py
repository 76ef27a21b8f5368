"""Building ten million synapses with each random rule: time after compilation, bytes, and the peak of memory.

    python building.py
    python building.py --synapses 1e6 --repeats 5

Each rule runs in a process of its own. A small table comes first, so that everything is compiled and loaded; then the
large one is built several times, beside NumPy drawing as many random integers, which is the yardstick of the ratios (of
processor times). The peak of memory is the growth of the resident set while a table is built, over the size of the
table's arrays; it is read from the process table of Linux and left out elsewhere.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from measuring import machine, middle, note, python, table
from quantities import ms, nS

import numbadyn as nd
from numbadyn.runtime.on_demand import build

DEGREE = 100
RULES = (
    "FixedProb",
    "FixedInDegree",
    "FixedInDegree, multapses",
    "FixedOutDegree",
    "FixedOutDegree, multapses",
    "FixedTotalNumber",
    "FixedTotalNumber, no multi",
    "FixedProb, normal weights",
    "FixedProb, uniform delays",
)
HEADER = (
    "rule",
    "synapses",
    "time, s",
    "processor time, s",
    "against drawing integers",
    "MB",
    "bytes per synapse",
    "peak over final",
)


def specify(name: str, synapses: int) -> tuple[nd.Connectivity, Any]:
    """Make the rule of a name between as many neurons as give 100 synapses to each, and its delays."""
    rule, _, variant = name.partition(", ")
    n = max(DEGREE, round(synapses / DEGREE))
    weight = nd.init.Normal(6 * nS, 1 * nS) if variant == "normal weights" else 6 * nS
    delay = nd.init.Uniform(0.5 * ms, 2 * ms) if variant == "uniform delays" else None
    if rule == "FixedProb":
        return nd.FixedProb(n, n, prob=DEGREE / n, weight=weight), delay
    number = n * DEGREE if rule == "FixedTotalNumber" else DEGREE
    several = variant == "multapses" or (rule == "FixedTotalNumber" and variant != "no multi")
    return getattr(nd, rule)(n, n, number, weight=weight, multapses=several), delay


def resident(field: str) -> float:
    """Read the resident set of this process, now (VmRSS) or at most (VmHWM), in bytes; NaN where it cannot be read."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return math.nan
    return next((int(line.split()[1]) * 1024.0 for line in lines if line.startswith(field)), math.nan)


def forget_peak() -> bool:
    """Set the peak of the resident set back to its present size, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    except OSError:
        return False
    return True


def measure(name: str, synapses: int, repeats: int) -> dict[str, Any]:
    """Build the table of a rule several times.

    Parameters
    ----------
    name : str
        One of `RULES`.
    synapses : int
        How many synapses, roughly.
    repeats : int
        How often.

    Returns
    -------
    dict
        Sizes, wall and processor time of each build, processor time of each yardstick, the peak over the final size.
    """
    rule, delay = specify(name, 10_000)
    build(rule, delay=delay, dt=0.1, seed=1)
    rule, delay = specify(name, synapses)
    generator = np.random.default_rng(1)
    seconds, processor, yardstick, peaks = [], [], [], []
    for seed in range(repeats):
        started = time.process_time()
        generator.integers(0, rule.n_post, synapses, dtype=np.uint32)
        yardstick.append(time.process_time() - started)
        gc.collect()
        before, known = resident("VmRSS"), forget_peak()
        started, used = time.perf_counter(), time.process_time()
        made = build(rule, delay=delay, dt=0.1, seed=seed)
        processor.append(time.process_time() - used)
        seconds.append(time.perf_counter() - started)
        peaks.append((resident("VmHWM") - before) / made.nbytes if known else math.nan)
        sizes = made.n_synapses, made.nbytes
        del made
    return {
        "name": name,
        "synapses": sizes[0],
        "bytes": sizes[1],
        "seconds": middle(seconds),
        "processor": middle(processor),
        "ratio": middle(ours / theirs for ours, theirs in zip(processor, yardstick, strict=True)),
        "peak": max(peaks),
    }


def row(figures: dict[str, Any]) -> list[str]:
    """Lay out the figures of one rule."""
    count, size, peak = figures["synapses"], figures["bytes"], figures["peak"]
    return [
        figures["name"],
        f"{count:,}",
        f"{figures['seconds']:.3f}",
        f"{figures['processor']:.3f}",
        f"{figures['ratio']:.1f}",
        f"{size * 1e-6:.1f}",
        f"{size / count:.1f}",
        "" if math.isnan(peak) else f"{peak:.2f}",
    ]


def main() -> None:
    """Measure all rules, each in a fresh process, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--synapses", type=float, default=1e7, help="how many (default: 1e7)")
    parser.add_argument("--repeats", type=int, default=3, help="builds of each rule (default: 3)")
    parser.add_argument("--rule", choices=RULES, help="measure this rule in this process and print a JSON line")
    options = parser.parse_args()
    if options.rule:
        print(json.dumps(measure(options.rule, round(options.synapses), options.repeats)))
        return
    rows = []
    for name in RULES:
        done = python(__file__, f"--rule={name}", f"--synapses={options.synapses:g}", f"--repeats={options.repeats}")
        figures = done.figures()
        assert figures is not None
        note(f"{name}: {figures['seconds']:.3f} s, {done.share:.0%} of a core")
        rows.append(row(figures))
    print(table(HEADER, rows))
    print(f"\nMedians of {options.repeats}; the peak is the largest. {machine()}")


if __name__ == "__main__":
    main()
