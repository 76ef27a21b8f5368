"""Inputs of a dynamical system: currents and delta jumps that others register under a key.

In: callables (kept, called at each sum) and arrays (consumed by the owner's next update).  Out: their sums.  Must not
know: projections.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from numbadyn.errors import (
    DimensionError,
    InputKeyError,
    NumbadynError,
    ProjectionTargetError,
    UnsupportedFeatureError,
)
from numbadyn.model.hooks import call
from numbadyn.model.notes import ModelNotes, StepInputs
from numbadyn.model.order import note_touch
from numbadyn.model.streams import drawing
from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import ANY, Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import Dimension, split

__all__ = ["Giver", "InputRegistry", "full_key", "never_summed"]


class Giver(Protocol):
    """What makes an input, so that messages can name it."""

    @property
    def path(self) -> str:
        """Its name."""

    def given_weights(self) -> tuple[str, Dimension] | None:
        """Its weights in words and what they measure; None if it has none."""


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
        self._givers: dict[str, list[Giver]] = {}
        self._titles: dict[str, tuple[str, str | None]] = {}
        self._labels: dict[str, str | None] = {}
        #: Keys of the callables that the owner's last update has summed.
        self.reached: frozenset[str] = frozenset()

    def _arrays(self) -> dict[str, Any]:
        """Arrays by key: in eager calls beside the callables, of a traced step in its notes."""
        trace = current_trace()
        if trace is None:
            return self._entries
        return trace.notes(ModelNotes).inputs.setdefault((self.kind, id(self.owner)), StepInputs(self)).arrays

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[str]:
        """Keys of what is registered outside a trace."""
        return list(self._entries)

    def values(self) -> list[Any]:
        """What is registered outside a trace."""
        return list(self._entries.values())

    @property
    def taken(self) -> list[str]:
        """Keys of the arrays that the sums of this update have used."""
        return [key for key in self._arrays() if key in self._used]

    def check_kept(self) -> None:
        """Refuse arrays that were registered outside a trace: they act once, and a step that is traced acts always.

        Raises
        ------
        UnsupportedFeatureError
            There is one.
        """
        for key, value in self._entries.items():
            if not callable(value):
                raise UnsupportedFeatureError(
                    f"{self.kind} input {key!r} of {self.owner.path} is an array, which acts in one update only; a "
                    "simulator would repeat it in each step.",
                    where=self.path,
                    cure="For a constant drive register a function, such as lambda V: self.drive with a Parameter "
                    "drive; for an array of its own in each step call add_*_input in a before-hook.",
                    kind=self.kind,
                    key=key,
                )

    def items(self) -> list[tuple[str, Any]]:
        """Pairs of key and input."""
        return list(self._entries.items())

    def given_by_users(self) -> list[tuple[str, Any]]:
        """Pairs of key and input, without those that projections have registered."""
        return [(key, value) for key, value in self._entries.items() if key not in self._givers]

    @property
    def path(self) -> str:
        """Name for messages."""
        return f"{self.owner.path}.{self.kind}_inputs"

    def add(self, key: Any, inp: Any, label: str | None = None) -> None:
        """Register a callable, or an array for the next update."""
        full = self._full_key(key, label)
        keep = callable(inp) and not isinstance(inp, Traced)
        target = self._entries if keep else self._arrays()
        for entries in (self._entries, target):
            if full in entries and full not in self._used and entries[full] is not inp:
                if not keep and self._waits(full):
                    raise never_summed(self, full)
                raise InputKeyError(
                    f"{self.path} already holds an input under the key {full!r}.",
                    where=self.path,
                    cure="Use another key; a projection called twice before its target's update needs one projection a "
                    "call.",
                    full=full,
                )
        self._used.discard(full)
        target[full] = inp
        if not keep:
            note_touch(self.owner, f"{self.kind}_inputs[{full}]", writes=True)

    def add_numbered(self, title: str, inp: Any, label: str | None) -> str:
        """Register a callable under a title, with a number where the title is taken; gives the key.

        Numbers are given anew in the order of names once the network has names, see `settle`.
        """
        numbered = (self._full_key(text, label) for text in _number_title(title))
        key = next(key for key in numbered if key not in self._entries)
        self._entries[key] = inp
        self._titles[key] = (title, label)
        return key

    def settle(self) -> dict[str, str]:
        """Sort the inputs by name, and number those of one title in that order; gives old and new keys."""
        free = {key for key in self._entries if key not in self._titles}
        new: dict[str, str] = {}
        for key in sorted(self._titles, key=self.place):
            title, label = self._titles[key]
            candidates = (self._full_key(text, label) for text in _number_title(title))
            new[key] = next(text for text in candidates if text not in free)
            free.add(new[key])
        self._givers = {new.get(key, key): givers for key, givers in self._givers.items()}
        self._titles = {new[key]: title for key, title in self._titles.items()}
        entries = {new.get(key, key): value for key, value in self._entries.items()}
        self._entries = dict(sorted(entries.items(), key=lambda item: self.place(item[0])))
        return new

    def name_giver(self, key: str, giver: Giver) -> None:
        """Remember what makes an input; several may share one."""
        givers = self._givers.setdefault(key, [])
        if all(known is not giver for known in givers):
            givers.append(giver)

    def _full_key(self, key: Any, label: str | None) -> str:
        """Name of an input; its label is remembered."""
        full = full_key(key, label)
        self._labels.setdefault(full, label)  # what is left over for the next step comes back under its full name
        return full

    def _waits(self, key: str) -> bool:
        """Whether the input was left over by the step before."""
        trace = current_trace()
        return trace is not None and (self.kind, id(self.owner), key) in trace.notes(ModelNotes).waiting

    def get(self, key: str) -> Any:
        """The input of this key."""
        for entries in (self._arrays(), self._entries):
            if key in entries:
                return entries[key]
        raise InputKeyError(
            f"{self.path} has no input {key!r}.",
            where=self.path,
            cure=f"Registered are: {', '.join(self.keys()) or 'none'}.",
            key=key,
        )

    def _find_matching(self, label: str | None) -> Iterator[tuple[str, Any]]:
        arrays = self._arrays()
        sources = [self._entries] if arrays is self._entries else [self._entries, arrays]
        found = [item for entries in sources for item in entries.items()]
        for key, value in sorted(found, key=lambda item: self.place(item[0])):
            if (label is None or (self._labels[key] or "") == label) and value is not None:
                yield key, value

    def place(self, key: str) -> tuple[str, str]:
        """Where an input stands in the sum: by the name of what makes it, else by its key."""
        paths = [giver.path for giver in self._givers.get(key, ())]
        return (min(paths) if paths else key, key)

    def sum(
        self,
        init: Any,
        args: tuple[Any, ...],
        label: str | None,
        kwargs: dict[str, Any],
        *,
        pop: bool = True,
        dimension: Dimension | None = None,
    ) -> Any:
        """Start from `init` and add every matching input, sorted by name; None if there is neither."""
        trace = current_trace()
        total, synaptic = init, []
        for key, value in self._find_matching(label):
            if isinstance(value, Traced) or not callable(value):
                if pop:
                    self._used.add(key)
                if trace is not None and isinstance(value, Traced) and value.node.traits.accumulates:
                    synaptic.append((key, value))
                    continue
                term = value
            else:
                self._summed.add(key)
                with drawing(self.owner, f"{self.kind} input {key}"):
                    term = call(value, args, kwargs, f"{self.kind} input {key!r}", self.owner.path)
            total = self.add_term(total, self._name_term(trace, key, term), [key], dimension)
        if synaptic and trace is not None:
            total = self.add_term(total, _join(trace, synaptic, self), [key for key, _value in synaptic], dimension)
        return total

    def add_term(self, total: Any, term: Any, keys: list[str], dimension: Dimension | None = None) -> Any:
        """The sum with one more term; an error says which inputs it came from.

        Parameters
        ----------
        total : number, array, traced value or None
            The sum so far; None if this is the first term.
        term : number, array, traced value
            What is added.
        keys : list of str
            Keys of the inputs that it comes from.
        dimension : Dimension, optional
            What the first term must measure.
        """
        if total is None:
            given = _dimension_of(term)
            if dimension is not None and given is not ANY and given != dimension:
                raise self._misfit(keys, given, dimension)
            return term
        try:
            return total + term
        except Exception as error:
            wanted, given = _dimension_of(total), _dimension_of(term)
            if wanted != given and ANY not in (wanted, given):
                raise self._misfit(keys, given, wanted) from error
            name = self._inputs(keys)[0]
            if isinstance(error, NumbadynError):
                raise type(error)(f"{name}: {error.what}", where=error.where, cure=error.cure) from error
            error.add_note(f"raised while {name} was added")
            raise

    def _inputs(self, keys: list[str]) -> tuple[str, str]:
        """Inputs in words, and the verb that goes with them."""
        several, verb = ("s", "are") if len(keys) > 1 else ("", "is")
        return f"{self.kind} input{several} {', '.join(map(repr, keys))} of {self.owner.path}", verb

    def _misfit(self, keys: list[str], given: Dimension, wanted: Dimension) -> DimensionError:
        """The error for inputs of a wrong unit."""
        trace, (name, verb) = current_trace(), self._inputs(keys)
        givers = sorted((giver for key in keys for giver in self._givers.get(key, ())), key=lambda giver: giver.path)
        weights = [giver.given_weights() for giver in givers]
        cure = (
            "Bring both to one physical dimension; the start of the sum gives its unit, and a bare number, zero too, "
            "has none."
        )
        known = {w[1]: _in_words(w[1] * wanted / given) for w in weights if w is not None}
        if len(known) == 1:
            (fitting,), paths = known.values(), [g.path for g, w in zip(givers, weights, strict=True) if w]
            cure = f"Give the weights of {', '.join(paths)} {fitting}, or change the model that makes the input."
        sources = [g.path + (f" (weight {w[0]})" if w else "") for g, w in zip(givers, weights, strict=True)]
        place = self.path if trace is None else str(trace.here)
        return DimensionError(
            f"{name} {verb} {_in_words(given)}, but the sum is {_in_words(wanted)}"
            + (f"; it comes from {', '.join(sources)}." if sources else "."),
            where=f"{', '.join(giver.path for giver in givers)}, onto {place}" if givers else place,
            cure=cure,
            name=name,
            verb=verb,
        )

    def _name_term(self, trace: Trace | None, key: str, term: Any) -> Any:
        if trace is not None:
            trace.probe(self.owner.path, f"{self.kind}_inputs[{key}]", as_node(trace, term))
        return term

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Hold nothing but what is registered inside of this context; afterwards all is as it was."""
        kept = self._entries, self._used, self._summed, self.reached
        self._entries, self._used, self._summed = {}, set(), set()
        try:
            yield
        finally:
            self._entries, self._used, self._summed, self.reached = kept

    def end_update(self) -> None:
        """Drop the arrays that the update has used."""
        arrays = self._arrays()
        for key in self._used:
            if key in arrays and (isinstance(arrays[key], Traced) or not callable(arrays[key])):
                del arrays[key]
        self._used.clear()
        self.reached = frozenset(self._summed)
        self._summed.clear()


