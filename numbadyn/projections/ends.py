"""The two ends of a projection: whether they are the same neurons.

In: what the signal comes from, the target.  Out: True, False, or an error.  Must not know: rules beyond their options.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import ConnectivityError
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.view import view_of

__all__ = ["check_self", "recurrent"]


def recurrent(pre: Any, post: Any) -> bool | None:
    """Whether a projection ends on the neurons that it comes from, each at its own number.

    Parameters
    ----------
    pre : Dynamics, View, or a reference to one
        What the signal comes from.
    post : Dynamics or View
        The target.

    Returns
    -------
    bool or None
        None where the two overlap, but numbers differ.
    """
    (source, first), (target, second) = _neurons(pre), _neurons(post)
    if source is not target:
        return False
    if np.array_equal(first, second):
        return True
    return None if np.intersect1d(first, second).size else False


def _neurons(end: Any) -> tuple[Any, Any]:
    view = view_of(end)
    if view is not None:
        return view.population, view.elements
    population = end if isinstance(end, Dynamics) else end.module
    return population, np.arange(population.num)


def check_self(comm: Any, pre: Any, post: Any, where: str) -> None:
    """Refuse a rule that forbids synapses of a neuron with itself, where equal numbers are different neurons.

    Raises
    ------
    ConnectivityError
        They are.
    """
    if getattr(comm, "autapses", True):
        return
    if not (isinstance(pre, Dynamics) or view_of(pre) is not None or hasattr(pre, "module")):
        return
    if getattr(_neurons(pre)[0], "driven", False):  # a synapse or a stage that a population carries stands for it
        return
    same = recurrent(pre, post)
    if same:
        return
    raise ConnectivityError(
        f"autapses=False of {where} forbids synapses of a neuron with itself, but "
        + ("these are two populations" if same is False else "these are two parts of a population that overlap")
        + ", so pairs of equal number would be left out that are different neurons.",
        where=f"{where}.comm",
        cure="Leave autapses at True between two populations; False is for a population, or a part of one, that ends "
        "on itself.",
        place=where,
    )
