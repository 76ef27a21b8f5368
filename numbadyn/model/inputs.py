"""Inputs of a dynamical system: currents and delta jumps that others register under a key.

In: callables (kept, called at each sum) and arrays (consumed by the owner's next update).  Out: their sums.  Must not
know: projections.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numbadyn.errors import DimensionError, InputKeyError, ProjectionTargetError
from numbadyn.model.hooks import call
from numbadyn.model.order import note_touch
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import split

__all__ = ["InputRegistry", "never_summed"]


class InputRegistry:
    """Inputs of one kind of one module.

    Parameters
    ----------
    owner : Module
        The module that receives them.
    kind : {"current", "delta"}
        What they are.
    """

    def __init__(self, owner: Any, kind: str) -> None:
        self.owner = owner
        self.kind = kind
        self._entries: dict[str, Any] = {}
        self._used: set[str] = set()
        self._summed: set[str] = set()
        #: Keys of the callables that the owner's last update has summed.
        self.reached: frozenset[str] = frozenset()

    # ---- storage: callables live here, arrays of a traced step in the trace's notes ----------------------------------

    def _note(self, trace: Trace) -> dict[str, Any]:
        note: dict[str, Any] = trace.notes.setdefault(("inputs", self.kind, id(self.owner)), {})
        trace.notes.setdefault("registries", {})[self.kind, id(self.owner)] = self
        return note

    def _arrays(self) -> dict[str, Any]:
        trace = current_trace()
        return self._entries if trace is None else self._note(trace)

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[str]:
        """Keys of what is registered outside a trace."""
        return list(self._entries)

    def values(self) -> list[Any]:
        """What is registered outside a trace."""
        return list(self._entries.values())

    def items(self) -> list[tuple[str, Any]]:
        """Pairs of key and input."""
        return list(self._entries.items())

    @property
    def path(self) -> str:
        """Name for messages."""
        return f"{self.owner.path}.{self.kind}_inputs"

    def add(self, key: Any, inp: Any, label: str | None = None) -> None:
        """Register a callable, or an array for the next update."""
        full = f"{label} // {key}" if label is not None else str(key)
        keep = callable(inp) and not isinstance(inp, Traced)
        target = self._entries if keep else self._arrays()
        for entries in (self._entries, target):
            if full in entries and full not in self._used and entries[full] is not inp:
                if not keep and self._waits(full):
                    raise never_summed(self, full)
                raise InputKeyError(
                    f"{self.path} already holds an input under the key {full!r}.",
                    where=self.path,
                    cure="Use another key; "
                    "a projection called twice before its target's update needs one projection a call.",
                )
        self._used.discard(full)
        target[full] = inp
        if not keep:
            note_touch(self.owner, f"{self.kind}_inputs[{full}]", writes=True)

    def _waits(self, key: str) -> bool:
        """Whether the input was left over by the step before."""
        trace = current_trace()
        return trace is not None and (self.kind, id(self.owner), key) in trace.notes.get("waiting", ())

    def get(self, key: str) -> Any:
        """The input of this key."""
        for entries in (self._arrays(), self._entries):
            if key in entries:
                return entries[key]
        raise InputKeyError(
            f"{self.path} has no input {key!r}.",
            where=self.path,
            cure=f"Registered are: {', '.join(self.keys()) or 'none'}.",
        )

    def _matching(self, label: str | None) -> Iterator[tuple[str, Any]]:
        prefix = "" if label is None else f"{label} // "
        arrays = self._arrays()
        sources = [self._entries] if arrays is self._entries else [self._entries, arrays]
        for entries in sources:
            for key, value in entries.items():
                if key.startswith(prefix) and value is not None:
                    yield key, value

    def sum(
        self, init: Any, args: tuple[Any, ...], label: str | None, kwargs: dict[str, Any], *, pop: bool = True
    ) -> Any:
        """Start from `init` and add every matching input in the order of registration; None if there is neither."""
        trace = current_trace()
        total, synaptic = init, []
        for key, value in self._matching(label):
            if isinstance(value, Traced) or not callable(value):
                if pop:
                    self._used.add(key)
                if trace is not None and isinstance(value, Traced) and value.node.op == "accumulate":
                    synaptic.append((key, value))
                    continue
                term = value
            else:
                self._summed.add(key)
                term = call(value, args, kwargs, f"{self.kind} input {key!r}", self.owner.path)
            named = self._named(trace, key, term)
            total = named if total is None else self._added(total, named, key)
        if synaptic and trace is not None:
            joined = _joined(trace, synaptic, self)
            total = joined if total is None else total + joined
        return total

    def _added(self, total: Any, term: Any, key: str) -> Any:
        """The sum with one more term; an error says which input it was."""
        name = f"{self.kind} input {key!r} of {self.owner.path}"
        try:
            return total + term
        except Exception as error:
            if not any(isinstance(part, Traced) for part in (total, term)):
                (_, wanted), (_, given) = split(total), split(term)
                if wanted != given:
                    raise DimensionError(
                        f"{name} is in {str(given) or 'no unit'}, but the sum is in {str(wanted) or 'no unit'}.",
                        where=self.path,
                        cure="Bring both to one physical dimension; the start of the sum gives its unit.",
                    ) from error
            error.add_note(f"raised while {name} was added")
            raise

    def _named(self, trace: Trace | None, key: str, term: Any) -> Any:
        if trace is not None:
            trace.probe(self.owner.path, f"{self.kind}_inputs[{key}]", as_node(trace, term))
        return term

    def end_update(self) -> None:
        """Drop the arrays that the update has used."""
        arrays = self._arrays()
        for key in self._used:
            if key in arrays and (isinstance(arrays[key], Traced) or not callable(arrays[key])):
                del arrays[key]
        self._used.clear()
        self.reached = frozenset(self._summed)
        self._summed.clear()


def never_summed(registry: InputRegistry, key: str) -> ProjectionTargetError:
    """The error for an input that nobody takes."""
    return ProjectionTargetError(
        f"{registry.path} receives the input {key!r}, but nobody sums it.",
        where=registry.path,
        cure=f"Call sum_{registry.kind}_inputs in the receiver's update, and update the receiver in every step.",
    )


def _joined(trace: Trace, entries: list[tuple[str, Any]], registry: InputRegistry) -> Any:
    """Synaptic sums of one unit and size become one sum with several connections, so one pass serves all."""
    groups: dict[Any, list[tuple[str, Any]]] = {}
    for key, value in entries:
        groups.setdefault((value.node.dimension, value.node.shape), []).append((key, value))
    total: Any = None
    for (dimension, shape), members in groups.items():
        nodes = [value.node for _key, value in members]
        if len(nodes) == 1:
            joined = members[0][1]
        else:
            joined = Traced(
                trace,
                trace.source(
                    "accumulate",
                    tuple(arg for node in nodes for arg in node.args),
                    shape,
                    "real",
                    dimension,
                    connections=tuple(c for node in nodes for c in node.attrs["connections"]),
                    channels=tuple(c for node in nodes for c in node.attrs["channels"]),
                    label="+".join(node.label for node in nodes),
                ),
            )
        for key, _value in members:
            registry._named(trace, key, joined)
        total = joined if total is None else total + joined
    return total
