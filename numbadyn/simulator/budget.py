"""Which part of a memory budget each log may take, and what goes to disk.

In: logs, bytes.  Out: room of each log, blocks of files.  Must not know: how files are written.

What fits stays in memory.  Samples, whose number is known, go to disk where they would take more than half of what the
network leaves; spikes go to disk once their share is used up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numbadyn.errors import MemoryBudgetError
from numbadyn.runtime.logs import SampleLog, SpikeLog
from numbadyn.runtime.machine import Machine
from numbadyn.units import memory_text

__all__ = ["SPIKE_BYTES", "Rooms", "share"]

SPIKE_BYTES = 12
_COPIES = 4
"""How often a window of a log may be in memory: filled, being written, twice within the library that writes."""
_WINDOW, _WINDOW_OF_REPLICA = 16 << 20, 2 << 20
_SPIKES_AT_A_TIME = 1 << 18
_UNASKED = 256 << 20
"""The budget of who says where recordings are to go, but not how much memory they may take."""


@dataclass(frozen=True)
class Rooms:
    """The division of a budget.

    Attributes
    ----------
    samples : dict
        Log on disk -> samples of a window. Those that are missing stay in memory.
    spikes : dict
        Log -> spikes that it holds.
    held : dict
        Log of spikes -> how many are kept in memory before the first one is written.
    """

    samples: dict[Any, int]
    spikes: dict[Any, int]
    held: dict[Any, int]


def share(
    budget: int | None,
    machine: Machine,
    samples: Mapping[Any, Sequence[SampleLog]],
    spikes: Mapping[Any, Sequence[SpikeLog]],
    steps: tuple[int, int],
    others: int = 0,
) -> Rooms:
    """Divide a budget.

    Parameters
    ----------
    budget : int or None
        Bytes; None where all is to go to disk.
    machine : Machine
        Whose states and synapses count.
    samples, spikes : mapping
        Name -> logs, one a replica.
    steps : tuple of int
        First step of the run, and the one behind the last.
    others : int
        Bytes of other logs, which do not go to disk.

    Raises
    ------
    MemoryBudgetError
        The network alone needs more, or leaves less than the smallest windows need.
    """
    network = sum(part.size for part in machine.memory_parts()) + others
    left = _UNASKED if budget is None else budget - network
    rows = {name: len(logs) * logs[0].row_bytes for name, logs in samples.items()}
    least = sum(_COPIES * row for row in rows.values())
    least += sum(_COPIES * 2 * log.width * SPIKE_BYTES for logs in spikes.values() for log in logs)
    if budget is not None and left < least:
        who = "network and what reducers read take" if others else "network takes"
        raise MemoryBudgetError(
            f"The memory budget of {memory_text(budget)} is too small: the {who} {memory_text(network)}, "
            f"and what is recorded at least {memory_text(least)}.",
            where="Simulator.run(memory=...)",
            cure=f"Give at least {memory_text(1.1 * (network + least))}, or record fewer elements.",
            budget=budget,
            network=network,
            least=least,
        )
    counts = {name: len(logs[0].range_of(*steps)) for name, logs in samples.items()}
    whole = sum(rows[name] * counts[name] for name in samples)
    for_samples = left // 2 if spikes else left
    stays = budget is not None and whole <= for_samples
    windows = {} if stays else _windows(for_samples, samples, rows, counts)
    for_spikes = left - (whole if stays else for_samples) if samples else left
    logs_of_spikes = sum(len(logs) for logs in spikes.values())
    room = for_spikes // (2 * _COPIES * SPIKE_BYTES * max(1, logs_of_spikes))
    rooms = {name: max(2 * logs[0].width, min(room, 4 * _SPIKES_AT_A_TIME)) for name, logs in spikes.items()}
    return Rooms(windows, rooms, dict.fromkeys(spikes, 0 if budget is None else room))


def _windows(
    room: int, samples: Mapping[Any, Sequence[SampleLog]], rows: Mapping[Any, int], counts: Mapping[Any, int]
) -> dict[Any, int]:
    """Samples of a window of each log: windows take about as many steps each."""
    rate = sum(rows[name] / logs[0].every for name, logs in samples.items())
    found = {}
    for name, logs in samples.items():
        part = room * (rows[name] / logs[0].every) / rate / _COPIES
        most = max(_WINDOW, len(logs) * _WINDOW_OF_REPLICA)
        found[name] = max(1, min(counts[name] or 1, int(min(part, most)) // rows[name]))
    return found
