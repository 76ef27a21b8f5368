"""Gap junctions: currents through electrical synapses, proportional to the difference of two potentials.

In: two populations, who is coupled to whom, conductances.  Out: currents of both.  Must not know: models.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ConnectivityError, ShapeError, UnknownStateError
from numbadyn.ir.nodes import BindContext
from numbadyn.model import environ
from numbadyn.model.delays import PrefetchDelayAt
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.group import Projection
from numbadyn.model.init import Constant, Initialiser
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.model.view import view_of
from numbadyn.projections.apply import Delivery
from numbadyn.projections.base import check_post, serial
from numbadyn.projections.connectivity import Edges
from numbadyn.projections.coupled import End, Group, eager_group, find_means, groups_of, note_member, strong_group
from numbadyn.projections.typing import PopulationLike
from numbadyn.tracing.gains import note_input
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import TIME, is_quantity, join, join_eager, split

__all__ = ["AsymmetryGapJunction", "SymmetryGapJunction"]


class GapJunction(Projection):
    """Electrical synapses between two populations, or within one."""

    def __init__(
        self,
        pre: PopulationLike,
        pre_state: Any,
        post: PopulationLike,
        post_state: Any,
        conn: Any,
        delay: Any,
        label: Any,
        name: Any,
    ) -> None:
        super().__init__(name)
        self._pre, self._post = check_post(pre, self.path), check_post(post, self.path)
        for end in (self._pre, self._post):
            end.arriving_projections.add(self)
        for state in (pre_state, post_state):
            if not isinstance(state, str):
                raise UnknownStateError(
                    f"{self.path} couples the state {state!r}.",
                    where=self.path,
                    cure="Give its name, such as 'V'.",
                    state=state,
                )
        parts = [view_of(end) for end in (pre, post)]
        shapes = [
            end.varshape if part is None else part.varshape
            for end, part in zip((self._pre, self._post), parts, strict=True)
        ]
        self.pre_ids, self.post_ids = (
            ids if part is None else part.elements[ids]
            for part, ids in zip(parts, self._edges(conn, *shapes), strict=True)
        )
        self.label = label
        self.serial = serial()
        self._delay = join(0.0, TIME) if delay is None else delay
        #: Both ends: first that of `pre`, then that of `post`.
        self.ends = (End(self._pre, pre_state, self.pre_ids), End(self._post, post_state, self.post_ids))
        #: What brings the currents to `post`, and to `pre`.
        self.deliveries = [
            Delivery(self, Edges(len(ids), module.varshape, np.arange(len(ids)), ids), None, module.varshape)
            for module, ids in ((self._post, self.post_ids), (self._pre, self.pre_ids))
        ]
        self._readers = [_reader(end, self._delay, chosen=True) for end in self.ends]
        #: In calls outside of a trace: whose it is, the time step, and those that act on each other.
        self._known: tuple[int, float, Group | None] | None = None
        self._latest = [_reader(end, join(0.0, TIME), chosen=False) for end in self.ends]

    def _edges(
        self, conn: Any, pre_size: tuple[int, ...], post_size: tuple[int, ...]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if isinstance(conn, Edges):
            if not conn.uniform_weight or conn.weight.key() != Constant(1.0).key():
                raise ConnectivityError(
                    f"conn of {self.path} is an Edges with a weight of its own, {conn.weight!r}, and would lose it.",
                    where=self.path,
                    cure="Leave it out of Edges, and give the conductances as weight= of the gap junctions.",
                    path=self.path,
                    weight=conn.weight,
                )
            pairs: Any = (conn.pre, conn.post)
        else:
            pairs = conn(pre_size, post_size) if callable(conn) else conn
        if not isinstance(pairs, tuple | list) or len(pairs) != 2:
            raise ConnectivityError(
                f"conn of {self.path} gives {pairs!r}.",
                where=self.path,
                cure="Give a function of the two sizes, or a pair: presynaptic and postsynaptic indices, one for each "
                "junction.",
                pairs=pairs,
            )
        checked = Edges(pre_size, post_size, *pairs)
        if checked.n_synapses == 0:
            raise ConnectivityError(
                f"{self.path} has no junction.",
                where=self.path,
                cure="Connect at least one pair, or leave it out.",
                path=self.path,
            )
        return checked.pre.astype(np.int64), checked.post.astype(np.int64)

    @property
    def pre(self) -> Dynamics:
        """The population at one end."""
        return self._pre

    @property
    def post(self) -> Dynamics:
        """The population at the other end."""
        return self._post

    @property
    def n_junctions(self) -> int:
        """Number of junctions."""
        return int(self.pre_ids.size)

    def _begin(self) -> None:
        """Put the states back, and forget the signals of eager calls."""
        super()._begin()
        for delivery in self.deliveries:
            delivery.reset()

    def latest(self, end: End) -> Any:
        """The state of all neurons of an end as of the last step."""
        return next(reader for own, reader in zip(self.ends, self._latest, strict=True) if own.key == end.key)()

    @abstractmethod
    def conductances(self, context: BindContext) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What counts for the currents into `post`, and for those into `pre`."""

    def _couple(self, *conductances: Parameter) -> None:
        """Add the currents of all junctions to both populations."""
        trace = current_trace()
        first, second = self._potentials(trace)
        difference = first - second
        key = self._path or f"{self.path} {self.serial}"
        for end, module, delivery, conductance, sign in zip(
            ("post", "pre"), (self._post, self._pre), self.deliveries, conductances, (1, -1), strict=True
        ):
            current = difference * (conductance.value if trace is None else self._watch(trace, conductance))
            signed = current if sign > 0 else -current
            module.add_current_input(f"{key} ({end})", self._brought(trace, signed, delivery), self.label)

    def _brought(self, trace: Trace | None, current: Any, delivery: Delivery) -> Any:
        """What the junctions bring to one end: that of its own number to each neuron, or sums of them."""
        if trace is None or not (self.acts_at_once and all(end.is_each(end.ids) for end in self.ends)):
            return delivery(current)
        node = trace.emit("identity", as_node(trace, current))
        note_input(trace, node, delivery.rule)
        return Traced(trace, node)

    def _potentials(self, trace: Trace | None) -> list[Any]:
        """What the junctions read at their ends: the mean over the step, or earlier potentials."""
        if trace is not None:
            note_member(trace, self)
        if not self.acts_at_once:
            return [reader() for reader in self._readers]
        if trace is None:
            context = BindContext(environ.eager_dt(), self.seed_of_build)
            if self._known is None or self._known[:2] != (id(self), context.dt):  # a copy has its own
                group = eager_group(self, context)
                for member in (self,) if group is None else group.members:  # the others have registered nothing yet
                    member._known = (id(member), context.dt, group)
            group = self._known[2] if self._known is not None else None
            if group is not None and group.must_be_solved(context):
                return group.eager_means(context, self)
            return [reader() for reader in self._readers]
        group = strong_group(trace, self)
        return [find_means(trace, end, latest, group) for end, latest in zip(self.ends, self._latest, strict=True)]

    @property
    def acts_at_once(self) -> bool:
        """Whether the junctions read the present, so that currents follow potentials at once."""
        return is_quantity(self._delay) and not np.any(np.asarray(self._delay))

    @property
    def shortest_delay(self) -> float:
        """The shortest of the delays (ms), zero where they change."""
        return float(np.min(split(self._delay)[0])) if is_quantity(self._delay) else 0.0

    def _watch(self, trace: Trace, conductance: Parameter) -> Traced:
        """A traced conductance; held currents are checked whenever its values are bound."""
        value: Traced = conductance.value
        groups = groups_of(trace)
        number = value.node.attrs["index"]
        spec = trace.step.params[number]

        def fetch(context: BindContext) -> Any:
            group = groups.get(id(self))
            if group is not None and not group.solved:
                group.check_held(context)
            return spec.fetch(context)

        if not getattr(spec.fetch, "watched", False):
            fetch.watched = True  # type: ignore[attr-defined]
            trace.step.params[number] = replace(spec, fetch=fetch, decides=None)
        return value


