"""The builders of synapse tables, imported when the first table is needed.

In: the arguments of `numbadyn.runtime.builders.build`.  Out: its table.  Must not know: rules, tables.

Importing the builders costs the import of Numba, which someone who only describes a model does not need.
"""

from __future__ import annotations

from typing import Any

__all__ = ["build"]


def build(rule: Any, **arguments: Any) -> Any:
    """Build a synapse table; see `numbadyn.runtime.builders.build`."""
    from numbadyn.runtime import builders  # not at the top: Numba takes longer to import than all the rest

    return builders.build(rule, **arguments)
