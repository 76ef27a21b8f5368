"""Projections whose synapse stands on the postsynaptic side: one variable for each target, shared where it is linear.

In: a signal, a rule, models of a synapse and an output.  Out: jumps of the synapse's variable.  Must not know: which
models there are.
"""

from __future__ import annotations

from typing import Any

from numbadyn.model.typing import ParameterLike
from numbadyn.projections.attaching import attach_synapse
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.typing import CommLike, OutputLike, PopulationLike, SynapseLike

__all__ = ["AlignPostProj"]


class AlignPostProj(SynapticProjection):
    """Spikes or graded signals through synapses onto a synaptic variable of each postsynaptic neuron.

    Parameters
    ----------
    *modules : Dynamics, View, OutputDelayAt, PrefetchDelayAt, Prefetch or callable
        Where the signal comes from: a population or a part of one (the spikes of its last step), a delayed reference as
        ``E.output_delay(1.5*ms)``, followed by functions that it passes through. Without any, the projection is called
        with the signal: ``proj(spk[:3200])``.
    comm : Connectivity or callable
        Who is connected to whom, and how strongly. A spike brings the weight; a graded signal brings weight times
        value. A function is applied to the signal as it is.
    syn : Describer or Synapse
        The synapse, ``Expon.desc(tau=5*ms)``: equal descriptions on one target are made once and shared. An instance is
        not shared, unless it is given to several projections.
    out : Describer or output model
        What current it makes, ``COBA.desc(E=0*mV)``; a description where `syn` is one, else an instance.
    post : Dynamics or View
        The target; synapse and output have its whole population's size also where it is a part.
    delay : Quantity, array or Initialiser, optional
        One time; an array of shape ``(n_pre,)``; an array with one time for each synapse; or a distribution, drawn for
        each synapse, whose values below zero become zero (one with a negative mean is refused). Times between steps are
        rounded as ``Simulator(delays=...)`` says, all in the same way. It adds to a delay of the reference.
    label : str, optional
        Group of inputs that the target can sum apart; part of what is shared.
    share : bool
        Whether to share the synapse with other projections of equal description.
    name : str, optional
        Name for messages and results.
    through : tuple of Dynamics or callable, optional
        What the signal passes through before `comm`, also where it is the argument of the call.

    Attributes
    ----------
    syn, out : Synapse, output model
        The instances that are used, perhaps with other projections.

    Raises
    ------
    InvalidParameterError
        Of `syn` and `out` one is a description and the other an instance, or one of them is neither.
    UnsupportedFeatureError
        The synapse is not linear in its input, so that it cannot stand on the postsynaptic side.
    ShapeError
        The sizes of `comm` do not fit.
    DelayError, DimensionError
        A delay is no time, or negative.
    ProjectionTargetError
        `post` is not a `Dynamics`; or, while tracing, its update sums no current inputs.
    NegativeConductanceError
        `out` is a conductance, such as `COBA`, and a weight is negative; drawn ones are checked when they are drawn.

    Notes
    -----
    A spike that is emitted in step m acts with a delay of d steps on the synaptic variable in step m + 1 + d, before
    the target's membrane potential is advanced.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> E, I = nd.LIF(8), nd.LIF(2)
    >>> comm = nd.FixedProb(E.varshape, I.varshape, prob=0.5, weight=0.6 * nS)
    >>> proj = nd.AlignPostProj(E, comm=comm, syn=nd.Expon.desc(tau=5 * ms), out=nd.COBA.desc(E=0 * mV), post=I)
    >>> proj.syn.varshape
    (2,)
    """

    def __init__(
        self,
        *modules: Any,
        comm: CommLike,
        syn: SynapseLike,
        out: OutputLike,
        post: PopulationLike,
        delay: ParameterLike | None = None,
        label: str | None = None,
        share: bool = True,
        name: str | None = None,
        through: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(modules, comm=comm, post=post, delay=delay, name=name, through=through)
        self.syn, self.out = attach_synapse(self, syn, out, label, share=share)

    def update(self, *args: Any) -> None:
        """Give what arrives to the synapse."""
        self.give_jump(self.syn, self.arriving(*args))
