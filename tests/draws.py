"""How many examples a property test draws: a third of them in the main run, all where somebody asks for them.

In: ``NUMBADYN_TESTS_DRAWS=all``, or nothing.  Out: `share`.  Must not know: what is drawn.

Examples are drawn in the same order in each run, so that the third is the beginning of the whole.
"""

import os

__all__ = ["share"]

_FEWEST = 4
_ALL = os.environ.get("NUMBADYN_TESTS_DRAWS") == "all"


def share(number: int) -> int:
    """So many of `number` examples are drawn in this run."""
    return number if _ALL else max(min(number, _FEWEST), number // 3)
