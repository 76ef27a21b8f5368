"""What every reducer is: a description that users give, and what gathers numbers in one run.

In: spikes and samples of a population, in order.  Out: an array with axes and units.  Must not know: targets, logs.

Samples come in blocks of a size that follows from the number of elements alone, so that sums are added in the same
order whatever the chunks of a run, its memory budget or the number of replicas are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import RecordingError
from numbadyn.io.chosen import Chosen
from numbadyn.runtime.taps import Receiver
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, describe, is_quantity, join, magnitude_in

__all__ = ["Reduced", "Reducer", "Running", "Scope", "block_of", "steps_of"]


@dataclass(frozen=True)
class Scope:
    """What a reducer is applied to in one run.

    Attributes
    ----------
    chosen : Chosen
        Which neurons, and the window of steps that counts.
    first, stop : int
        Steps of the run that are in the window.
    dt : float
        Time step in ms.
    replicas : int
        How many there are.
    batch : bool
        Whether results have an axis of replicas.
    dimension : Dimension
        Of the variable, if there is one.
    elements : int
        How many elements of the variable are sampled.
    every : int
        Steps between samples.
    """

    chosen: Chosen
    first: int
    stop: int
    dt: float
    replicas: int = 1
    batch: bool = False
    dimension: Dimension = DIMENSIONLESS
    elements: int = 0
    every: int = 1

    @property
    def size(self) -> int:
        """Number of neurons whose spikes count."""
        return self.chosen.size


@dataclass(frozen=True, eq=False)
class Reduced:
    """What a reducer has found in a run.

    Attributes
    ----------
    name : str
        By which it is found in a recording.
    values : ndarray
        The numbers, in a batch with an axis of replicas in front.
    dimension : Dimension
        What they measure, in the coherent system of units.
    axes : dict
        Name of each axis behind that of replicas -> its places, as a quantity or an array.
    unit : str or None
        In which `data` is given; the coherent unit by default.
    more : dict
        Other numbers, such as how many spikes were used, with an axis of replicas in a batch.
    """

    name: str
    values: NDArray[Any]
    dimension: Dimension = DIMENSIONLESS
    axes: dict[str, Any] = field(default_factory=dict)
    unit: str | None = None
    more: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """The numbers with their unit."""
        whole = join(self.values, self.dimension)
        return whole if self.unit is None else whole.rescale(self.unit)

    @property
    def t(self) -> Any:
        """Where bins of time begin.

        Raises
        ------
        RecordingError
            It has no axis of time.
        """
        if "t" not in self.axes:
            raise RecordingError(
                f"{self.name} has no axis of time.", where=self.name, cure=f"Its axes: {', '.join(self.axes)}."
            )
        return self.axes["t"]

    def replica(self, number: Any) -> Reduced:
        """That of one replica of a batch, or of several."""
        return replace(self, values=self.values[number], more={name: of[number] for name, of in self.more.items()})

    of_replicas = replica

    def __repr__(self) -> str:
        return f"<{self.name} {self.values.shape}: {', '.join(self.axes) or 'a number'}>"


class Running(Receiver, ABC):
    """Gathers the numbers of a reducer in one run; derive from it for a reducer of your own.

    Parameters
    ----------
    scope : Scope
        What it is applied to.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def take_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        """Take spikes of the population, and pass on those that count."""
        steps, indices = self.scope.chosen.pick(steps, indices)
        if steps.size:
            self.add_spikes(replica, steps, indices)

    def take_samples(self, steps: range, values: NDArray[Any]) -> Future[None] | None:
        """Take a block of samples of all replicas."""
        for replica, own in enumerate(values):
            self.add_samples(replica, steps, own)
        return None

    def add_spikes(self, replica: int, steps: NDArray[np.int64], indices: NDArray[np.uint32]) -> None:
        """Add spikes of a replica, in the order of time."""

    def add_samples(self, replica: int, steps: range, values: NDArray[Any]) -> None:
        """Add a block of samples of a replica, of the shape (samples, elements)."""

    def go_on(self, held: Mapping[str, Any]) -> None:
        """Take up what was gathered, attribute by attribute, up to a checkpoint of a run that may have been shorter."""
        vars(self).update(held)

    @abstractmethod
    def values(self, reached: int) -> Reduced:
        """What was found up to step `reached`; arrays have an axis of replicas in front."""

    def result(self, reached: int) -> Reduced:
        """What was found, as users see it."""
        found = self.values(max(self.scope.first, min(reached, self.scope.stop)))
        return found if self.scope.batch else found.replica(0)


