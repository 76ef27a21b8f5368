"""First values of a state for many replicas at once.

In: a state, what each replica is bound to.  Out: what each would find for itself.  Must not know: what replicas are,
where their states lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext
from numbadyn.model.following import followed
from numbadyn.model.given_values import Plain
from numbadyn.model.init import Distribution
from numbadyn.model.init_checks import check_not_nan

__all__ = ["first_values_of_each"]


def first_values_of_each(state: Any, stream: int, contexts: Sequence[BindContext]) -> list[NDArray[Any]]:
    """First values for each replica: what is the same is made once, and draws of one distribution together.

    Parameters
    ----------
    state : State
        Whose they are.
    stream : int
        Of its draws.
    contexts : sequence of BindContext
        One a replica.

    Returns
    -------
    list of ndarray
        What ``state.initial(context, stream)`` gives for each; the same array where the same is bound.
    """
    found: list[Any] = [None] * len(contexts)
    alike: dict[tuple[int, int], tuple[list[int], Any]] = {}  # with what the numbers stand for, which is so kept alive
    for place, context in enumerate(contexts):
        other = context.bound(state)
        if id(state) in context.first or other._assigned:
            found[place] = state.initial(context, stream)
        else:
            given = followed(other._given, context, other._own_shape)
            alike.setdefault((id(other), id(given)), ([], (other, given)))[0].append(place)
    for places, (other, given) in alike.values():
        some = [contexts[place] for place in places]
        for place, values in zip(places, _of_alike(state, stream, other, given, some), strict=True):
            found[place] = values
    return found


def _of_alike(state: Any, stream: int, other: Any, given: Any, contexts: list[BindContext]) -> Sequence[NDArray[Any]]:
    """First values for replicas that differ in their seeds alone."""
    recipe = other._recipe_of(given)
    if isinstance(recipe, Plain):
        return [state.initial(contexts[0], stream)] * len(contexts)
    if isinstance(recipe, Distribution) and type(recipe).sample is Distribution.sample:
        seeds, bits = [context.seed for context in contexts], contexts[0].bits
        values = recipe.sample_each(other.varshape, seeds, stream, bits)
        check_not_nan(values, state.path)
        return list(values)
    return [state.initial(context, stream) for context in contexts]
