"""Gap junctions: currents through electrical synapses, proportional to the difference of two potentials.

In: two populations, who is coupled to whom, conductances.  Out: currents of both.  Must not know: models.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ConnectivityError, ShapeError, UnknownStateError
from numbadyn.model.delays import PrefetchDelayAt
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.group import Projection
from numbadyn.model.init import Constant
from numbadyn.model.values import Parameter
from numbadyn.projections.apply import Delivery
from numbadyn.projections.base import checked_target, serial
from numbadyn.projections.connectivity import Edges
from numbadyn.units import TIME, join, join_eager, split

__all__ = ["AsymmetryGapJunction", "SymmetryGapJunction"]


class _GapJunction(Projection):
    """Electrical synapses between two populations, or within one."""

    def __init__(
        self, pre: Any, pre_state: Any, post: Any, post_state: Any, conn: Any, delay: Any, label: Any, name: Any
    ) -> None:
        super().__init__(name)
        self._pre, self._post = checked_target(pre, self.path), checked_target(post, self.path)
        for end in (self._pre, self._post):
            end.arriving_projections.add(self)
        for state in (pre_state, post_state):
            if not isinstance(state, str):
                raise UnknownStateError(
                    f"{self.path} couples the state {state!r}.", where=self.path, cure="Give its name, such as 'V'."
                )
        self.pre_ids, self.post_ids = self._edges(conn)
        self.label = label
        self._serial = serial()
        #: The potential at each end of each junction.
        self._ends = (
            _reader(self._pre, pre_state, self.pre_ids, delay),
            _reader(self._post, post_state, self.post_ids, delay),
        )
        self._deliveries = [
            Delivery(self, Edges(len(ids), module.varshape, np.arange(len(ids)), ids), None, module.varshape)
            for module, ids in ((self._post, self.post_ids), (self._pre, self.pre_ids))
        ]

    def _edges(self, conn: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if isinstance(conn, Edges):
            if not conn.uniform_weight or conn.weight.key() != Constant(1.0).key():
                raise ConnectivityError(
                    f"conn of {self.path} is an Edges with a weight of its own, {conn.weight!r}, and would lose it.",
                    where=self.path,
                    cure="Leave it out of Edges, and give the conductances as weight= of the gap junctions.",
                )
            pairs: Any = (conn.pre, conn.post)
        else:
            pairs = conn(self._pre.varshape, self._post.varshape) if callable(conn) else conn
        if not isinstance(pairs, tuple | list) or len(pairs) != 2:
            raise ConnectivityError(
                f"conn of {self.path} gives {pairs!r}.",
                where=self.path,
                cure="Give a function of the two sizes, or a pair: presynaptic and postsynaptic indices, one for each "
                "junction.",
            )
        checked = Edges(self._pre.varshape, self._post.varshape, *pairs)
        if checked.n_synapses == 0:
            raise ConnectivityError(
                f"{self.path} has no junction.", where=self.path, cure="Connect at least one pair, or leave it out."
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

    def reset_state(self) -> None:
        """Put the states back, and forget the signals of eager calls."""
        super().reset_state()
        for delivery in self._deliveries:
            delivery.reset()

    def _couple(self, into_post: Any, into_pre: Any) -> None:
        """Add the currents of all junctions to both populations."""
        difference = self._ends[0]() - self._ends[1]()
        key = self._path or f"{self.path} {self._serial}"
        arrivals = (difference * into_post, -(difference * into_pre))
        for end, module, delivery, current in zip(
            ("post", "pre"), (self._post, self._pre), self._deliveries, arrivals, strict=True
        ):
            module.add_current_input(f"{key} ({end})", delivery(current), self.label)


def _reader(module: Dynamics, state: str, ids: NDArray[np.int64], delay: Any) -> Callable[[], Any]:
    """The state of the chosen neurons as of the last step, or earlier."""
    index = np.unravel_index(ids, module.varshape)
    return PrefetchDelayAt(module, state, join(0.0, TIME) if delay is None else delay, *index)


class SymmetryGapJunction(_GapJunction):
    r"""Gap junctions that conduct equally well in both directions.

    Parameters
    ----------
    couples : Dynamics or pair of Dynamics
        One population, coupled within itself, or two.
    states : str or pair of str
        Name of the state that is coupled, mostly ``"V"``.
    conn : callable, Edges or pair of arrays of int
        Who is coupled to whom: ``conn(pre_size, post_size)`` gives the indices of both ends, one entry for each
        junction; indices count the neurons of a population in C order.
    weight : quantities.Quantity
        Conductance, one value or one for each junction.
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

    Notes
    -----
    A junction of conductance w between the neurons i and j brings the current :math:`w (V_i - V_j)` to j and takes it
    from i. Both potentials are those of the last step, whatever the order of attributes; with a delay, earlier ones.

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
        weight: Any,
        delay: Any = None,
        label: str | None = None,
        name: str | None = None,
    ) -> None:
        pre, post = _pair(couples)
        super().__init__(pre, _pair(states)[0], post, _pair(states)[1], conn, delay, label, name)
        shape = np.shape(_conductances(weight, self.path))
        if math.prod(shape) not in (1, self.n_junctions):
            raise ShapeError(
                f"weight of {self.path} has shape {shape}, but there are {self.n_junctions} junctions.",
                where=self.path,
                cure="Give one conductance, or one for each junction.",
            )
        self.weight = Parameter(weight, negative=False)

    def update(self) -> None:
        """Register the currents of both ends."""
        self._couple(self.weight, self.weight)


class AsymmetryGapJunction(_GapJunction):
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
    ProjectionTargetError, ConnectivityError, ShapeError, UnknownStateError
        As in `SymmetryGapJunction`.

    Notes
    -----
    The neuron j at the end `post` receives :math:`w_0 (V_i - V_j)`, the neuron i at the end `pre`
    :math:`w_1 (V_j - V_i)`.

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
        pre: Any,
        pre_state: str,
        post: Any,
        post_state: str,
        conn: Any,
        weight: Any,
        delay: Any = None,
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
            )
        self.weight_post, self.weight_pre = (Parameter(values[..., side], negative=False) for side in (0, 1))

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