class Reducer(ABC):
    """What is to be computed while a network runs; pass it to `Simulator.record`.

    Attributes
    ----------
    name : str
        By which it is found in a recording, as ``result[E].rate`` or ``result[E]["rate"]``.
    variable : str or None
        Which variable of the module it needs; None for spikes alone, as a line ``variable = None`` of the class.
    spiking : bool
        Whether it needs spikes.
    at_spikes : bool
        Whether it looks at samples of those alone who spike in the step; the others are then not to be relied on.

    See Also
    --------
    Running : What gathers the numbers.
    """

    name: str
    variable: str | None
    spiking: ClassVar[bool] = True
    at_spikes: ClassVar[bool] = False

    @abstractmethod
    def start(self, scope: Scope) -> Running:
        """Get ready for a run.

        Raises
        ------
        RecordingError
            A time that is no multiple of the time step, or none.
        """

    def of(self, result: Any, module: Any) -> Any:
        """Compute the same, to the bit, from spikes and samples that were recorded whole.

        Parameters
        ----------
        result : Result
            Of a run.
        module : Module, View or str
            As in ``result[module]``.

        Returns
        -------
        Quantity or array
            As of a run that has recorded the reducer.
        """
        return self.reduce(result, module).data

    def reduce(self, result: Any, module: Any) -> Reduced:
        """As `of`, with axes and what else is known."""
        recording = result[module]
        spikes = recording.spikes if self.spiking else None
        samples = None if self.variable is None else recording._find(self.variable)
        numbers = range(result.batch or 1)
        elements = 0 if samples is None else samples.values.shape[-1]
        steps = np.empty(0, np.int64) if samples is None else np.asarray(samples.steps)
        running = self.start(
            Scope(
                Chosen(elements if spikes is None else spikes.size),
                result.first,
                result.last,
                result.dt,
                len(numbers),
                result.batch is not None,
                DIMENSIONLESS if samples is None else samples.dimension,
                elements,
                int(steps[1] - steps[0]) if len(steps) > 1 else 1,
            )
        )
        pieces = [_Pieces(spikes if spikes is None or not running.scope.batch else spikes.replica(k)) for k in numbers]
        block = block_of(elements)
        for begin in range(0, len(steps), block):
            some = steps[begin : begin + block]
            for number in numbers:
                pieces[number].feed(running, number, int(some[-1]) + 1)
            values = samples.values if running.scope.batch else samples.values[None]  # type: ignore[union-attr]
            due = range(int(some[0]), int(some[-1]) + 1, running.scope.every)
            running.take_samples(due, np.asarray(values[:, begin : begin + block]))
        for number in numbers:
            pieces[number].feed(running, number, result.last)
        running.finish()
        return running.result(result.last)


class _Pieces:
    """Spikes of a replica, from which those before a step are taken."""

    def __init__(self, spikes: Any) -> None:
        self._spikes, self._given = spikes, 0

    def feed(self, running: Running, replica: int, stop: int) -> None:
        """Give those that were not given yet."""
        while self._spikes is not None and self._given < self._spikes.count:
            some = slice(self._given, self._given + (1 << 20))
            steps = np.asarray(self._spikes.steps[some])
            before = int(np.searchsorted(steps, stop))
            if not before:
                return
            running.take_spikes(replica, steps[:before], np.asarray(self._spikes.indices[some])[:before])
            self._given += before


def block_of(elements: int) -> int:
    """How many samples come at a time."""
    return max(1, min(1024, (1 << 16) // max(1, elements)))


def steps_of(value: Any, name: str, dt: float, *, least: int = 1) -> int:
    """A time in steps.

    Raises
    ------
    RecordingError
        It has no unit, or is no multiple of the time step.
    """
    if not is_quantity(value):
        raise RecordingError(
            f"{name}={value!r} has no unit.", where=name, cure=f"Give a time, such as {name}=5*ms.", value=value
        )
    given = np.asarray(magnitude_in(value, TIME, what=name, where=name))
    length = float(given.reshape(-1)[0]) if given.size == 1 else np.nan
    steps = round(length / dt) if np.isfinite(length) else -1
    if steps < least or abs(steps * dt - length) > 1e-6 * dt:
        raise RecordingError(
            f"{name} is {describe(value)}, which is no {'positive ' if least else ''}multiple of the time step of "
            f"{dt:g} ms.",
            where=name,
            cure=f"Give a multiple of dt, such as {name}={max(least, steps, 1) * dt:g}*ms.",
            value=value,
            dt=dt,
        )
    return steps


def times(steps: Any, dt: float) -> Any:
    """Steps as times with unit."""
    return join(np.asarray(steps) * dt, TIME)
