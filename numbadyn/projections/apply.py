"""How a signal reaches its targets: through the synapses of a connectivity rule, or through a plain function.

In: the signal of this step, traced or an array with its unit.  Out: what arrives at each target.  Must not know: where
the signal comes from, what is done with the result, Numba.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ConnectivityError, DelayError, DimensionError, ShapeError, UnsupportedFeatureError
from numbadyn.ir.analysis import signal_of
from numbadyn.ir.nodes import BindContext, Connection
from numbadyn.ir.spaces import Order, synapses_of
from numbadyn.model import environ
from numbadyn.model.delays import Before, delay_line, delay_steps, signal_channel, state_history
from numbadyn.model.init import Constant, Initialiser, OfPairs
from numbadyn.model.module import Module
from numbadyn.model.naming import check_initialised
from numbadyn.model.streams import stream_of
from numbadyn.model.view import View
from numbadyn.projections.building import STREAMS, build
from numbadyn.projections.conductances import check_given, check_table
from numbadyn.projections.connectivity import Connectivity, EdgeList, Places, SynapseTable, as_delay, edge_list
from numbadyn.projections.connectivity.delays import another_delay, check_exact
from numbadyn.projections.dendrites import steps_of
from numbadyn.tracing.trace import ANY, Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import Dimension, join_eager, magnitude_in, split

__all__ = ["Delivery"]

_REAL = np.dtype(np.float64)

_ANY_DT = 1.0
"""A time step for synapses without delays, which do not depend on it."""


def _no_conductance() -> None:
    """What a signal without a conductance at its end says."""


def _any_ends(_where: str) -> None:
    """What accepts any rule."""


_Past = Callable[[], Before | None]


def _nothing() -> None:
    """The past of a signal that was zero before the start."""


class Delivery:
    """The ``comm`` and the ``delay`` of a projection.

    Parameters
    ----------
    owner : Module
        The projection: its name, its random streams, its seed.
    comm : Connectivity or callable
        A rule of connection; or a function of the signal, applied as it is.
    delay : Quantity, array, Initialiser or None
        See `numbadyn.projections.connectivity.as_delay`; a function as `comm` takes one time only.
    out_shape : tuple of int
        Shape of what arrives.
    pre, post : View, optional
        The parts of populations that the rule is about, where the signal and what arrives are those of the whole.
    before : callable
        Gives what the signal was before the first step, ``values(context, lag)`` of that many steps before; None where
        it was zero.

    Raises
    ------
    ConnectivityError
        `comm` is neither a rule nor callable.
    ShapeError
        `comm` ends on another number of neurons.
    DelayError, DimensionError, UnitExpectedError
        `delay` is no time, or negative, or not finite.
    """

    #: Delays from the synapses to their neurons, where each has its own.
    dendrites: Initialiser | None = None

    def __init__(
        self,
        owner: Module,
        comm: Any,
        delay: Any,
        out_shape: tuple[int, ...],
        before: _Past = _nothing,
        *,
        pre: View | None = None,
        post: View | None = None,
    ) -> None:
        where = owner.path
        if isinstance(comm, type) or not (callable(comm) or isinstance(comm, Connectivity)):
            raise ConnectivityError(
                f"comm of {where} is {comm!r}, which is neither a rule of connection nor a function.",
                where=where,
                cure="Give a rule such as nd.FixedProb(pre.varshape, post.varshape, prob=0.02, weight=0.6*nS).",
                comm=comm,
            )
        self.owner, self.comm, self.out_shape, self.before = owner, comm, out_shape, before
        self.rule: Connectivity | None = comm if isinstance(comm, Connectivity) else None
        self.function: Callable[..., Any] = comm
        if self.rule is not None:
            check_initialised(self.rule, "out_size")
        self.delay = as_delay(delay, where=f"{where}.delay")
        if self.rule is None and not isinstance(self.delay, Constant | None):
            raise DelayError(
                f"{where} has many delays, but a function as comm has no synapses that could differ.",
                where=where,
                cure="Give one delay, or a rule of connection as comm.",
            )
        if self.rule is None and post is not None:
            raise ConnectivityError(
                f"{where} ends on {post.path}, a part of a population, but comm is a function.",
                where=where,
                cure="Give a rule of connection, such as nd.OneToOne, which says who receives what.",
                place=where,
                post=post.path,
            )
        ending = out_shape if post is None else post.varshape
        if self.rule is not None and self.rule.n_post != math.prod(ending):
            raise ShapeError(
                f"comm of {where} is {self.rule!r}, but it ends on a population of size {ending}.",
                where=where,
                cure="Make the rule with the sizes of both populations: pre.varshape, post.varshape.",
                rule=self.rule,
                ending=ending,
            )
        self._check_fit(self.delay)
        #: Name of the conductance that the signal ends in; None where weights may have any sign.
        self.conductance: Callable[[], str | None] = _no_conductance
        #: Refuses a rule that does not fit who is joined; called with the name of the projection, which is known then.
        self.check_ends: Callable[[str], None] = _any_ends
        self._table: tuple[tuple[float, int, int, Initialiser], SynapseTable] | None = None
        self._past: list[NDArray[Any]] = []
        self._places: Places | None = None
        if self.rule is not None and (pre is not None or post is not None):
            sizes = self.rule.n_pre if pre is None else pre.population.num, math.prod(out_shape)
            self._places = Places(*sizes, *(None if view is None else view.elements for view in (pre, post)))

    def check_pre(self, size: tuple[int, ...] | None) -> None:
        """Refuse a signal that does not fit the rule's presynaptic size; None is not known yet."""
        if self.rule is not None and size is not None and self.rule.n_pre != math.prod(size):
            raise ShapeError(
                f"comm of {self.owner.path} is {self.rule!r}, but its signal has the shape {size}.",
                where=self.owner.path,
                cure="Make the rule with the sizes of both populations: pre.varshape, post.varshape.",
                rule=self.rule,
                size=size,
            )

    def check_given_weights(self) -> None:
        """Refuse weights below zero that end in a conductance, as far as they are known before they are drawn."""
        name = self.conductance() if self.rule is not None else None
        if name is not None and self.rule is not None:
            check_given(self.rule, name, self.owner.path)

    def _check_table(self, table: SynapseTable, rule: Connectivity) -> SynapseTable:
        """The table, after refusing drawn weights below zero that end in a conductance."""
        name = self.conductance()
        if name is not None:
            check_table(rule, table, name, self.owner.path)
        return table

    def _check_signal(self, size: tuple[int, ...]) -> None:
        """Refuse a signal of this step that does not fit; that of a part of a population comes as a whole."""
        if self._places is None or self._places.n_pre != math.prod(size):
            self.check_pre(size)

    @property
    def _sizes(self) -> tuple[int, int]:
        """Numbers of neurons of the signal and of what arrives."""
        assert self.rule is not None
        return (self.rule.n_pre, self.rule.n_post) if self._places is None else self._places[:2]

    def __call__(self, signal: Any) -> Any:
        """Give what arrives in this step; None where the signal is None."""
        if signal is None:
            return None
        self.check_ends(self.owner.path)
        trace = current_trace()
        if trace is not None:
            return self._trace_signal(trace, signal)
        magnitude, dimension = split(signal)
        if self.rule is None:
            return self.function(self._eager_line(signal))
        magnitude = np.asarray(magnitude)
        self._check_signal(magnitude.shape)
        table = self._eager_table(self.rule)
        total = self._eager_sum(table, magnitude)
        return join_eager(total.reshape(self.out_shape), self.rule.weight_dimension * dimension)

    def _trace_signal(self, trace: Trace, signal: Any) -> Any:
        self.check_given_weights()
        node = as_node(trace, signal)
        name = self.owner.path
        if self.rule is None:
            if isinstance(self.delay, Constant):
                times = np.asarray(self.delay.value)
                node = delay_line(trace, state_history(trace, node), times, f"{name}.signal", self.before())
            return self.function(Traced(trace, node))
        node, channel = self.sent(trace, node)
        value = trace.node(node)
        dimension = ANY if value.dimension is ANY else self.rule.weight_dimension * value.dimension
        made = trace.source(
            "accumulate",
            (node,),
            self.out_shape,
            "real",
            dimension,
            connections=(self.number(trace),),
            channels=(channel,),
            label=name.rsplit(".", 1)[-1],
        )
        return Traced(trace, made)

    @property
    def n_pre(self) -> int:
        """Number of neurons of the signal."""
        return self._sizes[0]

    def sent(self, trace: Trace, node: int, order: Order = "pre", called: str = "") -> tuple[int, int | None]:
        """The signal as synapses read it, and the channel of its own that samples it, if it has one."""
        if trace.node(node).kind == "int":
            node = trace.cast(node, "real")
        node = state_history(trace, node)
        if order == "pre":
            self._check_signal(trace.node(node).shape)
        of_its_own = signal_of(trace.step, node, None) is None
        name = called or f"{self.owner.path}.signal"
        before = self.before() if order == "pre" and not called else None
        return node, signal_channel(trace, node, name, before) if of_its_own else None

    def number(self, trace: Trace) -> int:
        """Number of the connection in a step that is being traced."""
        return trace.connection(self, self._connection)

    def reaching(
        self,
        trace: Trace,
        signal: Any,
        order: Order = "pre",
        *,
        called: str = "",
        at_once: bool = False,
        back: bool = False,
    ) -> int:
        """Node of what reaches each synapse in this step: from its presynaptic neuron, or from the other one.

        What is no signal of neurons is `called` by a name of its own, and may reach synapses `at_once`, whatever their
        delays. What comes `back` through dendrites passes the delays of these; else the other neuron acts at once.
        """
        self.check_ends(self.owner.path)
        self.check_given_weights()
        node, channel = self.sent(trace, as_node(trace, signal), order, called)
        value, number = trace.node(node), self.number(trace)
        return trace.source(
            "arrive",
            (node,),
            synapses_of(number, order=order),
            value.kind,
            value.dimension,
            connections=(number,),
            channels=(channel,),
            **{name: True for name, holds in (("at_once", at_once), ("back", back)) if holds},
        )

    def _connection(self) -> Connection:
        assert self.rule is not None
        rule = self.rule
        delayed = self.delay is not None
        return Connection(
            self.owner.path,
            *self._sizes,
            functools.partial(self._build, (self._stream, self._dendritic_stream)),
            rule.uniform_weight,
            delayed,
            self.owner,
            rule,
            self._reweigh,
            self,
            self.dendrites is not None,
        )

    def with_weight(self, weight: Any) -> Delivery:
        """The same with other weights, checked; see `BindContext.instead`."""
        other = copy.copy(self)
        other.rule = self._reweigh(weight)
        return other

    def with_rule(self, rule: Any) -> Delivery:
        """The same with another rule of connection between the same neurons, checked; see `BindContext.instead`."""
        where, mine = f"{self.owner.path}.comm", self.rule
        if not isinstance(rule, Connectivity) or mine is None:
            raise ConnectivityError(
                f"{rule!r} is no rule of connection.",
                where=where,
                cure="Give a rule such as nd.FixedProb(pre.varshape, post.varshape, prob=0.02, weight=0.6*nS).",
                rule=rule,
            )
        check_initialised(rule, "out_size")
        if (rule.n_pre, rule.n_post) != (mine.n_pre, mine.n_post):
            raise ShapeError(
                f"{rule!r} takes the place of {mine!r}, which joins other numbers of neurons.",
                where=where,
                cure="Make the rule with the sizes of both populations: pre.varshape, post.varshape.",
                rule=rule,
            )
        magnitude_in(join_eager(1.0, rule.weight_dimension), mine.weight_dimension, what="The weight", where=where)
        name = self.conductance()
        if name is not None:
            check_given(rule, name, self.owner.path)
        other = copy.copy(self)
        other.rule = rule
        return other

    def with_parts_of(self, other: Delivery, part: Literal["rule", "delay", "dendrites"]) -> Delivery:
        """The same with the rule or the delays of another one; that one itself where nothing else differs."""
        made = copy.copy(self)
        setattr(made, part, getattr(other, part))
        same = (made.rule, made.delay, made.dendrites) == (other.rule, other.delay, other.dendrites)
        return other if same else made

    def with_delay(self, delay: Any, part: Literal["delay", "dendrites"] = "delay") -> Delivery:
        """The same with other delays, checked; see `BindContext.instead`."""
        other, where = copy.copy(self), f"{self.owner.path}.{'delay' if part == 'delay' else 'dendritic_delay'}"
        setattr(other, part, another_delay(delay, where))
        self._check_fit(getattr(other, part))
        return other

    def _check_fit(self, recipe: Initialiser | None) -> None:
        """Refuse a function of pairs that was made for other populations."""
        if self.rule is not None and isinstance(recipe, OfPairs):
            recipe.fits(self.rule.n_pre, self.rule.n_post)

    def _reweigh(self, weight: Any) -> Connectivity:
        """The rule with other weights, checked as those of a new projection are."""
        assert self.rule is not None
        changed = copy.copy(self.rule)
        changed.weight = weight
        if changed.weight_dimension != self.rule.weight_dimension:
            magnitude_in(weight, self.rule.weight_dimension, what="The weight", where=f"{self.owner.path}.weight")
            raise DimensionError(
                f"The weight of {self.owner.path} is in {self.rule.weight_dimension}, but the new one is in "
                f"{changed.weight_dimension}.",
                where=f"{self.owner.path}.weight",
                cure=f"Give weights in {self.rule.weight_dimension}.",
                owner=self.owner.path,
                expected=self.rule.weight_dimension,
                given=changed.weight_dimension,
            )
        name = self.conductance()
        if name is not None:
            check_given(changed, name, self.owner.path)
        return changed

    @property
    def _stream(self) -> int:
        """First of the streams of the synapses, in the network that was named last."""
        return stream_of(self.owner, "synapses", width=STREAMS)

    @property
    def _dendritic_stream(self) -> int:
        """Stream of the dendritic delays; only those who draw them ask for it."""
        return 0 if self.dendrites is None else stream_of(self.owner, "dendritic_delay")

    def _with_dendrites(self, table: SynapseTable, rule: Connectivity, context: BindContext, stream: int) -> Any:
        """The table with the dendritic delays of all synapses, where each has its own."""
        if self.dendrites is None:
            return table
        where = f"{self.owner.path}.dendritic_delay"
        found = steps_of(self.dendrites, table, rule, context, stream=stream, where=where, places=self._places)
        return replace(table, dendritic=found)

    def _build(
        self, streams: tuple[int, int], context: BindContext, real: np.dtype[Any], other: Connectivity | None = None
    ) -> SynapseTable:
        bound = context.bound(self)
        rule = other or bound.rule
        assert rule is not None
        before = self.owner._built.context
        if not context.replica or before is None or before.replica in (None, context.replica):
            # of a batch the first replica is the one that is read back, though others are built behind it
            self.owner._built = replace(self.owner._built, context=context.without_instead())
        check_exact(bound.delay, context, f"{self.owner.path}.delay")
        table = build(
            rule,
            bound.delay,
            dt=context.dt,
            rounding=context.delays,
            seed=context.seed,
            stream=streams[0],
            real=real,
            places=self._places,
        )
        return self._check_table(bound._with_dendrites(table, rule, context, streams[1]), rule)

    def reset(self) -> None:
        """Forget the signals of earlier eager calls."""
        self._past.clear()

    def _eager_table(self, rule: Connectivity) -> SynapseTable:
        key = (environ.eager_dt(), self.owner.seed_of_build, self._stream, rule.weight)
        if self._table is None or self._table[0] != key:
            made = build(rule, self.delay, dt=key[0], seed=key[1], stream=key[2], real=_REAL, places=self._places)
            self._table = (key, self._check_table(made, rule))
        return self._table[1]

    def _eager_line(self, signal: Any) -> Any:
        if self.delay is None:
            return signal
        assert isinstance(self.delay, Constant)
        magnitude, dimension = split(signal)
        steps = int(delay_steps(self.delay.value, environ.eager_dt()))
        self._remember(np.asarray(magnitude), steps)
        return join_eager(self._ago(steps), dimension)

    def _remember(self, signal: NDArray[Any], longest: int) -> None:
        self._past.insert(0, np.array(signal))
        before = self.before() if len(self._past) == 1 else None
        if before is not None:
            context = BindContext(environ.eager_dt(), self.owner.seed_of_build)
            for lag in range(1, longest + 1):
                value = np.broadcast_to(np.reshape(before(context, lag), -1), signal.size)
                self._past.append(value.reshape(signal.shape).astype(signal.dtype))
        del self._past[longest + 1 :]

    def _ago(self, steps: int) -> NDArray[Any]:
        return self._past[steps] if steps < len(self._past) else np.zeros_like(self._past[0])

    def _eager_sum(self, table: SynapseTable, signal: NDArray[Any]) -> NDArray[np.float64]:
        self._remember(signal.reshape(-1), int(table.delays.max()))
        total = np.zeros(table.n_post)
        for slot, delay in enumerate(table.delays):
            past = self._ago(int(delay))
            events = np.flatnonzero(past)
            segments = events * table.n_delays + slot
            first, last = table.offsets[segments], table.offsets[segments + 1]
            rows = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)] or [np.empty(0, int)])
            values: Any = table.weights[0] if table.weights.size == 1 else table.weights[rows]
            if past.dtype.kind != "b":
                values = values * np.repeat(past[events], last - first)
            np.add.at(total, table.targets[rows], values)
        return total

    @property
    def weight_dimension(self) -> Dimension:
        """What the weights of the rule measure."""
        assert self.rule is not None
        return self.rule.weight_dimension

    def edges(self, dt: Any = None) -> EdgeList:
        """Make the synapses again; see `SynapticProjection.edges`."""
        table, step = self.table(dt)
        return edge_list(table, step, self.weight_dimension)

    def table(self, dt: Any = None) -> tuple[SynapseTable, float]:
        """The synapses made again, in the time step in ms that they follow from."""
        if self.rule is None:
            raise UnsupportedFeatureError(
                f"{self.owner.path} has a function as comm, and so no synapses.",
                where=self.owner.path,
                cure="Use a rule of connection as comm.",
                owner=self.owner.path,
            )
        self.check_ends(self.owner.path)
        bound = self.owner._built.context
        if dt is not None:
            step = environ.time_step(dt, f"{self.owner.path}.edges(dt=...)")
        else:
            timeless = self.delay is None and self.dendrites is None
            step = bound.dt if bound is not None else _ANY_DT if timeless else environ.eager_dt()
        seed = bound.seed if bound is not None else self.owner.seed_of_build
        rounding, rule = "up" if bound is None else bound.delays, self.owner._built.rule or self.rule
        table = build(
            rule,
            self.delay,
            dt=step,
            rounding=rounding,
            seed=seed,
            stream=self._stream,
            real=_REAL,
            places=self._places,
            read_by=self.owner.path,
        )
        context = BindContext(step, seed, delays=rounding)
        return self._with_dendrites(table, rule, context, self._dendritic_stream), step