def _number_title(title: str) -> Iterator[str]:
    """A title, then the same with numbers."""
    return itertools.chain([title], (f"{title}_{number}" for number in itertools.count(2)))


def full_key(key: Any, label: str | None) -> str:
    """Name of an input, with the label of its group."""
    return f"{label} // {key}" if label is not None else str(key)


def never_summed(registry: InputRegistry, key: str) -> ProjectionTargetError:
    """The error for an input that nobody takes."""
    return ProjectionTargetError(
        f"{registry.path} receives the input {key!r}, but nobody sums it.",
        where=registry.path,
        cure=f"Call sum_{registry.kind}_inputs in the receiver's update, and update the receiver in every step: it is "
        "an attribute of the network, or called in an update of it.",
        key=key,
    )


def _in_words(dimension: Dimension) -> str:
    return "without a unit" if dimension.is_dimensionless else f"in {dimension}"


def _dimension_of(value: Any) -> Dimension:
    resolved = resolve(value)
    return resolved.node.dimension if isinstance(resolved, Traced) else split(resolved)[1]


def _join(trace: Trace, entries: list[tuple[str, Any]], registry: InputRegistry) -> Any:
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
            registry._name_term(trace, key, joined)
        total = registry.add_term(total, joined, [key for key, _value in members])
    return total
