"""The base of all named errors: a message in three parts.

In go a sentence about the mistake, the place and the cure; out comes an exception whose text shows the three on
separate lines. This module must not know anything else of the package.
"""

from typing import Any

__all__ = ["NumbadynError"]


def _rebuild(cls: type["NumbadynError"], what: str, where: str | None, cure: str | None) -> "NumbadynError":
    """Make an error again from its parts; pickle cannot pass keyword arguments by itself."""
    return cls(what, where=where, cure=cure)


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

    Examples
    --------
    >>> print(NumbadynError("tau is -5 ms.", where="EINet.E.tau", cure="Give a positive time."))
    tau is -5 ms.
      where: EINet.E.tau
      cure: Give a positive time.
    """

    def __init__(self, what: str, *, where: str | None = None, cure: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.cure = cure

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
