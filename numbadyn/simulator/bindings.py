"""What a network is bound to, beside its structure: parameters, inputs, synapses; as arrays and short sums.

In: a simulator.  Out: values and sums that are the same wherever the same network is bound to the same numbers.  Must
not know: files, targets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext, Step
from numbadyn.model.naming import walk
from numbadyn.model.values import Parameter
from numbadyn.simulator.synapses import host
from numbadyn.tracing.stored import is_mapped

__all__ = ["Bound", "TableSums", "bound_parameters", "parameters_by_path", "sum_of", "sums_of_inputs"]

_ENDS = 1 << 20


@dataclass(frozen=True, slots=True)
class Bound:
    """A parameter of a step.

    Parameters
    ----------
    name : str
        Full name; of a number that stands in the model's code ``literal_...``.
    unit : str
        Of the values.
    values : ndarray, shape (replicas, *shape) or (1, *shape)
        Those of each replica; one row where all replicas have the same.
    """

    name: str
    unit: str
    values: NDArray[Any]

    def of(self, replica: int) -> NDArray[Any]:
        """The values of a replica."""
        own: NDArray[Any] = self.values[min(replica, len(self.values) - 1)]
        return own

    def same(self, other: Bound) -> bool:
        """Whether both have the same bits in each replica."""
        replicas = range(max(len(self.values), len(other.values)))
        return all(_alike(self.of(replica), other.of(replica)) for replica in replicas)


def _alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def bound_parameters(step: Step, contexts: Sequence[BindContext]) -> list[Bound]:
    """All parameters of a step, as they are now.

    Parameters
    ----------
    step : Step
        Prepared.
    contexts : sequence of BindContext
        One a replica.
    """
    found, steps = [], [step.bound(context) for context in contexts]  # of replicas that are networks of their own
    for number, spec in enumerate(step.params):
        each = [np.asarray(own.params[number].fetch(of)) for own, of in zip(steps, contexts, strict=True)]
        one = all(_alike(values, each[0]) for values in each[1:])
        unit = "" if spec.dimension.is_dimensionless else str(spec.dimension)
        found.append(Bound(spec.name, unit, np.stack(each[:1] if one else each)))
    return found


def parameters_by_path(network: Any) -> dict[str, Parameter]:
    """Parameters that are attributes of modules, by their full names."""
    found: dict[str, Parameter] = {}
    for module in walk(network):
        for value in vars(module).values():
            if isinstance(value, Parameter):
                found.setdefault(value.path, value)
    return found


def sum_of(arrays: Iterable[Any]) -> str:
    """A short sum of arrays: their shapes, dtypes and bytes; of one that lies in a file its two ends."""
    total = hashlib.blake2b(digest_size=16)
    for array in arrays:
        plain = np.asarray(array)
        total.update(f"{plain.dtype.str}{plain.shape}".encode())
        if is_mapped(array) and plain.nbytes > 2 * _ENDS:
            flat = plain.reshape(-1)
            count = _ENDS // plain.itemsize
            parts = [flat[:count], flat[-count:]]
        else:
            parts = [plain.reshape(-1)]
        for part in parts:
            total.update(np.ascontiguousarray(part).data)
    return total.hexdigest()


def sums_of_inputs(step: Step, contexts: Sequence[BindContext]) -> dict[str, list[str]]:
    """Sums of tables and given spikes: by place and name, one a replica, or one where all replicas have the same.

    Streams are not summed up.
    """
    found: dict[str, list[str]] = {}
    both = [(step.bound(context), context) for context in contexts]
    for number, table in enumerate(step.lookups):
        if table.filled_by is not None:  # a stream has gone on, and is read anew up to where the run is taken up
            continue
        found[f"table {number}: {table.name}"] = [sum_of([own.lookups[number].fetch(of)]) for own, of in both]
    for number, train in enumerate(step.trains):
        found[f"given spikes {number}: {train.name}"] = [sum_of(own.trains[number].events(of)) for own, of in both]
    return {name: sums[:1] if len(set(sums)) == 1 else sums for name, sums in found.items()}


class TableSums:
    """Sums of synapse tables, each found once: synapses never change, and other weights are other arrays."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Any, tuple[str, str]]] = {}

    def of(self, synapses: Sequence[Sequence[Any]]) -> list[list[tuple[str, str]]]:
        """Sums of the synapses and of the weights of each connection, one a replica; one where all have the same.

        Parameters
        ----------
        synapses : sequence of sequence
            Tables of each replica.
        """
        known: dict[int, tuple[Any, Any, tuple[str, str]]] = {}
        found = []
        for tables in zip(*synapses, strict=True):
            sums = []
            for table in tables:
                if id(table) not in known:
                    known[id(table)] = self._known.get(id(table)) or (table, *self._sums(table))
                sums.append(known[id(table)][2])
            found.append(sums[:1] if len(set(sums)) == 1 else sums)
        self._known = known
        return found

    def _sums(self, table: Any) -> tuple[Any, tuple[str, str]]:
        """The array of targets, by which the same synapses are known, and the two sums."""
        own = host(table)
        before = next((sums for _table, targets, sums in self._known.values() if targets is table.targets), None)
        late = [] if own.dendritic is None else [own.dendritic]
        wiring = sum_of([own.delays, own.offsets, own.targets, *late]) if before is None else before[0]
        return table.targets, (wiring, sum_of([own.weights]))
