"""What needs Numba, imported when it is needed: the builders of synapse tables and the loader of generated source.

In: the arguments of functions of `numbadyn.runtime.builders` or `numbadyn.codegen.loader`.  Out: what these return.
Must not know: rules, tables, source text.

Importing either costs the import of Numba, which someone who only describes a model, or interprets it, does not need.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.runtime.forecast import expected_bytes, require_reading

if TYPE_CHECKING:
    from numbadyn.codegen.loader import LoadedModule

__all__ = ["build", "build_on_device", "import_compilers", "join_rows", "load"]


def build(rule: Any, *, read_by: str | None = None, **arguments: Any) -> Any:
    """Build a synapse table, see `numbadyn.runtime.builders.build`; to be read back by a name, if there is room."""
    if read_by is not None:
        delayed, bits = arguments["delay"] is not None, np.dtype(arguments["real"]).itemsize * 8
        size = expected_bytes(rule, bits, delayed=delayed)
        require_reading(read_by, int(rule.expected_synapses), sorted_again=delayed, table=size)
    from numbadyn.runtime import builders  # not at the top: Numba takes longer to import than all the rest

    return builders.build(rule, **arguments)


def build_on_device(device: Any, rule: Any, **arguments: Any) -> Any:
    """Build a synapse table on a device; see `numbadyn.runtime.builders.cuda.build.build_on_device`."""
    from numbadyn.runtime.builders.cuda import build as on_device  # not at the top, for the same reason

    return on_device.build_on_device(device, rule, **arguments)


def join_rows(tables: Sequence[Any], shifts: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Make rows of several connections one; see `numbadyn.runtime.builders.joining.join_rows`."""
    from numbadyn.runtime.builders import joining  # not at the top, for the same reason

    return joining.join_rows(tables, shifts)


def import_compilers() -> None:
    """Import all of this ahead of time."""
    for name in ("numbadyn.codegen.loader", "numbadyn.runtime.builders"):
        importlib.import_module(name)


def load(source: str, *, label: str, entry: tuple[str, ...]) -> LoadedModule:
    """Import generated source text; see `numbadyn.codegen.loader.load`."""
    from numbadyn.codegen import loader  # not at the top, for the same reason

    return loader.load(source, label=label, entry=entry)
