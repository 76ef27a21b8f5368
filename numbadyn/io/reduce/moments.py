"""Mean and variance of a variable over time, of each element.

In: blocks of samples.  Out: means, variances.  Must not know: targets.

Blocks are summed one after the other and joined by the rule of Chan, Golub and LeVeque, which loses no digits where the
variance is small beside the mean.

References
----------
T. F. Chan, G. H. Golub, R. J. LeVeque (1983): Algorithms for computing the sample variance. The American Statistician
37, 242-247. https://doi.org/10.1080/00031305.1983.10483115
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.io.reduce.base import Reduced, Reducer, Running, Scope

__all__ = ["Mean", "Variance"]


@dataclass(frozen=True)
class Mean(Reducer):
    """Mean of each element of a variable over the samples of the run.

    Parameters
    ----------
    variable : str
        State or computed value, as `Simulator.record` knows it.
    name : str, optional
        By which it is found; ``"V_mean"`` for ``V``.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> cells = nd.LIF(3)
    >>> sim = nd.Simulator(cells, dt=0.1 * ms, target="interpret")
    >>> sim.record(cells, nd.reduce.Mean("V"), nd.reduce.Variance("V"), every=1 * ms)
    >>> result = sim.run(50 * ms)
    >>> result[cells].V_mean.shape, str(result[cells].V_variance.dimensionality)
    ((3,), 'mV**2')
    """

    variable: str
    name: str = ""
    spiking: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", f"{self.variable}_mean")

    def start(self, scope: Scope) -> Running:
        """Begin with no sample."""
        return _Moments(self.name, scope, second=False)


@dataclass(frozen=True)
class Variance(Reducer):
    """Variance of each element of a variable over the samples of the run; their number is the divisor.

    Parameters
    ----------
    variable : str
        State or computed value, as `Simulator.record` knows it.
    name : str, optional
        By which it is found; ``"V_variance"`` for ``V``.
    """

    variable: str
    name: str = ""
    spiking: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", f"{self.variable}_variance")

    def start(self, scope: Scope) -> Running:
        """Begin with no sample."""
        return _Moments(self.name, scope, second=True)


class _Moments(Running):
    def __init__(self, name: str, scope: Scope, *, second: bool) -> None:
        super().__init__(scope)
        self._name, self._second = name, second
        self._n = [0] * scope.replicas
        self._mean, self._spread = np.zeros((2, scope.replicas, scope.elements))

    def add_samples(self, replica: int, steps: range, values: NDArray[Any]) -> None:
        own, n, fresh = np.asarray(values, float), self._n[replica], len(values)
        mean = _sum_rows(own) / fresh
        away = mean - self._mean[replica]
        if self._second:
            self._spread[replica] += _sum_rows((own - mean) ** 2) + away**2 * (n * fresh / (n + fresh))
        self._mean[replica] += away * (fresh / (n + fresh))
        self._n[replica] = n + fresh

    def values(self, reached: int) -> Reduced:
        n = np.array(self._n)
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = self._spread / n[:, None]
        found = variance if self._second else np.where(n[:, None] > 0, self._mean, np.nan)
        dimension = self.scope.dimension**2 if self._second else self.scope.dimension
        return Reduced(self._name, found, dimension, {"element": np.arange(self.scope.elements)}, more={"samples": n})


def _sum_rows(values: NDArray[Any]) -> NDArray[Any]:
    """Sum of the rows, in their order."""
    return np.asarray(np.add.reduce(values, axis=0))
