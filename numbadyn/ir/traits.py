"""The table of node kinds: what the operations of a step are like, a row each.

In: the table of elementwise operations.  Out: `TRAITS`, read by whoever must know where a value comes from, what
computes it and which elements it needs.  Must not know: what the operations compute, nodes, targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numbadyn.ir.ops import OPS, Cost

__all__ = ["TRAITS", "Origin", "Traits"]

Origin = Literal["arguments", "bound", "clock", "state", "past", "events", "chance", "synapses"]


@dataclass(frozen=True, slots=True)
class Traits:
    """What is to be known of an operation by those who do not compute it.

    Parameters
    ----------
    name : str
        Name in the IR.
    origin : str
        Where the value comes from. ``arguments``: from them alone, so it is constant where they are; ``bound``: fixed
        at the start of a run; ``clock``: from the number of the step; ``state``: from the step before; ``past``: from
        any of the steps before; ``events``: from spikes; ``chance``: from the random stream ``attrs["stream"]``;
        ``synapses``: from arguments in another space, by the synapses that join neurons.
    stage : str
        Kind of stage that computes it; empty where it is found in memory, or is known without.
    table : str
        List of the `Step` into which ``attrs["index"]`` points, if it does.
    gathers : bool
        Whether it reads its first argument at places of its own.
    crosses : bool
        Whether an element of the result needs other elements of the arguments than the one in its own place.
    side : {"pre", "post", ""}
        Of a map that gives each synapse the value of a neuron: on which side of the synapse that is.
    cost : str
        As in `numbadyn.ir.ops.Op`, if a loop computes it.
    view : bool
        Whether it is some elements of its argument where they lie, so that nothing computes it.
    passes : bool
        Whether it is its argument, at most as another kind of number.
    """

    name: str
    origin: Origin
    stage: str = ""
    table: str = ""
    gathers: bool = False
    crosses: bool = False
    side: Literal["pre", "post", ""] = ""
    cost: Cost = "cheap"
    view: bool = False
    passes: bool = False

    @property
    def delivers(self) -> bool:
        """Whether it takes the events of signals, some steps ago, through connections."""
        return self.origin == "events" and not self.table

    @property
    def synaptic(self) -> bool:
        """Whether it is a map between neurons and the synapses that join them."""
        return self.origin == "synapses" or self.arrives

    @property
    def elementwise(self) -> bool:
        """Whether element i of the result needs element i of the arguments only."""
        return self.origin == "arguments" and not self.crosses

    @property
    def follows(self) -> bool:
        """Whether the value depends on the arguments alone."""
        return self.origin == "arguments"

    @property
    def draws(self) -> bool:
        """Whether the value is random, another one for each node."""
        return self.origin == "chance"

    @property
    def diffuses(self) -> bool:
        """Whether it is a step of a diffusion: noise that acts all the time, where other draws decide over events."""
        return self.name == "normal"

    @property
    def parameter(self) -> bool:
        """Whether it is a number or an array that the model binds, or that stands in its code."""
        return self.table == "params"

    @property
    def lookup(self) -> bool:
        """Whether it is an array that others read at places of their own."""
        return self.table == "lookups"

    @property
    def from_clock(self) -> bool:
        """Whether it says when a step is: its time or its number."""
        return self.origin == "clock"

    @property
    def tells_time(self) -> bool:
        """Whether it is the time of the step."""
        return self.name == "time"

    @property
    def from_state(self) -> bool:
        """Whether it is what a state was at the start of the step."""
        return self.origin == "state"

    @property
    def from_past(self) -> bool:
        """Whether it is a sample of a history."""
        return self.origin == "past"

    @property
    def generated(self) -> bool:
        """Whether a stage of its own makes it, spikes or counts, from nothing that neurons have done."""
        return self.origin in ("events", "chance") and self.stage not in ("", "loop") and not self.crosses

    @property
    def accumulates(self) -> bool:
        """Whether it is a sum of synaptic events."""
        return self.stage == "deliver"

    @property
    def arrives(self) -> bool:
        """Whether it says which synapses something reaches."""
        return self.delivers and not self.stage

    @property
    def collects(self) -> bool:
        """Whether it is a sum of what synapses bring that something has reached."""
        return self.stage == "rows"

    @property
    def dendritic(self) -> bool:
        """Whether it is how many steps it takes from each synapse to its neuron."""
        return self.name == "dendrite"

    @property
    def sums(self) -> bool:
        """Whether it is a sum over synapses."""
        return self.accumulates or self.collects

    @property
    def adds(self) -> bool:
        """Whether it is a sum of two values."""
        return self.name == "add"

    @property
    def multiplies(self) -> bool:
        """Whether it is the product of its arguments."""
        return self.name == "mul"

    @property
    def exponentiates(self) -> bool:
        """Whether it is the exponential of its argument."""
        return self.name == "exp"

    @property
    def chooses(self) -> bool:
        """Whether it is one of its last two arguments, by its first one."""
        return self.name == "select"

    @property
    def seldom(self) -> bool:
        """Whether it is such a choice, of which the first value is wanted seldom."""
        return self.name == "seldom"

    @property
    def averages(self) -> bool:
        """Whether it is the mean over a step of its first argument, which goes on by an equation of its own."""
        return self.name == "over_step"

    @property
    def holds(self) -> bool:
        """Whether it is its argument, which is to act as it is over the whole step."""
        return self.name == "held"

    @property
    def simulated(self) -> bool:
        """Whether the value takes a simulation: there is none in an eager call."""
        return self.origin in ("past", "events", "chance", "synapses")


_ROWS = (
    Traits("param", "bound", table="params"),  # a bound array or number
    Traits("dt", "bound"),
    Traits("lookup", "bound", table="lookups"),  # an array that is read at places which the step computes
    Traits("time", "clock"),  # start of the step, t_n = n dt
    Traits("step", "clock"),  # the step number n
    Traits("state", "state", table="states"),  # the value at the start of the step
    # channel's sample 1 + lag samples ago: args = (), (lag), (lag, elements), (lag, elements, longest)
    Traits("history", "past", cost="slow"),
    Traits("train", "events", stage="train", table="trains"),  # given spike times
    # sum of synaptic events: args = one signal a connection, then what it starts from, if not zero
    Traits("accumulate", "events", stage="deliver", crosses=True),
    # args = (signal,): what reaches each synapse in this step; its connection and its channel as of "accumulate"
    Traits("arrive", "events", crosses=True),
    # args = (arrived, x): element i is the sum of x over the synapses onto i that something has reached; with a
    # third argument, steps, and a channel it counts so many steps later: what is due now is the value
    Traits("collect", "synapses", stage="rows", crosses=True),
    # args = (x,): for each synapse, the value of the neuron on one side of it
    Traits("dendrite", "synapses", crosses=True),  # for each synapse, the steps from it to its neuron
    Traits("pre_of", "synapses", crosses=True, side="pre"),
    Traits("post_of", "synapses", crosses=True, side="post"),
    Traits("uniform", "chance", stage="loop", cost="heavy"),
    Traits("normal", "chance", stage="loop", cost="heavy"),
    Traits("poisson", "chance", stage="draw"),  # args = (mean,)
    Traits("binomial", "chance", stage="trials"),  # args = (trials, chance)
    # args = (x, elements): elements of the flattened x, given or computed
    Traits("take", "arguments", stage="loop", gathers=True, crosses=True, cost="slow"),
    # args = (lookup, start): as many elements of it as the node has, from a computed one on
    Traits("window", "arguments", stage="loop", gathers=True, crosses=True),
    # args = (lookup, x, count): how many of its first `count` elements, which ascend, are not above x
    Traits("search", "arguments", stage="loop", gathers=True, crosses=True, cost="slow"),
    # args = (x,): attrs how; element i is what becomes of the i-th of equal parts of the flattened x
    Traits("reduce", "arguments", stage="reduce", crosses=True),
    # args = (matrix, vector): element i is the sum of the products of row i with the vector
    Traits("dot", "arguments", stage="reduce", crosses=True),
    Traits(
        "slice", "arguments", crosses=True, view=True
    ),  # args = (x,): attrs start, stop, stride over the flattened elements
    # args = entries of a square matrix, run constants: attrs size, places, and the place in its exponential
    Traits("exponential", "arguments", crosses=True),
)

TRAITS: dict[str, Traits] = {
    **{name: Traits(name, "arguments", "loop", cost=op.cost, passes=op.passes) for name, op in OPS.items()},
    **{row.name: row for row in _ROWS},
}
