"""Forecasts: what a run will need, before it is started.

In: a simulator, a duration.  Out: memory, disk, steps, time.  Must not know: how chunks of steps are run.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numbadyn.errors import NotEnoughMemoryError
from numbadyn.runtime import room
from numbadyn.runtime.forecast import SPARE, MemoryPart, synapse_parts
from numbadyn.runtime.interrupts import Interrupts
from numbadyn.runtime.trial import Trial, run_trial
from numbadyn.simulator.assembly import Assembly
from numbadyn.simulator.budget import SPIKE_BYTES, share
from numbadyn.simulator.measuring import Windows
from numbadyn.simulator.until import heed
from numbadyn.units import TIME, as_memory, bytes_of, join

__all__ = ["Forecast", "forecast_run"]

_TRIAL_SECONDS = 0.5
_SPIKES_PACKED = 6
"""How much smaller spikes are on disk, about."""


@dataclass(frozen=True)
class Forecast:
    """What a run will need; printed, it says so.

    Attributes
    ----------
    duration : Quantity
        Simulated time.
    steps : int
        Number of steps.
    memory : Quantity
        What is needed at a time: the network and what is recorded of it in memory. Python and compiled code are not
        counted.
    network, recordings : Quantity
        The two parts of it.
    free : Quantity or None
        What is free; None where the system does not tell.
    disk : Quantity
        What is recorded on disk: zero without a memory budget.
    disk_free : Quantity
        What is free there.
    wall_time : Quantity or None
        Expected time of the loop; None without a trial.
    must_compile : bool
        Whether something had to be compiled that was not in the cache.
    compile_time : Quantity or None
        How long that has taken; None if it was not done.
    parts : dict of str to Quantity
        Memory by name, the largest first: projections, states, what is recorded.
    fits : bool
        Whether memory and disk suffice.
    """

    duration: Any
    steps: int
    memory: Any
    network: Any
    recordings: Any
    free: Any
    disk: Any
    disk_free: Any
    wall_time: Any
    must_compile: bool
    compile_time: Any
    parts: dict[str, Any]
    fits: bool

    def __str__(self) -> str:
        free = "" if self.free is None else f" of {self.free.round(2)} that are free"
        lines = [f"A run of {_span(self.duration)} makes {self.steps} steps and needs"]
        lines.append(f"  memory     {self.memory.round(2)}{free}")
        lines += [f"    {size.round(2)!s:>12}  {name}" for name, size in list(self.parts.items())[:5]]
        if self.disk:
            lines.append(f"  disk       {self.disk.round(2)} of {self.disk_free.round(2)} that are free")
        if self.wall_time is None:
            lines.append("  wall time  not measured")
        else:
            factor = float((self.wall_time / self.duration).simplified)
            lines.append(f"  wall time  about {_clock(float(self.wall_time))} (real-time factor {factor:.3g})")
        if self.must_compile:
            took = "" if self.compile_time is None else f", which has taken {float(self.compile_time):.1f} s just now"
            lines.append(f"  compiler   something was not in the cache{took}")
        if not self.fits:
            lines.append("It does not fit.")
        return "\n".join(lines)


def _span(duration: Any) -> str:
    length = float(duration.rescale("ms"))
    return f"{length:g} ms" if length < 10_000 else f"{length / 1000:g} s"


def _clock(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes, hours = round(seconds / 60), round(seconds / 3600, 1)
    return f"{minutes} min" if seconds < 7200 else f"{hours} h" if seconds < 48 * 3600 else f"{hours / 24:.1f} days"


def forecast_run(
    sim: Assembly, steps: int, interrupts: Interrupts, *, memory: Any, spill: Any, trial: bool
) -> Forecast:
    """Say what a run will need; see `Simulator.forecast`."""
    budget = None if memory is None else bytes_of(memory, "Simulator.forecast(memory=...)")
    heed(sim, None)  # the condition of the run before would end the trial
    try:
        machine = sim.machine
    except NotEnoughMemoryError:
        return _of_what_does_not_fit(sim, steps)
    must_compile, compile_time, found = machine.must_compile, None, None
    if trial:
        started = time.perf_counter()
        sim._make_ready(interrupts)
        compile_time = time.perf_counter() - started
        found = run_trial(machine, steps, sim._recorder.logs, interrupts, _TRIAL_SECONDS)
    network = machine.memory_parts()
    kept, disk = _recordings(sim, steps, budget, found, to_disk=memory is not None or spill is not None)
    return _summed(sim, steps, network, kept, disk, spill, found, must_compile, compile_time)


def _recordings(
    sim: Assembly, steps: int, budget: int | None, found: Trial | None, *, to_disk: bool
) -> tuple[list[MemoryPart], int]:
    """What is recorded in memory, by name, and the bytes that go to disk."""
    recorder, first = sim._recorder, sim._number
    samples, spikes = recorder.shown(recorder.samples_by_name), recorder.shown(recorder.spikes_by_name)
    kept = {f"{name}.{variable}": 0 for name, variable in samples} | {f"spikes of {name}": 0 for name in spikes}
    others, window = Windows(recorder, budget).nbytes, (first, first + steps)
    rooms = share(budget, sim.machine, samples, spikes, window, others) if to_disk else None
    kept |= {"what reducers read": others} if others else {}
    disk = 0.0
    for (name, variable), logs in samples.items():
        rows, windows = len(logs[0].range_of(first, first + steps)), None
        if rooms is not None:
            windows = rooms.samples.get((name, variable))
        each = len(logs) * logs[0].row_bytes
        kept[f"{name}.{variable}"] = each * (rows if windows is None else min(rows, 2 * windows))
        disk += 0 if windows is None else rows * each
    counted = (0.0,) * len(recorder.spikes_by_name) if found is None else found.spikes
    rates = dict(zip(recorder.spikes_by_name, counted, strict=True))
    for name, of_each in spikes.items():
        expected = round(SPIKE_BYTES * rates[name] * steps)
        held = expected if rooms is None else min(expected, len(of_each) * SPIKE_BYTES * 2 * rooms.held[name])
        kept[f"spikes of {name}"] = held
        disk += 0 if rooms is None or held == expected else expected / _SPIKES_PACKED
    return [MemoryPart(name, size) for name, size in kept.items()], round(disk)


def _of_what_does_not_fit(sim: Assembly, steps: int) -> Forecast:
    """The forecast of a network whose synapses or states do not fit: as far as it is known without them."""
    times = len({id(context) for context in sim._built_with})
    parts = [MemoryPart(part.name, times * part.size) for part in synapse_parts(sim.step, sim.precision)]
    return _summed(sim, steps, parts, [], 0, None, None, False, None, fits=False)


def _summed(
    sim: Assembly,
    steps: int,
    network: list[MemoryPart],
    kept: list[MemoryPart],
    disk: int,
    spill: Any,
    found: Trial | None,
    must_compile: bool,
    compile_time: float | None,
    *,
    fits: bool = True,
) -> Forecast:
    free = room.free_bytes()
    place = Path(tempfile.gettempdir() if spill is None else spill).resolve()
    while not place.exists():
        place = place.parent
    disk_free = shutil.disk_usage(place).free
    recorded = sum(part.size for part in kept)
    parts = sorted((part for part in [*network, *kept] if part.size), key=lambda part: -part.size)
    total = sum(part.size for part in parts)
    wall = None if found is None or not found.steps else join(found.step_seconds * steps * 1e3, TIME).rescale("s")
    took = compile_time if must_compile else None
    return Forecast(
        duration=join(steps * sim._dt, TIME),
        steps=steps,
        memory=as_memory(total),
        network=as_memory(total - recorded),
        recordings=as_memory(recorded),
        free=None if free is None else as_memory(free),
        disk=as_memory(disk),
        disk_free=as_memory(disk_free),
        wall_time=wall,
        must_compile=must_compile,
        compile_time=None if took is None else join(took * 1e3, TIME).rescale("s"),
        parts={part.name: as_memory(part.size) for part in parts},
        fits=fits and (free is None or recorded <= SPARE * free) and disk <= disk_free,
    )
