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

from numbadyn.errors import FixedAttributeError
from numbadyn.ir.kinds import kind_of
from numbadyn.ir.nodes import BindContext, StateSpec
from numbadyn.ir.spaces import synapses_of
from numbadyn.ir.synapses import from_rule, to_rule
from numbadyn.model.given_values import Plain
from numbadyn.model.streams import stream_of
from numbadyn.model.values import State
from numbadyn.projections.apply import Delivery
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
        Where the first values come from: one for all, a distribution drawn once a synapse, or one for each synapse in
        the order of the projection's ``edges()``.
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

    def _stored_first(self, number: int, stream: int, context: BindContext) -> NDArray[Any]:
        """First values in the order of the table, as it was built."""
        if id(self) in context.first:
            return context.first[id(self)]
        return from_rule(context.tables[number], self._first(context.tables[number], context, stream))

    def _first(self, table: Any, context: BindContext, stream: int | None) -> NDArray[Any]:
        """First values in the order of the rule."""
        return self.draw_values(context, stream, (int(table.targets.size),))

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

    def _first(self, table: Any, context: BindContext, stream: int | None) -> NDArray[Any]:
        if self._assigned:
            return super()._first(table, context, stream)
        return to_rule(table, np.broadcast_to(table.weights, table.targets.shape))
