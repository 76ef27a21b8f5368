"""Provenance of a result: with what, where and when it was made, and what would be needed to make it again.

In: a plain mapping, or a function that makes one when somebody looks.  Out: `Provenance`, printable and made of what
JSON can hold.  Must not know: simulators.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Provenance"]

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
    head = f"{'  ' * depth}{name}"
    if isinstance(entry, Mapping) and (text := _quantity(entry)) is None:
        yield head
        for part, value in entry.items():
            yield from _lines(str(part), value, depth + 1)
    else:
        yield f"{head}: {text if isinstance(entry, Mapping) else _text(entry)}"


def _quantity(entry: Mapping[str, Any]) -> str | None:
    """A value with its unit, or the summary of an array, in one line; None for a dictionary of other things."""
    if set(entry) == {"value", "unit"}:
        shown = _text(entry["value"])
        return shown if isinstance(entry["value"], str) else f"{shown} {entry['unit']}".rstrip()
    if "sha256" in entry:
        return ", ".join(f"{name} {_text(value)}" for name, value in entry.items())
    return None


def _text(value: Any) -> str:
    if isinstance(value, list) and len(value) > _LONGEST_LIST:
        return f"{', '.join(map(_text, value[:_LONGEST_LIST]))}, ... ({len(value)} in all)"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)
