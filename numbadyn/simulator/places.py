"""What of a network may differ from replica to replica, by path or by the object itself.

In: a traced network, a path such as ``"E.tau"``.  Out: a `Place`, which makes what takes the place of what the model
binds, and reads what a replica has there.  Must not know: how many replicas there are, how they are run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

from numbadyn.errors import InvalidParameterError
from numbadyn.ir.nodes import BindContext, Connection
from numbadyn.model.given import GivenSpikes
from numbadyn.model.init import Constant, Initialiser
from numbadyn.model.timed_array import TimedArray
from numbadyn.model.values import Parameter, State
from numbadyn.projections.synapse_state import SynapseState
from numbadyn.simulator.synapses import host
from numbadyn.units import DIMENSIONLESS, TIME, Dimension, join, split

__all__ = [
    "DelayPlace",
    "DendritePlace",
    "FirstValues",
    "ParameterPlace",
    "Place",
    "RulePlace",
    "SpikesPlace",
    "SynapseValues",
    "TablePlace",
    "WeightPlace",
]


class Place(ABC):
    """Something that a model binds, and that may be something else in each replica.

    Attributes
    ----------
    name : str
        Path within the network: ``"E.tau"``.
    full : str
        Path with the name of the network, for messages.
    synapses : int or None
        Number of the connection whose synapses follow from it.
    sorts : bool
        Whether these are sorted by it, so that they must be made anew.
    draws : bool
        Whether it says who is connected to whom, so that replicas that share their synapses cannot differ in it.
    by_table : bool
        Whether it is read from the synapses of a replica, which the context must hold.
    """

    synapses: int | None = None
    sorts: bool = False
    draws: bool = False
    by_table: bool = False

    def __init__(self, name: str, full: str) -> None:
        self.name, self.full = name, full

    @property
    @abstractmethod
    def own(self) -> Any:
        """What the model binds."""

    @property
    @abstractmethod
    def dimensions(self) -> tuple[Dimension, ...]:
        """What the values measure; several where an entry has several parts, none where it is no value."""

    @abstractmethod
    def replaced(self, now: Any, value: Any) -> Any:
        """What takes its place, checked; see `BindContext.instead`.

        Parameters
        ----------
        now : object
            What the replica has there.
        value : object
            What it is to have, as users give it.
        """

    def restored(self, now: Any) -> Any:
        """What takes its place where a replica no longer differs in it."""
        return self.own

    @abstractmethod
    def read(self, context: BindContext) -> Any:
        """What a replica has there, with its unit; None where only its synapses tell."""


class ParameterPlace(Place):
    """A parameter."""

    def __init__(self, name: str, parameter: Parameter) -> None:
        super().__init__(name, parameter.path)
        self._parameter = parameter

    @property
    def own(self) -> Parameter:
        """The parameter of the model."""
        return self._parameter

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """That of the parameter."""
        return (self._parameter.dimension,)

    def replaced(self, now: Any, value: Any) -> Parameter:
        """The parameter with another value."""
        return self._parameter.replaced(value)

    def read(self, context: BindContext) -> Any:
        """Its values; of a distribution those that are drawn."""
        return join(self._parameter.fetch(context)[()], self._parameter.dimension)


class TablePlace(Place):
    """The rows of a timed array."""

    def __init__(self, name: str, table: TimedArray) -> None:
        super().__init__(name, table.name)
        self._table = table

    @property
    def own(self) -> TimedArray:
        """The table of the model."""
        return self._table

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """That of the rows."""
        return (split(self._table.values)[1],)

    def replaced(self, now: Any, value: Any) -> TimedArray:
        """The table with other rows."""
        return self._table.replaced(value)

    def read(self, context: BindContext) -> Any:
        """Its rows."""
        return context.bound(self._table).values


class SpikesPlace(Place):
    """The spikes that a generator plays."""

    def __init__(self, name: str, spikes: GivenSpikes) -> None:
        super().__init__(name, spikes.name)
        self._spikes = spikes

    @property
    def own(self) -> GivenSpikes:
        """The spikes of the model."""
        return self._spikes

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Those of indices and times."""
        return DIMENSIONLESS, TIME

    def replaced(self, now: Any, value: Any) -> GivenSpikes:
        """Other spikes, indices and times."""
        try:
            indices, times = value
        except (TypeError, ValueError) as error:
            raise InvalidParameterError(
                f"The spikes of {self.full} are {value!r}.",
                where=self.full,
                cure="Give two for each replica, indices and times: ([0, 2], [1, 5] * ms).",
                value=value,
            ) from error
        return self._spikes.replaced((indices, times))

    def read(self, context: BindContext) -> Any:
        """Indices and times."""
        bound = context.bound(self._spikes)
        return bound.indices, join(bound.times, TIME)


