"""The synapses that something reaches in a step, as a rule of the user sees them.

In: a projection whose synapses have states, and what reaches them.  Out: states and values of neurons, one for each
synapse, that can be read, summed and written.  Must not know: targets, how spikes are delivered.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from numbadyn.errors import (
    AcrossSynapsesError,
    DimensionError,
    FixedAttributeError,
    NotInitialisedError,
    ShapeError,
    UnknownStateError,
    UnsupportedFeatureError,
)
from numbadyn.ir.spaces import Space
from numbadyn.model.delays.storage.source import StateSource
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.nearest import nearest_first
from numbadyn.model.synonyms import known_as
from numbadyn.model.values import State
from numbadyn.projections.dendrites import delay_of_each
from numbadyn.projections.synapse_state import SynapseState
from numbadyn.tracing.agreement import ANY, unit_name
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node

if TYPE_CHECKING:
    from numbadyn.projections.plastic import PlasticProj

__all__ = ["ReachedSynapses", "Side"]


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

    __slots__ = ("_arrived", "_projection", "_sent", "_trace", "post", "pre")

    def __init__(self, projection: PlasticProj, trace: Trace, arrived: int) -> None:
        for name, value in (("_projection", projection), ("_trace", trace), ("_arrived", arrived), ("_sent", None)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "pre", Side(self, projection.pre, "pre"))
        object.__setattr__(self, "post", Side(self, projection.post, "post"))

    @property
    def _space(self) -> Space:
        """The space of the synapses."""
        space: Space = self._trace.node(self._arrived).space
        return space

    def send(self, value: Any) -> None:
        """Say what the spikes that have come bring to the target, in `on_pre`: by default the weight behind the rule.

        Parameters
        ----------
        value : traced value or number
            In the unit of the weights, unless there is no `syn` and the target takes another one: the weight as it is
            now, a part of it, or zero where a spike fails.

        Examples
        --------
        >>> import numpy as np
        >>> import numbadyn as nd
        >>> class Failing(nd.PlasticProj):
        ...     def on_pre(self, s):
        ...         s.send(np.where(nd.random.uniform() < 0.3, s.weight, 0 * s.weight))
        """
        trace = self._trace
        if self._sent is not None or not trace.path[-1][0].endswith(".on_pre"):
            raise UnsupportedFeatureError(
                "s.send is called twice, or in another rule than on_pre.",
                where=str(trace.here),
                cure="Call it once in on_pre, where spikes come.",
            )
        sent = trace.cast(as_node(trace, value), "real")
        weight, given = self._projection.weight.dimension, trace.node(sent).dimension
        if self._projection.syn is not None and given is not ANY and given != weight:
            raise DimensionError(
                f"s.send is given a value in {unit_name(given)}, but {self._projection.syn.path} takes what is in "
                f"{unit_name(weight)}, as the weights are.",
                where=str(trace.here),
                cure="Send a part of the weight, such as s.send(0.5 * s.weight), or give weights in the unit of what "
                "is sent.",
                given=unit_name(given),
                expected=unit_name(weight),
            )
        object.__setattr__(self, "_sent", sent)

    def sum(self, value: Any) -> Any:
        """Sum over the synapses onto the same neuron that are reached in this step, for each of them.

        Parameters
        ----------
        value : traced value
            One for each synapse, such as ``s.weight``.

        Returns
        -------
        traced value
            In the unit of the values; the same for all synapses onto a neuron.

        Examples
        --------
        >>> import numbadyn as nd
        >>> class Competing(nd.PlasticProj):
        ...     def on_interval(self, s):
        ...         s.weight = self.total * s.weight / s.sum(s.weight)
        """
        trace, post = self._trace, self._projection.post
        each = trace.cast(as_node(trace, value), "real")
        if trace.node(each).space.synapses is None:
            raise UnsupportedFeatureError(
                "s.sum is asked for, of what is no value of synapses.",
                where=str(trace.here),
                cure="Sum states of the synapses or what follows from them, such as s.sum(s.weight).",
            )
        dimension = trace.node(each).dimension
        total = trace.source("collect", (self._arrived, each), post.varshape, "real", dimension, label="total")
        trace.open_region()  # what follows needs all of it
        return self.post._of_each(Traced(trace, total), "total")

    def _post_ago(self, state: State) -> Any:
        """A state of the neurons on which the synapses are, as it was a dendritic delay ago.

        Parameters
        ----------
        state : State
            With an entry for each of them; its present version has been written in this step, and is the last one.

        Returns
        -------
        traced value
            One for each synapse.
        """
        trace, projection, space = self._trace, self._projection, self._space
        channel = StateSource(state.owner, state.name, None, None).channel(trace)
        steps, n_post = delay_of_each(trace, space), math.prod(projection.post.varshape)
        neurons = as_node(trace, self.post._of_each(np.arange(n_post).reshape(projection.post.varshape), "neuron"))
        before = as_node(trace, np.maximum(steps - 1, 0))
        now, label = trace.node(as_node(trace, state)), f"{state.name}_before"
        past = trace.source("history", (before, neurons), space, now.kind, now.dimension, channel=channel, label=label)
        return np.where(steps == 0, self.post(state), Traced(trace, past))

    def _state(self, name: str) -> SynapseState:
        states = {key: state for key, state in self._projection.states().items() if isinstance(state, SynapseState)}
        name = known_as(name, states)
        if name not in states:
            raise UnknownStateError(
                f"The synapses of {self._projection.path} have no state {name!r}.",
                where=str(self._trace.here),
                cure=self._instead(name)
                or f"Their states are: {', '.join(nearest_first(name, states))}; make another "
                f"one in __init__: self.{name} = SynapseState(...).",
                name=name,
            )
        return states[name]

    def _instead(self, name: str) -> str | None:
        """What to write for a name that means something, but no state of the synapses; None if it means nothing."""
        if name in ("pre", "post"):
            return f"Neurons are only read, as s.{name}.V; another name is a state: self.my_{name} = SynapseState(...)."
        if hasattr(ReachedSynapses, name):
            return f"s.{name}(...) is called; a state needs another name."
        if name in vars(self._projection):
            return f"It is an attribute of the projection: write self.{name}, or make it a SynapseState in __init__."
        return None

    def _one_by_one(self, *_: Any) -> NoReturn:
        """Refuse what is done to collections: there are no synapses yet, and a rule says what one of them does."""
        raise AcrossSynapsesError(
            "s is used as a collection of synapses, but it stands for each of those that are reached.",
            where=str(self._trace.here),
            cure="States are its attributes: s.weight = 0.9 * s.weight; where a condition decides, "
            "np.where(condition, a, b).",
        )

    __getitem__ = __setitem__ = __iter__ = __len__ = __bool__ = __contains__ = _one_by_one

    def read(self, state: SynapseState) -> Any:
        """A state of each synapse."""
        return state.value

    def write(self, state: SynapseState, value: Any) -> None:
        """Change a state of the synapses that are reached."""
        trace = self._trace
        old, new = as_node(trace, state), as_node(trace, value)
        new = trace.check_written(state.spec(), new)
        state.write(Traced(trace, trace.emit("select", self._arrived, new, old)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in self.__slots__:
            raise AttributeError(name)  # Python's own question
        traces = self._projection.traces.get(name)
        return self._state(name).value if traces is None else traces.at(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._projection.traces:
            raise FixedAttributeError(
                f"s.{name} is assigned, but it is a trace of spikes, which follows from them.",
                where=str(self._trace.here),
                cure=f"Keep another value in a state of the synapses: self.{name}_own = nd.SynapseState(0.0).",
                name=name,
            )
        self.write(self._state(name), value)
