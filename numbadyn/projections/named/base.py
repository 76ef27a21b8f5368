"""What the projections that are named after a rule of connection share.

In: two populations, a function that makes the rule, models of a synapse and an output.  Out: an `AlignPostProj`.  Must
not know: which rules and models there are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from numbadyn.errors import ProjectionTargetError
from numbadyn.model.delays import OutputDelayAt, Prefetch, PrefetchDelayAt
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.options import check_names
from numbadyn.model.typing import ParameterLike
from numbadyn.model.view import whole_of
from numbadyn.projections.align_post import AlignPostProj
from numbadyn.projections.base import check_post
from numbadyn.projections.connectivity import Connectivity
from numbadyn.projections.connectivity.base import check_flag, check_seed
from numbadyn.projections.connectivity.spellings import spelled, standard_names
from numbadyn.projections.ends import recurrent
from numbadyn.projections.presynaptic import size_of
from numbadyn.projections.typing import OutputLike, PopulationLike, PresynapticLike, SynapseLike

__all__ = ["Ends", "RuleProj"]


class Ends(NamedTuple):
    """What a rule is made for: sizes, weights, and what the populations allow."""

    in_size: tuple[int, ...]
    out_size: tuple[int, ...]
    weight: Any
    autapses: bool
    multapses: bool
    recurrent: bool


class RuleProj(AlignPostProj):
    """Base of the projections that are named after a rule of connection.

    Parameters
    ----------
    pre : Dynamics, View or OutputDelayAt
        The source: a population or a part of one (the spikes of its last step), or a delayed reference to it.
    post : Dynamics or View
        The target.
    rule : callable
        Makes the rule of connection from `Ends`; the subclasses give it.
    weight : float, Quantity, array or Initialiser
        See `Connectivity`.
    syn : Describer or Synapse
        The synapse, ``Expon.desc(tau=5*ms)``; see `AlignPostProj`.
    out : Describer or output model
        What current it makes; a description where `syn` is one.
    delay : Quantity, array or Initialiser, optional
        As in `AlignPostProj`.
    autapses : bool
        Whether a neuron of a population that projects onto itself may connect to itself; without effect between two
        populations.
    multapses : bool
        Whether a pair of neurons may have several synapses, for the rules that choose partners. Both may be spelt
        as elsewhere, ``allow_autapses`` and ``allow_multapses``; see
        `numbadyn.projections.connectivity.spellings`.
    seed : int, optional
        Seed of the synapses, their weights and delays: the same ones in every network and for every seed of the
        simulation. By default they follow from the seed of the simulation, apart for each projection.
    label, share, name
        As in `AlignPostProj`.

    Attributes
    ----------
    pre : Dynamics or OutputDelayAt
        The source.
    autapses, multapses : bool
        As they were given.

    Raises
    ------
    ProjectionTargetError
        `pre` or `post` is not a population.
    ConnectivityError
        The numbers of the rule do not fit the populations.
    InvalidParameterError
        `seed` is not a whole number of 64 bits; or see `AlignPostProj`.
    DelayError, DimensionError, ShapeError, UnsupportedFeatureError
        As in `AlignPostProj`.

    Notes
    -----
    A projection like any other: it runs before all dynamics of a step, wherever it stands among the attributes of its
    network, and a spike of step m acts with a delay of d steps in step m + 1 + d.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Name a misspelt argument; those of a subclass and those of every projection that is named after a rule."""
        own = inspect.signature(cls.__init__).parameters
        common = [name for name in standard_names(cls.__name__, kwargs) if name not in own]
        check_names(RuleProj.__init__, cls.__name__, common)
        return super().__new__(cls, *args, **kwargs)

    @spelled
    def __init__(
        self,
        pre: PresynapticLike,
        post: PopulationLike,
        rule: Callable[[Ends], Connectivity],
        *,
        weight: ParameterLike,
        syn: SynapseLike,
        out: OutputLike,
        delay: ParameterLike | None = None,
        autapses: bool = True,
        multapses: bool = True,
        seed: int | None = None,
        label: str | None = None,
        share: bool = True,
        name: str | None = None,
    ) -> None:
        where = name or type(self).__name__
        source = whole_of(pre)
        source = source.module if isinstance(source, Prefetch | PrefetchDelayAt | OutputDelayAt) else source
        if not isinstance(source, Dynamics):
            raise ProjectionTargetError(
                f"pre of {where} is {pre!r}, which is not a Dynamics.",
                where=where,
                cure="Give a population, such as nd.LIF(100), or a reference to one, E.output_delay(1.5*ms).",
                pre=pre,
            )
        check_post(post, where)
        same = recurrent(pre, post)
        multapses = check_flag(multapses, "multapses", where)
        autapses = check_flag(autapses, "autapses", where) or same is False
        sizes = (size_of(pre) or source.out_size, post.varshape)
        comm = rule(Ends(*sizes, weight, autapses, multapses, bool(same)))
        comm.seed = None if seed is None else check_seed(seed, where)
        super().__init__(pre, comm=comm, syn=syn, out=out, post=post, delay=delay, label=label, share=share, name=name)
        self._pre = pre
        self.autapses, self.multapses = autapses, multapses

    @property
    def pre(self) -> Any:
        """The source."""
        return self._pre
