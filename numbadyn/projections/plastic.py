"""Projections whose synapses have states of their own, which spikes change: plasticity that the user writes.

In: a signal, a rule of connection, a target, and what a spike does to the synapses that it reaches.  Out: jumps of the
target by the weights as they are then.  Must not know: targets, how spikes are delivered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numbadyn.errors import (
    ConnectivityError,
    FixedAttributeError,
    HookArgumentError,
    NotInitialisedError,
    ShapeError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from numbadyn.ir.spaces import Order, Space
from numbadyn.model.delays import latest_output
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.hooks import takes
from numbadyn.model.nearest import nearest_first
from numbadyn.projections.apply import Delivery
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.connectivity import Connectivity, EdgeList
from numbadyn.projections.synapse_state import SynapseState, SynapticWeight
from numbadyn.projections.typing import CommLike, PopulationLike
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node

__all__ = ["PlasticProj", "ReachedSynapses", "Side"]


class PlasticProj(SynapticProjection):
    """Spikes through synapses whose weights and other states they change, as the user writes it.

    Parameters
    ----------
    *modules : Dynamics or OutputDelayAt
        Whose spikes they are; see `AlignPostProj`.
    comm : Connectivity
        Who is connected to whom; its weights are the first ones, the height of a jump of the target such as
        ``0.1*mV``.
    post : Dynamics
        The target, whose update sums its delta inputs.
    delay : Quantity, array or Initialiser, optional
        As in `AlignPostProj`; a synapse is reached when its delay has passed.
    name : str, optional
        As in `AlignPostProj`.

    Attributes
    ----------
    weight : SynapticWeight
        The weight of each synapse: a state, which can be read, set and recorded.

    Raises
    ------
    ConnectivityError
        `comm` is a function.
    HookArgumentError
        `on_pre` or `on_post` does not take one argument.

    Notes
    -----
    A subclass gives its synapses further states, ``self.trace = SynapseState(0.0)``, and says in `on_pre` and `on_post`
    what a spike does to the synapses that it reaches: a presynaptic one when the delay of a synapse has passed, one of
    the target in the step after that in which it was fired. In a step `on_pre` comes first; what arrives at the target
    is the weight after it; then comes `on_post`.

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

    def __init__(
        self, *modules: Any, comm: CommLike, post: PopulationLike, delay: Any = None, name: str | None = None
    ) -> None:
        super().__init__(modules, comm=comm, post=post, delay=delay, name=name)
        if not isinstance(comm, Connectivity):
            raise ConnectivityError(
                f"comm of {self.path} is a function, which has no synapses that could have states.",
                where=self.path,
                cure="Give a rule of connection, such as nd.FixedProb(pre, post, prob=0.1, weight=0.1*mV).",
                path=self.path,
            )
        for rule in (self.on_pre, self.on_post):
            if not takes(rule, (None,), {}):
                raise HookArgumentError(
                    f"{rule.__name__} of {self.path} cannot be called with one argument, the synapses it is about.",
                    where=f"{self.path}.{rule.__name__}",
                    cure=f"Write it as {rule.__name__}(self, s).",
                    rule=rule.__name__,
                    path=self.path,
                )
        self.weight = SynapticWeight()

    @property
    def delivery(self) -> Delivery:
        """The synapses, and how a signal gets through them."""
        return self._delivery

    @property
    def pre(self) -> Dynamics | None:
        """The population whose spikes they are; None if they are made by functions."""
        first = self._source.first
        found = getattr(first, "module", first)
        return found if isinstance(found, Dynamics) and not self._source.stages else None

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
        with trace.module(f"{self.path}.on_pre", (), self.on_pre, outermost=True):
            arrived = self._arrived(trace, self._source(*args))
            self._follow(self.on_pre, trace, arrived)
            weight = as_node(trace, self.weight)
            node, shape = trace.node(weight), self._post.varshape
            total = trace.source(
                "collect", (arrived, weight), shape, "real", node.dimension, label=self.path.rsplit(".", 1)[-1]
            )
            self.give_jump(self._post, Traced(trace, total))
        if type(self).on_post is not PlasticProj.on_post:
            with trace.module(f"{self.path}.on_post", (), self.on_post, outermost=True):
                arrived = self._arrived(trace, latest_output(self._post), "post")
                self._follow(self.on_post, trace, arrived)

    def _follow(self, rule: Callable[[ReachedSynapses], Any], trace: Trace, arrived: int) -> None:
        """Let a rule of the user change the synapses that are reached."""
        with trace.about(trace.node(arrived).space):
            given = rule(ReachedSynapses(self, trace, arrived))
        if given is not None:
            raise UnsupportedFeatureError(
                f"{rule.__name__} of {self.path} returns a value, which nothing would take.",
                where=f"{self.path}.{rule.__name__}",
                cure="Assign what a spike changes, as in s.weight = 0.9 * s.weight, and return nothing.",
                rule=rule.__name__,
                path=self.path,
            )

    def _arrived(self, trace: Trace, signal: Any, order: Order = "pre") -> int:
        arrived = self._delivery.reaching(trace, signal, order)
        if trace.node(arrived).kind != "bool" and trace.settled:
            sender = self.path if order == "pre" else self._post.path
            raise UnsupportedFeatureError(
                f"The signal of {sender} holds {trace.node(arrived).kind} values, but its synapses wait for spikes.",
                where=self.path,
                cure="Give a population whose update returns a Boolean array.",
                sender=sender,
            )
        return arrived

    def edges(self, dt: Any = None) -> EdgeList:
        """Read the synapses back, with the weights as they are now; see `SynapticProjection.edges`.

        Of a batch those of the first replica; ``sim.edges(projection, replica=2)`` reads others.
        """
        found, weight = super().edges(dt), self.weight.value
        return found._replace(weight=weight[0] if isinstance(weight, list) or weight.ndim > 1 else weight)


