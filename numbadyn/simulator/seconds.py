"""How long the preparation of a simulation took, stage by stage and pass by pass.

In: times, named passes.  Out: `Seconds`.  Must not know: what stages and passes do.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

__all__ = ["Seconds"]


class Seconds(dict[str, float]):
    """Seconds of wall time that each stage of the preparation took, a dictionary in the order in which they ran.

    Attributes
    ----------
    passes : dict of str to dict of str to float
        Of stages that consist of passes, the seconds of each one by its name, in order. They are parts of the time of
        their stage, which has some more to do; `Simulator.explain` shows them when asked to be verbose.

    Notes
    -----
    ``trace`` runs the updates once and checks and simplifies what they do; ``build synapses`` draws who is connected to
    whom; ``lower`` makes a program of loops and buffers; ``compile`` turns it into machine code, or loads that from the
    cache. Stages appear when they have run: all have, after the first run. What is made anew, as after another
    recording was asked for, takes the place of what it was before.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> sim = nd.Simulator(nd.LIF(2), dt=0.1 * ms, target="interpret")
    >>> list(sim.seconds), list(sim.seconds.passes["trace"])[:2]
    (['trace'], ['run the updates once', 'check what was traced'])
    >>> len(sim.explain()) > 0, list(sim.seconds), list(sim.seconds.passes["lower"])[:1]
    (True, ['trace', 'build synapses', 'lower'], ['find events and histories to keep'])
    """

    def __init__(self) -> None:
        super().__init__()
        self.passes: dict[str, dict[str, float]] = {}

    def note(self, stage: str, started: float, passes: Mapping[str, float] | None = None) -> None:
        """Note that a stage has just ended, and how long its passes took.

        Parameters
        ----------
        stage : str
            Its name.
        started : float
            When it began, by `time.perf_counter`.
        passes : mapping, optional
            Seconds by the name of the pass.
        """
        self[stage] = time.perf_counter() - started
        if passes is not None:
            self.passes[stage] = dict(passes)

    def lines(self) -> dict[str, list[str]]:
        """What took how long, in words, under two headings."""
        single = (item for passes in self.passes.values() for item in passes.items())
        return {
            "Seconds": [f"{name}: {seconds:.3f} s" for name, seconds in self.items()],
            "Passes": [f"{name}: {1e3 * seconds:.2f} ms" for name, seconds in single],
        }
