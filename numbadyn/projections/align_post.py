"""Projections whose synapse stands on the postsynaptic side: one variable for each target, shared where it is linear.

In: a signal, a rule, models of a synapse and an output.  Out: jumps of the synapse's variable.  Must not know: which
models there are.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import InvalidParameterError, ShapeError, UnsupportedFeatureError
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.hooks import OwnHook
from numbadyn.model.typing import ParameterLike
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.conductances import mark
from numbadyn.projections.connectivity import Connectivity
from numbadyn.projections.output import attach_output, make_output, tell_driver
from numbadyn.projections.typing import CommLike, OutputLike, PopulationLike, SynapseLike
from numbadyn.units import join

__all__ = ["AlignPostProj"]


class _Aligned(OwnHook):
    """Before-hook of a target: steps the synapse and gives its value to the output model."""

    kind = "aligned"
    input_key: str = ""

    def __init__(self, key: Any, syn: SynapseLike, out: OutputLike, described: str) -> None:
        self.key, self.described = key, described
        self.modules = (syn, out)

    def __call__(self) -> None:
        syn, out = self.modules
        out.bind_cond(syn())


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
        described = isinstance(syn, Describer)
        if described is not isinstance(out, Describer):
            raise InvalidParameterError(
                f"{self.path} has syn={syn!r} and out={out!r}: one is a description, the other an instance.",
                where=self.path,
                cure="Describe both, syn=Expon.desc(tau=5*ms), out=COBA.desc(E=0*mV), or make both.",
                syn=syn,
                out=out,
            )
        self._check_alignable(syn.cls if described else type(syn))
        aligned = self._align(syn, out, label, share)
        self.syn, self.out = aligned.modules
        tell_driver(self.out, aligned.input_key, self)

    def _check_alignable(self, cls: type) -> None:
        if not issubclass(cls, Dynamics):
            raise InvalidParameterError(
                f"syn of {self.path} is a {cls.__name__}, which is no synapse.",
                where=self.path,
                cure="Give a synapse, such as nd.Expon.desc(tau=5*ms).",
                path=self.path,
                cls=cls.__name__,
            )
        if not getattr(cls, "post_alignable", False):
            raise UnsupportedFeatureError(
                f"{cls.__name__} cannot stand on the postsynaptic side of {self.path}: its response to several inputs "
                "is not the sum of its responses.",
                where=self.path,
                cure="Use nd.AlignPreProj, or set `post_alignable = True` in the class if it is linear in its delta "
                "inputs.",
                cls=cls.__name__,
                path=self.path,
            )

    def _align(self, syn: Any, out: Any, label: str | None, share: bool) -> _Aligned:
        """Give the hook that carries synapse and output: one that is there, or a new one."""
        unit = self.comm.weight_dimension if isinstance(self.comm, Connectivity) else None
        key: Any = (label, syn.key, out.key, unit) if isinstance(syn, Describer) else (label, id(syn), id(out))
        hooks = [hook for hook in (self._post.before_updates or {}).values() if isinstance(hook, _Aligned)]
        for hook in hooks if share else ():
            if hook.key == key:
                return hook
        made = syn.make(self._post.varshape) if isinstance(syn, Describer) else syn
        if made.varshape != self._post.varshape:
            raise ShapeError(
                f"The synapse of {self.path} has the size {made.varshape}, but {self._post.path} has "
                f"{self._post.varshape}.",
                where=self.path,
                cure="Make it with the size of post, or describe it: Expon.desc(tau=5*ms).",
                path=self.path,
                varshape=made.varshape,
                post=self._post.path,
                post_varshape=self._post.varshape,
            )
        made.driven = True
        if unit is not None:
            made.use_unit(join(1.0, unit))
        output = make_output(out, self._post, self.path)
        mark(made, output)
        shared = share and isinstance(syn, Describer)
        described = repr((label, syn.words, out.words, str(unit))) if shared else ""
        hook = _Aligned(key if share else object(), made, output, described)
        title = f"{type(made).__name__}-{type(output).__name__}"
        hook.input_key = attach_output(title, output, label, self)
        self._post.add_before_update(("align_post", hook.input_key), hook)
        return hook

    def update(self, *args: Any) -> None:
        """Give what arrives to the synapse."""
        self.give_jump(self.syn, self.arriving(*args))
