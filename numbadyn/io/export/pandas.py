"""Tidy tables of pandas: a row for each spike, for each sample, for each number that was computed in the run.

In: a result.  Out: data frames.  Must not know: files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.export.needed import import_extra
from numbadyn.io.export.parts import array_of, coordinates, reduced_parts, spike_times, unit_name

if TYPE_CHECKING:
    from numbadyn.io.recordings import Result, Samples

__all__ = ["Tables", "to_pandas"]

Columns = dict[str, Any]


class Tables(NamedTuple):
    """What was recorded, as tidy tables.

    Parameters
    ----------
    spikes : pandas.DataFrame
        A row for each spike: ``population``, ``neuron``, ``time_ms``.
    samples : pandas.DataFrame
        A row for each sample: ``population``, ``variable``, ``element``, ``time_ms``, ``value``, ``unit``.
    measures : pandas.DataFrame
        A row for each number that was computed while the network ran: ``population``, ``measure``, a column for each
        axis such as ``neuron`` or ``t_ms``, ``value``, ``unit``.
    """

    spikes: Any
    samples: Any
    measures: Any


def to_pandas(result: Result) -> Tables:
    """Make the tables; see `Exports.to_pandas`."""
    pandas = import_extra("pandas", "pandas", "Tables")
    names, coords = list(result.recordings), coordinates(result)
    spikes = [
        (number, recording.events) for number, recording in enumerate(result.recordings.values()) if recording.events
    ]
    columns = {
        "population": _category(pandas, names, [(number, each.count) for number, each in spikes]),
        **_replicas(result, coords, [array_of(each.replicas) for _number, each in spikes if each.replicas is not None]),
        "neuron": _joined([array_of(each.indices) for _number, each in spikes], np.uint32),
        "time_ms": _joined([spike_times(each) for _number, each in spikes]),
    }
    samples = pandas.DataFrame(_sample_columns(pandas, result, names, coords))
    tables = Tables(pandas.DataFrame(columns), samples, _measures(pandas, result, coords))
    for table in tables:
        table.attrs = _attributes(result)
    return tables


def _sample_columns(pandas: Any, result: Result, names: list[str], coords: dict[str, Any]) -> Columns:
    """Columns of the table of samples."""
    found = [
        (number, variable, samples)
        for number, recording in enumerate(result.recordings.values())
        for variable, samples in recording.samples.items()
    ]
    variables = list(dict.fromkeys(variable for _number, variable, _samples in found))
    units = list(dict.fromkeys(unit_name(samples.dimension) for _number, _variable, samples in found))
    sizes = [int(np.prod(samples.values.shape)) for _number, _variable, samples in found]

    def each(chosen: list[int]) -> list[tuple[int, int]]:
        return list(zip(chosen, sizes, strict=True))

    where = [_places(samples) for _number, _variable, samples in found]
    replicas = [place[0] for place in where] if result.batch is not None else []
    return {
        "population": _category(pandas, names, each([number for number, _variable, _samples in found])),
        "variable": _category(pandas, variables, each([variables.index(variable) for _n, variable, _s in found])),
        **_replicas(result, coords, replicas),
        "element": _joined([place[2] for place in where], np.int64),
        "time_ms": _joined([place[1] for place in where]),
        "value": _joined([array_of(samples.values).reshape(-1) for _number, _variable, samples in found]),
        "unit": _category(
            pandas, units, each([units.index(unit_name(samples.dimension)) for _n, _v, samples in found])
        ),
    }


def _measures(pandas: Any, result: Result, coords: dict[str, Any]) -> Any:
    """The table of what was computed while the network ran."""
    frames = []
    for name, recording in result.recordings.items():
        for measure, reduced in recording.reduced.items():
            values, unit, axes = reduced_parts(reduced)
            front = () if result.batch is None else (np.arange(result.batch, dtype=np.uint32),)
            grid = np.meshgrid(*front, *(places for places, _unit in axes.values()), indexing="ij")
            flat = [places.reshape(-1) for places in grid]
            columns: Columns = {"population": name, "measure": measure}
            columns |= _replicas(result, coords, flat[:1] if front else [])
            columns |= {
                f"{axis}_{own}" if own else axis: places
                for (axis, (_places_, own)), places in zip(axes.items(), flat[len(front) :], strict=True)
            }
            rows = range(values.size)
            frames.append(pandas.DataFrame({**columns, "value": values.reshape(-1), "unit": unit}, index=rows))
    if not frames:
        return pandas.DataFrame({"population": [], "measure": [], "value": [], "unit": []})
    made = pandas.concat(frames, ignore_index=True)
    return made[[*(column for column in made if column not in ("value", "unit")), "value", "unit"]]


def _places(samples: Samples) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Replica, time and element of each sample, in the order of the values in memory."""
    shape = samples.values.shape
    steps, count = array_of(samples.steps), shape[-1]
    elements = np.arange(count) if samples.elements is None else array_of(samples.elements)
    whole = shape if len(shape) == 3 else (1, *shape)
    grid = (np.arange(whole[0], dtype=np.uint32)[:, None, None], (steps * samples.dt)[:, None], elements)
    replica, time, element = (np.broadcast_to(each, whole).reshape(-1) for each in grid)
    return replica, time, element


def _category(pandas: Any, names: list[str], runs: list[tuple[int, int]]) -> Any:
    """A column that says one of a few names, given as numbers with how often each comes."""
    codes = np.repeat([number for number, _count in runs], [count for _number, count in runs]).astype(np.int64)
    return pandas.Categorical.from_codes(codes, categories=names)


def _replicas(result: Result, coords: dict[str, Any], replicas: list[NDArray[Any]]) -> Columns:
    """Columns that say the replica and what it has of its own; none where there is no batch."""
    if result.batch is None:
        return {}
    number = _joined(replicas, np.uint32)
    own = {f"{name}_{unit}" if unit else name: values[number] for name, (values, unit) in coords.items()}
    return {"replica": number, **own}


def _joined(parts: list[NDArray[Any]], dtype: Any = np.float64) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def _attributes(result: Result) -> dict[str, Any]:
    """What pandas keeps beside the columns, as plain values."""
    return {
        "dt_ms": result.dt,
        "t_start_ms": result.first * result.dt,
        "t_stop_ms": result.last * result.dt,
        "neurons": {name: each.events.size for name, each in result.recordings.items() if each.events is not None},
        "provenance": result.provenance.to_json(),
    }
