"""What a simulator holds between runs, read and written by names: states, weights and delays of synapses.

In: a module and the name of a variable.  Out: values with units.  Must not know: how a network is run.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from numbadyn.errors import InvalidParameterError, UnsupportedFeatureError
from numbadyn.io.coordinates import replica_numbers
from numbadyn.model.module import Module
from numbadyn.model.options import named_options
from numbadyn.model.storing import store_as
from numbadyn.model.typing import QuantityLike
from numbadyn.model.variable import count_change
from numbadyn.model.view import View, view_of, whole_of
from numbadyn.projections.connectivity import EdgeList
from numbadyn.projections.synapse_state import SynapseState
from numbadyn.simulator.assembly import Assembly
from numbadyn.simulator.synapses import host, refuse_delays
from numbadyn.simulator.turns import Turns, in_turn
from numbadyn.units import join, magnitude_in

__all__ = ["Access"]


class Access(Assembly):
    """Base of `Simulator`: `get`, `set` and `edges`."""

    _turns: Turns

    @named_options
    @in_turn(reading=True)
    def get(self, module: Module, variable: str, replica: int | None = None) -> Any:
        """Present value of a state, with its unit and shape; or the weights or delays of the synapses of a projection.

        Parameters
        ----------
        module : Module or View
            A module of the network, or some neurons of one.
        variable : str
            Name of a state; of a projection also ``"weight"``, for short ``"w"``, ``"delay"`` or, where synapses are
            plastic, ``"dendritic_delay"``, an entry for each synapse in the order of its `edges`.
        replica : int, optional
            Of a batch, that of one replica. By default those of all, along a first axis; in a list where it is about
            synapses, of which replicas may have more or fewer.
        """
        part, module = view_of(module), whole_of(module)
        path, chosen = self._recorder.path(module), self._replica(replica)
        variable = self._known_as(module, variable)
        connection = self._connection(module, variable)
        if connection is not None:
            found = self._synaptic(connection, variable)
            return found if chosen is None else found[chosen]
        number, _shape, _dtype = self._recorder.find_state(module, path, variable, "Record it with sim.record.")
        spec = self.step.states[number]
        values = [self._order.shown(spec.space, own, k) for k, own in enumerate(self._apart(self._values(number)))]
        if part is not None:
            values = [part.of(own, variable) for own in values]
        if chosen is not None or not self._axes:
            return join(values[chosen or 0], spec.dimension)
        alike = spec.space.synapses is None or len({own.shape for own in values}) == 1
        return join(np.array(values), spec.dimension) if alike else [join(own, spec.dimension) for own in values]

    @named_options
    @in_turn(reading=True)
    def edges(self, projection: Module, replica: int | None = None) -> EdgeList:
        """The synapses of a projection as they are in the simulator.

        Parameters
        ----------
        projection : Projection
            One of the network, whose ``comm`` is a rule of connection.
        replica : int, optional
            Of a batch, in which replica; the first one by default.

        Returns
        -------
        EdgeList
            ``pre``, ``post``, ``weight``, ``delay``, an entry for each synapse in the order of the rule; weights that a
            run has changed as they are now.
        """
        path = self._recorder.path(projection)
        number, chosen = self._weights.number(projection), self._replica(replica)
        if number is None:
            raise UnsupportedFeatureError(
                f"{path} has no synapses.",
                where=path,
                cure="Give a projection with a rule of connection as comm.",
                path=path,
            )
        chosen = 0 if chosen is None and self._axes else chosen
        table = host(self._synapses[chosen or 0][number])
        found: EdgeList = self.step.connections[number].owner.edges_of(table, self._contexts[chosen or 0])
        return found._replace(weight=self.get(projection, "weight", replica=chosen))

    def _replica(self, number: Any) -> int | None:
        """Number of a replica of the batch, counted from the first one; None where all are meant."""
        if number is None:
            return None
        (found,) = replica_numbers(self._axes[0] if self._axes else None, [number])
        return int(found)

    @named_options
    @in_turn()
    def set(self, module: Module, variable: str, value: QuantityLike, replica: int | None = None) -> None:
        """Overwrite the present value of a state, or the weights of a projection, until `reset`.

        What is read of a state with no delay, and what later steps read of this moment with a delay, is the new value;
        older samples stay, and so do those of windows (``update_every=``), which see the new value with their next
        sample. Before the first step the value is a first one: histories that begin with the state's first value
        follow, whatever was recorded or read before. Spikes that are under way arrive with the new weights.

        Parameters
        ----------
        module : Module or View
            A module of the network, or some neurons of one.
        variable : str
            Name of a state; ``"weight"``, for short ``"w"``, of a projection.
        value : array or quantity
            New values, of the state's unit and shape (or a single value); in a batch that of all replicas, of the shape
            ``(replicas, ...)``, or a list with an array for each replica, as `get` gives it of synapses. Weights: as
            they are given to a rule of connection, in the unit of the old ones: one number, an array with one entry for
            each synapse in the order of the projection's `edges`, one for each pair, a distribution or a function.
        replica : int, optional
            Of a batch, the only replica that is meant.
        """
        if replica is None and self._axes and _of_each(value, len(self._contexts)):
            for place, mine in enumerate(value):
                self.set(module, variable, mine, replica=place)
            return
        part, module = view_of(module), whole_of(module)
        path, chosen = self._recorder.path(module), self._replica(replica)
        variable = self._known_as(module, variable)
        connection = self._connection(module, variable)
        if connection is not None:
            self._set_weights(module, variable, connection, value, chosen)
        else:
            self._set_state(module, path, variable, part, value, chosen)
        self._claim()

    def _set_weights(self, module: Module, variable: str, connection: int, value: Any, chosen: int | None) -> None:
        """Overwrite weights."""
        if variable != "weight":
            raise refuse_delays(module, variable)
        if chosen is None:
            self._weights.set(connection, [value], self._makers())
        else:
            each = [value if number == chosen else None for number in range(len(self._contexts))]
            self._weights.set(connection, each, self._makers_of_each())
        count_change()  # a run under way binds them anew

    def _set_state(
        self, module: Module, path: str, variable: str, part: View | None, value: Any, chosen: int | None
    ) -> None:
        """Overwrite a state."""
        number, shape, dtype = self._recorder.find_state(module, path, variable, "Only states and weights can be set.")
        spec, name = self.step.states[number], f"{path}.{variable}"
        magnitude = np.asarray(magnitude_in(value, spec.dimension, what=f"the new value of {name}", where=path))
        if np.isnan(magnitude.astype(float)).any():
            raise InvalidParameterError(
                f"The new value of {name} holds NaN.", where=path, cure="Give numbers.", variable=variable
            )
        old = self._apart(self._values(number))
        whole = shape if part is None else part.of(old[0], variable).shape
        each = magnitude.ndim > len(whole) and chosen is None and bool(self._axes)
        given = list(magnitude) if each and len(magnitude) == len(old) else [magnitude] * len(old)
        full = []
        for place, (own, mine) in enumerate(zip(old, given, strict=True)):
            if chosen not in (None, place):
                full.append(own)
                continue
            mine = mine if part is None else part.put(own, mine, variable)
            if isinstance(spec.owner, SynapseState):
                spec.owner.check_set(np.asarray(mine), self._contexts[place])
            stored = store_as(mine, self._order.shape(spec.space, place), dtype, name)
            full.append(self._order.kept(spec.space, stored, place))
        self._set_values(number, self._joined(full))


def _of_each(value: Any, replicas: int) -> TypeGuard[list[Any]]:
    """Whether it is a list with an array for each replica."""
    return isinstance(value, list) and len(value) == replicas and all(isinstance(mine, np.ndarray) for mine in value)
