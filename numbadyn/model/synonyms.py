"""Other words for what has a name: the field's short ones, which are taken at every door and stand for one thing.

In: a name that a user has written, the names that there are.  Out: the name that is kept, under which results, files
and errors speak of it.  Must not know: who has the names.
"""

from __future__ import annotations

from collections.abc import Container

__all__ = ["SYNONYMS", "ShortName", "known_as"]

SYNONYMS = {"w": "weight"}
"""What users of the field write -> the name."""


def known_as(given: str, names: Container[str]) -> str:
    """The name that is meant: what is given, if there is such a name, else what it is another word for, if that is one.

    Parameters
    ----------
    given : str
        A name, or a path that ends in one, such as ``"E2I.w"``.
    names : container of str
        Those that there are.

    Examples
    --------
    >>> known_as("w", ["weight", "delay"]), known_as("E2I.w", ["E2I.weight"]), known_as("w", ["V", "w"])
    ('weight', 'E2I.weight', 'w')
    >>> known_as("V", ["weight"])
    'V'
    """
    if not isinstance(given, str):  # which whoever looks it up refuses
        return given
    if given in names:
        return given
    owner, point, last = given.rpartition(".")
    other = f"{owner}{point}{SYNONYMS.get(last, last)}"
    return other if other in names else given


class ShortName:
    """An attribute of a class that is another word for one of its instances'; their own of this name comes first.

    Examples
    --------
    >>> class Synapses:
    ...     w = ShortName()
    ...     def __init__(self):
    ...         self.weight = 0.5
    >>> Synapses().w
    0.5
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = SYNONYMS[name]

    def __get__(self, instance: object, owner: type) -> object:
        return self if instance is None else getattr(instance, self._name)
