"""Names of the modules of a run, by which a result knows what belongs to whom.

In: modules and their names.  Out: the name of a module.  Must not know: what was recorded.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

__all__ = ["Paths"]


class Paths:
    """Names of the modules of a run, without keeping them alive.

    Parameters
    ----------
    named : iterable of pairs
        Modules and their names.
    """

    def __init__(self, named: Iterable[tuple[Any, str]]) -> None:
        self._names = {id(module): (weakref.ref(module), path) for module, path in named}

    def find(self, module: Any) -> str | None:
        """The name of a module that took part; None for others."""
        reference, path = self._names.get(id(module), (None, ""))
        return path if reference is not None and reference() is module else None
