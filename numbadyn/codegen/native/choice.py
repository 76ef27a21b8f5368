"""Which compiler makes machine code for the processor.

In: the environment of the process.  Out: a choice.  Must not know: compilers.
"""

from __future__ import annotations

import os
import struct

__all__ = ["COMPILER", "numba_compiles"]

#: Environment variable; ``numba`` chooses Numba's own passes, to look at what they make of a text.
COMPILER = "NUMBADYN_COMPILER"
_ADDRESS_BITS = 8 * struct.calcsize("P")


def numba_compiles() -> bool:
    """Whether generated text goes through Numba's own passes."""
    return os.environ.get(COMPILER) == "numba" or _ADDRESS_BITS != 64
