"""The evaluator: values at one step number of what needs no other step; parameters and run constants of every target.

In: a `Step` and a `BindContext`.  Out: values of nodes.  It is the part of the meaning of the IR that targets share:
they fetch parameters and fold constants with it.  Must not know: how time goes on, lowering, Numba, `quantities`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.analysis import invariants, waits_ahead
from numbadyn.ir.elementary import numpy_functions
from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import BindContext, Node, Step
from numbadyn.ir.ops import OPS
from numbadyn.ir.propagation import exponential
from numbadyn.ir.reductions import reduced, row_products
from numbadyn.ir.spaces import Space
from numbadyn.ir.synapses import longest_back

__all__ = ["Evaluator", "Shared"]

Array = NDArray[Any]

_Operation = tuple[Callable[..., Any], tuple[int, ...], np.dtype[Any]]


def _words(number: int) -> tuple[np.uint32, np.uint32]:
    return np.uint32(number & 0xFFFFFFFF), np.uint32(number >> 32)


class Shared:
    """What replicas of a batch have in common: run constants that follow from the same are computed once.

    Replicas are bound one after the other. Most of their run constants are those of the first one; the others, which
    follow from parameters that differ, are computed anew.
    """

    def __init__(self) -> None:
        self._known: list[tuple[dict[int, object], dict[int, Array]]] = []
        self._places: dict[tuple[int, ...], int] = {}
        self._affected: dict[tuple[int, ...], list[int]] = {}

    def bind(self, evaluator: Evaluator) -> None:
        """Bind a replica."""
        sources = evaluator.sources()
        key = tuple(map(id, sources.values()))
        if key in self._places:
            evaluator.values = dict(self._known[self._places[key]][1])
            return
        if not self._known:
            evaluator.bind()
        else:
            first, values = self._known[0]
            differing = tuple(index for index, source in sources.items() if source is not first[index])
            if differing not in self._affected:
                self._affected[differing] = _followers(evaluator.step, evaluator.constant, differing)
            evaluator.values = dict(values)
            evaluator.compute(self._affected[differing])
        self._places[key] = len(self._known)
        self._known.append((sources, dict(evaluator.values)))  # sources are kept alive: no other object has their id


def _followers(step: Step, constant: Iterable[int], sources: Iterable[int]) -> list[int]:
    """Some run constants, and all that follow from them, in program order."""
    found = set(sources)
    for index in constant:
        if not found.isdisjoint(step.nodes[index].args):
            found.add(index)
    return sorted(found)


class Evaluator:
    """Values of elementwise nodes, parameters and random draws at one step number.

    Parameters
    ----------
    step : Step
        The traced step.
    context : BindContext
        dt, seed and precision.
    bits : {64, 32}, optional
        Precision of the arithmetic, by default that of the context.
    constant : sequence of int, optional
        The run constants of the step in program order, where they are known.
    """

    def __init__(
        self, step: Step, context: BindContext, bits: int | None = None, constant: Sequence[int] | None = None
    ) -> None:
        self.step = step.bound(context)
        self.context = context
        self.bits = context.bits if bits is None else bits
        self.real = dtype_of("real", self.bits)
        self.functions = numpy_functions(self.bits)
        self.constant = sorted(invariants(step)) if constant is None else constant
        self.values: dict[int, Array] = {}
        self._operations: dict[int, _Operation] = {}
        self._wide: Evaluator | None = None

    def bind(self, shared: Shared | None = None) -> None:
        """Fetch the parameters and compute all that depends on them alone.

        Parameters
        ----------
        shared : Shared, optional
            What other replicas of a batch have found just now: values that follow from the same are the same.
        """
        if shared is None:
            self.values.clear()
            self.compute(self.constant)
        else:
            shared.bind(self)

    def compute(self, nodes: Iterable[int]) -> None:
        """Compute nodes anew, whose arguments are there or come before them."""
        self._wide = None
        for index in nodes:
            self.values[index] = self.elementwise(index)

    def sources(self) -> dict[int, object]:
        """What run constants follow from: nodes of parameters and arrays -> what alone decides over their values."""
        nodes, params = self.step.nodes, self.step.params
        found: dict[int, object] = {}
        for index in self.constant:
            node = nodes[index]
            if node.traits.parameter:
                decides = params[node.attrs["index"]].decides
                decider = None if decides is None else decides(self.context)
                found[index] = object() if decider is None else decider  # which is like no other
            elif node.traits.table:
                found[index] = object()
        return found

    def _in_double(self, node: Node) -> list[Array]:
        """Arguments of a node, which are run constants, computed in float64."""
        if self._wide is None:
            self._wide = Evaluator(self.step, self.context, 64, self.constant)
        wide, waiting = self._wide, list(node.args)
        while waiting:
            index = waiting[-1]
            missing = [arg for arg in self.step.nodes[index].args if arg not in wide.values]
            if not missing and index not in wide.values:
                wide.values[index] = wide.elementwise(index)
            waiting += missing
            if not missing:
                waiting.pop()
        return [wide.values[arg] for arg in node.args]

    def elementwise(self, index: int, number: int = 0) -> Array:
        """Value of a parameter, of dt, t or n, of a draw, of chosen elements or of an elementwise operation."""
        with np.errstate(all="ignore"):
            return self.computed(index, number)

    def computed(self, index: int, number: int) -> Array:
        """The same where NumPy is told already not to warn."""
        operation = self._operations.get(index)
        if operation is None:
            node = self.step.nodes[index]
            if not node.traits.elementwise:
                return _MEANING[node.op](self, node, [self.values[arg] for arg in node.args], number)
            operation = self._operations[index] = self._operation(node)
        function, args, dtype = operation
        return np.asarray(function(*[self.values[arg] for arg in args]), dtype)

    def _operation(self, node: Node) -> _Operation:
        """An elementwise operation as a function of values of nodes, and the dtype of what it gives."""
        op, dtype = OPS[node.op], dtype_of(node.kind, self.bits)
        function = op.meaning or self.functions[op.elementary]
        if self.bits != 64 and op.kinds == "steps":
            return lambda: function(*self._in_double(node)), (), dtype
        return function, node.args, dtype

    def _flat(self, node: Node, value: Array) -> Array:
        """The first argument of a node, flat."""
        return np.broadcast_to(value, self.step.nodes[node.args[0]].shape).reshape(-1)

    def _param(self, node: Node, _args: list[Array], _number: int) -> Array:
        fetched = np.asarray(self.step.params[node.attrs["index"]].fetch(self.context))
        return fetched.astype(dtype_of(node.kind, self.bits)).reshape(node.shape)

    def _lookup(self, node: Node, _args: list[Array], _number: int) -> Array:
        return np.asarray(self.step.lookups[node.attrs["index"]].fetch(self.context))

    def _dt(self, _node: Node, _args: list[Array], _number: int) -> Array:
        return np.asarray(self.context.dt, dtype=self.real)

    def _time(self, _node: Node, _args: list[Array], number: int) -> Array:
        return np.asarray(np.float64(number) * np.float64(self.context.dt)).astype(self.real)

    def _step_number(self, _node: Node, _args: list[Array], number: int) -> Array:
        return np.asarray(number, dtype=np.int64)

    def _slice(self, node: Node, args: list[Array], _number: int) -> Array:
        chosen = slice(node.attrs["start"], node.attrs["stop"], node.attrs["stride"])
        return self._flat(node, args[0])[chosen].reshape(node.shape)

    def _take(self, node: Node, args: list[Array], _number: int) -> Array:
        return self._as_kind(node, self._places(node, args[0])[args[1]])

    def _window(self, node: Node, args: list[Array], _number: int) -> Array:
        first = int(args[1])
        return self._as_kind(node, self._places(node, args[0])[first : first + node.size])

    def _search(self, node: Node, args: list[Array], _number: int) -> Array:
        places = self._places(node, args[0])[: int(args[2])]
        return np.asarray(np.searchsorted(places, args[1], side="right"), dtype=np.int64)

    def _places(self, node: Node, value: Array) -> Array:
        """What a node reads at places of its own: an array of the user's, as it is, or a value."""
        return value if self.step.nodes[node.args[0]].traits.lookup else self._flat(node, value)

    def _as_kind(self, node: Node, found: Array) -> Array:
        return found.reshape(node.shape).astype(dtype_of(node.kind, self.context.bits))

    def _reduce(self, node: Node, args: list[Array], _number: int) -> Array:
        whole = np.broadcast_to(args[0], self.step.nodes[node.args[0]].shape)
        return reduced(node.attrs["how"], whole, node.size).reshape(node.shape)

    def _dot(self, node: Node, args: list[Array], _number: int) -> Array:
        full = [np.broadcast_to(arg, self.step.nodes[k].shape) for arg, k in zip(args, node.args, strict=True)]
        return row_products(*full).reshape(node.shape)

    def _exponential(self, node: Node, args: list[Array], _number: int) -> Array:
        entries = dict(zip(node.attrs["places"], args if self.bits == 64 else self._in_double(node), strict=True))
        found = exponential(entries, node.attrs["size"], node.attrs["place"])
        return np.broadcast_to(found, node.shape).astype(self.real)

    def _random(self, node: Node, _args: list[Array], number: int) -> Array:
        key, count, stream = self._draw(node, number)
        shape = self.context.shape_of(node.space)
        elements = np.arange(math.prod(shape), dtype=np.uint32)
        return np.asarray(self.functions[node.op](*key, elements, *count, stream)).reshape(shape)

    def _poisson(self, node: Node, args: list[Array], number: int) -> Array:
        key, count, stream = self._draw(node, number)
        out = np.empty(node.size, dtype=self.real)
        rate = np.ascontiguousarray(np.broadcast_to(args[0], node.shape).reshape(-1))
        self.functions["fill_poisson"](out, rate, 0, *key, *count, stream)
        out[out < 0] = np.nan  # what is no mean has no count
        return out.reshape(node.shape)

    def _binomial(self, node: Node, args: list[Array], number: int) -> Array:
        key, count, stream = self._draw(node, number)
        out = np.empty(node.size, dtype=self.real)
        trials, chance = (np.ascontiguousarray(np.broadcast_to(arg, node.shape).reshape(-1)) for arg in args)
        self.functions["fill_binomial"](out, trials, chance, 0, *key, *count, stream)
        out[out < 0] = np.nan  # as for Poisson counts
        return out.reshape(node.shape)

    def _draw(self, node: Node, number: int) -> tuple[Any, Any, np.uint32]:
        """Words of the seed and of the step, and the stream."""
        return _words(self.context.seed), _words(number), np.uint32(node.attrs["stream"])

    def depths(self) -> list[int]:
        """Samples of each channel that its readers need, this step's included; synaptic delays ask for more."""
        deepest = [1] * len(self.step.channels)
        for node in self.step.nodes:
            if node.traits.from_past:
                channel, args = node.attrs["channel"], node.args
                lag = self._most(args[2 if len(args) > 2 else 0], node.space) if args else 0
                deepest[channel] = max(deepest[channel], 2 + lag)
            ahead = waits_ahead(node)
            if ahead is not None:
                deepest[ahead] = 1 + self._most(node.args[2], self.step.nodes[node.args[0]].space)
        return deepest

    def _most(self, index: int, space: Space) -> int:
        """The most steps that a node stands for; of those at synapses, the longest way to a neuron."""
        if index in self.values:
            return int(np.max(self.values[index]))
        assert space.synapses is not None, "a delay that is no run constant"
        return longest_back(self.context.tables[space.synapses.connection])


#: Meaning of all operations that need nothing of another step and are not elementwise.
_MEANING: dict[str, Callable[[Evaluator, Node, list[Array], int], Array]] = {
    "param": Evaluator._param,
    "lookup": Evaluator._lookup,
    "dt": Evaluator._dt,
    "time": Evaluator._time,
    "step": Evaluator._step_number,
    "slice": Evaluator._slice,
    "take": Evaluator._take,
    "window": Evaluator._window,
    "search": Evaluator._search,
    "reduce": Evaluator._reduce,
    "dot": Evaluator._dot,
    "exponential": Evaluator._exponential,
    "uniform": Evaluator._random,
    "normal": Evaluator._random,
    "poisson": Evaluator._poisson,
    "binomial": Evaluator._binomial,
}