class Side:
    """The neurons on one side of the synapses that are reached: their states and parameters, one for each synapse.

    ``s.post.V`` is an attribute of them, and ``s.post(trace.x)`` any value that has one entry for each of them, such as
    a state of a module that follows their spikes.
    """

    __slots__ = ("_neurons", "_reached", "_side")

    def __init__(self, reached: ReachedSynapses, neurons: Dynamics | None, side: str) -> None:
        for key, value in (("_reached", reached), ("_neurons", neurons), ("_side", side)):
            object.__setattr__(self, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise FixedAttributeError(
            f"s.{self._side}.{name} is assigned, but synapses only read the neurons that they join.",
            where=str(self._reached._trace.here),
            cure="Change it in the update of the neurons; what a synapse brings them is its weight.",
            side=self._side,
            name=name,
        )

    def __getattr__(self, name: str) -> Any:
        projection, trace = self._reached._projection, self._reached._trace
        if self._neurons is None:
            raise NotInitialisedError(
                f"The spikes of {projection.path} are made by functions, so there is no presynaptic {name}.",
                where=str(trace.here),
                cure="Give a population first, whose spikes they are.",
                name=name,
            )
        return self._of_each(getattr(self._neurons, name), name)

    def __call__(self, value: Any) -> Any:
        """A value of the neurons for each synapse.

        Parameters
        ----------
        value : State, Parameter, traced value or array
            One value for all, or one for each neuron of this side.

        Raises
        ------
        ShapeError
            It has another number of entries.
        """
        return self._of_each(value, getattr(value, "name", None) or "value")

    def _of_each(self, given: Any, name: str) -> Any:
        projection, trace = self._reached._projection, self._reached._trace
        value = as_node(trace, given)
        node = trace.node(value)
        if node.space.single:
            return Traced(trace, value)
        neurons = self._neurons if self._side == "pre" else projection.post
        if neurons is not None and node.space.shape != tuple(neurons.varshape):
            raise ShapeError(
                f"s.{self._side}({name}) is given values of shape {node.space.shape}, but there are "
                f"{tuple(neurons.varshape)} neurons on that side of {projection.path}.",
                where=str(trace.here),
                cure="Give one value for all, or one for each neuron.",
                name=name,
            )
        space, label = self._reached._space, f"{name}_{self._side}"
        return Traced(trace, trace.source(f"{self._side}_of", (value,), space, node.kind, node.dimension, label=label))


class ReachedSynapses:
    """The synapses that something reaches in a step, as the user's rule sees them.

    ``s.name`` is a state of each of them, and can be assigned; ``s.pre.name`` and ``s.post.name`` are values of the
    neurons that they join.
    """

    __slots__ = ("_arrived", "_projection", "_trace", "post", "pre")

    def __init__(self, projection: PlasticProj, trace: Trace, arrived: int) -> None:
        for name, value in (("_projection", projection), ("_trace", trace), ("_arrived", arrived)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "pre", Side(self, projection.pre, "pre"))
        object.__setattr__(self, "post", Side(self, projection.post, "post"))

    @property
    def _space(self) -> Space:
        """The space of the synapses."""
        space: Space = self._trace.node(self._arrived).space
        return space

    def _state(self, name: str) -> SynapseState:
        states = {key: state for key, state in self._projection.states().items() if isinstance(state, SynapseState)}
        if name not in states:
            raise UnknownStateError(
                f"The synapses of {self._projection.path} have no state {name!r}.",
                where=str(self._trace.here),
                cure=f"Their states are: {', '.join(nearest_first(name, states))}; make another one in __init__: "
                f"self.{name} = SynapseState(...).",
                name=name,
            )
        return states[name]

    def __getattr__(self, name: str) -> Any:
        return self._state(name).value

    def __setattr__(self, name: str, value: Any) -> None:
        trace, state = self._trace, self._state(name)
        old, new = as_node(trace, state), as_node(trace, value)
        new = trace.check_written(state.spec(), new)
        state.value = Traced(trace, trace.emit("select", self._arrived, new, old))