class FirstValues(Place):
    """The first values of a state."""

    def __init__(self, name: str, state: State) -> None:
        super().__init__(name, state.path)
        self._state = state

    @property
    def own(self) -> State:
        """The state of the model."""
        return self._state

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """That of the state."""
        return (self._state.dimension,)

    def replaced(self, now: Any, value: Any) -> State:
        """The state with other first values."""
        return self._state.beginning_with(value)

    def read(self, context: BindContext) -> Any:
        """The first values, those that were set counted."""
        return join(self._state.initial(context), self._state.dimension)


class SynapseValues(FirstValues):
    """The first values of a state of synapses, of which each replica may have another number."""

    by_table = True

    def __init__(self, name: str, state: SynapseState, number: int) -> None:
        super().__init__(name, state)
        self._of_synapses, self._number = state, number

    def read(self, context: BindContext) -> Any:
        """The first values in the order of the rule."""
        table = host(context.tables[self._number])
        return join(self._of_synapses.first_at(table, context), self._state.dimension)


class SynapsesPlace(Place):
    """Something that the synapses of a projection follow from.

    Parameters
    ----------
    name : str
        Path within the network.
    connection : Connection
        The synapses.
    number : int
        Number of the connection.
    """

    def __init__(self, name: str, connection: Connection, number: int) -> None:
        super().__init__(name, f"{connection.name}.{name.rpartition('.')[2]}")
        self._connection, self.synapses = connection, number

    @property
    def own(self) -> Any:
        """What the synapses of the model are drawn from."""
        return self._connection.source


class WeightPlace(SynapsesPlace):
    """The weights of the synapses of a projection."""

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """That of the weights."""
        return (self._connection.rule.weight_dimension,)

    def replaced(self, now: Any, value: Any) -> Any:
        """Synapses with other weights."""
        return now.with_weight(value)

    def restored(self, now: Any) -> Any:
        """Synapses with the weights of the model."""
        return now.with_parts_of(self.own, "rule")

    def read(self, context: BindContext) -> Any:
        """The weight, where one serves all synapses."""
        return _common(context.bound(self.own).rule.weight)


class RulePlace(SynapsesPlace):
    """The rule of connection of a projection, with its weights."""

    sorts = True
    draws = True
    dimensions = ()

    def replaced(self, now: Any, value: Any) -> Any:
        """Synapses by another rule."""
        return now.with_rule(value)

    def restored(self, now: Any) -> Any:
        """Synapses by the rule of the model."""
        return now.with_parts_of(self.own, "rule")

    def read(self, context: BindContext) -> Any:
        """The rule."""
        return context.bound(self.own).rule


class DelayPlace(SynapsesPlace):
    """The delays of the synapses of a projection."""

    sorts = True
    dimensions = (TIME,)
    part: ClassVar[Literal["delay", "dendrites"]] = "delay"

    def replaced(self, now: Any, value: Any) -> Any:
        """Synapses with other delays."""
        return now.with_delay(value, self.part)

    def restored(self, now: Any) -> Any:
        """Synapses with the delays of the model."""
        return now.with_parts_of(self.own, self.part)

    def read(self, context: BindContext) -> Any:
        """The delay, where one serves all synapses."""
        return _common(getattr(context.bound(self.own), self.part))


class DendritePlace(DelayPlace):
    """The dendritic delays of the synapses of a projection."""

    part = "dendrites"


def _common(recipe: Initialiser) -> Any:
    """The value that all synapses have, with its unit; None where they may differ."""
    return join(float(recipe.value), recipe.dimension) if isinstance(recipe, Constant) else None
