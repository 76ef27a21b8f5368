"""States of synapses that decay, kept as they were when something last changed them: their values as of any step.

In: what a state holds, and how many steps of its decay are in it; run constants.  Out: the value as of now.  Must not
know: targets, who asks.

A step multiplies such a state by a factor and adds a gain. So n steps multiply it by the n-th power of the factor,
which is the exponential of n times its logarithm where this is known, and add a geometric series of gains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.elementary import numpy_functions
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.ir.synapses import mapped

__all__ = ["Decay", "Rates"]

Array = NDArray[Any]


class Rates(NamedTuple):
    """What the steps of a decay follow from, in a run.

    Attributes
    ----------
    log, factor : ndarray or None
        Logarithm of the factor of a step; the factor itself where the logarithm is not known.
    gain : ndarray or None
        What a step adds; where the logarithm is known, in the limit of short steps.
    """

    log: Array | None
    factor: Array | None
    gain: Array | None

    def of(self, elements: NDArray[np.int64]) -> Rates:
        """Those of some elements."""
        return Rates(*(each if each is None or each.ndim == 0 else each[elements] for each in self))

    def same(self, other: Rates) -> bool:
        """Whether both are the same numbers."""
        return all(
            one is two or (one is not None and two is not None and np.array_equal(one, two, equal_nan=True))
            for one, two in zip(self, other, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Decay:
    """How a state goes on between two changes.

    Parameters
    ----------
    stamp : int
        State that holds how many steps of the run are in the value of each synapse.
    group : tuple of int
        States that have this stamp in common.
    formula : Step
        Operations on run constants alone.
    log, factor, gain : int or None
        Nodes of the formula; see `Rates`.
    """

    stamp: int
    group: tuple[int, ...]
    formula: Step
    log: int | None
    factor: int | None
    gain: int | None

    def part_of(self, step: Step) -> Decay:
        """The same decay in another form of its step, whose parameters replicas may have others of."""
        return replace(self, formula=replace(self.formula, origin=step.origin))

    def rates(self, context: BindContext, state: Callable[[int], Array]) -> Rates:
        """The numbers that a replica is bound to.

        Parameters
        ----------
        context : BindContext
            With its synapses.
        state : callable
            Gives what a state holds, by its number.
        """
        evaluator = Evaluator(self.formula, context, constant=())
        values = evaluator.values
        for index, node in enumerate(self.formula.nodes):
            if node.traits.side:
                synapses, first = node.space.synapses, self.formula.nodes[node.args[0]]
                assert synapses is not None, "a value of neurons at no synapses"
                of_neurons = np.broadcast_to(values[node.args[0]], first.shape)
                values[index] = mapped(node.op, context.tables[synapses.connection], of_neurons)
            elif node.traits.from_state:
                values[index] = np.array(state(node.attrs["index"]))
            else:
                values[index] = evaluator.elementwise(index)
        return Rates(*(None if place is None else values[place] for place in (self.log, self.factor, self.gain)))

    @staticmethod
    def aged(rates: Rates, values: Array, steps: Array) -> Any:
        """Values so many steps later.

        Parameters
        ----------
        rates : Rates
            Of the decay.
        values, steps : ndarray
            What the state holds, and for how many steps it has been left alone.
        """
        functions = numpy_functions(values.dtype.itemsize * 8)
        age = np.asarray(steps).astype(values.dtype)
        with np.errstate(all="ignore"):
            if rates.log is not None:
                power = np.asarray(age * rates.log, values.dtype)
                found = values * functions["exp"](power)
                return found if rates.gain is None else found + rates.gain * age * functions["exprel"](power)
            assert rates.factor is not None, "a decay by nothing"
            left = functions["power"](np.broadcast_to(rates.factor, values.shape).astype(values.dtype), age)
            found = values * left
            if rates.gain is None:
                return found
            series = np.where(rates.factor == 1, age, (left - 1) / (rates.factor - 1))
            return np.asarray(found + rates.gain * series, values.dtype)
