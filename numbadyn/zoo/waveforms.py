"""Signals that are functions of time: pulses, staircases, ramps, sines, chirps.

In: parameters with the unit of what they drive, times, frequencies.  Out: one value for each element.  Must not know:
who is driven, lowering, targets.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError, ShapeError
from numbadyn.model import environ
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.typing import ParameterLike, QuantityLike, SizeLike
from numbadyn.model.values import Parameter
from numbadyn.model.varying import with_unit
from numbadyn.units import TIME, join_eager, magnitude_in, split, unit_of
from numbadyn.zoo.comparing import Above
from numbadyn.zoo.units import kHz, ms

__all__ = ["Chirp", "Pulse", "Ramp", "Sine", "Staircase", "Waveform"]


class Waveform(Dynamics):
    r"""Base of signals that are functions of time: a class says the value at a time, this one does the rest.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry: one signal that all share by default, or one for each element.
    start, stop : quantities.Quantity, optional
        When it begins and ends (ms); before and after, it is zero. By default it lasts from zero on for ever.
    name : str, optional
        Name for messages and results.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; it ends before it begins.

    Notes
    -----
    What `update` gives is the value in the middle of the step that begins, which stands for the mean over the step: of
    second order for smooth signals, and exact for those that change between steps. It is recorded as ``"output"``, and
    goes to a population by `CurrentInput`, or with weights and delays by `CurrentProj`. It has the unit of its
    parameters: currents, potentials, rates or plain numbers.

    Examples
    --------
    >>> import numbadyn as nd
    >>> import numpy as np
    >>> from quantities import ms, pA
    >>> class Decaying(nd.Waveform):
    ...     def value(self, t):
    ...         return 100 * pA * np.exp(-t / (10 * ms))
    >>> signal = Decaying(start=5 * ms)
    >>> with nd.environ.context(dt=2 * ms, i=7):  # from 14 to 16 ms
    ...     print(signal().round(2))
    [36.79] pA
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        start: ParameterLike | None = None,
        stop: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.start = None if start is None else Parameter(start, unit=ms)
        self.stop = None if stop is None else Parameter(stop, unit=ms, check=Above(self, "stop", "start", 0.0 * ms))

    @abstractmethod
    def value(self, t: Any) -> Any:
        """The value at a time.

        Parameters
        ----------
        t : quantities.Quantity or traced value
            Time since the start.
        """

    def update(self) -> Any:
        """Give the value of this step.

        Returns
        -------
        array or quantity
            One value for each element.
        """
        middle = environ.get("t") + 0.5 * environ.get_dt()
        value = with_unit(self.value(middle if self.start is None else middle - self.start), self.path)
        inside = np.ones(self.varshape, dtype=bool)
        if self.start is not None:
            inside = inside & (middle >= self.start)
        if self.stop is not None:
            inside = inside & (middle < self.stop)
        return np.where(inside, value, 0.0 * value)


