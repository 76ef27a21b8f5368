"""Projections written as a chain: spikes, short-term plasticity, then the synapse on the pre- or postsynaptic side.

In: a signal, models of plasticity, synapse and output, a rule.  Out: an `AlignPreProj` or an `AlignPostProj`.  Must not
know: which models there are.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import InvalidParameterError
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.projections.align_post import AlignPostProj
from numbadyn.projections.align_pre import AlignPreProj
from numbadyn.projections.presynaptic import keep_on_population, make_for_signal
from numbadyn.projections.typing import CommLike, OutputLike, PopulationLike, SynapseLike

__all__ = ["align_post_projection", "align_pre_projection"]


class align_pre_projection(AlignPreProj):
    """Spikes, short-term plasticity, a synapse for each presynaptic neuron, weights, output.

    Parameters
    ----------
    *spike_generator : Dynamics, OutputDelayAt or callable
        Where the signal comes from, as in `AlignPostProj`; without any, the projection is called with the spikes.
    syn : Describer or Synapse
        The synapse; it need not be linear.
    comm : Connectivity or callable
        Who is connected to whom, and how strongly.
    out : Describer or output model
        What current it makes.
    post : Dynamics
        The target.
    stp : Describer or Dynamics, optional
        What the spikes pass through first, such as ``nd.STP.desc(U=0.2)`` or ``nd.STD(100)``. A description is kept on
        the population that the spikes come from, and shared there, where the signal is nothing but its output.
    delay : Quantity, array or Initialiser, optional
        As in `AlignPostProj`.
    label, name : str, optional
        As in `AlignPostProj`.

    Attributes
    ----------
    stp, syn, out : Dynamics or None, Synapse, output model
        The instances that are used.

    Raises
    ------
    HookArgumentError
        `stp` is an instance that something else steps already.
    InvalidParameterError
        `stp`, `syn` or `out` is no model.
    ShapeError, DelayError, DimensionError, ProjectionTargetError
        As in `AlignPostProj`.

    Notes
    -----
    An `AlignPreProj` with a stage in front: a spike of step m acts on the target in step m + 1 + d.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> E, I = nd.LIF(8), nd.LIF(2)
    >>> proj = nd.align_pre_projection(
    ...     E,
    ...     stp=nd.STP.desc(U=0.2, tau_f=600 * ms),
    ...     syn=nd.Expon.desc(tau=5 * ms),
    ...     comm=nd.AllToAll(8, 2, weight=0.6 * nS),
    ...     out=nd.COBA.desc(E=0 * mV),
    ...     post=I,
    ...     delay=1.5 * ms,
    ... )
    >>> proj.stp.varshape
    (8,)
    """

    def __init__(
        self,
        *spike_generator: Any,
        syn: SynapseLike,
        comm: CommLike,
        out: OutputLike,
        post: PopulationLike,
        stp: Any = None,
        delay: Any = None,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        made, signal, through = _with_plasticity(stp, spike_generator, comm, post, name or type(self).__name__)
        super().__init__(
            *signal, syn=syn, comm=comm, out=out, post=post, delay=delay, label=label, name=name, through=through
        )
        self.stp = made


class align_post_projection(AlignPostProj):
    """Spikes, short-term plasticity, weights, a synapse for each postsynaptic neuron, output.

    Parameters
    ----------
    *spike_generator : Dynamics, OutputDelayAt or callable
        Where the signal comes from, as in `AlignPostProj`; without any, the projection is called with the spikes.
    comm, syn, out, post
        As in `AlignPostProj`.
    stp : Describer or Dynamics, optional
        As in `align_pre_projection`.
    delay, label, share, name
        As in `AlignPostProj`.

    Attributes
    ----------
    stp, syn, out : Dynamics or None, Synapse, output model
        The instances that are used.

    Raises
    ------
    HookArgumentError
        `stp` is an instance that something else steps already.
    InvalidParameterError, UnsupportedFeatureError, ShapeError, DelayError, DimensionError, ProjectionTargetError
        As in `AlignPostProj`.

    Notes
    -----
    An `AlignPostProj` with a stage in front: a spike of step m acts in step m + 1 + d.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> E = nd.LIF(8)
    >>> proj = nd.align_post_projection(
    ...     E,
    ...     stp=nd.STD.desc(tau=100 * ms),
    ...     comm=nd.FixedProb(8, 8, prob=0.5, weight=0.6 * nS),
    ...     syn=nd.Expon.desc(tau=5 * ms),
    ...     out=nd.COBA.desc(E=0 * mV),
    ...     post=E,
    ... )
    >>> proj.stp.varshape
    (8,)
    """

    def __init__(
        self,
        *spike_generator: Any,
        comm: CommLike,
        syn: SynapseLike,
        out: OutputLike,
        post: PopulationLike,
        stp: Any = None,
        delay: Any = None,
        label: str | None = None,
        share: bool = True,
        name: str | None = None,
    ) -> None:
        made, signal, through = _with_plasticity(stp, spike_generator, comm, post, name or type(self).__name__)
        super().__init__(
            *signal,
            comm=comm,
            syn=syn,
            out=out,
            post=post,
            delay=delay,
            label=label,
            share=share,
            name=name,
            through=through,
        )
        self.stp = made


def _with_plasticity(
    stp: Any, signal: tuple[Any, ...], comm: Any, post: Any, where: str
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Give the model of plasticity, the signal that is left to read, and what that passes through."""
    if stp is None:
        return None, signal, ()
    cls = stp.cls if isinstance(stp, Describer) else type(stp)
    if not issubclass(cls, Dynamics):
        raise InvalidParameterError(
            f"stp of {where} is {stp!r}, which is no dynamical system.",
            where=where,
            cure="Give nd.STP.desc(U=0.2), nd.STD(n), or another Dynamics that takes the spikes of a step.",
            stp=stp,
        )
    on_population = keep_on_population(signal, stp) if isinstance(stp, Describer) else None
    if on_population is not None:
        return *on_population, ()
    made = make_for_signal(stp, signal, (), comm, post)
    made.name = made.name or "stp"  # it stands in a list of stages too, whose place says less
    return made, signal, (made,)
