"""Projections without a synapse model: continuous signals as currents, and spikes as jumps.

In: a signal and a rule.  Out: currents or jumps of the target.  Must not know: which models there are.
"""

from __future__ import annotations

import functools
from typing import Any

from numbadyn.errors import NotInitialisedError
from numbadyn.model.typing import ParameterLike
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.conductances import conductance_at
from numbadyn.projections.output import attach_output, make_output, tell_driver
from numbadyn.projections.typing import CommLike, OutputLike, PopulationLike

__all__ = ["CurrentProj", "DeltaProj"]


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
    post : Dynamics or View
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
    ShapeError, DelayError, DimensionError, ProjectionTargetError, InvalidParameterError, NegativeConductanceError
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
        comm: CommLike,
        out: OutputLike,
        post: PopulationLike,
        delay: ParameterLike | None = None,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(modules, comm=comm, post=post, delay=delay, name=name)
        self.out = make_output(out, self._post, self.path)
        tell_driver(self.out, attach_output(type(self.out).__name__, self.out, label, self), self)

    def update(self, *args: Any) -> None:
        """Bind what arrives."""
        arriving = self.arriving(*args)
        if arriving is None:
            raise NotInitialisedError(
                f"{self.path} reads an output that has no unit yet, since its owner has not been updated.",
                where=self.path,
                cure="In eager calls, give the history before the start: E.output_delay(init=0*pA).",
                path=self.path,
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
    post : Dynamics or View
        The target, whose update sums its delta inputs.
    delay : Quantity, array or Initialiser, optional
        As in `AlignPostProj`.
    label, name : str, optional
        As in `AlignPostProj`.

    Raises
    ------
    ShapeError, DelayError, DimensionError, ProjectionTargetError, NegativeConductanceError
        As in `AlignPostProj`; of the last, where `post` is a synapse that serves a conductance.

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
        comm: CommLike,
        post: PopulationLike,
        delay: ParameterLike | None = None,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(modules, comm=comm, post=post, delay=delay, name=name)
        self.label = label
        self.feed(functools.partial(conductance_at, self._post))

    def update(self, *args: Any) -> None:
        """Register the jump for the target's next update."""
        self.give_jump(self._post, self.arriving(*args), self.label)
