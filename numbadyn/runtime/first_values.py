"""First values of the states of all replicas: those that are the same, or follow from one distribution, are made once.

In: what each replica is bound to.  Out: its first values, replica by replica.  Must not know: targets, where states
lie, what first values come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext, StateSpec, Step
from numbadyn.runtime.replica import naming

__all__ = ["first_values"]

_TOGETHER = 64
_ELEMENTS = 1 << 20
"""First values that wait for their replicas, of all states."""


def first_values(steps: Sequence[Step], contexts: Sequence[BindContext]) -> Iterator[list[NDArray[np.generic]]]:
    """First values of each state, one list a replica.

    Parameters
    ----------
    steps : sequence of Step
        What each replica is: the same step, or others of one structure.
    contexts : sequence of BindContext
        What they are bound to, with the first values that were set and with their synapses.

    Yields
    ------
    list of ndarray
        Replicas may have the same arrays, which are not to be changed.
    """
    size = sum(spec.space.size for spec in steps[0].states if spec.space.synapses is None)
    many = max(1, min(_TOGETHER, _ELEMENTS // max(size, 1)))
    for begin in range(0, len(contexts), many):
        some = contexts[begin : begin + many]
        columns = [list(specs) for specs in zip(*(step.states for step in steps[begin : begin + many]), strict=True)]
        found = [_of_each(specs, some) for specs in columns]
        for place in range(len(some)):
            yield [values[place] for values in found]


def _of_each(specs: Sequence[StateSpec], contexts: Sequence[BindContext]) -> Sequence[NDArray[np.generic]]:
    """First values of a state in some replicas."""
    together = specs[0].together
    if together is not None and len(contexts) > 1 and all(spec is specs[0] for spec in specs):
        try:
            return together(contexts)
        except Exception:  # it is found again below, where the replica is known
            pass
    found = []
    for spec, context in zip(specs, contexts, strict=True):
        with naming(context):
            found.append(np.asarray(spec.initial(context)))
    return found
