"""Files of Neurodata Without Borders: a table of units with their spike times, and a time series for each variable.

In: a result.  Out: a file that the format's own validator accepts.  Must not know: other formats.

Times are in seconds there, and values in SI base units by way of a factor, as the format recommends.
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from numbadyn.io.export.needed import import_extra
from numbadyn.io.export.parts import (
    array_of,
    coordinates,
    reduced_parts,
    replicas_of,
    spacing,
    trains_by_unit,
    unit_name,
    write_file,
)
from numbadyn.io.stored.lazy import LazyArray

if TYPE_CHECKING:
    from numbadyn.io.recordings import Result, Samples

__all__ = ["write_nwb"]

_BUFFER_GB = 0.05

_SI = {
    "mV": ("volts", 1e-3),
    "pA": ("amperes", 1e-12),
    "nS": ("siemens", 1e-9),
    "ms": ("seconds", 1e-3),
    "kHz": ("hertz", 1e3),
    "pF": ("farads", 1e-12),
    "fC": ("coulombs", 1e-15),
    "GOhm": ("ohms", 1e9),
    "um": ("meters", 1e-6),
    "mM": ("moles/m^3", 1.0),
}
"""Units with their name in the SI, and what one of them is there; others are written as they are."""


def write_nwb(
    result: Result, path: str | os.PathLike[str], *, description: str = "", identifier: str | None = None
) -> Path:
    """Write the file; see `Exports.to_nwb`."""
    pynwb, h5py = (import_extra(name, "nwb", "Files of NWB") for name in ("pynwb", "h5py"))
    provenance = result.provenance
    network, run = provenance.get("network", {}), provenance.get("run", {})
    started = datetime.fromisoformat(run["started"]) if "started" in run else datetime.now(UTC)
    file = pynwb.NWBFile(
        session_description=description or f"Simulation of {network.get('name', 'a network')} by numbadyn",
        identifier=identifier or str(uuid.uuid4()),
        session_start_time=started,
        notes=provenance.to_json(),
        was_generated_by=[["numbadyn", str(provenance.get("versions", {}).get("numbadyn", ""))]],
    )
    if any(recording.events is not None for recording in result.recordings.values()):
        file.units = _units(pynwb, result)
    for recording in result.recordings.values():
        for variable, samples in recording.samples.items():
            for replica in replicas_of(result):
                own = samples if replica is None else samples.replica(replica)
                ending = "" if replica is None else f" replica {replica}"
                name = f"{recording.name}.{variable}{ending}".replace("/", "_").replace(":", "-")
                file.add_acquisition(_series(pynwb, name, own, _words(result, replica)))

        for measure, reduced in recording.reduced.items():
            values, unit, axes = reduced_parts(reduced)
            about = ", ".join(["replica"] * (result.batch is not None) + [*axes]) or "one number"
            name = f"{recording.name}.{measure}".replace("/", "_").replace(":", "-")
            file.add_scratch(np.atleast_1d(values), name=name, description=f"{unit or 'numbers'}; axes: {about}")

    def write(opened: BinaryIO) -> None:
        with h5py.File(opened, "w") as place, pynwb.NWBHDF5IO(file=place, mode="w") as io:
            io.write(file)

    return write_file(path, write)


def _words(result: Result, replica: int | None) -> str:
    """What a replica has of its own, in words."""
    if replica is None:
        return "no comments"
    return ", ".join(
        f"{name} = {values[replica]} {unit}".rstrip() for name, (values, unit) in coordinates(result).items()
    )


def _series(pynwb: Any, name: str, samples: Samples, words: str) -> Any:
    """A sampled variable as a time series: with a rate where its times have one."""
    unit, factor = _SI.get(unit_name(samples.dimension), (unit_name(samples.dimension) or "dimensionless", 1.0))
    every, steps = spacing(samples), array_of(samples.steps)
    count = samples.values.shape[1]
    elements = np.arange(count) if samples.elements is None else array_of(samples.elements)
    times: dict[str, Any]
    if every is None:
        times = {"timestamps": steps * samples.dt * 1e-3}
    else:
        first = float(steps[0]) * samples.dt if steps.size else 0.0
        times = {"starting_time": first * 1e-3, "rate": 1e3 / (every * samples.dt)}
    described = f"columns are the elements {_ranges(elements)}"
    return pynwb.TimeSeries(
        name=name,
        data=_values(samples.values),
        unit=unit,
        conversion=factor,
        description=described,
        comments=words or "no comments",
        **times,
    )


def _values(values: Any) -> Any:
    """What is written of the values: Booleans as small numbers, and those that lie in a file piece by piece."""
    dtype = np.dtype(np.int8) if values.dtype.kind == "b" else values.dtype
    if not isinstance(values, LazyArray):
        return values.astype(dtype, copy=False)
    iterators = import_extra("hdmf.data_utils", "nwb", "Files of NWB")

    class Pieces(iterators.GenericDataChunkIterator):  # type: ignore[misc,name-defined]
        """Reads rows when the writer asks for them."""

        def _get_data(self, selection: tuple[slice, ...]) -> Any:
            return values[selection].astype(dtype, copy=False)

        def _get_maxshape(self) -> tuple[int, ...]:
            return tuple(values.shape)

        def _get_dtype(self) -> Any:
            return dtype

    return Pieces(buffer_gb=_BUFFER_GB, chunk_mb=1.0)


def _ranges(numbers: Any) -> str:
    """Numbers in words, those that follow each other as a range."""
    values = np.asarray(numbers)
    breaks = np.flatnonzero(np.diff(values) != 1) + 1
    parts = np.split(values, breaks)
    return ", ".join(str(part[0]) if part.size == 1 else f"{part[0]} to {part[-1]}" for part in parts if part.size)


def _units(pynwb: Any, result: Result) -> Any:
    """The table of units: one for each neuron, in a batch for each neuron of each replica."""
    recorded = [recording for recording in result.recordings.values() if recording.events is not None]
    batch = result.batch or 1
    times, ends, neuron, replica = (list[Any]() for _ in range(4))
    population: list[str] = []
    for recording in recorded:
        spikes = recording.events
        assert spikes is not None
        train, bounds = trains_by_unit(spikes)
        before = ends[-1][-1] if ends else 0
        times.append(train * 1e-3)
        ends.append(bounds[1:] + before)
        population += [recording.name] * (spikes.size * batch)
        neuron.append(np.tile(np.arange(spikes.size), batch))
        replica.append(np.repeat(np.arange(batch), spikes.size))
    common = import_extra("hdmf.common", "nwb", "Files of NWB")
    data = common.VectorData(
        name="spike_times", description="times of the spikes in seconds", data=np.concatenate(times)
    )
    index = common.VectorIndex(name="spike_times_index", data=np.concatenate(ends).astype(np.uint64), target=data)
    columns = [data, index, _column(common, "population", "path of the population", population)]
    columns.append(_column(common, "neuron", "number of the neuron in its population", np.concatenate(neuron)))
    numbers = np.concatenate(replica)
    if result.batch is not None:
        columns.append(_column(common, "replica", "number of the replica in its batch", numbers))
        for name, (values, unit) in coordinates(result).items():
            about = f"{name} of the replica" + (f" in {unit}" if unit else "")
            own = values[numbers]
            columns.append(_column(common, name.replace("/", "_"), about, list(own) if own.dtype.kind == "U" else own))
    rows = np.arange(numbers.size)
    return pynwb.misc.Units(
        name="units",
        description="neurons whose spikes were recorded",
        id=common.ElementIdentifiers(name="id", data=rows),
        columns=columns,
        colnames=[column.name for column in columns if column is not index],
        resolution=result.dt * 1e-3,
    )


def _column(common: Any, name: str, about: str, data: Any) -> Any:
    return common.VectorData(name=name, description=about, data=data)
