"""What property tests draw: a third of their examples in the main run, the same ones on each machine at any load.

In: ``NUMBADYN_TESTS_DRAWS=all``, or nothing; ``--hypothesis-seed=3`` for other examples.  Out: `share`,
`draw_alike_everywhere`.  Must not know: what is drawn.

Examples are drawn in the same order in each run, so that the third is the beginning of the whole.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal import conjecture

__all__ = ["draw_alike_everywhere", "share"]

_ALL = os.environ.get("NUMBADYN_TESTS_DRAWS") == "all"


def share(number: int, fewest: int = 4) -> int:
    """So many of `number` examples are drawn in this run, and no fewer than `fewest` if there are as many."""
    return number if _ALL else max(min(number, fewest), number // 3)


def draw_alike_everywhere(seed: int | str | None) -> None:
    """Let no clock, no file and no earlier test decide over what Hypothesis draws, nor over whether that is in time.

    Parameters
    ----------
    seed : int, str or None
        Of Hypothesis, if somebody has given one; else each test has its own.
    """
    settings.register_profile(
        "numbadyn",
        derandomize=seed is None,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("numbadyn")
    # it also draws numbers and texts of the modules that are imported, and these are others behind other tests
    providers = getattr(conjecture, "providers", None)
    if hasattr(providers, "_get_local_constants"):
        providers._get_local_constants = providers.Constants
