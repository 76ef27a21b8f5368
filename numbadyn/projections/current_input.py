"""Currents that a signal brings to a population in the very step for which it is made, without synapses.

In: a target, a signal: a source, a function of time, rows of values.  Out: a current input of the target.  Must not
know: which sources there are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import HookArgumentError, ShapeError
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.group import Projection
from numbadyn.model.timed_array import TimedArray
from numbadyn.model.timed_stream import TimedStream
from numbadyn.model.varying import read_source, with_unit
from numbadyn.model.view import view_of
from numbadyn.projections.base import check_post, serial
from numbadyn.projections.typing import PopulationLike
from numbadyn.units import describe

__all__ = ["CurrentInput"]


class CurrentInput(Projection):
    r"""A signal as a current of a population, or of a part of it: a stimulus, a noise, a recording.

    Parameters
    ----------
    target : Dynamics or View
        Whose update sums current inputs; of a part, ``E[:80]``, these neurons alone.
    source : Dynamics, Describer, TimedArray, TimedStream or callable
        What makes the signal: a source such as `Sine` or `OrnsteinUhlenbeck`, of one element, which all neurons then
        share, or with one for each of them; a description of one, ``nd.WhiteNoise.desc(sigma=...)``, which is made with
        one element for each neuron; rows of values; or a function of the time, ``lambda t: ...``.
    label, name : str, optional
        As in `AlignPostProj`.

    Attributes
    ----------
    source : Dynamics or callable
        The instance that is used. What it gives is recorded as ``"output"`` of a `Dynamics`.

    Raises
    ------
    HookArgumentError
        The source is none, sends spikes, or drives another input already.
    ShapeError
        Its size is neither one nor that of the target.
    ProjectionTargetError
        `target` is not a `Dynamics`; or, while tracing, its update sums no current inputs.

    Notes
    -----
    Like every projection it runs before all dynamics of a step, and a source gives what acts over the step that begins:
    there is no delay, in contrast to `CurrentProj`, which reads what a population has sent in the step before and has
    weights. A function is called with the time in the middle of the step, rows are read at its beginning.

    Several inputs of one target add up.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, pA
    >>> net = nd.DynamicsGroup()
    >>> net.cells = nd.LIF(4)
    >>> net.theta = nd.CurrentInput(net.cells, nd.Sine(amplitude=150 * pA, frequency=8 * Hz, offset=50 * pA))
    >>> net.more = nd.CurrentInput(net.cells[:2], lambda t: 2 * pA * (t / ms))
    >>> sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    >>> sim.record(net.cells, spikes=True)
    >>> sim.run(100 * ms)[net.cells].spikes.counts.tolist()
    [5, 5, 2, 2]
    """

    def __init__(
        self,
        target: PopulationLike,
        source: Any,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self._post = check_post(target, self.path)
        self._post.arriving_projections.add(self)
        view = view_of(target)
        self._shape = self._post.varshape if view is None else view.varshape
        self._mask, self._chosen = None, None
        if view is not None:
            self._mask, place = view.mask, np.zeros(self._post.num, dtype=np.int64)
            place[view.elements] = np.arange(view.elements.size)
            self._chosen = place.reshape(self._post.varshape)
        self.source = self._own(source)
        self.label = label
        self._spare_key = f"{self.path} {serial()}"

    def _own(self, given: Any) -> Any:
        """The source, after checking it."""
        source = given.make(self._shape) if isinstance(given, Describer) else given
        if isinstance(source, TimedArray | TimedStream):
            if source.shape[1:] not in ((), (1,), self._shape):
                raise self._misfit(f"A row of {source.name}", source.shape[1:])
            return source
        if not isinstance(source, Dynamics):
            if not callable(source) or isinstance(source, type):
                raise HookArgumentError(
                    f"{self.path} is given {describe(source)} as its source.",
                    where=self.path,
                    cure="Give a source, such as nd.Sine(...) or nd.WhiteNoise.desc(...), or a function of the time, "
                    "lambda t: 100 * pA; recorded rows by nd.Playback(rows, dt=...).",
                    source=source,
                )
            self._takes_time(source)
            return source
        if source.spiking:
            raise HookArgumentError(
                f"{self.path} is given {source.path} as its source, which sends spikes and no current.",
                where=self.path,
                cure="Bring spikes by nd.AlignPostProj or nd.DeltaProj.",
                source=source.path,
            )
        if source.driven:
            raise HookArgumentError(
                f"{source.path} drives another input already, so {self.path} would advance it twice in each step.",
                where=self.path,
                cure="Make a source for each; or let the network hold one, and read it by two nd.CurrentProj.",
                source=source.path,
            )
        if source.out_size not in ((1,), self._shape):
            raise self._misfit(source.path, source.out_size)
        source.driven = True
        return source

    def _takes_time(self, function: Callable[..., Any]) -> None:
        """Refuse a function that cannot be called with a time."""
        try:
            inspect.signature(function).bind(0.0)
        except TypeError as error:
            raise HookArgumentError(
                f"The source of {self.path} is a function that cannot be called with a time: {error}.",
                where=self.path,
                cure="Give a function of one argument, lambda t: 100 * pA.",
            ) from error
        except ValueError:  # a builtin that does not tell
            return

    def _misfit(self, what: str, shape: tuple[int, ...]) -> ShapeError:
        return ShapeError(
            f"{what} has the size {shape}, but {self.path} drives neurons of shape {self._shape}.",
            where=self.path,
            cure=f"Give one element that all share, one for each neuron, or a description: "
            f"nd.{type(self).__name__}(target, nd.WhiteNoise.desc(...)).",
            size=shape,
            wanted=self._shape,
        )

    @property
    def post(self) -> Any:
        """The population of the target."""
        return self._post

    def update(self) -> None:
        """Make the signal of this step, and register it as a current."""
        value = read_source(self.source, self._shape)
        self._post.add_current_input(self._path or self._spare_key, self._spread(value), self.label)

    def _spread(self, value: Any) -> Any:
        """The signal, for all neurons of the population."""
        value = with_unit(value, self.path)
        shape = np.shape(value)
        if shape not in ((), (1,), self._shape):
            raise self._misfit("What its source gives", shape)
        if shape and self._chosen is not None:
            value = value.reshape(-1)[self._chosen if shape == self._shape else 0 * self._chosen]
        return value if self._mask is None else np.where(self._mask, value, 0.0 * value)
