"""Networks on a GPU beside the processor: real-time factor, cost of a step, bandwidth, synaptic events, both rates.

    python gpu.py
    python gpu.py --networks coba:1 lif_only:100 microcircuit:1 --precision 32 --reproducible
    python gpu.py --launch persistent graph single --rounds 7 --json h100.json

A network is a function of networks.py or microcircuit.py and its scale. All ways to run it that are asked for, and the
processor beside them, take turns in each round; every one runs the same window, from the same first values, behind a
warm-up that is not timed. Times are wall times of `Simulator.run`, transfers and recording of all spikes included; the
figures are medians over the rounds.

Bandwidth is shown for networks without synapses, as a share of that of a copy within the device, measured in each round
too. Bytes are counted from the program: each array that the loops over neurons read in a step counts once, each that
they write counts once, and the flags of spikes once more where spikes are collected; a copy counts as reading and
writing. What fits into a cache of the device may so come to more than 1.

Without a device the script says why, and what to do, and ends with status 1. With NUMBA_ENABLE_CUDASIM=1 it runs in
Numba's simulator (`--networks lif_only:0.001 --seconds 0.002 --rounds 1`): a trial of the script, without meaning.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import microcircuit
import networks
import numpy as np
from measuring import machine, middle, note, table
from quantities import ms

import numbadyn as nd
from numbadyn.errors import NumbadynError
from numbadyn.lowering.program import Program
from numbadyn.lowering.stages.compaction import CompactionStage
from numbadyn.lowering.stages.delivery import DeliveryStage
from numbadyn.lowering.stages.loop import LoopStage
from numbadyn.runtime.cuda.device import Device, simulated
from numbadyn.runtime.cuda.diagnosis import diagnose_cuda

DT = 0.1
WARM_MS = 50.0
NETWORKS = ["coba:1", "coba:10", "brunel:1", "cobahh:1", "lif_only:10", "hh_only:1", "microcircuit:0.1"]
HEADER = (
    "device",
    "network",
    "neurons",
    "synapses",
    "bits",
    "launch",
    "real-time factor",
    "us per step",
    "against the first way",
    "synaptic events, 1e9/s",
    "GB/s of states",
    "against a copy",
    "rate, Hz",
    "processor: real-time factor",
    "processor: rate, Hz",
    "processor / device",
)
FIXED_HEADER = ("fixed cost", "number", "us per step", "us for each")


class Way(NamedTuple):
    """How a network runs on the device."""

    launch: str
    reproducible: bool

    def __str__(self) -> str:
        return f"{self.launch}, reproducible" if self.reproducible else self.launch


class Window(NamedTuple):
    """One timed run: wall time in s, spikes, and synapses that the spikes reached."""

    seconds: float
    spikes: int
    events: float


class Figures(NamedTuple):
    """What is known of one way to run one network; medians over the rounds, None where there is nothing to tell."""

    device: str
    network: str
    neurons: int
    synapses: int
    precision: int
    launch: str
    rtf: float
    step_us: float
    against_first: float
    events_per_s: float | None
    bytes_per_s: float | None
    against_copy: float | None
    rate_hz: float
    cpu_rtf: float | None
    cpu_rate_hz: float | None
    speedup: float | None


def make(name: str) -> tuple[nd.DynamicsGroup, list[nd.Neuron]]:
    """Make the network of a case such as ``coba:10``; gives it and what is recorded."""
    network, _, scale = name.partition(":")
    source = microcircuit if network == "microcircuit" else networks
    net, population = getattr(source, network)(float(scale or 1.0))
    return net, population if isinstance(population, list) else [population]


class Runner:
    """One compiled network and its timed windows.

    Parameters
    ----------
    name : str
        Case.
    seconds : float
        Biological time of a window.
    **options
        Those of `Simulator`.
    """

    def __init__(self, name: str, seconds: float, **options: Any) -> None:
        net, self.population = make(name)
        self.window_ms = round(seconds * 1e3 / DT) * DT
        self.warm_ms = max(1, round(min(WARM_MS, self.window_ms / 2) / DT)) * DT
        # the microcircuit draws delays, which other simulators take to the nearest step; the rest are whole steps
        self.sim = nd.Simulator(net, dt=DT * ms, seed=1, delays="nearest", **options)
        for part in self.population:
            self.sim.record(part, spikes=True)
        self.sim.compile()

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return sum(part.num for part in self.population)

    @property
    def synapses(self) -> int:
        """Number of synapses."""
        return sum(int(made.n_synapses) for made in self.sim.tables)

    def window(self) -> Window:
        """Start anew, warm up, and run a timed window."""
        self.sim.reset()
        self.sim.run(self.warm_ms * ms, progress=False)
        started = time.perf_counter()
        result = self.sim.run(self.window_ms * ms, progress=False)
        seconds = time.perf_counter() - started
        return Window(seconds, sum(result[part].spikes.count for part in self.population), self._events(result))

    def _events(self, result: Any) -> float:
        """Synapses that the spikes have reached: spikes of each source times its mean number of targets."""
        recorded = {part.path: np.asarray(result[part].spikes.indices) for part in self.population}
        reached = 0.0
        for term in (term for stage in stages_of(self.sim.program, DeliveryStage) for term in stage.terms):
            indices = recorded[self.sim.step.channels[term.channel].name.removesuffix(".output")]
            spikes = np.count_nonzero((indices >= term.start) & (indices < term.stop))
            reached += spikes * self.sim.tables[term.connection].n_synapses / (term.stop - term.start)
        return reached


def stages_of(program: Program, kind: type) -> Iterator[Any]:
    """All stages of a kind."""
    return (stage for stages in program.schedule for stage in stages if isinstance(stage, kind))


def bytes_per_step(program: Program, bits: int) -> int:
    """Bytes that a step reads and writes, as the docstring above counts them; synapses are left out."""
    size = {"real": bits // 8, "int": 8, "bool": 1}
    total = sum(stage.source.size * size[stage.source.kind] for stage in stages_of(program, CompactionStage))
    for loop in stages_of(program, LoopStage):
        kernel = program.kernels[loop.kernel]
        read = {arg.index for operation in kernel.operations for arg in operation.args if arg.where == "slot"}
        written = {store.slot for store in kernel.stores} | {k for k, slot in enumerate(kernel.slots) if slot.cleared}
        each = sum(
            size[slot.kind] * ((k in read) + (k in written))
            for k, slot in enumerate(kernel.slots)
            if slot.access == "each"
        )
        total += each * sum(instance.size for instance in loop.instances)
    return total


def build(
    name: str, precision: int, ways: list[Way], seconds: float, *, beside: bool
) -> tuple[dict[Way, Runner], Runner | None]:
    """Compile a network for all ways and for the processor; a way that fails is named and left out."""
    made: dict[Way, Runner] = {}
    for way in ways:
        try:
            made[way] = Runner(
                name, seconds, target="cuda", precision=precision, launch=way.launch, reproducible=way.reproducible
            )
        except NumbadynError as error:
            note(f"{name}, {way}: {error}\nleft out")
    cpu = Runner(name, seconds, target="cpu", precision=precision) if beside and made else None
    return made, cpu


def measure(
    name: str, precision: int, ways: list[Way], seconds: float, rounds: int, *, beside: bool = True
) -> list[Figures]:
    """Time one network at one precision, in all ways.

    Parameters
    ----------
    name : str
        Network and scale, as ``coba:10``.
    precision : {64, 32}
        Bits of reals.
    ways : list of Way
        Ways to run it on the device; the first one is what the others are compared with.
    seconds : float
        Biological time of a window.
    rounds : int
        How often each way runs.
    beside : bool
        Run the processor, too.

    Returns
    -------
    list of Figures
        One for each way that ran.
    """
    from gpu_costs import Copy  # not at the top: it can only be imported where the CUDA target works

    gc.collect()  # networks hold each other, and with them the memory of the device
    made, cpu = build(name, precision, ways, seconds, beside=beside)
    if not made:
        return []
    device = Device()
    first = next(iter(made.values()))
    copy = None if first.synapses else Copy(device)
    windows: dict[Way | None, list[Window]] = {way: [] for way in made} | ({None: []} if cpu else {})
    copies: list[float] = []
    for _ in range(rounds):
        for way in windows:
            runner = cpu if way is None else made[way]
            assert runner is not None
            windows[way].append(runner.window())
        if copy is not None:
            copies.append(copy.rate())
    found = []
    for way, runner in made.items():
        done, base = windows[way], windows[next(iter(made))]
        if way.reproducible and cpu and done[0].spikes != windows[None][0].spikes:
            note(f"{name}, {way}: NOT the spikes of the processor: {done[0].spikes}, not {windows[None][0].spikes}")
        found.append(figures(device.name, name, precision, way, runner, done, base, windows.get(None, []), copies))
        note(f"{name}, {precision} bits, {way}: {found[-1].step_us:.2f} us per step")
    return found


def figures(
    device: str,
    name: str,
    precision: int,
    way: Way,
    runner: Any,
    done: list[Window],
    base: list[Window],
    beside: list[Window],
    copies: list[float],
) -> Figures:
    """Medians of the windows of one way; ratios are those of each round."""
    seconds = runner.window_ms * 1e-3
    steps, size = runner.window_ms / DT, runner.neurons * seconds
    alone = runner.synapses == 0
    moved = bytes_per_step(runner.sim.program, precision) * steps if alone else 0.0
    return Figures(
        device,
        name,
        runner.neurons,
        runner.synapses,
        precision,
        str(way),
        middle(window.seconds / seconds for window in done),
        middle(window.seconds / steps * 1e6 for window in done),
        middle(ours.seconds / theirs.seconds for ours, theirs in zip(done, base, strict=True)),
        None if alone else middle(window.events / window.seconds for window in done),
        middle(moved / window.seconds for window in done) if alone else None,
        middle(moved / ours.seconds / rate for ours, rate in zip(done, copies, strict=True)) if copies else None,
        middle(window.spikes / size for window in done),
        middle(window.seconds / seconds for window in beside) if beside else None,
        middle(window.spikes / size for window in beside) if beside else None,
        middle(theirs.seconds / ours.seconds for ours, theirs in zip(done, beside, strict=True)) if beside else None,
    )


def row(found: Figures) -> list[str]:
    """Lay out the figures of one way."""

    def shown(value: float | None, form: str, scale: float = 1.0) -> str:
        return "" if value is None else format(value * scale, form)

    return [
        found.device,
        found.network,
        f"{found.neurons:,}",
        f"{found.synapses:,}",
        str(found.precision),
        found.launch,
        f"{found.rtf:.4g}",
        f"{found.step_us:.2f}",
        f"{found.against_first:.2f}",
        shown(found.events_per_s, ".3g", 1e-9),
        shown(found.bytes_per_s, ".4g", 1e-9),
        shown(found.against_copy, ".2f"),
        f"{found.rate_hz:.2f}",
        shown(found.cpu_rtf, ".4g"),
        shown(found.cpu_rate_hz, ".2f"),
        shown(found.speedup, ".2f"),
    ]


def fixed_row(found: Any) -> list[str]:
    """Lay out a fixed cost."""
    step = "" if found.step_us is None else f"{found.step_us:.2f}"
    return [found.what, f"{found.number:,}", step, f"{found.each_us:.2f}"]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, help="name:scale of each network")
    parser.add_argument("--precision", type=int, nargs="+", choices=(32, 64), default=[64], help="bits (default: 64)")
    parser.add_argument(
        "--launch", nargs="+", choices=("persistent", "graph", "single"), default=["persistent"], help="ways to launch"
    )
    parser.add_argument("--reproducible", action="store_true", help="each way with the bits of the processor, too")
    parser.add_argument("--seconds", type=float, default=1.0, help="biological time of a window (default: 1)")
    parser.add_argument("--rounds", type=int, default=5, help="windows of each way (default: 5)")
    parser.add_argument("--no-cpu", action="store_true", help="leave the processor out")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    known = {*networks.__all__, "microcircuit"}
    for name in options.networks:
        if name.partition(":")[0] not in known:
            parser.error(f"no network {name!r}; there are {', '.join(sorted(known))}")
    return options


def main() -> None:
    """Measure all networks and the fixed costs, and print both tables."""
    options = parse()
    diagnosis = diagnose_cuda()
    if not diagnosis.works:
        raise SystemExit(f"No device to measure. {diagnosis.reason}\nCure: {diagnosis.cure}")
    from gpu_costs import grid_waits, tiny_population  # not at the top: as above

    if simulated():
        sys.setswitchinterval(1e-4)  # its threads wait for each other by polling
        print("Numba's simulator stands in for a device: the figures mean nothing, but the script has run.\n")
    ways = [Way(launch, False) for launch in options.launch]
    ways += [Way(launch, True) for launch in options.launch if options.reproducible]
    found: list[Figures] = []
    for name in options.networks:
        for precision in options.precision:
            found += measure(name, precision, ways, options.seconds, options.rounds, beside=not options.no_cpu)
    device = Device()
    fixed = tiny_population(options.seconds, options.rounds) + grid_waits(device, options.rounds)
    print(table(HEADER, map(row, found)))
    print(f"\n{table(FIXED_HEADER, map(fixed_row, fixed))}")
    print(f"\n{diagnosis.reason} Medians of {options.rounds} rounds of {options.seconds:g} s. Processor: {machine()}")
    if options.json:
        figures_of = {"figures": [one._asdict() for one in found], "fixed": [one._asdict() for one in fixed]}
        text = {"version": nd.__version__, "diagnosis": diagnosis.reason, "processor": machine(), **figures_of}
        options.json.write_text(json.dumps(text, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
