"""Conductances are not negative: which outputs, synapses and states are conductances, and which weights are refused.

In: outputs, synapses, rules of connection, tables of synapses.  Out: an error for a weight below zero.  Must not know:
which models there are, how weights are drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import NegativeConductanceError
from numbadyn.model.dynamics import Synapse
from numbadyn.model.init import Constant, Initialiser, LogNormal, Normal, Uniform, Values
from numbadyn.model.module import Module
from numbadyn.projections.connectivity import Connectivity
from numbadyn.units import CONDUCTANCE, Dimension, describe, join

__all__ = [
    "check_given",
    "check_jump",
    "check_table",
    "check_values",
    "conductance_at",
    "conductance_name",
    "mark",
    "negative_conductance",
]


def conductance_name(out: Any) -> str | None:
    """Name of an output model that takes conductances; None if it takes anything else."""
    return type(out).__name__ if getattr(out, "conducts", False) else None


def mark(synapse: Module, out: Any) -> None:
    """Remember that a synapse serves a conductance, so that nothing else makes it negative."""
    name = conductance_name(out)
    if name is not None:
        synapse._conductance_for = name


def conductance_at(module: Module) -> str | None:
    """Name of the output that a synapse serves as a conductance; None if it serves none."""
    return module._conductance_for


def check_given(rule: Connectivity, name: str, where: str) -> None:
    """Refuse weights below zero that stand in the rule, one a synapse or one for all."""
    recipe = rule.weight
    if isinstance(recipe, Constant):
        check_values(np.array([recipe.value]), recipe.dimension, name, where)
    elif isinstance(recipe, Values) and recipe.values.ndim == 1:
        check_values(recipe.values, recipe.dimension, name, where)


def check_table(rule: Connectivity, table: Any, name: str, where: str) -> None:
    """Refuse weights below zero that were drawn, looked up or computed; those of a device are fetched if need be."""
    if _least(rule.weight) < 0.0:
        weights = table.weights if isinstance(table.weights, np.ndarray) else table.weights.copy_to_host()
        check_values(np.asarray(weights), rule.weight_dimension, name, where)


def check_jump(values: NDArray[Any], dimension: Dimension, target: Module, into_state: bool, where: str) -> None:
    """Refuse jumps below zero of a synapse that serves a conductance, or of a state in siemens of another model.

    Parameters
    ----------
    values : ndarray
        Heights of the jumps.
    dimension : Dimension
        What they measure.
    target : Module
        Whose state jumps.
    into_state : bool
        Whether they go into a state that was named, and not into the sum of inputs.
    where : str
        Whose weights they are.
    """
    name = conductance_at(target)
    if name is None and into_state and dimension == CONDUCTANCE and not isinstance(target, Synapse):
        name = target.path
    if name is not None:
        check_values(np.atleast_1d(values), dimension, name, where)


def _least(recipe: Initialiser) -> float:
    """The smallest value that a recipe can give."""
    if isinstance(recipe, Constant):
        return float(recipe.value)
    if isinstance(recipe, Values):
        return float(recipe.values.min(initial=0.0))
    if isinstance(recipe, Uniform):
        return recipe.parameters[0]
    if isinstance(recipe, Normal):
        return recipe.parameters[2]
    return 0.0 if isinstance(recipe, LogNormal) else -np.inf


def check_values(values: NDArray[Any], dimension: Dimension, name: str, where: str) -> None:
    """Refuse weights below zero of the projection `where` that end in what is called `name`."""
    count = int(np.count_nonzero(values < 0.0))
    if count:
        raise negative_conductance(join(float(values.min()), dimension), count, values.size, name, where)


def negative_conductance(least: Any, count: int, size: int, name: str, where: str) -> NegativeConductanceError:
    """The error for weights below zero.

    Parameters
    ----------
    least : quantities.Quantity or float
        The smallest of them.
    count, size : int
        How many are negative, of how many.
    name : str
        What they end in.
    where : str
        Whose weights they are.
    """
    found = describe(least) if size == 1 else f"negative in {count} of {size} synapses, the least is {describe(least)}"
    return NegativeConductanceError(
        f"The weight of {where} is {found}, but it ends in {name}, a conductance.",
        where=f"{where}.weight",
        cure="Give a positive weight; what inhibits is a reversal potential below rest, out=nd.COBA.desc(E=-80*mV). "
        "Bound what is drawn, nd.init.Normal(mean, std, low=0*nS); weights of both signs are currents, nd.CUBA.desc().",
        found=found,
        name=name,
    )
