"""Projections whose synapses have states of their own, which spikes change: plasticity that the user writes.

In: a signal, a rule of connection, a target, and what a spike does to the synapses that it reaches.  Out: jumps of the
target by the weights as they are then.  Must not know: targets, how spikes are delivered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from numbadyn.errors import (
    ConnectivityError,
    InvalidParameterError,
    MixedSpacesError,
    ShapeError,
    UnsupportedFeatureError,
)
from numbadyn.ir.nodes import BindContext
from numbadyn.ir.spaces import Space
from numbadyn.model import environ
from numbadyn.model.delays import latest_output
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.naming import check_initialised
from numbadyn.model.synonyms import ShortName
from numbadyn.model.timing import whole_steps, whole_time
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.projections.apply import Delivery
from numbadyn.projections.attaching import attach_synapse
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.connectivity import Connectivity, PlasticEdgeList
from numbadyn.projections.dendrites import (
    as_dendrites,
    common_steps,
    delay_of_each,
    each_of,
    note_reach,
    steps_of_all,
    waiting_sum,
)
from numbadyn.projections.reached import ReachedSynapses
from numbadyn.projections.rules import check_kept, check_name, check_rules, interval_of, never_followed
from numbadyn.projections.synapse_parameter import is_common
from numbadyn.projections.synapse_state import SynapseState, SynapticWeight
from numbadyn.projections.traces import PostTrace, PreTrace, SpikeTraces, late
from numbadyn.projections.typing import CommLike, OutputLike, PopulationLike, SynapseLike
from numbadyn.tracing.positions import defined_at
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import TIME, Dimension, join

__all__ = ["PlasticProj"]


class _Followed(set[int]):
    """Projections whose rules a trace has followed."""


class PlasticProj(SynapticProjection):
    """Spikes through synapses whose weights and other states they change, as the user writes it.

    Parameters
    ----------
    *modules : Dynamics or OutputDelayAt
        Whose spikes they are; see `AlignPostProj`.
    comm : Connectivity
        Who is connected to whom; its weights are the first ones: jumps of `syn`, or of the target, such as ``0.1*mV``.
    post : Dynamics
        The target; without `syn`, its update sums its delta inputs.
    syn, out : Describer or instance, optional
        Synapse and output, as of `AlignPostProj`.
    delay : Quantity, array or Initialiser, optional
        As in `AlignPostProj`; a synapse is reached when its delay has passed: that of the axon.
    dendritic_delay : Quantity, array, Initialiser or callable, optional
        Time from a synapse to the neuron, after which it acts there, and from the neuron back to it, after which it
        knows of its spikes: one for all, or one for each synapse as `delay` says it, in the order of `edges`; an array
        of shape (1, n_post) is about the neurons. None by default.
    name : str, optional
        As in `AlignPostProj`.

    Attributes
    ----------
    weight : SynapticWeight
        The weight of each synapse: a state, which can be read, set and recorded. ``w`` is another word for it, here as
        in rules, recordings and paths, unless a subclass has something else of this name.

    Raises
    ------
    ConnectivityError
        `comm` is a function.
    HookArgumentError
        A rule does not take one argument.
    UnknownRuleError
        A method is named like a rule, but nothing calls it.
    ReservedNameError
        A state is named by what means something else in a rule.

    Notes
    -----
    A subclass gives its synapses further states, ``self.trace = SynapseState(0.0)``, and says in `on_pre` and `on_post`
    what a spike does to the synapses that it reaches: a presynaptic one when the delay of a synapse has passed, one of
    the target in the step after that in which it was fired, or later by the dendritic delay. In a step `on_pre` comes
    first; the weight after it is what arrives at the target, at once or when the dendritic delay has passed; then comes
    `on_post`. Traces of the target hold the spikes that a synapse knows of; other states of the target are read as they
    are there now, whatever the dendritic delay.

    What follows no spikes stands in `on_step`, about the synapses onto those neurons that `step_where` names, and in
    `on_interval`, about all of them at each multiple of ``self.interval``; they come last, in this order. Both cost a
    pass over the synapses that they are about; but what `on_step` only lets decay, of all synapses and with constants,
    is brought up to now where somebody asks for it, and ``sim.explain()`` says so.

    Weights given to ``comm`` anew are first values, as those of any state: they count before the first step, and from
    the next reset on.

    Examples
    --------
    Each spike takes off a part of the weight that grows with the trace of the postsynaptic neuron:

    >>> import numpy as np
    >>> from quantities import mV
    >>> import numbadyn as nd
    >>> class Depressing(nd.PlasticProj):
    ...     def on_pre(self, s):
    ...         s.weight = np.maximum(s.weight - 0.01 * mV * s.post.trace, 0 * mV)
    """

    w = ShortName()

    synaptic_names = (*SynapticProjection.synaptic_names, "dendritic_delay")

    def __init__(
        self,
        *modules: Any,
        comm: CommLike,
        post: PopulationLike,
        syn: SynapseLike | None = None,
        out: OutputLike | None = None,
        delay: Any = None,
        dendritic_delay: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(modules, comm=comm, post=post, delay=delay, name=name)
        if not isinstance(comm, Connectivity):
            raise ConnectivityError(
                f"comm of {self.path} is a function, which has no synapses that could have states.",
                where=self.path,
                cure="Give a rule of connection, such as nd.FixedProb(pre, post, prob=0.1, weight=0.1*mV).",
                path=self.path,
            )
        check_rules(self, PlasticProj)
        self.weight = SynapticWeight()
        dendrites = as_dendrites(dendritic_delay, comm, f"{self.path}.dendritic_delay")
        if isinstance(dendrites, Parameter):
            self.dendritic_delay = dendrites
        else:
            self._delivery.dendrites = dendrites
        self._sends = False
        self.syn: Any = None
        self.out: Any = None
        if syn is not None or out is not None:
            self.syn, self.out = attach_synapse(self, syn, out, None, share=True)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, SynapseState | SpikeTraces):
            check_name(self, name, value)
        if name in vars(self):
            check_kept(self, name)
        super().__setattr__(name, value)

    @property
    def delivery(self) -> Delivery:
        """The synapses, and how a signal gets through them."""
        check_initialised(self, "_delivery")
        return self._delivery

    @property
    def pre(self) -> Dynamics | None:
        """The population whose spikes they are; None if they are made by functions."""
        first = self._source.first
        found = getattr(first, "module", first)
        return found if isinstance(found, Dynamics) and not self._source.stages else None

    @property
    def traces(self) -> dict[str, SpikeTraces]:
        """Traces that rules read by name, as ``s.x``."""
        return {name: value for name, value in vars(self).items() if isinstance(value, SpikeTraces)}

    @property
    def signal_shape(self) -> tuple[int, ...]:
        """Shape of the signal."""
        part, count = self._source.part, self._delivery.n_pre
        shape = self._source.size if part is None else part.population.varshape
        return shape if shape is not None and math.prod(shape) == count else (count,)

    @property
    def whole_interval(self) -> Any:
        """Time from one `on_interval` to the next (ms): ``self.interval``, rounded up to whole steps."""
        return whole_time(interval_of(self))

    def pre_trace(self, tau: ParameterLike | Parameter, *, nearest: bool = False) -> PreTrace:
        """Make a trace of presynaptic spikes, as they arrive at the synapses.

        Parameters
        ----------
        tau : quantities.Quantity or Parameter
            Time constant (ms), or a parameter of the projection.
        nearest : bool
            Whether a spike sets the trace to one, so that only the latest counts; else it adds one.

        Returns
        -------
        PreTrace
            To be assigned in ``__init__``, ``self.x = self.pre_trace(20*ms)``; then rules read ``s.x``, in `on_pre`
            without the spike that has just come.

        Notes
        -----
        With one delay for all synapses there is a trace for each neuron; with many, one for each synapse, which is
        advanced when a spike comes and costs nothing in between.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> class Pairs(nd.PlasticProj):
        ...     def __init__(self, *modules, **options):
        ...         super().__init__(*modules, **options)
        ...         self.x, self.y = self.pre_trace(20 * ms), self.post_trace(30 * ms)
        ...     def on_pre(self, s):
        ...         s.weight = s.weight - 0.01 * mV * s.y
        ...     def on_post(self, s):
        ...         s.weight = s.weight + 0.01 * mV * s.x
        """
        return PreTrace(self, tau, nearest)

    def post_trace(self, tau: ParameterLike | Parameter, *, nearest: bool = False) -> PostTrace:
        """Make a trace of the spikes of the target; in `on_post` it has the spike that has just come.

        Parameters
        ----------
        tau, nearest
            As of `pre_trace`.

        Returns
        -------
        PostTrace
            To be assigned and read as that of `pre_trace`.
        """
        return PostTrace(self, tau, nearest)

    def on_pre(self, s: ReachedSynapses) -> None:
        """Say what a presynaptic spike does to the synapses that it reaches; nothing by default.

        Parameters
        ----------
        s : ReachedSynapses
            Their states (``s.weight``), and the values of the neurons that they join (``s.pre.V``, ``s.post.V``).
        """

    def on_post(self, s: ReachedSynapses) -> None:
        """Say what a spike of the target does to the synapses onto the neuron that has fired; nothing by default.

        Parameters
        ----------
        s : ReachedSynapses
            As of `on_pre`.
        """

    def on_step(self, s: ReachedSynapses) -> None:
        """Say what becomes of synapses in each step; nothing by default.

        Parameters
        ----------
        s : ReachedSynapses
            Those onto the neurons that `step_where` names.
        """

    def step_where(self) -> Any:
        """Which neurons of the target `on_step` is about in this step: Booleans, one for all or one for each.

        All by default. Few of them cost little: their synapses alone are visited.
        """
        return True

    def on_interval(self, s: ReachedSynapses) -> None:
        """Say what becomes of all synapses at each multiple of ``self.interval``; nothing by default.

        Parameters
        ----------
        s : ReachedSynapses
            All of them, so that ``s.sum(s.weight)`` is the whole weight onto the neuron of each synapse.
        """

    def within(self, s: ReachedSynapses, weight: Any) -> Any:
        """Weights as near to the given ones as a class lets them be: all of them, unless it has bounds.

        Parameters
        ----------
        s : ReachedSynapses
            Whose weights they are.
        weight : traced value
            One for each of them.

        Returns
        -------
        traced value
            To be assigned by rules that set weights beside those that change them.
        """
        return weight

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One time step; arguments are those of `update`, which has to come to that of this class."""
        given, trace = super().__call__(*args, **kwargs), current_trace()
        if trace is not None and id(self) not in trace.notes(_Followed):
            raise never_followed(self)
        return given

    def update(self, *args: Any) -> None:
        """Change the synapses that are reached in this step, and deliver their weights."""
        trace = current_trace()
        if trace is None:
            raise UnsupportedFeatureError(
                f"{self.path} is called eagerly, but the states of synapses live in a simulator.",
                where=self.path,
                cure="Run the network in an nd.Simulator; target='interpret' is plain NumPy.",
                path=self.path,
            )
        trace.notes(_Followed).add(id(self))
        signal = self._source(*args)
        self._wait_for_spikes(trace, signal, self.path)
        for traces in self.traces.values():
            with trace.module(traces.path, (), traces.begin, outermost=True):
                traces.begin(trace, signal)
        with self._rule("on_pre", trace):
            arrived = self._delivery.reaching(trace, signal)
            s = self._follow("on_pre", trace, arrived)
            with trace.about(trace.node(arrived).space):
                for traces in self.traces.values():
                    traces.arrive(s)
            self._deliver(trace, arrived, s)
        if self._has("on_post"):
            with self._rule("on_post", trace):
                arrived = self._delivery.reaching(trace, self.post_spikes(trace), "post", back=self.has_dendrites)
                self._follow("on_post", trace, arrived)
        if self._has("on_step"):
            with self._rule("on_step", trace):
                self._follow("on_step", trace, self._stepped(trace))
        if self._has("on_interval"):
            with self._rule("on_interval", trace):
                n = environ.get("i")
                due = (n % whole_steps(interval_of(self), none=False) == 0) & (n > 0)
                self._follow("on_interval", trace, self._all(trace, due, "on_interval"))

    def _has(self, rule: str) -> bool:
        """Whether a subclass says something there."""
        return getattr(type(self), rule) is not getattr(PlasticProj, rule)

    def _rule(self, name: str, trace: Trace) -> AbstractContextManager[None]:
        """A rule of the user is traced, in a region of its own."""
        return trace.module(f"{self.path}.{name}", (), getattr(self, name), outermost=True)

    def _deliver(self, trace: Trace, arrived: int, s: ReachedSynapses) -> None:
        """Let the synapses that are reached jump the target, by their weights or by what the rule sends."""
        weight = as_node(trace, self.weight) if s._sent is None else s._sent
        self._sends = s._sent is not None
        node, label = trace.node(weight), self.path.rsplit(".", 1)[-1]
        waits = self._steps_to_neuron(trace, trace.node(arrived).space)

        def collect(**channel: int) -> int:
            shape, args = self._post.varshape, (arrived, weight, *waits)
            return trace.source("collect", args, shape, "real", node.dimension, label=label, **channel)

        name, delay = f"{self.path}.dendrites", vars(self).get("dendritic_delay")
        total = waiting_sum(trace, self, name, lambda number: collect(channel=number)) if waits else collect()
        arriving = Traced(trace, total) if delay is None else note_reach(trace, Traced(trace, total), delay)
        self.give_jump(self._post if self.syn is None else self.syn, arriving)

    @property
    def has_dendrites(self) -> bool:
        """Whether each synapse has a dendritic delay of its own."""
        return self._delivery.dendrites is not None

    def _steps_to_neuron(self, trace: Trace, space: Space) -> tuple[int, ...]:
        """Node of the steps after which what synapses bring counts; none where it is now."""
        if self.has_dendrites:
            return (as_node(trace, delay_of_each(trace, space)),)
        delay = vars(self).get("dendritic_delay")
        return () if delay is None else (as_node(trace, common_steps(trace, delay)),)

    def post_spikes(self, trace: Trace) -> Any:
        """Spikes of the target that its synapses know of in this step, or as they were fired where that differs."""
        spikes, delay = latest_output(self._post), vars(self).get("dendritic_delay")
        self._wait_for_spikes(trace, spikes, self._post.path)
        if delay is None:
            return spikes
        return note_reach(trace, late(trace, spikes, common_steps(trace, delay), f"{self.path}.back"), delay)

    def _stepped(self, trace: Trace) -> int:
        """What reaches the synapses that `on_step` is about."""
        with trace.module(f"{self.path}.step_where", (), self.step_where, outermost=False):
            where = as_node(trace, self.step_where())
        node = trace.node(where)
        if trace.settled and (node.kind != "bool" or not (node.space.single or node.shape == self._post.varshape)):
            raise ShapeError(
                f"step_where of {self.path} gives {node.kind} values of shape {node.shape}.",
                where=f"{self.path}.step_where",
                cure=f"Give one Boolean for all, or one for each neuron of the target, {self._post.varshape}.",
                kind=node.kind,
                shape=node.shape,
            )
        if node.space.single:
            return self._all(trace, Traced(trace, where), "on_step")
        return self._delivery.reaching(trace, Traced(trace, where), "post", called=f"{self.path}.on_step")

    def _all(self, trace: Trace, due: Any, name: str) -> int:
        """What reaches all synapses at once while something is true."""
        each = trace.spread(as_node(trace, due), (self._delivery.n_pre,))
        return self._delivery.reaching(trace, Traced(trace, each), called=f"{self.path}.{name}", at_once=True)

    def _follow(self, name: str, trace: Trace, arrived: int) -> ReachedSynapses:
        """Let a rule of the user change the synapses that are reached, which are given back."""
        s, rule = ReachedSynapses(self, trace, arrived), getattr(self, name)
        with trace.about(trace.node(arrived).space), self._naming_arrays(rule):
            given = rule(s)
        if given is not None:
            raise UnsupportedFeatureError(
                f"{name} of {self.path} returns a value, which nothing would take.",
                where=str(defined_at(f"{self.path}.{name}", rule)),
                cure="Assign what a spike changes, as in s.weight = 0.9 * s.weight, and return nothing.",
                rule=name,
                path=self.path,
            )
        return s

    @contextmanager
    def _naming_arrays(self, rule: Callable[[ReachedSynapses], Any]) -> Iterator[None]:
        """Say of a rule that is not the user's which parameter is an array."""
        try:
            yield
        except MixedSpacesError as error:
            own = getattr(rule, "__module__", "").startswith("numbadyn.")
            common = [p for p in vars(self).values() if isinstance(p, Parameter) and is_common(p)]
            several = [p for p in common if p.value.size > 1]
            if not (own and several):
                raise
            raise InvalidParameterError(
                f"{several[0].path} holds {several[0].value.size} values, but {type(self).__name__} has one for all of "
                "its synapses.",
                where=several[0].path,
                cure="Give one value; those that may differ say so in the documentation of the class, and are given "
                "when it is made.",
                name=several[0].name,
            ) from error

    def _wait_for_spikes(self, trace: Trace, signal: Any, sender: str) -> None:
        """Refuse what is no spikes."""
        kind = trace.node(as_node(trace, signal)).kind
        if kind != "bool" and trace.settled:
            raise UnsupportedFeatureError(
                f"The signal of {sender} holds {kind} values, but "
                f"{'its synapses' if sender == self.path else f'the synapses of {self.path}'} wait for spikes.",
                where=self.path,
                cure="Give a population whose update returns a Boolean array; a rule says how much of a weight a spike "
                "releases, as in s.send(s.u * s.weight).",
                sender=sender,
            )

    def given_weights(self) -> tuple[str, Dimension] | None:
        """As of every projection; None where a rule sends the target something else than the weights."""
        return None if self._sends and self.syn is None else super().given_weights()

    def edges(self, dt: Any = None) -> PlasticEdgeList:
        """Read the synapses back, with the weights as they are now, and the column ``dendritic_delay``.

        See `SynapticProjection.edges`. Of a batch those of the first replica; ``sim.edges(projection, replica=2)``
        reads others.
        """
        table, step = self._delivery.table(dt)
        bound, weight = self._built.context, self.weight.value
        context = BindContext(step, self.seed_of_build) if bound is None else replace(bound, dt=step)
        first = weight[0] if isinstance(weight, list) or weight.ndim > 1 else weight
        return self.edges_of(table, context)._replace(weight=first)

    def edges_of(self, table: Any, context: BindContext) -> PlasticEdgeList:
        """Synapses of a table, see `SynapticProjection.edges_of`; with their dendritic delays."""
        found, delay = super().edges_of(table, context), vars(self).get("dendritic_delay")
        each = each_of(table) if delay is None else steps_of_all(delay, context)
        late = join(np.broadcast_to(each, found.pre.shape) * context.dt, TIME)
        return PlasticEdgeList(*found).with_dendrites(late)
