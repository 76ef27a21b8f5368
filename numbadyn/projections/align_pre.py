"""Projections whose synapse stands on the presynaptic side: one variable for each source neuron, then weights.

In: a signal, a synapse model, a rule.  Out: weighted sums of the synapse's variable.  Must not know: which models there
are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.typing import ParameterLike
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.output import attach_output, make_output, tell_driver
from numbadyn.projections.presynaptic import keep_on_population, make_for_signal, take
from numbadyn.projections.typing import CommLike, OutputLike, PopulationLike, SynapseLike
from numbadyn.units import DIMENSIONLESS, join_eager

__all__ = ["AlignPreProj"]


class AlignPreProj(SynapticProjection):
    """Spikes onto a synaptic variable of each presynaptic neuron, whose value passes through the weights.

    Parameters
    ----------
    *modules : Dynamics, OutputDelayAt or callable
        Where the signal comes from, as in `AlignPostProj`. Alone, a population or its delayed output keeps the synapse
        on itself, so that all its projections of equal description share it.
    syn : Describer or Synapse
        The synapse, ``Expon.desc(tau=5*ms)``; it need not be linear. Its variable is a plain number unless the model
        says otherwise, and the weights bring the unit.
    comm : Connectivity or callable
        Who is connected to whom, and how strongly.
    out : Describer or output model
        What current it makes.
    post : Dynamics or View
        The target.
    delay : Quantity, array or Initialiser, optional
        As in `AlignPostProj`.
    label, name : str, optional
        As in `AlignPostProj`.
    through : tuple of Dynamics or callable, optional
        What the signal passes through before the synapse, also where it is the argument of the call.

    Attributes
    ----------
    syn, out : Synapse, output model
        The instances that are used.

    Raises
    ------
    InvalidParameterError
        `syn` or `out` is not a model.
    ShapeError, DelayError, DimensionError, ProjectionTargetError, NegativeConductanceError
        As in `AlignPostProj`.

    Notes
    -----
    The synapse is stepped after its population, so the timing is that of `AlignPostProj`: a spike of step m acts on the
    target in step m + 1 + d. All synapses of a neuron are read in each step, so this costs more than `AlignPostProj`
    where the model allows both. In an update written by hand, call the projection before its target.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> E, I = nd.LIF(8), nd.LIF(2)
    >>> comm = nd.AllToAll(E.varshape, I.varshape, weight=0.6 * nS)
    >>> proj = nd.AlignPreProj(E, syn=nd.Expon.desc(tau=5 * ms), comm=comm, out=nd.COBA.desc(E=0 * mV), post=I)
    >>> proj.syn.varshape
    (8,)
    """

    def __init__(
        self,
        *modules: Any,
        syn: SynapseLike,
        comm: CommLike,
        out: OutputLike,
        post: PopulationLike,
        delay: ParameterLike | None = None,
        label: str | None = None,
        name: str | None = None,
        through: tuple[Any, ...] = (),
    ) -> None:
        kind = name or type(self).__name__
        if not issubclass(syn.cls if isinstance(syn, Describer) else type(syn), Dynamics):
            raise InvalidParameterError(
                f"syn of {kind} is {syn!r}, which is no synapse.",
                where=kind,
                cure="Give a synapse, such as nd.Expon.desc(tau=5*ms).",
                kind=kind,
                syn=syn,
            )
        on_population = None if through else keep_on_population(modules, syn)
        if on_population is None:
            made = make_for_signal(syn, modules, through, comm, post)
            sources = modules
        else:
            made, sources = on_population
        super().__init__(sources, comm=comm, post=post, delay=delay, name=name, through=through)
        self._steps_syn = on_population is None
        self._delivery.before = lambda: None  # what is delivered is the synapse's variable, which begins at zero
        if self._steps_syn:
            take(made, self.path)
        self.syn = made
        if hasattr(made, "use_unit"):
            made.use_unit(1.0)
        self.out = make_output(out, self._post, self.path)
        title = f"{type(made).__name__}-{type(self.out).__name__}"
        tell_driver(self.out, attach_output(title, self.out, label, self), self)

    def update(self, *args: Any) -> None:
        """Step the synapse if it is this projection's own, and bind what arrives."""
        value = self._source(*args)
        if value is None:  # an eager call before the first update of the synapse
            first = next(iter(self.syn.states().values()), None)
            value = join_eager(np.zeros(self.syn.varshape), DIMENSIONLESS if first is None else first.dimension)
        self.out.bind_cond(self._delivery(self.syn(value) if self._steps_syn else value))
