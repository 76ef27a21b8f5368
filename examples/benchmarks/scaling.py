"""Cost of a neuron-step and of a synaptic event as the network grows: flat, apart from the caches of the processor.

    python scaling.py
    python scaling.py --scales 1 10 --rounds 5

Each row is the network `coba` of networks.md at one scale, or `lif_only` with as many neurons. One compiled network
runs twice in each round: as it is, and with a threshold that no neuron reaches. The second run costs the update of all
neurons and synaptic variables alone; what the first costs more, divided by the synapses that its spikes reached, is the
cost of an event (finding and recording the spike has its share in it). Times are processor times of the one thread.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

import networks
from measuring import machine, middle, note, table
from quantities import ms, mV

import numbadyn as nd

DT = 0.1
SCALES = [1.0, 3.0, 10.0, 30.0, 100.0]
HEADER = (
    "network",
    "neurons",
    "synapses",
    "rate, Hz",
    "ns per neuron-step, all in",
    "against the smallest",
    "ns per neuron-step, update alone",
    "ns per synaptic event",
    "against the smallest",
    "MB",
)


class Cost(NamedTuple):
    """Cost of a network: medians over the rounds."""

    network: str
    neurons: int
    synapses: int
    rate_hz: float
    step_ns: float
    update_ns: float
    event_ns: float | None
    megabytes: float


def timed(sim: nd.Simulator, population: list[nd.Neuron], sim_ms: float) -> tuple[float, int]:
    """Run a window; processor time in s, and spikes."""
    started = time.process_time()
    result = sim.run(sim_ms * ms, progress=False)
    used = time.process_time() - started
    return used, sum(result[part].spikes.count for part in population)


def build(network: str, scale: float, seed: int) -> tuple[nd.Simulator, list[nd.Neuron]]:
    """Build and compile one network, all spikes recorded."""
    made: tuple[nd.DynamicsGroup, Any] = getattr(networks, network)(scale)
    population = made[1] if isinstance(made[1], list) else [made[1]]
    sim = nd.Simulator(made[0], dt=DT * ms, seed=seed)
    for part in population:
        sim.record(part, spikes=True)
    return sim.compile(), population


def measure(network: str, scale: float, sim_ms: float, rounds: int, seed: int = 1) -> Cost:
    """Time one network at one scale.

    Parameters
    ----------
    network : {"coba", "lif_only"}
        A function of networks.py.
    scale : float
        Its scale.
    sim_ms : float
        Biological time of each window; half of it, up to 100 ms, goes before.
    rounds : int
        How often both windows run.
    seed : int
        Seed of the first values and the connectivity.

    Returns
    -------
    Cost
        Medians over the rounds.
    """
    sim, population = build(network, scale, seed)
    thresholds = [part.V_th.value for part in population]
    neurons, synapses = sum(part.num for part in population), sum(made.n_synapses for made in sim.tables)
    rates, steps, updates, events = [], [], [], []
    updated = neurons * sim_ms / DT
    for _ in range(rounds):
        sim.reset()
        sim.run(min(100.0, sim_ms / 2) * ms, progress=False)
        live_s, spikes = timed(sim, population, sim_ms)
        for part in population:
            part.V_th.value = 1000 * mV
        quiet_s, none = timed(sim, population, sim_ms)
        assert none == 0, "a neuron reached a threshold of 1 V"
        for part, threshold in zip(population, thresholds, strict=True):
            part.V_th.value = threshold
        rates.append(spikes / neurons / (sim_ms * 1e-3))
        steps.append(live_s / updated * 1e9)
        updates.append(quiet_s / updated * 1e9)
        if spikes and synapses:
            events.append((live_s - quiet_s) / (spikes * synapses / neurons) * 1e9)
    note(f"{network}, {neurons:,} neurons: {middle(steps):.2f} ns per neuron-step")
    megabytes = (sim.machine.arenas.nbytes + sum(made.nbytes for made in sim.tables)) * 1e-6  # type: ignore[attr-defined]
    event_ns = middle(events) if events else None
    return Cost(network, neurons, synapses, middle(rates), middle(steps), middle(updates), event_ns, megabytes)


def rows(costs: list[Cost]) -> list[list[str]]:
    """Lay out the costs of one network, the smallest first."""
    first = costs[0]
    laid = []
    for cost in costs:
        event = "" if cost.event_ns is None else f"{cost.event_ns:.2f}"
        growth = f"{cost.event_ns / first.event_ns:.2f}" if cost.event_ns and first.event_ns else ""
        laid.append(
            [
                cost.network,
                f"{cost.neurons:,}",
                f"{cost.synapses:,}",
                f"{cost.rate_hz:.1f}",
                f"{cost.step_ns:.2f}",
                f"{cost.step_ns / first.step_ns:.2f}",
                f"{cost.update_ns:.2f}",
                event,
                growth,
                f"{cost.megabytes:.1f}",
            ]
        )
    return laid


def main() -> None:
    """Measure all sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument(
        "--scales", type=float, nargs="+", default=SCALES, help="1 means 4,000 neurons (default: 1 3 10 30 100)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each size (default: 3)")
    parser.add_argument(
        "--sim-ms",
        type=float,
        default=2000.0,
        help="biological time at scale 1; larger networks run shorter, at least 5 %% of it",
    )
    options = parser.parse_args()
    laid = []
    for network, unit in (("coba", 1.0), ("lif_only", 0.04)):  # `lif_only` has 100,000 neurons at scale 1
        windows = [
            (scale, round(max(options.sim_ms * 0.05, options.sim_ms / scale))) for scale in sorted(options.scales)
        ]
        laid += rows([measure(network, scale * unit, sim_ms, options.rounds) for scale, sim_ms in windows])
    print(table(HEADER, laid))
    print(f"\nMedians of {options.rounds} rounds; MB are states, histories and synapses. {machine()}")


if __name__ == "__main__":
    main()
