"""Checkpoints: all that a simulator holds between two steps, as a header and arrays.

In: a simulator.  Out: a `Container`, and a simulator that goes on from one.  Must not know: how files are laid out, how
runs are made.

What follows from the network and the seed is not kept, but summed up: synapses, tables of input, given spikes.  Who
goes on makes them anew, and is refused if the sums differ.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import CheckpointMismatchError
from numbadyn.io.container import Container
from numbadyn.io.stored.folder import written_coordinates
from numbadyn.runtime.snapshot import Snapshot
from numbadyn.simulator.batch import Batch
from numbadyn.simulator.bindings import Bound, bound_parameters
from numbadyn.simulator.named_places import find_place
from numbadyn.simulator.requests import Request, requests_of
from numbadyn.simulator.synapses import host
from numbadyn.units import split

if TYPE_CHECKING:
    from numbadyn.simulator.runs import Runs

__all__ = [
    "KIND",
    "check_inputs",
    "check_parameters",
    "check_structure",
    "check_synapses",
    "gather",
    "given_in",
    "held_in",
    "mismatch",
    "of_networks",
    "parameters_in",
    "requests_in",
    "set_in",
    "settings_of",
    "snapshot_in",
    "varied_in",
    "weights_in",
]

KIND = "numbadyn checkpoint"
_STRUCTURE = "structure.txt"


def gather(sim: Runs) -> Container:
    """All that a simulator holds, between two steps.

    Parameters
    ----------
    sim : Runs
        A simulator.

    Returns
    -------
    Container
        Of the kind `KIND`.
    """
    taken, arrays = sim._snapshot(), dict[str, NDArray[Any]]()
    header = {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "provenance": sim.provenance.to_dict(),
        "structure": sim.structure_hash,
        **settings_of(sim),
        "alone": sim._alone,
        "target": sim.target,
        "reproducible": sim.reproducible or sim.target != "cuda",
        "step": taken.number,
        "states": _put(arrays, "states", taken.states),
        "past": _put(arrays, "past", taken.past),
        "first": _put(arrays, "first", taken.first),
        "parameters": _put_parameters(arrays, bound_parameters(sim.step, sim._contexts)),
        "inputs": sim._input_sums(),
        "synapses": _put_synapses(arrays, sim),
        "varied": _put_varied(arrays, sim),
        "given": given_in(sim),
        "networks": written_coordinates(_own_coordinates(sim)) if of_networks(sim) else None,
        "recordings": _put_requests(arrays, requests_of(sim._recorder)),
    }
    return Container(KIND, header, arrays, {_STRUCTURE: sim._structure_text})


def settings_of(sim: Runs) -> dict[str, Any]:
    """What decides over bits beside the network and its values."""
    return {
        "dt": sim._dt,
        "precision": sim.precision,
        "delays": sim.context.delays,
        "replicas": len(sim._contexts) if sim._axes else None,
        "shared": sim._shared,
        "seeds": [context.seed for context in sim._contexts],
        "seeds of synapses": [context.seed for context in sim._built_with],
    }


def _put(arrays: dict[str, NDArray[Any]], section: str, values: Mapping[str, NDArray[Any]]) -> list[str]:
    """Keep arrays under numbers; their names, in the order of the numbers."""
    arrays |= {f"{section}/{number}": array for number, array in enumerate(values.values())}
    return list(values)


def _put_parameters(arrays: dict[str, NDArray[Any]], parameters: Sequence[Bound]) -> list[dict[str, Any]]:
    found = []
    for number, each in enumerate(parameters):
        row: dict[str, Any] = {"name": each.name, "unit": each.unit}
        if each.values.shape == (1,) and np.isfinite(each.values[0]):
            row |= {"value": each.values[0].item()}
        else:
            arrays[f"parameters/{number}"] = each.values
        found.append(row)
    return found


def _put_synapses(arrays: dict[str, NDArray[Any]], sim: Runs) -> list[dict[str, Any]]:
    """Sums of all synapses; weights themselves where they do not follow from the model."""
    found = []
    for number, (connection, sums) in enumerate(
        zip(sim.step.connections, sim._table_sums.of(sim._synapses), strict=True)
    ):
        row: dict[str, Any] = {"name": connection.name, "sums": sums, "unit": str(sim._weights.dimension(number))}
        row["weights"] = 0
        if sim._weights.changed(number):
            made = [weights_of(tables[number], sim._dt) for tables, _maker in sim._makers()]
            row |= {"weights": len(made), "set": sim._weights.set_in(number)}
            arrays |= {f"weights/{number}/{place}": weights for place, weights in enumerate(made)}
        found.append(row)
    return found


def _put_varied(arrays: dict[str, NDArray[Any]], sim: Runs) -> list[dict[str, Any]]:
    """What differs from replica to replica: its path, and for each replica how many arrays it is."""
    found: list[dict[str, Any]] = []
    beyond = given_in(sim)
    if of_networks(sim):
        return found
    for number, name in enumerate(name for name in sim._varied if name not in beyond):
        of_each = held_in(sim, name)
        for replica, parts in enumerate(of_each):
            arrays |= {f"varied/{number}/{replica}/{place}": part for place, part in enumerate(parts)}
        found.append({"name": name, "parts": len(of_each[0])})
    return found


def held_in(sim: Runs, name: str) -> list[tuple[NDArray[Any], ...]]:
    """What each replica has where they differ, as arrays."""
    of_each = [each if isinstance(each, tuple) else (each,) for each in Batch(sim).held(name)]
    return [tuple(np.asarray(split(part)[0]) for part in parts) for parts in of_each]


def of_networks(sim: Runs) -> bool:
    """Whether the replicas are networks of their own."""
    return any(own is not sim.network for own in sim._networks)


def given_in(sim: Runs) -> list[str]:
    """In what replicas differ that is no value, but rules of connection, which whoever loads a file gives anew."""
    return [] if of_networks(sim) else [name for name in sim._varied if not find_place(sim, name).dimensions]


def _own_coordinates(sim: Runs) -> dict[str, Any]:
    """What is said of networks beside their seeds."""
    return {name: values for name, values in Batch(sim).coords.items() if name != "seed"}


def weights_of(table: Any, dt: float) -> NDArray[Any]:
    """Weights in the order of the rule; one element where all synapses share it."""
    own = host(table)
    return own.weights if own.weights.size == 1 else own.edges(dt)[2]


def _put_requests(arrays: dict[str, NDArray[Any]], requests: Sequence[Request]) -> list[dict[str, Any]]:
    for number, request in enumerate(requests):
        for name, array in (("part", request.part), ("elements", request.elements)):
            if array is not None:
                arrays[f"recordings/{number}/{name}"] = array
    return [request.plain() for request in requests]


# ---- the way back ----------------------------------------------------------------------------------------------------


def _taken(content: Container, section: str) -> dict[str, NDArray[Any]]:
    return {name: content.arrays[f"{section}/{number}"] for number, name in enumerate(content.header[section])}


def snapshot_in(content: Container) -> Snapshot:
    """The states and histories of a checkpoint."""
    return Snapshot(content.header["step"], *(_taken(content, section) for section in ("states", "past", "first")))


def parameters_in(content: Container) -> list[Bound]:
    """The parameters of a checkpoint."""
    found = []
    for number, row in enumerate(content.header["parameters"]):
        values = np.array([row["value"]]) if "value" in row else content.arrays[f"parameters/{number}"]
        found.append(Bound(row["name"], row["unit"], values))
    return found


def requests_in(content: Container) -> list[Request]:
    """The recordings of a checkpoint."""
    return [
        Request(
            **row,
            part=content.arrays.get(f"recordings/{number}/part"),
            elements=content.arrays.get(f"recordings/{number}/elements"),
        )
        for number, row in enumerate(content.header["recordings"])
    ]


def weights_in(content: Container, number: int) -> list[NDArray[Any]]:
    """The weights of a connection that are not those that it was made with, one for each table; none where they are."""
    row = content.header["synapses"][number]
    return [content.arrays[f"weights/{number}/{place}"] for place in range(row["weights"])]


def set_in(content: Container, number: int) -> list[int]:
    """Which of the tables have weights that were set; others have those that the model had."""
    row = content.header["synapses"][number]
    places: list[int] = row.get("set", list(range(row["weights"])))
    return places


def varied_in(content: Container) -> dict[str, list[tuple[NDArray[Any], ...]]]:
    """What differs from replica to replica: path -> arrays of each replica."""
    replicas = range(content.header["replicas"] or 0)
    return {
        row["name"]: [
            tuple(content.arrays[f"varied/{number}/{replica}/{place}"] for place in range(row["parts"]))
            for replica in replicas
        ]
        for number, row in enumerate(content.header["varied"])
    }


# ---- what must be the same -------------------------------------------------------------------------------------------


def mismatch(path: Any, what: str, cure: str, **values: Any) -> CheckpointMismatchError:
    """The error for a checkpoint that belongs to something else."""
    return CheckpointMismatchError(f"{path}: {what}", where=str(path), cure=cure, path=str(path), **values)


def check_structure(sim: Runs, content: Container, path: Any) -> None:
    """Refuse a checkpoint of a network that computes something else.

    Raises
    ------
    CheckpointMismatchError
        With the first thing that differs.
    """
    if sim.structure_hash == content.header["structure"]:
        return
    saved, now = _first_difference(content.texts[_STRUCTURE].splitlines(), sim._structure_text.splitlines())
    raise mismatch(
        path,
        f"the checkpoint is of another network than {sim.step.name}; this differs first:\n"
        f"    checkpoint: {saved or 'nothing'}\n    network:    {now or 'nothing'}",
        "Give the network that was saved, made by the same code with the same sizes; values of parameters may differ.",
        saved=saved,
        now=now,
    )


def _first_difference(saved: list[str], now: list[str]) -> tuple[str, str]:
    """What differs first: in states, connections and inputs, which have names, and then in operations."""
    mine, theirs = ({_name(line): _held(line) for line in lines if line[0] != "%"} for lines in (now, saved))
    for name in dict.fromkeys((*theirs, *mine)):
        if theirs.get(name) != mine.get(name):
            return theirs.get(name, ""), mine.get(name, "")
    both = ([line for line in lines if line[0] == "%"] for lines in (saved, now))
    pairs = itertools.zip_longest(*both, fillvalue="")
    return next(((one, other) for one, other in pairs if one != other), ("", ""))


def _name(line: str) -> str:
    """What a line is about."""
    return line.partition(" : ")[0]


def _held(line: str) -> str:
    """A line without the number of the operation that it takes its value from."""
    return line.partition(" <- %")[0]


def check_parameters(sim: Runs, content: Container, path: Any, cure: str) -> None:
    """Refuse a checkpoint that was made with other parameters."""
    now = bound_parameters(sim.step, sim._contexts)
    for saved, mine in zip(parameters_in(content), now, strict=True):
        if not saved.same(mine):
            literal = saved.name.startswith("literal_")
            name = "a number in the model's code" if literal else saved.name
            raise mismatch(
                path,
                f"{name} is {_shown(mine)}, and was {_shown(saved)} when the checkpoint was written.",
                cure,
                name=saved.name,
                saved=saved.values,
                now=mine.values,
            )


def _shown(bound: Bound) -> str:
    """The values of a parameter, if they are few."""
    values = bound.values[0] if len(bound.values) == 1 else bound.values
    text = f"{values.item()!r}" if values.size == 1 else np.array2string(values, threshold=6, edgeitems=2)
    return f"{text} {bound.unit}".rstrip()


def check_inputs(sim: Runs, content: Container, path: Any, cure: str) -> None:
    """Refuse a checkpoint that was made with other tables of input or given spikes."""
    now = sim._input_sums()
    for name, sums in content.header["inputs"].items():
        if now.get(name) != sums:
            what = name.partition(": ")[2]
            raise mismatch(path, f"{what} holds other values than when the checkpoint was written.", cure, name=what)


def check_synapses(sim: Runs, content: Container, path: Any, cure: str) -> None:
    """Refuse a checkpoint that was made with other synapses, delays or weights."""
    for row, sums in zip(content.header["synapses"], sim._table_sums.of(sim._synapses), strict=True):
        for part, what in enumerate(("synapses or delays", "weights")):
            if [own[part] for own in row["sums"]] != [own[part] for own in sums]:
                raise mismatch(
                    path,
                    f"{row['name']} has other {what} than when the checkpoint was written.",
                    cure,
                    name=row["name"],
                )
