"""What a simulator holds between runs, read and written by names: states, weights and delays of synapses.

In: a module and the name of a variable.  Out: values with units.  Must not know: how a network is run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.model.module import Module
from numbadyn.model.options import named_options
from numbadyn.model.typing import QuantityLike
from numbadyn.model.values import store_as
from numbadyn.model.variable import count_change
from numbadyn.model.view import view_of, whole_of
from numbadyn.simulator.assembly import Assembly
from numbadyn.simulator.synapses import refuse_delays
from numbadyn.simulator.turns import Turns, in_turn
from numbadyn.units import join, magnitude_in

__all__ = ["Access"]


class Access(Assembly):
    """Base of `Simulator`: `get` and `set`."""

    _turns: Turns

    @named_options
    @in_turn(reading=True)
    def get(self, module: Module, variable: str) -> Any:
        """Present value of a state, with its unit and shape; or the weights or delays of the synapses of a projection.

        Parameters
        ----------
        module : Module or View
            A module of the network, or some neurons of one.
        variable : str
            Name of a state; of a projection also ``"weight"`` or ``"delay"``, an entry for each synapse in the order of
            its `edges`.
        """
        part, module = view_of(module), whole_of(module)
        path = self._recorder.path(module)
        connection = self._connection(module, variable)
        if connection is not None:
            return self._synaptic(connection, variable)
        number, _shape, _dtype = self._recorder.find_state(module, path, variable, "Record it with sim.record.")
        space = self.step.states[number].space
        values = self._each(lambda own: self._order.shown(space, own), self._values(number))
        if part is not None:
            values = self._each(lambda own: part.of(own, variable), values)
        return join(values, self.step.states[number].dimension)

    @named_options
    @in_turn()
    def set(self, module: Module, variable: str, value: QuantityLike) -> None:
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
            Name of a state; ``"weight"`` of a projection.
        value : array or quantity
            New values, of the state's unit and shape (or a single value). Weights: as they are given to a rule of
            connection, in the unit of the old ones: one number, an array with one entry for each synapse in the order
            of the projection's `edges`, one for each pair, a distribution or a function.
        """
        part, module = view_of(module), whole_of(module)
        path = self._recorder.path(module)
        connection = self._connection(module, variable)
        if connection is not None:
            if variable == "delay":
                raise refuse_delays(module)
            self._weights.set(connection, [value], self._makers())
            count_change()  # a run under way binds them anew
            self._claim()
            return
        number, shape, dtype = self._recorder.find_state(module, path, variable, "Only states and weights can be set.")
        magnitude = np.asarray(
            magnitude_in(
                value, self.step.states[number].dimension, what=f"the new value of {path}.{variable}", where=path
            )
        )
        if np.isnan(magnitude.astype(float)).any():
            raise InvalidParameterError(
                f"The new value of {path}.{variable} holds NaN.",
                where=path,
                cure="Give numbers.",
                variable=variable,
            )
        if part is not None:
            magnitude = self._each(lambda old: part.put(old, magnitude, variable), self._values(number))
        full = store_as(magnitude, (*self._axes, *shape), dtype, f"{path}.{variable}")
        space = self.step.states[number].space
        self._set_values(number, self._each(lambda own: self._order.kept(space, own), full))
        self._claim()