class Pulse(Waveform):
    """A constant, once or again and again: a step that is switched on and off, a train of pulses.

    Parameters
    ----------
    in_size, start, stop, name
        As of `Waveform`.
    amplitude : quantities.Quantity or number
        Its value.
    width : quantities.Quantity, optional
        How long a pulse lasts (ms); until `stop` by default.
    period : quantities.Quantity, optional
        Time from the beginning of one pulse to that of the next (ms); there is one by default.

    Raises
    ------
    InvalidParameterError
        The width is longer than the period, or there is a period but no width.

    Examples
    --------
    A current that is switched on at 20 ms and off at 80 ms:

    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.LIF(3)
    >>> net = nd.DynamicsGroup()
    >>> net.cells = cells
    >>> net.drive = nd.CurrentInput(cells, nd.Pulse(amplitude=300 * pA, start=20 * ms, stop=80 * ms))
    >>> sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    >>> sim.record(cells, spikes=True)
    >>> print(sim.run(100 * ms)[cells].spikes.times[::3].round(1))
    [28.2 36.4 44.6 52.8 61.  69.2 77.4] ms
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        *,
        amplitude: ParameterLike,
        start: ParameterLike | None = None,
        stop: ParameterLike | None = None,
        width: ParameterLike | None = None,
        period: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, start, stop, name)
        if period is not None and width is None:
            raise InvalidParameterError(
                f"{self.path} has a period, but its pulses have no width.",
                where=self.path,
                cure="Give width= too, how long each pulse lasts.",
                period=period,
            )
        self.amplitude = Parameter(amplitude)
        self.width = None if width is None else Parameter(width, unit=ms, positive=True)
        self.period = (
            None
            if period is None
            else Parameter(period, unit=ms, positive=True, check=Above(self, "period", "width", equal=True))
        )

    def value(self, t: Any) -> Any:
        """The amplitude during pulses; see `Waveform.value`."""
        if self.width is None:
            return self.amplitude.value
        begun = t if self.period is None else t % self.period
        return np.where((begun >= 0.0 * ms) & (begun < self.width), self.amplitude, 0.0 * self.amplitude)


class Staircase(Waveform):
    """Values that change at given times and hold in between.

    Parameters
    ----------
    in_size, start, stop, name
        As of `Waveform`; times count from `start`.
    times : quantities.Quantity, shape (n,)
        When each value begins, ascending.
    values : quantities.Quantity or array_like, shape (n,) or (n, ...)
        The values, one for each time, or a row of the size; before the first time it is zero.
    scale : number, array or Initialiser
        Factor, one or one for each element.

    Raises
    ------
    ShapeError
        There are not as many values as times.
    InvalidParameterError
        The times do not ascend.

    Notes
    -----
    Times and values are part of the compiled structure; for many rows at equal distances, or rows that change from run
    to run, take `Playback`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> steps = nd.Staircase(times=[10, 30, 50] * ms, values=[100, -50, 0] * pA)
    >>> sim = nd.Simulator(steps, dt=10 * ms, target="interpret")
    >>> sim.record(steps, "output")
    >>> print(sim.run(60 * ms)[steps].output[:, 0])
    [  0. 100. 100. -50. -50.   0.] pA
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        *,
        times: QuantityLike,
        values: Any,
        scale: ParameterLike = 1.0,
        start: ParameterLike | None = None,
        stop: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, start, stop, name)
        self.scale = Parameter(scale)
        when = np.atleast_1d(np.asarray(magnitude_in(times, TIME, what="times", where=self.path), dtype=np.float64))
        magnitude, dimension = split(values, where=self.path)
        rows = np.atleast_1d(np.asarray(magnitude, dtype=np.float64))
        if when.ndim != 1 or rows.shape[0] != when.size or rows.shape[1:] not in ((), self.varshape):
            raise ShapeError(
                f"{self.path} has times of shape {when.shape} and values of shape {rows.shape}.",
                where=self.path,
                cure=f"Give one value for each time, or one row of shape {self.varshape}.",
                times=when.shape,
                values=rows.shape,
            )
        self._check_times(when)
        self.rows = join_eager(np.concatenate((np.zeros_like(rows[:1]), rows)), dimension)
        self._times, self._numbers = np.repeat(when, 2), np.repeat(np.arange(when.size + 1.0), 2)[1:-1]

    def _check_times(self, when: NDArray[np.float64]) -> None:
        bad = np.flatnonzero(~(np.diff(when) > 0.0) | ~np.isfinite(when[1:]))
        if bad.size or not np.isfinite(when[:1]).all():
            place = int(bad[0]) + 1 if bad.size else 0
            raise InvalidParameterError(
                f"times[{place}] of {self.path} is {when[place]:g} ms"
                + (f", after {when[place - 1]:g} ms." if place else "."),
                where=self.path,
                cure="Give finite times that ascend.",
                index=place,
                time=float(when[place]),
            )

    def value(self, t: Any) -> Any:
        """The value that has begun last; see `Waveform.value`."""
        number = np.interp(t, self._times * ms, self._numbers).astype(int)
        return self.scale * np.take(self.rows, number, axis=0)