def _reader(end: End, delay: Any, *, chosen: bool) -> Callable[[], Any]:
    """The state of an end as of the last step, or earlier; of the neurons of its junctions, or of all."""
    index = np.unravel_index(end.ids, end.module.varshape) if chosen else ()
    return PrefetchDelayAt(end.module, end.state, delay, *index)


class SymmetryGapJunction(GapJunction):
    r"""Gap junctions that conduct equally well in both directions.

    Parameters
    ----------
    couples : Dynamics or View, or pair of them
        One population, coupled within itself, or two; of a part of a population, `conn` counts its neurons.
    states : str or pair of str
        Name of the state that is coupled, mostly ``"V"``.
    conn : callable, Edges or pair of arrays of int
        Who is coupled to whom: ``conn(pre_size, post_size)`` gives the indices of both ends, one entry for each
        junction; indices count the neurons of a population in C order.
    weight : quantities.Quantity, array or Initialiser
        Conductance, one value or one for each junction, or a distribution, drawn for each.
    delay : quantities.Quantity, optional
        How long ago the potentials are read.
    label, name : str, optional
        As in `AlignPostProj`.

    Raises
    ------
    ProjectionTargetError
        A couple is no `Dynamics`, or its update sums no current inputs.
    ConnectivityError
        The indices are none, or name neurons that do not exist; or `conn` brings weights of its own.
    ShapeError
        `weight` has neither one value nor one for each junction.
    UnknownStateError
        There is no such state.
    InvalidParameterError
        A conductance is negative.
    UnstableCouplingError
        When a simulator is made or runs: too many neurons are coupled, too strongly for its time step.

    Notes
    -----
    A junction of conductance w between the neurons i and j brings the current :math:`w (V_i - V_j)` to j and takes it
    from i, whatever the order of attributes; with a delay, that of earlier potentials.

    A simulator takes the mean of the current over the step, of second order in dt: the potentials at the end of the
    step are found with the current at its start, then the step is made with the mean of both ends. What neurons do in
    the step, such as a reset, is ahead too. That mean is held over a step while :math:`\Delta t \sum w / C` is at most
    0.1 for every neuron, with C the capacitance that the right-hand side implies (:math:`\tau / R` of a `LIF`). Where
    coupling is stronger, it is the mean over the step of

    .. math:: C_i \frac{dV_i}{dt} = \sum_j w_{ij} (V_j - V_i) + I_i

    for all neurons that are coupled, through this and other gap junctions of the network, which is stable and right
    for any strength: neurons that are strongly coupled share their mean potential weighted by C. It needs the sum of
    the squares of the sizes of all connected pieces to be at most a million. Beyond, currents are held up to 0.5 and
    refused above. Models whose dV/dt per current changes from step to step hold the current always, and so do
    junctions with a delay, which are refused where neurons would answer faster than they hear; these read the
    potentials at the start of a step. In eager calls nothing is known of the end of a step, so that coupling is of
    first order there.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS
    >>> def ring(pre_size, post_size):
    ...     n = pre_size[0]
    ...     return np.arange(n), (np.arange(n) + 1) % n
    >>> cells = nd.LIF(10)
    >>> gap = nd.SymmetryGapJunction(cells, "V", ring, weight=0.5 * nS)
    >>> gap.n_junctions
    10
    """

    def __init__(
        self,
        couples: Any,
        states: Any,
        conn: Any,
        weight: ParameterLike,
        delay: ParameterLike | None = None,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        pre, post = _pair(couples)
        super().__init__(pre, _pair(states)[0], post, _pair(states)[1], conn, delay, label, name)
        drawn = isinstance(weight, Initialiser) or callable(weight)
        shape = () if drawn else np.shape(_conductances(weight, self.path))
        if math.prod(shape) not in (1, self.n_junctions):
            raise ShapeError(
                f"weight of {self.path} has shape {shape}, but there are {self.n_junctions} junctions.",
                where=self.path,
                cure="Give one conductance, or one for each junction.",
                shape=shape,
                n_junctions=self.n_junctions,
            )
        self.weight = Parameter(weight, negative=False, shape=(self.n_junctions,) if drawn else None)

    def conductances(self, context: BindContext) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What counts for the currents into `post`, and for those into `pre`: the same."""
        values = self.weight.fetch(context)
        return values, values

    def update(self) -> None:
        """Register the currents of both ends."""
        self._couple(self.weight, self.weight)


class AsymmetryGapJunction(GapJunction):
    r"""Gap junctions that conduct differently in their two directions.

    Parameters
    ----------
    pre, post : Dynamics
        The populations at both ends; they may be the same.
    pre_state, post_state : str
        Names of the states that are coupled.
    conn : callable, Edges or pair of arrays of int
        As in `SymmetryGapJunction`.
    weight : quantities.Quantity of shape (2,) or (n_junctions, 2), or list of them
        Conductances: what counts for the current into `post`, then what counts for that into `pre`.
    delay : quantities.Quantity, optional
        How long ago the potentials are read.
    label, name : str, optional
        As in `AlignPostProj`.

    Raises
    ------
    ProjectionTargetError, ConnectivityError, ShapeError, UnknownStateError, InvalidParameterError
        As in `SymmetryGapJunction`.
    UnstableCouplingError
        As in `SymmetryGapJunction`.

    Notes
    -----
    The neuron j at the end `post` receives :math:`w_0 (V_i - V_j)`, the neuron i at the end `pre`
    :math:`w_1 (V_j - V_i)`; over a step as in `SymmetryGapJunction`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import nS
    >>> A, B = nd.LIF(3), nd.LIF(3)
    >>> pairs = (np.arange(3), np.arange(3))
    >>> rectifying = nd.AsymmetryGapJunction(A, "V", B, "V", pairs, weight=np.array([1.0, 0.1]) * nS)
    """

    def __init__(
        self,
        pre: PopulationLike,
        pre_state: str,
        post: PopulationLike,
        post_state: str,
        conn: Any,
        weight: ParameterLike,
        delay: ParameterLike | None = None,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(pre, pre_state, post, post_state, conn, delay, label, name)
        values = _conductances(weight, self.path)
        shape = np.shape(values)
        if shape not in ((2,), (self.n_junctions, 2)):
            raise ShapeError(
                f"weight of {self.path} has shape {shape}, but there are {self.n_junctions} junctions.",
                where=self.path,
                cure=f"Give two conductances, or an array of shape ({self.n_junctions}, 2).",
                shape=shape,
                n_junctions=self.n_junctions,
            )
        self.weight_post = Parameter(values[..., 0], negative=False)
        self.weight_pre = Parameter(values[..., 1], negative=False)

    def conductances(self, context: BindContext) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What counts for the currents into `post`, and for those into `pre`."""
        return self.weight_post.fetch(context), self.weight_pre.fetch(context)

    def update(self) -> None:
        """Register the currents of both ends."""
        self._couple(self.weight_post, self.weight_pre)


def _conductances(given: Any, where: str) -> Any:
    """An array with a unit, from that or from a list of quantities."""
    value = given.value if isinstance(given, Parameter) else given
    return join_eager(*split(value, where=where))


def _pair(given: Any) -> tuple[Any, Any]:
    """Two things, or one of them twice."""
    return (given[0], given[1]) if isinstance(given, tuple | list) and len(given) == 2 else (given, given)
