"""Rules in which a function says how likely each pair of neurons is connected.

In: a function of both ends, or of their distance.  Out: checked probabilities of some pairs.  Must not know: what a
rule does with them, Numba.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ConnectivityError
from numbadyn.model.init import Initialiser, OfPairs
from numbadyn.projections.connectivity.base import Connectivity

__all__ = ["ByChance", "is_of_pairs"]


def is_of_pairs(prob: Any) -> bool:
    """Whether a probability is given as one of each pair."""
    return isinstance(prob, OfPairs) or (callable(prob) and not isinstance(prob, Initialiser))


class ByChance(Connectivity):
    """What rules share whose `prob` may be a function of pairs."""

    prob: Any

    #: Whether its values only count beside each other, so that they need not be probabilities.
    relative = False

    def _chance_of_pairs(self, prob: Any) -> OfPairs:
        """Make the recipe of probabilities that differ between pairs."""
        recipe = prob if isinstance(prob, OfPairs) else OfPairs(prob)
        recipe.fits(self.n_pre, self.n_post)
        if not recipe.dimension.is_dimensionless:
            raise ConnectivityError(
                f"The probability of a synapse is given by {recipe!r}, in {recipe.dimension}.",
                where=self._place("prob"),
                cure="Return numbers from 0 to 1, without a unit.",
                recipe=recipe,
            )
        return recipe

    def chances(self, pre: NDArray[np.int64], post: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the probabilities of some pairs, where a function says them.

        Parameters
        ----------
        pre, post : ndarray of int64, shape (n,)
            The pairs.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        ConnectivityError
            One of them is no probability.
        """
        assert isinstance(self.prob, OfPairs)
        values = self.prob.values(pre, post)
        bad = np.flatnonzero((values < 0.0) | (values > (math.inf if self.relative else 1.0)))
        if bad.size:
            most = "infinity" if self.relative else "1"
            raise ConnectivityError(
                f"The probability of a synapse from {pre[bad[0]]} onto {post[bad[0]]} is {values[bad[0]]:g}, by "
                f"{self.prob!r}.",
                where=self._place("prob"),
                cure=f"Return numbers from 0 to {most}, with np.clip, or with profile.clip(0, 1), for example.",
                prob=self.prob,
            )
        return values
