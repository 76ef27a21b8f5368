"""States of synapses: a value for each synapse of a projection, kept in memory like any other state.

In: first values, in the order of the rule; the table of synapses, once it is built.  Out: states in the space of
synapses, read and written in the order of ``edges()``.  Must not know: how they are stored by targets, what changes
them.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import FixedAttributeError, ShapeError
from numbadyn.ir.kinds import kind_of
from numbadyn.ir.nodes import BindContext, StateSpec
from numbadyn.ir.spaces import synapses_of
from numbadyn.ir.synapses import from_rule, presynaptic, to_rule
from numbadyn.model.given_values import Plain
from numbadyn.model.init import Initialiser, as_synaptic
from numbadyn.model.init_pairs import OfPairs
from numbadyn.model.streams import stream_of
from numbadyn.model.values import State
from numbadyn.projections.apply import Delivery
from numbadyn.projections.conductances import check_values
from numbadyn.tracing.trace import current_trace
from numbadyn.units import Dimension

__all__ = ["SynapseState", "SynapticWeight"]

_VALUE: Any = State.value


class _Stamp:
    """To whom a state of time stamps belongs, which is no state of the user's."""

    owner = None


class SynapseState(State):
    """A value for each synapse of a projection.

    Parameters
    ----------
    initial : number, array, quantities.Quantity, Initialiser or callable
        Where the first values come from: one for all; a distribution drawn once a synapse; one for each synapse in the
        order of the projection's ``edges()``; an array of shape ``(n_pre, n_post)``, ``(n_pre, 1)`` or ``(1, n_post)``,
        of which each synapse has the entry of its pair; a function of both ends, ``lambda i, j: ...``, or of the shape.
    unit : quantities.Quantity, optional
        The unit that the values must be convertible to.

    Notes
    -----
    How many synapses there are is known when they are built, so the shape of the state is no part of what is compiled.

    Examples
    --------
    >>> import numbadyn as nd
    >>> eligibility = nd.SynapseState(0.0)
    """

    def __init__(self, initial: Any, unit: Any = None) -> None:
        super().__init__(initial, unit=unit)
        self._stamp = _Stamp()

    @property
    def stamp(self) -> object:
        """To whom a state belongs that the lowering may keep beside this one."""
        return self._stamp

    @property
    def _delivery(self) -> Delivery:
        delivery: Delivery = self.owner.delivery
        return delivery

    @property
    def varshape(self) -> tuple[int, ...]:
        """Number of synapses; they are made again to count them."""
        return (self._delivery.table()[0].n_synapses,)

    def _require_fit(self, recipe: Plain) -> None:
        """Wait until the synapses of a replica are made, of which each may have another number."""

    @property
    def value(self) -> Any:
        """Latest version; see `State`."""
        return super().value

    @value.setter
    def value(self, new: Any) -> None:
        trace = current_trace()
        if trace is not None:
            raise FixedAttributeError(
                f"{self.path}.value is assigned in a step, which would change all synapses, reached or not.",
                where=str(trace.here),
                cure=f"Assign s.{self.name} of the synapses that a rule is about; on_step is about all of them.",
                name=self.name,
            )
        _VALUE.__set__(self, new)

    def write(self, new: Any) -> None:
        """Make a new version while a step is traced, of the synapses that are reached."""
        _VALUE.__set__(self, new)

    def spec(self) -> StateSpec:
        """What the IR knows of the state."""
        trace = current_trace()
        assert trace is not None, "the synapses of a step are known while it is traced"
        number = self._delivery.number(trace)
        initial = functools.partial(self._stored_first, number, stream_of(self.owner, "value", self.name))
        return StateSpec(self.path, synapses_of(number), kind_of(self._dtype()), self.dimension, initial, self)

    def first_at(self, table: Any, context: BindContext) -> NDArray[Any]:
        """First values at the synapses of a table, in the order of the rule and the coherent unit system."""
        return self._first(table, context, stream_of(self.owner, "value", self.name))

    def _stored_first(self, number: int, stream: int, context: BindContext) -> NDArray[Any]:
        """First values in the order of the table, as it was built."""
        return self._stored_values(context.tables[number], stream, context)

    def _stored_values(self, table: Any, stream: int, context: BindContext) -> NDArray[Any]:
        if id(self) in context.first:
            return context.first[id(self)]
        return from_rule(table, self._first(table, context, stream))

    def check_set(self, values: NDArray[Any], context: BindContext) -> None:
        """Refuse values that somebody sets in the course of a run.

        Parameters
        ----------
        values : ndarray
            In the coherent unit system: one, or one for each synapse.
        context : BindContext
            What its parameters are bound to.
        """

    def _first(self, table: Any, context: BindContext, stream: int | None) -> NDArray[Any]:
        """First values in the order of the rule."""
        other = context.bound(self)
        recipe = None if other._assigned else other._recipe(context)
        if isinstance(recipe, OfPairs):
            return to_rule(table, recipe.values(presynaptic(table), table.targets.astype(np.int64)))
        if isinstance(recipe, Plain) and recipe.array.ndim == 2:
            sizes = table.n_pre, table.n_post
            if any(own not in (1, size) for own, size in zip(recipe.array.shape, sizes, strict=True)):
                raise self._misfit(recipe, sizes)
            ends = presynaptic(table), table.targets
            places = (end if own > 1 else 0 for end, own in zip(ends, recipe.array.shape, strict=True))
            return to_rule(table, np.broadcast_to(recipe.array[tuple(places)], table.targets.shape))
        return self.draw_values(context, stream, (int(table.targets.size),))

    def _misfit(self, recipe: Initialiser, shape: tuple[int, ...]) -> ShapeError:
        """The error for values that fit neither the synapses nor the neurons that they join."""
        given = f"values of shape {recipe.array.shape}" if isinstance(recipe, Plain) else repr(recipe)
        owner: Any = self.owner
        n_pre, n_post = (int(np.prod(side)) for side in (owner.signal_shape, owner.post.varshape))
        count = f", here {shape[0]}" if len(shape) == 1 else ""
        return ShapeError(
            f"{self.path} is given {given}, which fit neither its synapses{count}, nor the {n_pre} and {n_post} "
            "neurons that they join.",
            where=self.path,
            cure="Give one value, or one for each synapse in the order of edges(); an array of shape "
            f"({n_pre}, 1) has one for each presynaptic neuron, (1, {n_post}) for each postsynaptic one, "
            f"({n_pre}, {n_post}) for each pair.",
            shape=shape,
        )

    def _recipe_of(self, given: Any) -> Initialiser:
        return super()._recipe_of(as_synaptic(given) if callable(given) else given)

    def reset(self, seed: int = 0) -> None:
        """Forget the eager value; first values follow from the table, which is made when they are asked for."""
        self._assigned = False
        self.hold(None)
        self._value = None

    def array(self) -> NDArray[Any]:
        """Eager value in the coherent unit system, in the order of the rule."""
        if self._value is None:
            table, dt = self._delivery.table()
            context = BindContext(dt, getattr(self.owner, "seed_of_build", 0))
            self._value = np.array(self._first(table, context, None), dtype=self._dtype())
        result: NDArray[Any] = self._value
        return result


class SynapticWeight(SynapseState):
    """The weight of each synapse; its first values are those of the rule of connection."""

    def __init__(self) -> None:
        super().__init__(0.0)

    @property
    def dimension(self) -> Dimension:
        """What the weights of the rule measure."""
        rule = self._delivery.rule
        assert rule is not None
        return rule.weight_dimension

    def check_set(self, values: NDArray[Any], context: BindContext) -> None:
        """As of every state; conductances are positive."""
        name = self._delivery.conductance()
        if name is not None:
            check_values(np.atleast_1d(values), self.dimension, name, self._delivery.owner.path)

    def _first(self, table: Any, context: BindContext, stream: int | None) -> NDArray[Any]:
        if self._assigned:
            return super()._first(table, context, stream)
        return to_rule(table, np.broadcast_to(table.weights, table.targets.shape))
