"""What all synaptic projections share: a source, a delivery, a target.

In: the arguments of a projection.  Out: the checked parts.  Must not know: synapse models.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from numbadyn.errors import ConnectivityError, FixedAttributeError, ProjectionTargetError
from numbadyn.ir.nodes import BindContext
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.group import Projection
from numbadyn.model.init import Constant
from numbadyn.model.inputs import full_key
from numbadyn.model.variable import Variable
from numbadyn.model.view import View, view_of
from numbadyn.projections.apply import Delivery
from numbadyn.projections.connectivity import Connectivity, EdgeList, edge_list
from numbadyn.projections.ends import check_self
from numbadyn.projections.presynaptic import PresynapticSide
from numbadyn.units import Dimension, describe, join

if TYPE_CHECKING:
    from numbadyn.projections.typing import CommLike, PopulationLike

__all__ = ["SynapticProjection", "check_post", "serial"]

_SERIAL = itertools.count(1)
"""Numbers for keys of projections that stand in no network and so have no name of their own."""


class SynapticProjection(Projection):
    """Base of the projections that carry a signal through a ``comm`` to a ``post``.

    Parameters
    ----------
    modules : tuple
        Where the signal comes from; see `PresynapticSide`.
    through : tuple, optional
        What it passes through then; see `PresynapticSide`.
    comm, delay
        See `Delivery`.
    post : Dynamics or View
        The target, or a part of it.
    name : str, optional
        Name for messages and results; the attribute's name in its network by default.

    Attributes
    ----------
    comm : Connectivity or callable
        As it was given.

    Raises
    ------
    ProjectionTargetError
        `post` is not a `Dynamics`.
    ShapeError
        The sizes of `comm` do not fit.
    DelayError, DimensionError
        `delay` is no time, or negative.
    """

    #: What a simulator can be asked of the synapses.
    synaptic_names: ClassVar[tuple[str, ...]] = ("weight", "delay")

    def __init__(
        self,
        modules: tuple[Any, ...],
        *,
        comm: CommLike,
        post: PopulationLike,
        delay: Any,
        name: str | None,
        through: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(name)
        self._serial = serial()
        self._post = check_post(post, self.path)
        self._post.arriving_projections.add(self)
        self._source = PresynapticSide(modules, self.path, through, synapses=isinstance(comm, Connectivity))
        self.stages = self._source.stages
        self.comm = comm
        self._delivery = Delivery(
            self,
            comm,
            delay,
            self._post.varshape,
            self._source.before_first,
            pre=self._source.part,
            post=view_of(post),
        )
        self._delivery.check_pre(self._source.size)
        self._delivery.check_ends = functools.partial(check_self, comm, modules[0] if modules else None, post)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "comm" and "_delivery" in vars(self):
            raise ConnectivityError(
                f"comm of {self.path} is replaced by {value!r}, but its synapses follow from the first one.",
                where=f"{self.path}.comm",
                cure="Make the projection anew, in the network's __init__; weights alone are changed by "
                "proj.comm.weight = ..., or by sim.set(proj, 'weight', ...) for a trial.",
                value=value,
            )
        dendritic = name == "dendritic_delay" and not isinstance(value, Variable) and name not in vars(self)
        own = name == "delay" and type(self).__module__.startswith("numbadyn.")
        if (own or dendritic) and "_delivery" in vars(self):
            raise FixedAttributeError(
                f"The {name} of {self.path} is assigned, but its synapses follow from the one that it was made with.",
                where=f"{self.path}.{name}",
                cure=f"Make the projection with this {name}, in the network's __init__.",
                path=self.path,
            )
        super().__setattr__(name, value)

    def wiring(self) -> list[object]:
        """As of every module, and what the rule of connection is made of; a simulator follows its weights."""
        rule = vars(self.comm) if isinstance(self.comm, Connectivity) else {}
        return [*super().wiring(), *(value for name, value in rule.items() if name != "weight")]

    @property
    def post(self) -> Dynamics:
        """The target."""
        return self._post

    @property
    def key(self) -> str:
        """Name under which the target knows this projection; the same in each call."""
        return self._path or f"{self.path} {self._serial}"

    def arriving(self, *args: Any) -> Any:
        """Give what arrives at the target in this step, before the synapse; None if the signal is None."""
        return self._delivery(self._source(*args))

    def given_weights(self) -> tuple[str, Dimension] | None:
        """The weights in words and what they measure; None if `comm` is a function."""
        if not isinstance(self.comm, Connectivity):
            return None
        weight = self.comm.weight
        words = describe(join(weight.value, weight.dimension)) if isinstance(weight, Constant) else repr(weight)
        return words, weight.dimension

    def feed(self, conductance: Callable[[], str | None]) -> None:
        """Say what conductance the signal ends in, if it does: weights below zero are refused, now or when drawn."""
        self._delivery.conductance = conductance
        self._delivery.check_given_weights()

    def give_jump(self, target: Dynamics, arriving: Any, label: str | None = None) -> None:
        """Register what arrives as a delta input of this step, if anything does."""
        if arriving is not None:
            target.delta_inputs.name_giver(full_key(self.key, label), self)
            target.add_delta_input(self.key, arriving, label)

    def _begin(self) -> None:
        """Put the states back, and forget the signals that are under way in eager calls."""
        super()._begin()
        self._delivery.reset()

    def edges(self, dt: Any = None) -> EdgeList:
        """Read the synapses back.

        Parameters
        ----------
        dt : Quantity, optional
            Time step, which delays are multiples of; without delays it makes no difference. By default that of the
            simulator which was built last, else that of `environ`.

        Returns
        -------
        EdgeList
            ``pre``, ``post``, ``weight``, ``delay``, an entry for each synapse in the order of the rule.

        Raises
        ------
        TimeStepError
            There is no time step, but there are delays.
        UnsupportedFeatureError
            `comm` is a function.

        Notes
        -----
        The synapses follow from the seed, so they are made again rather than kept.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> neurons = nd.LIF(3)
        >>> proj = nd.DeltaProj(neurons, comm=nd.OneToOne(3, 3, weight=0.5 * mV), post=neurons, delay=1 * ms)
        >>> edges = proj.edges(dt=0.1 * ms)
        >>> edges.pre.tolist(), edges.post.tolist(), edges.delay
        ([0, 1, 2], [0, 1, 2], array([1., 1., 1.]) * ms)
        """
        return self._delivery.edges(dt)

    def edges_of(self, table: Any, context: BindContext) -> EdgeList:
        """Synapses of a table of a replica."""
        return edge_list(table, context.dt, self._delivery.weight_dimension)


def serial() -> int:
    """Give a number that no other projection of this process has."""
    return next(_SERIAL)


def check_post(post: Any, where: str) -> Dynamics:
    """Give the target, that of a view its population, after checking that it can have inputs."""
    post = post.population if isinstance(post, View) else post
    if not isinstance(post, Dynamics):
        raise ProjectionTargetError(
            f"post of {where} is {post!r}, which is not a Dynamics.",
            where=where,
            cure="Give a population, such as nd.LIF(100).",
            post=post,
        )
    return post
