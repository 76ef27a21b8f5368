"""The base of all named errors: a message in three parts, and the values that it speaks of.

In: a sentence about the mistake, the place, the cure, values by name.  Out: an exception whose text shows the three on
separate lines.  Must not know: anything else of the package.
"""

from typing import Any

__all__ = ["NumbadynError"]


_PLAIN = (type(None), bool, int, float, complex, str, bytes)
"""Types whose values hold nothing else."""


def _rebuild(cls: type["NumbadynError"], what: str, where: str | None, cure: str | None) -> "NumbadynError":
    """Make an error again from its parts; pickle cannot pass keyword arguments by itself."""
    return cls(what, where=where, cure=cure)


def _kept(value: Any) -> Any:
    """Keep what is plain data; an error must not hold on to a network, and can be pickled."""
    if type(value) in (tuple, list):
        return type(value)(map(_kept, value))
    kind = getattr(value, "dtype", None)
    if kind is not None and type(value).__module__.partition(".")[0] in ("numpy", "quantities"):
        return repr(value) if kind.hasobject else value
    return value if type(value) in _PLAIN else repr(value)


class NumbadynError(Exception):
    """Base of every error that numbadyn raises on purpose.

    Parameters
    ----------
    what : str
        A sentence that says what is wrong, with the offending value and its unit.
    where : str, optional
        The place: a module path such as ``EINet.E.tau``, a file with a line number, or both.
    cure : str, optional
        What to write instead.
    **values
        What the sentence speaks of, by name, for programs that react to an error.

    Attributes
    ----------
    what, where, cure : str
        As given.
    values : dict
        The values. Numbers, texts, tuples, arrays and quantities are kept as they are; of anything else, its ``repr``.

    Examples
    --------
    >>> error = NumbadynError("tau is -5 ms.", where="EINet.E.tau", cure="Give a positive time.", tau=-5.0)
    >>> print(error)
    tau is -5 ms.
      where: EINet.E.tau
      cure: Give a positive time.
    >>> error.values["tau"]
    -5.0
    """

    def __init__(self, what: str, *, where: str | None = None, cure: str | None = None, **values: Any) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.cure = cure
        self.values = {name: _kept(value) for name, value in values.items()}

    def __str__(self) -> str:
        """Show what, where and cure on a line each (a `KeyError` would show the repr instead)."""
        lines = [self.what]
        if self.where is not None:
            lines.append(f"  where: {self.where}")
        if self.cure is not None:
            lines.append(f"  cure: {self.cure}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the three parts, since the default passes positional arguments only."""
        return _rebuild, (type(self), self.what, self.where, self.cure), dict(self.__dict__)
