"""Which compiler makes machine code for the processor.

In: the environment of the process.  Out: a choice, or an error for a name that is none.  Must not know: compilers.
"""

from __future__ import annotations

import os
import struct

from numbadyn.errors import TargetError

__all__ = ["COMPILER", "numba_compiles"]

#: Environment variable; ``numba`` chooses Numba's own passes, to look at what they make of a text.
COMPILER = "NUMBADYN_COMPILER"
_CHOICES = ("direct", "numba")
_ADDRESS_BITS = 8 * struct.calcsize("P")


def numba_compiles() -> bool:
    """Whether generated text goes through Numba's own passes."""
    choice = os.environ.get(COMPILER) or _CHOICES[0]
    if choice not in _CHOICES:
        raise TargetError(
            f"The environment variable {COMPILER} is {choice!r}.",
            where=COMPILER,
            cure=f"Unset it, or choose one of {', '.join(map(repr, _CHOICES))}.",
            choice=choice,
        )
    return choice == "numba" or _ADDRESS_BITS != 64
