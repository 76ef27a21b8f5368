"""Weights of synapses between runs: read, set for a trial, or changed in the model.

In: an assembled network.  Out: tables with other weights and the same synapses.  Must not know: how tables are drawn,
how spikes are delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numbadyn.errors import DimensionError, UnsupportedFeatureError
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.model.init import Constant, Values
from numbadyn.model.module import Module
from numbadyn.model.values import Parameter
from numbadyn.projections.connectivity import Connectivity, SynapseTable
from numbadyn.runtime.forecast import require_weights
from numbadyn.units import Dimension

__all__ = ["Maker", "Weights", "common_weights", "fixed_delays", "host", "refuse_delays"]


class Weights:
    """What the weights of each connection are, and where they come from.

    Parameters
    ----------
    step : Step
        The prepared step.
    """

    def __init__(self, step: Step) -> None:
        self._connections = step.connections
        self._dimensions: list[Dimension] = [connection.rule.weight_dimension for connection in step.connections]
        self._first = [connection.rule.weight for connection in step.connections]
        self._built: list[Any] = []
        #: Place among the tables of the replicas, number of the connection -> table with the weights of the model.
        self._own: dict[tuple[int, int], Any] = {}
        self._given: dict[int, Connectivity] = {}
        #: Which of them stand for weights that the model had when a checkpoint was written.
        self._passing: set[tuple[int, int]] = set()

    @property
    def given(self) -> dict[int, Connectivity]:
        """Rules with the weights that were set for a trial, by the number of the connection."""
        return dict(self._given)

    def number(self, module: Module) -> int | None:
        """Number of the connection of a projection; None for any other module."""
        found = [number for number, connection in enumerate(self._connections) if connection.owner is module]
        return found[0] if len(found) == 1 else None

    def dimension(self, number: int) -> Dimension:
        """What the weights measure."""
        return self._dimensions[number]

    def built(self) -> None:
        """Note that all tables have been built now."""
        self._built = [connection.rule.weight for connection in self._connections]
        self._own.clear()
        self._given.clear()
        self._passing.clear()

    def check(self) -> None:
        """Refuse weights of another unit than those that the step was traced with."""
        for connection, dimension in zip(self._connections, self._dimensions, strict=True):
            if connection.rule.weight_dimension != dimension:
                raise DimensionError(
                    f"The weight of {connection.name} was in {dimension} when the simulator was built, and is now in "
                    f"{connection.rule.weight_dimension}.",
                    where=f"{connection.name}.comm.weight",
                    cure=f"Give weights in {dimension}, or make a new nd.Simulator.",
                    dimension=dimension,
                )

    def follow(self, makers: list[tuple[list[Any], Maker]]) -> None:
        """Take over weights that have been changed in the model."""
        self.check()
        for number, connection in enumerate(self._connections):
            if self._built[number] is not connection.rule.weight:
                rule = connection.reweigh(connection.rule.weight)
                for place, (tables, maker) in enumerate(makers):
                    if maker.has_own_weights(number):
                        continue
                    self._reweigh(place, number, tables, maker, rule)
                self._built[number] = connection.rule.weight

    def set(
        self, number: int, values: list[Any], makers: list[tuple[list[Any], Maker]], *, passing: bool = False
    ) -> None:
        """Give other weights until `forget`: the same to all tables, or to each its own, None for those it has.

        Those that are `passing` give way to the next ones of the model or of the batch.
        """
        each = values * len(makers) if len(values) == 1 else values
        changed: dict[int, tuple[Connectivity, Any]] = {}
        for place, ((tables, maker), value) in enumerate(zip(makers, each, strict=True)):
            if value is not None:
                rule = maker.weighed(number, value)
                changed[place] = rule, maker.reweigh(number, tables[number], rule)
        for place, (rule, table) in changed.items():
            tables = makers[place][0]
            self._own.setdefault((place, number), tables[number])
            (self._passing.add if passing else self._passing.discard)((place, number))
            tables[number] = table
            if place == 0:  # whose synapses projections read back
                self._given[number] = rule

    def changed(self, number: int) -> bool:
        """Whether the weights are others than those that the model had when the simulator was made."""
        return any(of == number for _place, of in self._own) or (
            self._connections[number].rule.weight is not self._first[number]
        )

    def set_in(self, number: int) -> list[int]:
        """Places of the tables whose weights were set, and stay whatever becomes of those of the model."""
        return sorted(place for place, of in self._own.keys() - self._passing if of == number)

    def spread(self, places: Sequence[int]) -> None:
        """Note that tables that several replicas had in common are those of each now: their former places."""
        self._own = {
            (place, number): table
            for place, former in enumerate(places)
            for (other, number), table in self._own.items()
            if other == former
        }
        pairs = {
            (place, number) for place, former in enumerate(places) for other, number in self._passing if other == former
        }
        self._passing = pairs

    def vary(self, number: int, rules: Sequence[Connectivity], makers: list[tuple[list[Any], Maker]]) -> None:
        """Give each replica weights of its own, which stay; where others are set, these come back with `forget`."""
        for place, ((tables, maker), rule) in enumerate(zip(makers, rules, strict=True)):
            self._reweigh(place, number, tables, maker, rule)

    def _reweigh(self, place: int, number: int, tables: list[Any], maker: Maker, rule: Connectivity) -> None:
        """Give a table the weights of a rule; where others are set, it gets them with `forget`."""
        own = (place, number)
        changed = maker.reweigh(number, self._own.get(own, tables[number]), rule)
        if own in self._passing:
            self._passing.discard(own)
            del self._own[own]
            if place == 0:
                self._given.pop(number, None)
        if own in self._own:
            self._own[own] = changed
        else:
            tables[number] = changed

    def forget(self, makers: list[tuple[list[Any], Maker]]) -> None:
        """Go back to the weights of the model."""
        for (place, number), table in self._own.items():
            makers[place][0][number] = table
        self._own.clear()
        self._given.clear()
        self._passing.clear()

    def note(self, context: BindContext) -> None:
        """Tell projections what their synapses follow from, so that they can be read back."""
        for number, connection in enumerate(self._connections):
            owner, bound = connection.owner, context.without_instead()
            owner._built = replace(owner._built, context=bound, rule=self._given.get(number))


class Maker:
    """Makes tables with other weights, on the host or on a device.

    Parameters
    ----------
    step : Step
        The prepared step.
    context : BindContext
        What the tables were built with.
    device : Device or None
        Where the tables are.
    making : callable
        Context manager in which tables are built.
    """

    def __init__(self, step: Step, context: BindContext, device: Any, making: Any) -> None:
        self._connections, self._models = step.bound(context).connections, step.connections
        self._context, self._device, self._making = context, device, making
        self._real = np.dtype(f"float{context.bits}")

    def has_own_weights(self, number: int) -> bool:
        """Whether a replica has weights of its own, whatever those of the model are."""
        connection = self._connections[number]
        other = connection is not self._models[number]  # that of another network
        return other or self._context.bound(connection.source).rule is not connection.rule

    def weighed(self, number: int, weight: Any) -> Connectivity:
        """The rule of the replica with other weights, checked."""
        found: Connectivity = self._context.bound(self._connections[number].source).with_weight(weight).rule
        return found

    def reweigh(self, number: int, table: Any, rule: Connectivity) -> Any:
        """The table with the weights of a rule."""
        recipe, shared, connection = rule.weight, None, self._connections[number]
        require_weights(connection.name, rule, self._context.bits, delayed=connection.delayed)
        if isinstance(recipe, Constant):
            weights: Any = np.array([recipe.value], self._real)
            shared = float(weights[0])
        elif isinstance(recipe, Values) and recipe.values.ndim == 1:
            rule.check_weight_shape(int(table.n_synapses))
            order = host(table).positions()
            weights = recipe.values.astype(self._real)
            weights = weights if order is None else weights[order]
        else:
            with self._making(connection.name):
                weights = connection.build(self._context, self._real, rule).weights
        if isinstance(table, SynapseTable):
            return replace(table, weights=weights)
        there = self._device.to_device(weights) if isinstance(weights, np.ndarray) else weights
        return replace(table, weights=there, shared_weight=shared)


def host(table: Any) -> SynapseTable:
    """The table in the memory of the host."""
    return table if isinstance(table, SynapseTable) else table.to_host()


def common_weights(name: str) -> UnsupportedFeatureError:
    """The error for weights of one replica that are set in the middle of a run, while all have them in common."""
    return UnsupportedFeatureError(
        "Weights of one replica are set while the network runs, and all replicas have the same synapses.",
        where=name,
        cure="Set those of a replica once before the run, so that each has its own: "
        "sim.set(proj, 'weight', sim.get(proj, 'weight', replica=0), replica=0).",
    )


def fixed_delays(name: str, t: float) -> UnsupportedFeatureError:
    """The error for delays that are to differ once spikes are under way."""
    return UnsupportedFeatureError(
        f"{name} is what synapses are sorted by, and the simulator has run for {t:g} ms.",
        where=name,
        cure="Go back to the start, sim.reset(), and give the delays then; or make a new nd.Simulator.",
        name=name,
    )


def refuse_delays(module: Module, variable: str = "delay") -> UnsupportedFeatureError:
    """The error for delays that are set."""
    known, dendritic = vars(module).get(variable), "dendritic " * (variable != "delay")
    one = isinstance(known, Parameter)
    return UnsupportedFeatureError(
        f"The {dendritic}delays of {module.path} are "
        + ("a parameter." if one else "what its synapses are sorted by."),
        where=f"{module.path}.{variable}",
        cure=f"Set its value between runs: {module.path}.{variable}.value = ..."
        if one
        else "Make a new network with other delays, and a new nd.Simulator.",
        module=module.path,
    )
