"""Provenance of a result: with what, where and when it was made, and what would be needed to make it again.

In: a plain mapping, or a function that makes one when somebody looks.  Out: `Provenance`, printable and made of what
JSON can hold.  Must not know: simulators.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Provenance", "show_entry"]

_LONGEST_LIST = 12


class Provenance(Mapping[str, Any]):
    """How a result was made: a read-only mapping of plain numbers, texts, lists and dictionaries.

    Parameters
    ----------
    entries : mapping or callable
        The entries, or what makes them: it is called once, when somebody looks first.

    Notes
    -----
    A quantity is a dictionary ``{"value": 20.0, "unit": "ms"}``. Entries are described in the how-to on exports.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> sim = nd.Simulator(nd.LIF(2, name="E"), dt=0.1 * ms, seed=7, target="interpret")
    >>> made = sim.run(1 * ms).provenance
    >>> made["simulation"]["seed"], made["parameters"]["E.tau"]
    (7, {'value': 20.0, 'unit': 'ms'})
    >>> import json
    >>> json.loads(made.to_json()) == made
    True
    """

    def __init__(self, entries: Mapping[str, Any] | Callable[[], Mapping[str, Any]]) -> None:
        self._entries = entries

    def _read(self) -> Mapping[str, Any]:
        if not isinstance(self._entries, Mapping):
            self._entries = self._entries()
        return self._entries

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def of_replica(self, number: int) -> Provenance:
        """That of one replica of a batch: the same, with its number, its seed and what varies."""

        def entries() -> dict[str, Any]:
            if not self:
                return {}
            simulation = dict(self["simulation"])
            seeds, varied = simulation.pop("seeds"), simulation.pop("varied", {})
            own = {"seed": seeds[number], "varied": {name: of_each[number] for name, of_each in varied.items()}}
            return {**self, "simulation": {**simulation, **own, "replica": number}}

        return Provenance(entries)

    def of_replicas(self, numbers: Sequence[int]) -> Provenance:
        """That of some replicas of a batch, in the order given."""

        def entries() -> dict[str, Any]:
            if not self:
                return {}
            simulation = dict(self["simulation"])
            varied = {name: [of_each[k] for k in numbers] for name, of_each in simulation.get("varied", {}).items()}
            seeds = [simulation["seeds"][k] for k in numbers]
            own = {"replicas": len(seeds), "seed": seeds[0], "seeds": seeds, "varied": varied}
            return {**self, "simulation": {**simulation, **own}}

        return Provenance(entries)

    def to_dict(self) -> dict[str, Any]:
        """A copy as a plain dictionary."""
        return dict(json.loads(self.to_json()))

    def to_json(self, indent: int | None = None) -> str:
        """Write it as JSON.

        Parameters
        ----------
        indent : int, optional
            Spaces for each level; everything in one line by default.

        Returns
        -------
        str
            Infinities and NaN, if there are any, as Python's `json` writes and reads them.
        """
        return json.dumps(dict(self._read()), indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """Read what `to_json` has written."""
        return cls(json.loads(text))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it says, not how that is found."""
        return Provenance, (dict(self._read()),)

    def __repr__(self) -> str:
        return f"<Provenance: {', '.join(self)}>"

    def __str__(self) -> str:
        return "\n".join(line for name, entry in self.items() for line in _lines(name, entry, 0))


def _lines(name: str, entry: Any, depth: int) -> Iterator[str]:
    """An entry, its parts beneath it."""
    head, text = f"{'  ' * depth}{name}", show_entry(entry)
    if text is not None:
        yield f"{head}: {text}"
        return
    yield head
    for part, value in entry.items():
        if value is not None:
            yield from _lines(str(part), value, depth + 1)


def show_entry(entry: Any) -> str | None:
    """Write an entry in one line: a value with its unit, the summary of an array, a list; None for other dictionaries.

    Examples
    --------
    >>> show_entry({"value": [10.0, 20.0], "unit": "ms"})
    '10, 20 ms'
    >>> show_entry({"value": "Uniform(0.0 mV, 1.0 mV)", "unit": "mV"})
    'Uniform(0.0 mV, 1.0 mV)'
    """
    if isinstance(entry, Mapping):
        if set(entry) == {"value", "unit"}:
            shown = show_entry(entry["value"])
            return shown if isinstance(entry["value"], str) else f"{shown} {entry['unit']}".rstrip()
        return ", ".join(f"{name} {show_entry(value)}" for name, value in entry.items()) if "sha256" in entry else None
    if isinstance(entry, list):
        first = ", ".join(str(show_entry(part)) for part in entry[:_LONGEST_LIST])
        return first if len(entry) <= _LONGEST_LIST else f"{first}, ... ({len(entry)} in all)"
    return f"{entry:.12g}" if isinstance(entry, float) else str(entry)