class Ramp(Waveform):
    """A straight line from one value to another.

    Parameters
    ----------
    in_size, start, name
        As of `Waveform`.
    first, last : quantities.Quantity or number
        Values at the start and at the end, of one unit.
    duration : quantities.Quantity
        How long it takes (ms); then the last value holds.
    stop : quantities.Quantity, optional
        When it is switched off (ms).

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> ramp = nd.Ramp(first=0 * pA, last=100 * pA, duration=40 * ms)
    >>> sim = nd.Simulator(ramp, dt=10 * ms, target="interpret")
    >>> sim.record(ramp, "output")
    >>> print(sim.run(60 * ms)[ramp].output[:, 0])
    [ 12.5  37.5  62.5  87.5 100.  100. ] pA
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        *,
        first: ParameterLike,
        last: ParameterLike,
        duration: ParameterLike,
        start: ParameterLike | None = None,
        stop: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, start, stop, name)
        self.first = Parameter(first)
        self.last = Parameter(last, unit=unit_of(self.first.dimension))
        self.duration = Parameter(duration, unit=ms, positive=True)

    def value(self, t: Any) -> Any:
        """A value between the two; see `Waveform.value`."""
        return self.first + (self.last - self.first) * np.clip(t / self.duration, 0.0, 1.0)


class Sine(Waveform):
    r"""A sine about an offset.

    Parameters
    ----------
    in_size, start, stop, name
        As of `Waveform`.
    amplitude : quantities.Quantity or number
        Its height.
    frequency : quantities.Quantity
        Cycles in a time (Hz).
    phase : number, array or Initialiser
        Phase at the start, in radians.
    offset : quantities.Quantity or number, optional
        What it swings about; zero by default.

    Notes
    -----
    .. math:: x(t) = offset + amplitude \cdot \sin(2 \pi f t + phase)

    The time is taken within its cycle before it is multiplied, so that long runs in single precision keep their phase.

    Examples
    --------
    Sines of four phases, one for each neuron:

    >>> import numbadyn as nd
    >>> import numpy as np
    >>> from quantities import Hz, ms, pA
    >>> theta = nd.Sine(4, amplitude=100 * pA, frequency=8 * Hz, phase=np.arange(4) * np.pi / 2)
    >>> with nd.environ.context(dt=0.01 * ms, i=0):
    ...     print(theta().round(1) + 0 * pA)
    [   0.  100.    0. -100.] pA
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        *,
        amplitude: ParameterLike,
        frequency: ParameterLike,
        phase: ParameterLike = 0.0,
        offset: ParameterLike | None = None,
        start: ParameterLike | None = None,
        stop: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, start, stop, name)
        self.amplitude = Parameter(amplitude)
        self.frequency = Parameter(frequency, unit=kHz, positive=True)
        self.phase = Parameter(phase)
        self.offset = None if offset is None else Parameter(offset, unit=unit_of(self.amplitude.dimension))

    def value(self, t: Any) -> Any:
        """Where the sine stands; see `Waveform.value`."""
        cycles = (t % (1.0 / self.frequency)) * self.frequency
        wave = self.amplitude * np.sin(2.0 * np.pi * cycles + self.phase)
        return wave if self.offset is None else self.offset + wave


class Chirp(Waveform):
    r"""A sine whose frequency changes from one value to another, as for the impedance of a neuron (ZAP).

    Parameters
    ----------
    in_size, start, name
        As of `Waveform`.
    amplitude : quantities.Quantity or number
        Its height.
    first, last : quantities.Quantity
        Frequencies at the start and at the end (Hz).
    duration : quantities.Quantity
        How long the change takes (ms); then the last frequency holds.
    offset : quantities.Quantity or number, optional
        What it swings about; zero by default.
    stop : quantities.Quantity, optional
        When it is switched off (ms).

    Notes
    -----
    .. math:: x(t) = offset + amplitude \cdot \sin\left(2 \pi \left(f_0 t + \frac{f_1 - f_0}{2 T} t^2\right)\right)

    References
    ----------
    Puil, E., Gimbarzevsky, B. and Miura, R. M. (1986), Quantification of membrane properties of trigeminal root
    ganglion neurons in guinea pigs, Journal of Neurophysiology 55, 995-1016, doi:10.1152/jn.1986.55.5.995.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, pA
    >>> zap = nd.Chirp(amplitude=20 * pA, first=0 * Hz, last=40 * Hz, duration=1000 * ms)
    >>> sim = nd.Simulator(zap, dt=0.5 * ms, target="interpret")
    >>> sim.record(zap, "output")
    >>> x = sim.run(1000 * ms)[zap].output[:, 0].magnitude
    >>> int(((x[:-1] < 0) & (x[1:] >= 0)).sum())  # 20 cycles: a mean of 20 Hz
    19
    """

    def __init__(
        self,
        in_size: SizeLike = 1,
        *,
        amplitude: ParameterLike,
        first: ParameterLike,
        last: ParameterLike,
        duration: ParameterLike,
        offset: ParameterLike | None = None,
        start: ParameterLike | None = None,
        stop: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, start, stop, name)
        self.amplitude = Parameter(amplitude)
        self.first = Parameter(first, unit=kHz, negative=False)
        self.last = Parameter(last, unit=kHz, negative=False)
        self.duration = Parameter(duration, unit=ms, positive=True)
        self.offset = None if offset is None else Parameter(offset, unit=unit_of(self.amplitude.dimension))

    def value(self, t: Any) -> Any:
        """Where the sine stands; see `Waveform.value`."""
        changing = np.minimum(t, self.duration)
        cycles = (self.first + 0.5 * (self.last - self.first) * (changing / self.duration)) * changing
        cycles = cycles + self.last * (t - changing)
        wave = self.amplitude * np.sin(2.0 * np.pi * (cycles % 1.0))
        return wave if self.offset is None else self.offset + wave
