"""Labelled arrays of xarray: a dataset for each recording, with times, elements and replicas as coordinates.

In: a result.  Out: a data tree, or one dataset.  Must not know: files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numbadyn.io.export.needed import import_extra
from numbadyn.io.export.parts import array_of, coordinates, reduced_parts, spike_times, unit_name

if TYPE_CHECKING:
    from numbadyn.io.recordings import Recording, Result, Samples

__all__ = ["to_dataset", "to_tree"]


def to_tree(result: Result) -> Any:
    """Make a tree with a dataset for each recording; see `Exports.to_xarray`."""
    xarray = import_extra("xarray", "xarray", "Labelled arrays")
    datasets = {
        name.replace("/", "_"): _dataset(xarray, result, recording) for name, recording in result.recordings.items()
    }
    return xarray.DataTree.from_dict({"/": xarray.Dataset(attrs=_attributes(result)), **datasets})


def to_dataset(result: Result) -> Any:
    """Make the dataset of a result with one recording."""
    xarray = import_extra("xarray", "xarray", "Labelled arrays")
    (recording,) = result.recordings.values()
    made = _dataset(xarray, result, recording)
    return made.assign_attrs({**_attributes(result), **made.attrs})


def _dataset(xarray: Any, result: Result, recording: Recording) -> Any:
    variables: dict[str, Any] = {}
    axes = _axes(recording.samples)
    front = () if result.batch is None else ("replica",)
    coords: dict[str, Any] = _of_replicas(result)
    for variable, samples in recording.samples.items():
        time, element = axes[variable]
        variables[variable] = ((*front, time, element), samples.values, _unit(unit_name(samples.dimension)))
        coords[time] = (time, array_of(samples.steps) * samples.dt, _unit("ms"))
        coords[element] = (element, _elements(samples), {})
    _add_measures(recording, front, variables, coords)
    attributes: dict[str, Any] = {"name": recording.name}
    spikes = recording.events
    if spikes is not None:
        variables["spike_time"] = ("spike", spike_times(spikes), _unit("ms"))
        variables["spike_neuron"] = ("spike", array_of(spikes.indices), {})
        if spikes.replicas is not None:
            variables["spike_replica"] = ("spike", array_of(spikes.replicas), {})
        attributes["neurons"] = spikes.size
    return xarray.Dataset(variables, coords, attributes)


def _add_measures(
    recording: Recording, front: tuple[str, ...], variables: dict[str, Any], coords: dict[str, Any]
) -> None:
    """Add what was computed while the network ran; an axis has the measure's name too, where others have its places."""
    for measure, reduced in recording.reduced.items():
        values, unit, axes = reduced_parts(reduced)
        names = []
        for axis, (places, own) in axes.items():
            taken = coords.get(axis)
            name = axis if taken is None or np.array_equal(taken[1], places) else f"{axis}_{measure}"
            coords[name] = (name, places, _unit(own))
            names.append(name)
        variables[measure] = ((*front, *names), values, _unit(unit))


def _axes(samples: dict[str, Samples]) -> dict[str, tuple[str, str]]:
    """Names of the axes of each variable: ``time`` and ``element``, with the variable's name where others differ."""
    chosen: dict[str, tuple[str, str]] = {}
    first = next(iter(samples.values()), None)
    for variable, each in samples.items():
        assert first is not None
        time = "time" if np.array_equal(each.steps, first.steps) else f"time_{variable}"
        element = "element" if np.array_equal(_elements(each), _elements(first)) else f"element_{variable}"
        chosen[variable] = time, element
    return chosen


def _elements(samples: Samples) -> Any:
    return np.arange(samples.values.shape[-1]) if samples.elements is None else array_of(samples.elements)


def _of_replicas(result: Result) -> dict[str, Any]:
    """Coordinates along the axis of replicas: their numbers, and what each has of its own."""
    if result.batch is None:
        return {}
    own = {name: ("replica", values, _unit(unit)) for name, (values, unit) in coordinates(result).items()}
    return {"replica": np.arange(result.batch), **own}


def _unit(name: str) -> dict[str, str]:
    return {"units": name} if name else {}


def _attributes(result: Result) -> dict[str, Any]:
    """What holds for all of it, in what any file can keep."""
    return {
        "dt_ms": result.dt,
        "t_start_ms": result.first * result.dt,
        "t_stop_ms": result.last * result.dt,
        "provenance": result.provenance.to_json(),
    }
