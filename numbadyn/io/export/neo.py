"""Objects of Neo, which Elephant and many readers of files take: a block with spike trains and analog signals.

In: a result.  Out: a `neo.Block`.  Must not know: files.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from numbadyn.io.export.needed import import_extra
from numbadyn.io.export.parts import array_of, coordinates, replicas_of, spacing, spike_times
from numbadyn.units import TIME, join, unit_of

if TYPE_CHECKING:
    from numbadyn.io.recordings import Result, Samples

__all__ = ["to_neo"]


def to_neo(result: Result) -> Any:
    """Make the block; see `Exports.to_neo`."""
    neo = import_extra("neo", "neo", "Neo's objects")
    network = result.provenance.get("network", {})
    block = neo.Block(
        name=network.get("name"),
        rec_datetime=_started(result),
        provenance=result.provenance.to_json(),
    )
    coords = coordinates(result)
    for replica in replicas_of(result):
        own = {name: (f"{values[replica]} {unit}".rstrip()) for name, (values, unit) in coords.items()}
        segment = neo.Segment(
            name=None if replica is None else f"replica {replica}", index=replica or 0, **own, **_number(replica)
        )
        block.segments.append(segment)
        segment.block = block
        _fill(neo, segment, result if replica is None else result.replica(replica))
    return block


def _number(replica: int | None) -> dict[str, int]:
    return {} if replica is None else {"replica": replica}


def _started(result: Result) -> datetime | None:
    """When the run began."""
    text = result.provenance.get("run", {}).get("started")
    return None if text is None else datetime.fromisoformat(text)


def _fill(neo: Any, segment: Any, result: Result) -> None:
    """Put into a segment what one replica recorded."""
    start, stop = (join(number * result.dt, TIME) for number in (result.first, result.last))
    recorded = [recording for recording in result.recordings.values() if recording.events is not None]
    events = [recording.events for recording in recorded if recording.events is not None]
    sizes = [spikes.size for spikes in events]
    if events:
        first = np.concatenate([[0], np.cumsum(sizes)])
        channels = [
            array_of(spikes.indices).astype(np.int64) + base for spikes, base in zip(events, first, strict=False)
        ]
        trains = neo.core.spiketrainlist.SpikeTrainList.from_spike_time_array(
            join(np.concatenate([spike_times(spikes) for spikes in events]), TIME),
            np.concatenate(channels),
            all_channel_ids=list(range(sum(sizes))),
            t_start=start,
            t_stop=stop,
            population=[recording.name for recording, size in zip(recorded, sizes, strict=True) for _ in range(size)],
            neuron=[number for size in sizes for number in range(size)],
        )
        trains.segment = segment
        segment.spiketrains = trains
    for recording in result.recordings.values():
        for variable, samples in recording.samples.items():
            _append_signal(neo, segment, f"{recording.name}.{variable}", samples)


def _append_signal(neo: Any, segment: Any, name: str, samples: Samples) -> None:
    """Put a sampled variable into a segment, at its own times."""
    every, steps = spacing(samples), array_of(samples.steps)
    values = array_of(samples.values)
    values = values if values.dtype.kind == "f" else values.astype(np.float64)
    options = {"units": unit_of(samples.dimension), "name": name}
    elements = {"element": np.arange(values.shape[1]) if samples.elements is None else array_of(samples.elements)}
    if every is None:
        signal = neo.IrregularlySampledSignal(samples.t, values, array_annotations=elements, **options)
        segment.irregularlysampledsignals.append(signal)
    else:
        start = join(float(steps[0]) * samples.dt if steps.size else 0.0, TIME)
        period = join(every * samples.dt, TIME)
        signal = neo.AnalogSignal(values, t_start=start, sampling_period=period, array_annotations=elements, **options)
        segment.analogsignals.append(signal)
    signal.segment = segment
