"""Names that a user may have meant.

In: a name that is not there, and those that are.  Out: these, the nearest first.  Must not know: modules.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["nearest_first"]


def nearest_first(wanted: str, names: Iterable[str]) -> list[str]:
    """Names, those first that look most like the wanted one.

    Examples
    --------
    >>> nearest_first("v", ["refractory", "V", "spike"])
    ['V', 'refractory', 'spike']
    """

    def distance(name: str) -> float:
        return -difflib.SequenceMatcher(None, wanted.lower(), name.lower()).ratio()

    return sorted(names, key=distance)
