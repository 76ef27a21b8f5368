"""Generated text as the CPU target compiles it, for tests that write small functions around it."""

from types import ModuleType

from numbadyn.codegen.loader import load
from numbadyn.ir.elementary import HEADER

__all__ = ["compiled_module"]

_HEAD = f"""{HEADER}
from numbadyn.codegen.cpu.compiler import Direct

entry = njit(error_model="numpy", pipeline_class=Direct)
"""


def compiled_module(text: str) -> ModuleType:
    """A module of this text, whose functions marked ``@entry`` are called from Python; nothing is kept on disk."""
    return load(_HEAD + text, label="test", entry=()).module
