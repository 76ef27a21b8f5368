"""Spike files of SONATA: HDF5 with node ids and time stamps of each population.

In: a result.  Out: a file.  Must not know: samples.

References
----------
SONATA developer guide, "Spike file", https://github.com/AllenInstitute/sonata.
Dai, K. et al. (2020), PLoS Computational Biology 16, e1007696, doi:10.1371/journal.pcbi.1007696.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from numbadyn.errors import ExportError
from numbadyn.io.export.needed import import_extra
from numbadyn.io.export.parts import array_of, spike_times, write_file

if TYPE_CHECKING:
    from numbadyn.io.recordings import Result, Spikes

__all__ = ["write_sonata"]

_MAGIC = 0x0A7A
_VERSION = (0, 1)
_SORTING = {"none": 0, "by_id": 1, "by_time": 2}


def write_sonata(
    result: Result, path: str | os.PathLike[str], *, sorting: Literal["by_time", "by_id"] = "by_time"
) -> Path:
    """Write the file; see `Exports.to_sonata`."""
    h5py = import_extra("h5py", "sonata", "Spike files of SONATA")
    if sorting not in ("by_time", "by_id"):
        raise ExportError(
            f"sorting is {sorting!r}.",
            where="to_sonata(sorting=...)",
            cure='Give "by_time" or "by_id".',
            sorting=sorting,
        )
    recorded = {name: each.events for name, each in result.recordings.items() if each.events is not None}
    if not recorded:
        raise ExportError(
            "There are no spikes to write.",
            where="to_sonata",
            cure="Call sim.record(module, spikes=True) before the run.",
        )
    if result.batch is not None:
        raise ExportError(
            f"A spike file of SONATA holds one trial, but this is a batch of {result.batch}.",
            where="to_sonata",
            cure="Write a file for each replica: result.replica(0).to_sonata(path).",
            batch=result.batch,
        )

    def write(opened: BinaryIO) -> None:
        with h5py.File(opened, "w") as file:
            file.attrs["magic"] = np.uint32(_MAGIC)
            file.attrs["version"] = np.array(_VERSION, np.uint32)
            file.attrs["provenance"] = result.provenance.to_json()
            for name, spikes in recorded.items():
                _write_population(h5py, file.create_group(f"spikes/{name.replace('/', '_')}"), spikes, sorting)

    return write_file(path, write)


def _write_population(h5py: Any, group: Any, spikes: Spikes, sorting: str) -> None:
    """Write the spikes of one population; by time they come in order, and need not fit into memory."""
    kind = h5py.enum_dtype(_SORTING, basetype=np.uint8)
    group.attrs.create("sorting", _SORTING[sorting], dtype=kind)
    nodes = group.create_dataset("node_ids", (spikes.count,), np.uint64)
    times = group.create_dataset("timestamps", (spikes.count,), np.float64)
    times.attrs["units"] = "ms"
    pieces, start = spikes.pieces() if sorting == "by_time" else [spikes], 0
    for piece in pieces:
        ids, stamps = array_of(piece.indices), spike_times(piece)
        if sorting == "by_id":
            order = np.argsort(ids, kind="stable")
            ids, stamps = ids[order], stamps[order]
        nodes[start : start + ids.size], times[start : start + ids.size] = ids, stamps
        start += ids.size
