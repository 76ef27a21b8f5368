"""The compiled loops of the builders, loaded when the first table is built.

In: the text of the two kernel modules and of the random numbers.  Out: callable compiled functions, kept on disk by the
loader.  Must not know: rules or tables.
"""

from functools import cache
from importlib.resources import files
from types import ModuleType

from numbadyn.codegen import loader
from numbadyn.ir.elementary import HEADER, numba_source

__all__ = ["structure_kernels", "value_kernels"]

_STRUCTURE_ENTRY = (
    "all_pairs",
    "count_sources",
    "draw_columns",
    "draw_pairs",
    "draw_poisson_rows",
    "draw_rows",
    "draw_symmetric",
    "draw_times",
    "draw_with_probability",
    "fill_uniforms",
    "is_sorted",
    "join_rows",
    "look_up_pairs",
    "sort_rows_by_delay",
    "spread_over_rows",
    "stable_order",
)
_VALUE_ENTRY = ("fill_lognormal", "fill_normal", "fill_uniform")


@cache
def structure_kernels() -> ModuleType:
    """Give the compiled functions of ``structure_kernels.py``.

    Returns
    -------
    module
        Its functions are attributes; each compiles at its first call, or comes from the disk.
    """
    return _load("structure_kernels", ("log", "uniform"), 64, _STRUCTURE_ENTRY)


@cache
def value_kernels(bits: int) -> ModuleType:
    """Give the compiled functions of ``value_kernels.py``.

    Parameters
    ----------
    bits : {64, 32}
        Precision of the arithmetic.

    Returns
    -------
    module
        Its functions are attributes; each compiles at its first call, or comes from the disk.
    """
    return _load("value_kernels", ("exp", "normal", "uniform"), bits, _VALUE_ENTRY)


def _load(name: str, elementary: tuple[str, ...], bits: int, entry: tuple[str, ...]) -> ModuleType:
    """Put the definitions of the elementary functions before the text of a module and load the whole."""
    text = files(__package__).joinpath(f"{name}.py").read_text(encoding="utf-8")
    source = "\n".join((HEADER, numba_source(elementary, bits), text))
    return loader.load(source, label=name, entry=entry).module
