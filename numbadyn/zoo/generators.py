"""Populations that act by themselves: fire at random with a rate or at given times, or play what was recorded.

In: rates, times or recorded values.  Out: spikes or values.  Must not know: lowering, targets.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numbadyn.errors import RateError, ShapeError
from numbadyn.model import environ, random
from numbadyn.model.dynamics import Dynamics, Neuron
from numbadyn.model.given import GivenSpikes
from numbadyn.model.ranges import CERTAIN, is_traced, keep_in_range
from numbadyn.model.timed_array import After, Interpolation, TimedArray
from numbadyn.model.timed_stream import TimedStream
from numbadyn.model.timing import below
from numbadyn.model.typing import ParameterLike, QuantityLike, SizeLike
from numbadyn.model.values import Parameter
from numbadyn.model.variable import resolve
from numbadyn.model.varying import changes, own_source, read_source
from numbadyn.units import FREQUENCY, TIME, join, magnitude_in, split
from numbadyn.zoo.units import kHz, ms

__all__ = ["Playback", "PoissonGroup", "SpikeTrain"]


class PoissonGroup(Neuron):
    r"""Neurons that fire at random with given rates, independently of each other and of the past.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    rates : quantities.Quantity, array or Initialiser; or what changes in time
        Rate of each neuron, one value or one for each. Of rates that change: a function of the time, ``lambda t: ...``,
        a `TimedArray` or `TimedStream`, a source such as `Sine` or a description of one, or a reference to a state of
        another population, ``E.prefetch("r")`` (say in the group which of the two is updated first, ``order = ("E",
        "sources")``).
    name : str, optional
        Name for messages and results.

    Raises
    ------
    InvalidParameterError
        A rate is negative or not finite.
    RateError
        A rate is above one spike a step; when a run begins, or in an eager call. A rate that changes is above it or
        negative; in the step in which it is.
    DimensionError, UnitExpectedError
        `rates` are no rates.

    Notes
    -----
    A neuron fires at most once a step, with the probability :math:`p = r \Delta t`, so that its mean rate is r; the
    intervals are geometrically distributed, for small p those of a Poisson process. More than one spike a step,
    :math:`r > 1 / \Delta t`, is refused when a run begins: take a smaller step, or `PoissonInput`, whose sources may
    fire several times in a step.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, Hz
    >>> noise = nd.PoissonGroup(1000, rates=100 * Hz)
    >>> with nd.environ.context(dt=1 * ms, seed=1):
    ...     print(80 < noise().sum() < 120)
    True

    Sources whose rate follows a rhythm:

    >>> rhythm = nd.Sine.desc(amplitude=40 * Hz, frequency=8 * Hz, offset=50 * Hz)
    >>> waves = nd.PoissonGroup(1000, rates=rhythm)
    """

    def __init__(self, in_size: SizeLike, rates: ParameterLike, name: str | None = None) -> None:
        super().__init__(in_size, name=name)
        if changes(rates):
            self.rates = own_source(rates, self.varshape, f"{self.path}(rates)")
        else:
            self.rates = Parameter(rates, unit=kHz, negative=False, check=self._must_fit)

    def _must_fit(self, rates: NDArray[Any], context: Any) -> None:
        """Refuse rates that one spike a step cannot carry, when they are bound."""
        above = np.flatnonzero(~((rates >= 0.0) & (rates * context.dt <= CERTAIN)))
        if above.size:
            place = f" in {above.size} of {rates.size} neurons, first in {above[0]}" if rates.ndim else ""
            raise _too_high(self.path, float(np.ravel(rates)[above[0]]), context.dt, place)

    def update(self) -> Any:
        """Draw the spikes of this step.

        Returns
        -------
        array of bool
            Whether each neuron spikes.
        """
        rates = read_source(self.rates, self.varshape) if changes(self.rates) else self.rates
        chance = rates * environ.get_dt()
        if not is_traced():
            self._must_fit(np.asarray(split(resolve(rates))[0]), SimpleNamespace(dt=environ.eager_dt()))
        elif not isinstance(self.rates, Parameter):  # rates that change while the network runs
            keep_in_range(chance, 0.0, CERTAIN, f"{self.path}.rates", "probability", self._left_range)
        return random.bernoulli(chance, size=self.varshape)

    def _left_range(self, step: int, element: int, chance: float, context: Any) -> Exception:
        """The error of a rate that has left its range while the network ran."""
        place = f" in step {step} (t = {step * context.dt:g} ms), neuron {element}"
        return _too_high(self.path, chance / context.dt, context.dt, place)


def _too_high(path: str, rate: float, dt: float, place: str) -> RateError:
    """The error of a rate that no chance of a spike in each step makes."""
    found = join(float(f"{rate:.6g}"), FREQUENCY)
    if not rate >= 0.0:
        return RateError(
            f"{path} has a rate of {found}{place}.",
            where=f"{path}.rates",
            cure="Keep it at zero or more: np.maximum.",
            found=found,
        )
    return RateError(
        f"{path} has a rate of {found}{place}; with one spike a step of {dt:g} ms the highest is "
        f"{join(float(f'{1.0 / dt:.6g}'), FREQUENCY)}.",
        where=f"{path}.rates",
        cure=f"Take a step of {below(1.0 / rate):g} ms or less, or nd.PoissonInput(num_input=..., freq=...), "
        "whose sources may fire several times in a step.",
        found=found,
        dt=dt,
    )


class SpikeTrain(Neuron):
    r"""Neurons that fire at given times.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    indices : array_like of int, shape (n_spikes,)
        Which neuron fires, a flat index.
    times : quantities.Quantity, shape (n_spikes,)
        When it fires, in any order; times after the end of a run do no harm.
    name : str, optional
        Name for messages and results.

    Raises
    ------
    ShapeError, InvalidParameterError, DimensionError
        Indices and times do not fit each other or the population.
    RateError
        Two times of a neuron lie in one step; when a run begins.

    Notes
    -----
    A spike of step m has the time :math:`(m + 1) \Delta t`, the end of its step, as recorded spikes have. A time t
    therefore belongs to step :math:`m = \lceil t / \Delta t \rceil - 1`, and t = 0 to step 0; times that have been
    recorded come back unchanged. A neuron fires at most once a step: two times in one step are refused when a run
    begins, while a time that is given twice is one spike. An eager call needs the step number:
    ``nd.environ.context(dt=..., i=...)``.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> train = nd.SpikeTrain(3, indices=[0, 2, 1], times=[0.1, 0.1, 0.25] * ms)
    >>> with nd.environ.context(dt=0.1 * ms, i=0):
    ...     print(train())
    [ True False  True]
    """

    def __init__(self, in_size: SizeLike, indices: ArrayLike, times: QuantityLike, name: str | None = None) -> None:
        super().__init__(in_size, name=name)
        self.spikes = GivenSpikes(self.path, self.in_size, indices, times)

    @classmethod
    def from_trains(cls, trains: Any, in_size: SizeLike | None = None, name: str | None = None) -> SpikeTrain:
        """Make neurons that fire as trains say, one train for each neuron.

        Parameters
        ----------
        trains : sequence of quantities.Quantity or neo.SpikeTrain; or neo.Segment
            Times of the spikes of each neuron; of a segment, its spike trains.
        in_size : int or tuple of int, optional
            Geometry of the population; as many neurons as trains by default.
        name : str, optional
            Name for messages and results.

        Returns
        -------
        SpikeTrain

        Raises
        ------
        ShapeError
            There are more trains than neurons, or none.
        UnitExpectedError, DimensionError, InvalidParameterError
            Times of a train have no unit, are no times, or are negative.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, s
        >>> sources = nd.SpikeTrain.from_trains([[1, 5, 9] * ms, [] * ms, [0.002] * s])
        >>> sources.varshape, sources.indices.tolist(), sources.times
        ((3,), [0, 0, 0, 2], array([1., 5., 9., 2.]) * ms)
        """
        given = list(getattr(trains, "spiketrains", trains))
        where = name or cls.__name__
        if not given:
            raise ShapeError(
                f"{where} is given no train.",
                where=where,
                cure="Give one for each neuron, [] * ms for one that is silent.",
            )
        times = [
            np.atleast_1d(
                np.asarray(magnitude_in(train, TIME, what=f"trains[{number}]", where=where), dtype=np.float64)
            )
            for number, train in enumerate(given)
        ]
        indices = np.repeat(np.arange(len(times)), [each.size for each in times])
        return cls(len(times) if in_size is None else in_size, indices, np.concatenate(times) * ms, name=name)

    @property
    def indices(self) -> Any:
        """Which neuron fires, an entry for each spike; as many others may be assigned."""
        return self.spikes.indices.copy()

    @indices.setter
    def indices(self, new: Any) -> None:
        self.play(new, self.times)

    @property
    def times(self) -> Any:
        """When it fires, an entry for each spike; as many others may be assigned."""
        return self.spikes.times * ms

    @times.setter
    def times(self, new: Any) -> None:
        self.play(self.indices, new)

    def play(self, indices: ArrayLike, times: QuantityLike) -> None:
        """Play other spikes; a simulator does so from its next run on.

        Parameters
        ----------
        indices, times
            As of the class; there may be more or fewer than before.
        """
        self.spikes.change(indices, times)

    def update(self) -> Any:
        """Give the spikes of this step.

        Returns
        -------
        array of bool
            Whether each neuron spikes.
        """
        return self.spikes()


class Playback(Dynamics):
    r"""A population that plays recorded values: its output in a step is the row of the time at which the step begins.

    Parameters
    ----------
    values : TimedArray or TimedStream, or array_like or quantities.Quantity of shape (times, ...)
        One row for each time, with one value for each element, or one for all of them. A ``neo.AnalogSignal`` brings
        `dt` and `start` itself.
    dt : quantities.Quantity, optional
        Time between rows; needed unless `values` is a `TimedArray` or a `TimedStream`.
    in_size : int or tuple of int, optional
        Geometry of the population, the shape of a row by default.
    unit, interpolation, after, start
        As in `TimedArray`.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    timed : TimedArray or TimedStream
        What is played; assigning to ``timed.values`` plays something else in the next run.

    Raises
    ------
    ShapeError
        Rows do not have the shape `in_size`.
    UnitExpectedError, DimensionError, InvalidParameterError
        As in `TimedArray`.

    Notes
    -----
    Other modules read the output as they read that of any population: `CurrentProj` and ``prefetch`` before the update
    of the playback in a step give the row of the step before, a delay d the one of :math:`t_n - \Delta t - d`.  It is
    recorded under the name ``"output"``.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> play = nd.Playback([[0.0, 1.0], [2.0, 3.0]] * pA, dt=0.5 * ms)
    >>> sim = nd.Simulator(play, dt=0.25 * ms, target="interpret")
    >>> sim.record(play, "output")
    >>> sim.run(1 * ms)[play].output[:, 1]
    array([1., 1., 3., 3.]) * pA
    """

    def __init__(
        self,
        values: Any,
        dt: QuantityLike | None = None,
        in_size: SizeLike | None = None,
        *,
        unit: QuantityLike | None = None,
        interpolation: Interpolation = "step",
        after: After = "hold",
        start: QuantityLike | None = None,
        name: str | None = None,
    ) -> None:
        timed = values
        given = isinstance(values, TimedArray | TimedStream)
        if not given and dt is None and hasattr(values, "sampling_period"):
            dt, start = values.sampling_period, values.t_start if start is None else start
        if not given:
            timed = TimedArray(values, dt, unit=unit, interpolation=interpolation, after=after, start=start)
        row = timed.shape[1:]
        super().__init__(in_size if in_size is not None else row or 1, name=name)
        if row and row != self.varshape:
            raise ShapeError(
                f"{self.path} has shape {self.varshape}, but a row of its values has shape {row}.",
                where=self.path,
                cure="Leave in_size out, or give rows of that shape, or one value for each time.",
                varshape=self.varshape,
                row=row,
            )
        if not given:
            timed.name = f"{self.path}.timed"
        self.timed: TimedArray | TimedStream = timed

    def update(self) -> Any:
        """Give the values of this step.

        Returns
        -------
        array or quantity
            One row.
        """
        row = self.timed(environ.get("t"))
        return row if self.timed.shape[1:] else np.where(np.ones(self.varshape, dtype=bool), row, row)
