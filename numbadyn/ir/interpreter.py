"""The NumPy interpreter: the meaning of the IR.

In: a `Step` and a `BindContext`.  Out: the states, channels and named values after each step.  Every target must agree
with it, bit for bit on the CPU.  It reads like the definition that it is; speed is not its purpose.  Must not know:
lowering, Numba, `quantities`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.analysis import base_of, follows_delays, live, signal_of, signals, waits_ahead
from numbadyn.ir.evaluator import Evaluator, Shared
from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import BindContext, Node, Step
from numbadyn.ir.spaces import Space
from numbadyn.ir.synapses import arrivals, collected, longest_back, mapped

__all__ = ["Interpreter"]

Array = NDArray[Any]


class Interpreter:
    """A network in memory, advanced step by step.

    Parameters
    ----------
    step : Step
        The traced step.
    context : BindContext
        dt, seed and precision.
    tables : list
        Synapse tables, one a connection.
    probes : iterable of int
        Nodes whose value somebody wants to see after each step.
    expect : callable, optional
        Told what will be allocated, as names and bytes, before it is; it may refuse.
    """

    def __init__(
        self,
        step: Step,
        context: BindContext,
        tables: list[Any],
        probes: Iterable[int] = (),
        expect: Callable[[list[tuple[str, int]]], None] = lambda parts: None,
    ) -> None:
        self.context, self.tables = replace(context, tables=tables), tables
        self.step = step = step.bound(context)
        self._expect = expect
        self.order = live(step, [*step.roots(), *probes])
        self.evaluator = Evaluator(step, self.context)
        constant = set(self.evaluator.constant)
        self._changing = {index: _meaning(step.nodes[index]) for index in self.order if index not in constant}
        self.number = 0
        self.states: list[Array] = []
        self.past: list[list[Array]] = []
        #: Synaptic sums of the last step that start from zero, by node: what was not finite there stays NaN.
        self.sums: dict[int, Array] = {}
        self.reset()

    @property
    def values(self) -> dict[int, Array]:
        """Value of each node in the last step."""
        return self.evaluator.values

    def bind(self, shared: Shared | None = None) -> None:
        """Fetch the parameters anew, see `Evaluator.bind`; sums that were not finite start from zero again."""
        self.evaluator.bind(shared)
        self.sums.clear()

    def reset(self, context: BindContext | None = None, first: Sequence[Array] | None = None) -> None:
        """Back to the first values of all states and histories, and to step 0; those of another context if given.

        If first values are given, parameters have been fetched for them; else all of it is done anew.
        """
        bits, context = self.context.bits, replace(context or self.context, tables=self.tables)
        self.number = 0
        if first is None:
            self.bind()
            first = [spec.initial(context) for spec in self.step.states]
        self._depth = self.needed()
        if not self.past:
            self._expect(self._parts())
        self.states = [
            np.array(np.broadcast_to(values, self._shape(spec.space)), dtype=dtype_of(spec.kind, bits))
            for spec, values in zip(self.step.states, first, strict=True)
        ]
        self.begin_histories(context)
        self._window = [channel.window(self.context) for channel in self.step.channels]

    def _shape(self, space: Space) -> tuple[int, ...]:
        return self.context.shape_of(space)

    def _parts(self) -> list[tuple[str, int]]:
        """What states, histories and the values of a step need, in bytes."""
        bits = self.context.bits
        parts = []
        for spec in self.step.states:
            size = math.prod(self._shape(spec.space))
            parts.append((f"{spec.name} ({size} elements)", size * dtype_of(spec.kind, bits).itemsize))
        for channel, depth in zip(self.step.channels, self._depth, strict=True):
            size = int(np.prod(channel.shape, dtype=np.int64))
            each = dtype_of(channel.kind, bits).itemsize
            parts.append((f"{channel.name} ({size} elements, {depth} steps)", size * depth * each))
        made = [node for node in map(self.step.nodes.__getitem__, self.order) if not node.traits.lookup]
        values = sum(math.prod(self._shape(node.space)) * self.evaluator.real.itemsize for node in made)
        return [*parts, (f"values of a step ({len(self.order)} operations)", values)]

    def begin_histories(self, context: BindContext) -> None:
        """Fill all histories with what was before the first step."""
        self.past = [
            list(channel.before(context, depth).astype(dtype_of(channel.kind, context.bits)))
            for channel, depth in zip(self.step.channels, self._depth, strict=True)
        ]

    def deepen(self, depths: list[int], context: BindContext) -> None:
        """Keep at least so many samples of each channel, before the first step: as many as other replicas do."""
        wanted = [max(pair) for pair in zip(self._depth, depths, strict=True)]
        if wanted != self._depth:
            self._depth = wanted
            self.begin_histories(context)

    def needed(self) -> list[int]:
        """Samples of each channel that histories and synaptic delays reach, as parameters are now."""
        deepest = self.evaluator.depths()
        for index in self.order:
            node = self.step.nodes[index]
            for arg, connection, own in signals(node) if node.traits.delivers else ():
                signal = signal_of(self.step, arg, own)
                assert signal is not None, "a synaptic sum reads a signal without a channel"
                table = self.tables[connection]
                lag = 0 if signal.lag is None else int(np.max(self.values[signal.lag]))
                longest = longest_back(table) if node.space.by_post else int(table.delays.max(initial=0))
                longest = longest if follows_delays(node) else 0
                deepest[signal.channel] = max(deepest[signal.channel], signal.base + lag + longest + 1)
        return deepest

    def sample(self, channel: int, lag: int) -> Array:
        """The channel's sample `lag` windows before that of the step being computed (1 is the last step's, mostly)."""
        past = self.past[channel]
        begun = self.number % self._window[channel] != 0  # the window of this step has a sample already
        return past[lag + begun - 1]

    def advance(self) -> None:
        """Compute one step."""
        values = self.evaluator.values
        with np.errstate(all="ignore"):
            for index in self._changing:
                values[index] = self._value(index)
        for state, index in self.step.writes.items():
            self.states[state] = _spread(values[index], self._shape(self.step.states[state].space))
        for number, channel in enumerate(self.step.channels):
            if channel.ahead:
                due = self.past[number].pop(0)
                self.past[number].append(due - due)
                continue
            sample = _spread(values[channel.value], channel.shape)
            if self.number % self._window[number] == 0:
                self.past[number].insert(0, sample)
                del self.past[number][self._depth[number] + 1 :]
            else:
                self.past[number][0] = sample
        self.number += 1

    def _value(self, index: int) -> Array:
        meaning = self._changing[index]
        if meaning is None:
            return self.evaluator.computed(index, self.number)
        return meaning(self, index, self.step.nodes[index])

    def _state(self, _index: int, node: Node) -> Array:
        number: int = node.attrs["index"]
        return self.states[number]

    def _sampled(self, _index: int, node: Node) -> Array:
        return self._history(node)

    def _train(self, _index: int, node: Node) -> Array:
        steps, elements = self.step.trains[node.attrs["index"]].events(self.context)
        fired = np.zeros(node.size, dtype=bool)
        fired[elements[steps == self.number]] = True
        return fired

    def _history(self, node: Node, further: int = 0) -> Array:
        channel = node.attrs["channel"]
        lags = 1 + further + (self.values[node.args[0]] if node.args else 0)
        if len(node.args) < 2:
            return self.sample(channel, int(lags)).reshape(node.shape)
        lags, elements = (part.ravel() for part in np.broadcast_arrays(lags, self.values[node.args[1]]))
        picked = np.empty(lags.size, dtype=self.past[channel][0].dtype)
        for lag in np.unique(lags):
            chosen = lags == lag
            picked[chosen] = self.sample(channel, int(lag)).reshape(-1)[elements[chosen]]
        return picked.reshape(node.shape)

    def _delayed(self, arg: int, delay: int, channel: int | None) -> Array:
        """A signal some whole steps ago."""
        if delay == 0:
            return np.broadcast_to(self.values[arg], self.step.nodes[arg].shape)
        if channel is not None:
            return self.sample(channel, delay)
        node = self.step.nodes[arg]
        if node.traits.from_past:
            return self._history(node, delay)
        assert node.traits.view, node.op
        source = self._delayed(node.args[0], delay, None).reshape(-1)
        return source[node.attrs["start"] : node.attrs["stop"] : node.attrs["stride"]]

    def _across_synapses(self, index: int, node: Node) -> Array:
        """Values of neurons at their synapses, what arrives there, and the sum of what passes through them."""
        args = [self.values[arg] for arg in node.args]
        synapses = (self.step.nodes[node.args[0]] if node.traits.collects else node).space.synapses
        assert synapses is not None, "a map without synapses"
        table = self.tables[synapses.connection]
        if node.traits.arrives:
            ((arg, _connection, channel),) = signals(node)
            late = follows_delays(node)
            return arrivals(table, lambda steps: self._delayed(arg, steps if late else 0, channel), synapses.order)
        if node.traits.dendritic:
            return np.asarray(table.dendritic, dtype=np.int64)
        if node.traits.side:
            return mapped(node.op, table, np.broadcast_to(args[0], self.step.nodes[node.args[0]].shape))
        ahead = waits_ahead(node)
        totals = [self._begun_sum(index, node.size)] if ahead is None else [s.reshape(-1) for s in self.past[ahead]]
        values = args[1].astype(self.evaluator.real, copy=False)
        collected(table, totals, args[0], values, synapses.order, 0 if ahead is None else args[2])
        return totals[0].reshape(node.shape)

    def _begun_sum(self, index: int, size: int) -> Array:
        """A sum before anything is added: zero, or NaN where it was not finite in this run."""
        last = self.sums.get(index, np.zeros(size, dtype=self.evaluator.real))
        total = last - last
        self.sums[index] = total
        return total

    def _accumulate(self, index: int, node: Node) -> Array:
        base = base_of(node)
        if base is not None:
            total = np.zeros(node.size, dtype=self.evaluator.real)
            total[:] = self.values[base].reshape(-1)
        else:
            total = self._begun_sum(index, node.size)
        for arg, connection, channel in signals(node):
            table = self.tables[connection]
            for slot, delay in enumerate(table.delays):
                signal = self._delayed(arg, int(delay), channel).reshape(-1)
                _deliver(total, table, slot, signal)
        return total.reshape(node.shape)


#: Meaning of the operations that need other steps, or events.
_IN_TIME: dict[str, Callable[[Interpreter, int, Node], Array]] = {
    "state": Interpreter._state,
    "history": Interpreter._sampled,
    "train": Interpreter._train,
    "accumulate": Interpreter._accumulate,
}


def _meaning(node: Node) -> Callable[[Interpreter, int, Node], Array] | None:
    """What a node means; None if the evaluator says it."""
    return Interpreter._across_synapses if node.traits.synaptic else _IN_TIME.get(node.op)


def _spread(value: Array, shape: tuple[int, ...]) -> Array:
    """A copy with a value for each element."""
    return np.array(value if value.shape == shape else np.broadcast_to(value, shape))


def _deliver(total: Array, table: Any, slot: int, signal: Array) -> None:
    """Add the synaptic events of one delay, in ascending order of the neurons that sent them."""
    events = np.flatnonzero(signal)
    if not events.size:
        return
    segments = events * len(table.delays) + slot
    first, lengths = table.offsets[segments], table.offsets[segments + 1] - table.offsets[segments]
    passed = np.cumsum(lengths)  # synapses of these events up to each of them
    synapses = np.arange(passed[-1]) + np.repeat(first - passed + lengths, lengths)
    weights = table.weights if table.weights.size == 1 else table.weights[synapses]
    weights = weights.astype(total.dtype, copy=False)
    if signal.dtype.kind != "b":
        weights = weights * np.repeat(signal[events], lengths)
    np.add.at(total, table.targets[synapses], weights)  # one after the other, as they stand here
