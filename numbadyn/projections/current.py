"""Projections without a synapse model: continuous signals as currents, spikes as jumps, and noise.

In: a signal and a rule.  Out: currents or jumps of the target.  Must not know: which models there are.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import InvalidParameterError, NotInitialisedError
from numbadyn.model import environ, random
from numbadyn.model.group import Projection
from numbadyn.model.values import Parameter
from numbadyn.projections.base import SynapticProjection, attach_output, checked_target, made_output, serial
from numbadyn.units import FREQUENCY, join

__all__ = ["CurrentProj", "DeltaProj", "PoissonInput"]


class CurrentProj(SynapticProjection):
    """A continuous signal through weights onto a current of the target.

    Parameters
    ----------
    *modules : Prefetch, PrefetchDelayAt, Dynamics, OutputDelayAt or callable
        Where the signal comes from, such as ``E.prefetch("V")``; see `AlignPostProj`.
    comm : Connectivity or callable
        Who is connected to whom, and how strongly; or a function of the signal.
    out : Describer or output model
        What current it makes of what arrives: ``CUBA.desc()`` takes it as it is.
    post : Dynamics
        The target.
    delay : Quantity, array or Initialiser, optional
        As in `AlignPostProj`.
    label, name : str, optional
        As in `AlignPostProj`.

    Attributes
    ----------
    out : output model
        The instance that is used.

    Raises
    ------
    ShapeError, DelayError, DimensionError, ProjectionTargetError, InvalidParameterError
        As in `AlignPostProj`.

    Notes
    -----
    The signal is that of the last step, x[n-1-d], if its owner has not been updated yet. In an update written by hand,
    call the projection before its target.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, nS
    >>> A, B = nd.LIF(4), nd.LIF(4)
    >>> comm = nd.OneToOne(4, 4, weight=0.1 * nS)
    >>> proj = nd.CurrentProj(A.prefetch("V"), comm=comm, out=nd.CUBA.desc(), post=B)
    """

    def __init__(
        self,
        *modules: Any,
        comm: Any,
        out: Any,
        post: Any,
        delay: Any = None,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(modules, comm=comm, post=post, delay=delay, name=name)
        self.out = made_output(out, self._post, self.path)
        attach_output(self._post, type(self.out).__name__, self.out, label, self.path)

    def update(self, *args: Any) -> None:
        """Bind what arrives."""
        arriving = self.arriving(*args)
        if arriving is None:
            raise NotInitialisedError(
                f"{self.path} reads an output that has no unit yet, since its owner has not been updated.",
                where=self.path,
                cure="In eager calls, give the history before the start: E.output_delay(init=0*pA).",
            )
        self.out.bind_cond(arriving)


class DeltaProj(SynapticProjection):
    """Spikes that make the target's membrane potential jump.

    Parameters
    ----------
    *modules : Dynamics, OutputDelayAt, PrefetchDelayAt, Prefetch or callable
        Where the signal comes from; see `AlignPostProj`.
    comm : Connectivity or callable
        Who is connected to whom; the weight is the height of the jump, such as ``0.1*mV``.
    post : Dynamics
        The target, whose update sums its delta inputs.
    delay : Quantity, array or Initialiser, optional
        As in `AlignPostProj`.
    label, name : str, optional
        As in `AlignPostProj`.

    Raises
    ------
    ShapeError, DelayError, DimensionError, ProjectionTargetError
        As in `AlignPostProj`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> E = nd.LIFRef(100, tau_ref=2 * ms)
    >>> comm = nd.FixedInDegree(E.varshape, E.varshape, 10, weight=0.1 * mV)
    >>> proj = nd.DeltaProj(E, comm=comm, post=E, delay=1.5 * ms)
    """

    def __init__(
        self,
        *modules: Any,
        comm: Any,
        post: Any,
        delay: Any = None,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(modules, comm=comm, post=post, delay=delay, name=name)
        self.label = label

    def update(self, *args: Any) -> None:
        """Register the jump for the target's next update."""
        arriving = self.arriving(*args)
        if arriving is not None:
            self._post.add_delta_input(self.key, arriving, self.label)


class PoissonInput(Projection):
    r"""Independent Poisson sources onto each target neuron, as jumps.

    Parameters
    ----------
    post : Dynamics
        The target, whose update sums its delta inputs.
    num : int
        Number of sources of each target neuron.
    rate : quantities.Quantity
        Rate of each source, one value or one for each target neuron.
    weight : quantities.Quantity
        Height of the jump that a spike makes, in the unit of what jumps (mV for a `LIF`).
    label, name : str, optional
        As in `AlignPostProj`.

    Raises
    ------
    InvalidParameterError
        `num` is negative or not whole, or `rate` is negative.
    DimensionError
        `rate` is no rate.
    ProjectionTargetError
        `post` is not a `Dynamics`; or, while tracing, its update sums no delta inputs.

    Notes
    -----
    The number of spikes of each step is drawn from a Poisson distribution with the mean
    :math:`num \cdot rate \cdot \Delta t`, anew for each neuron.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, mV
    >>> E = nd.LIF(100)
    >>> noise = nd.PoissonInput(E, num=1000, rate=20 * Hz, weight=0.1 * mV)
    """

    def __init__(
        self, post: Any, num: int, rate: Any, weight: Any, label: str | None = None, name: str | None = None
    ) -> None:
        super().__init__(name)
        self._post = checked_target(post, self.path)
        self.varshape = self._post.varshape
        if isinstance(num, bool) or int(num) != num or num < 0:
            raise InvalidParameterError(
                f"num of {self.path} is {num!r}.", where=self.path, cure="Give the number of sources of each neuron."
            )
        self.num = Parameter(int(num))
        self.rate = Parameter(rate, unit=join(1.0, FREQUENCY), negative=False)
        self.weight = Parameter(weight)
        self.label = label
        self._spare_key = f"{self.path} {serial()}"

    @property
    def post(self) -> Any:
        """The target."""
        return self._post

    def update(self) -> None:
        """Draw the spikes of this step and register the jump."""
        mean = self.num * self.rate * environ.get_dt()
        count = random.poisson(mean, size=self.varshape)
        self._post.add_delta_input(self._path or self._spare_key, self.weight * count, self.label)
