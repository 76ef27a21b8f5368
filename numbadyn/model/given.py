"""Spikes whose times are known beforehand.

In: indices and times with a unit.  Out: on call, the spikes of the present step.  Must not know: populations, targets.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, RateError, ShapeError
from numbadyn.ir.nodes import BindContext, Train
from numbadyn.model import environ
from numbadyn.model.delays.times.rule import delay_steps, tolerance
from numbadyn.model.timing import below
from numbadyn.model.variable import count_change
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced
from numbadyn.units import TIME, magnitude_in

__all__ = ["GivenSpikes"]


class GivenSpikes:
    r"""Spikes whose times are known beforehand; call it for those of this step.

    Parameters
    ----------
    name : str
        Place for messages.
    size : tuple of int
        Geometry of the population.
    indices : array_like of int, shape (n_spikes,)
        Which neuron fires, a flat index.
    times : quantities.Quantity, shape (n_spikes,)
        When it fires, in any order.

    Raises
    ------
    ShapeError
        The two differ in length, or an index names no neuron.
    InvalidParameterError
        A time is negative or not finite, or the indices are not integers.

    Notes
    -----
    A spike of step m has the time :math:`(m + 1) \Delta t`, the end of its step, as recorded spikes have. A time t
    therefore belongs to step :math:`m = \lceil t / \Delta t \rceil - 1`; t = 0 is put into step 0.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> spikes = GivenSpikes("here", (3,), [0, 2], [0.2, 0.1] * ms)
    >>> with nd.environ.context(dt=0.1 * ms, i=1):
    ...     print(spikes())
    [ True False False]
    """

    def __init__(self, name: str, size: tuple[int, ...], indices: Any, times: Any) -> None:
        self.name, self.size = name, size
        self.change(indices, times)

    def change(self, indices: Any, times: Any) -> None:
        """Take other spikes; a simulator plays them from its next run on.

        Parameters
        ----------
        indices, times
            As of the class.
        """
        when = np.atleast_1d(np.asarray(magnitude_in(times, TIME, what="times", where=self.name), dtype=np.float64))
        which = np.atleast_1d(np.asarray(indices))
        if which.size and which.dtype.kind not in "iu":
            raise InvalidParameterError(
                f"indices are {which.dtype.name} values.",
                where=self.name,
                cure="Give integers, one for each time.",
                dtype=which.dtype.name,
            )
        if which.shape != when.shape or when.ndim != 1:
            raise ShapeError(
                f"There are indices of shape {which.shape} and times of shape {when.shape}.",
                where=self.name,
                cure="Give two arrays of one axis and equal length, one entry for each spike.",
                which_shape=which.shape,
                when_shape=when.shape,
            )
        self._check(which, when)
        self.indices, self.times = which.astype(np.int64), when
        count_change()

    def replaced(self, spikes: tuple[Any, Any]) -> GivenSpikes:
        """The same source with other spikes, indices and times, for a replica; see `BindContext.instead`."""
        other = copy.copy(self)
        other.change(*spikes)
        return other

    def _check(self, which: NDArray[Any], when: NDArray[np.float64]) -> None:
        outside = np.flatnonzero((which < 0) | (which >= math.prod(self.size)))
        if outside.size:
            raise ShapeError(
                f"indices[{outside[0]}] is {which[outside[0]]}, but there are {math.prod(self.size)} neurons.",
                where=self.name,
                cure="Name neurons that exist, or enlarge the population.",
                index=outside[0],
                element=which[outside[0]],
            )
        bad = np.flatnonzero(~((when >= 0.0) & (when < np.inf)))
        if bad.size:
            raise InvalidParameterError(
                f"times[{bad[0]}] is {when[bad[0]]:g} ms.",
                where=self.name,
                cure="Give zero or positive, finite times.",
                index=bad[0],
                time=when[bad[0]],
            )

    def events(self, context: BindContext) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give steps (ascending) and neurons of all spikes; a neuron fires at most once a step.

        Raises
        ------
        RateError
            A neuron is given two times in one step, of which one spike would be lost.
        """
        if (other := context.bound(self)) is not self:
            return other.events(context)
        steps = np.maximum(delay_steps(self.times, context.dt) - 1, 0)
        self._refuse_two_in_a_step(steps, context.dt)
        pairs = np.unique(np.stack([steps, self.indices], axis=1), axis=0)
        return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])

    def _refuse_two_in_a_step(self, steps: NDArray[np.int64], dt: float) -> None:
        """Refuse what a step cannot carry; a time that is given twice is one spike."""
        order = np.lexsort((self.times, self.indices))
        neurons, times = self.indices[order], self.times[order]
        same = (np.diff(neurons) == 0) & (np.diff(steps[order]) == 0)
        lost = np.flatnonzero(same & (np.diff(times) > tolerance(64) * dt))
        if lost.size:
            first, gap = int(lost[0]), float(np.diff(times)[lost].min())
            raise RateError(
                f"Neuron {neurons[first]} of {self.name} is to fire at {times[first]:g} ms and at {times[first + 1]:g} "
                f"ms, both in one step of {dt:g} ms ({lost.size} spikes would be lost).",
                where=self.name,
                cure=f"Take a step of {below(gap):g} ms or less, leave one of them out, or give each a neuron "
                "of its own.",
                name=self.name,
                dt=dt,
            )

    def __call__(self) -> Any:
        """Boolean vector of the spikes of this step."""
        number = math.prod(self.size)
        trace = current_trace()
        if trace is not None:
            node = trace.train(Train(trace.path[-1][0], number, self.events))
            fired = Traced(trace, node)
            return fired if len(self.size) == 1 else fired.reshape(self.size)
        steps, elements = self.events(BindContext(environ.eager_dt(), 0))
        now = np.zeros(number, dtype=bool)
        now[elements[steps == int(environ.get("i"))]] = True
        return now.reshape(self.size)
