"""Traces of spikes for rules of plasticity: they jump with each spike, and decay.

In: a projection whose synapses learn, a time constant.  Out: a value for each synapse, kept for each neuron where all
synapses of a neuron are reached at once, else for each synapse and advanced when a spike comes.  Must not know: rules,
targets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numbadyn.errors import InvalidParameterError, UnsupportedFeatureError
from numbadyn.ir.analysis import signal_of
from numbadyn.ir.nodes import BindContext
from numbadyn.model import environ
from numbadyn.model.delays import signal_channel, steps_in
from numbadyn.model.delays.times.delay_time import bound_number
from numbadyn.model.init import Constant
from numbadyn.model.module import Module
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter, State
from numbadyn.projections.apply import Delivery
from numbadyn.projections.synapse_state import SynapseState
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import TIME, unit_of

if TYPE_CHECKING:
    from numbadyn.projections.plastic import PlasticProj
    from numbadyn.projections.reached import ReachedSynapses

__all__ = ["PostTrace", "PreTrace", "SpikeTraces", "late"]

_MS = unit_of(TIME)


def late(trace: Trace, value: Any, lag: Any, name: str) -> Any:
    """A value some whole steps ago.

    Parameters
    ----------
    trace : Trace
        What is recorded.
    value : traced value
        A latest output, or what is computed in this step and has no past of its own.
    lag : traced value
        Steps, a run constant.
    name : str
        Name of the channel that keeps what is computed in this step.

    Returns
    -------
    traced value
    """
    node = as_node(trace, value)
    source, known = trace.node(node), signal_of(trace.step, node, None)
    attrs: dict[str, Any] = {"label": f"{name.rsplit('.', 1)[-1]}_before"}
    if source.traits.from_past and known is not None:
        steps = as_node(trace, lag)
        steps = steps if known.lag is None else trace.emit("add", known.lag, steps)
        channel = known.channel
        return Traced(
            trace,
            trace.source("history", (steps,), source.space, source.kind, source.dimension, channel=channel, **attrs),
        )
    channel = signal_channel(trace, node, name, None)
    before = as_node(trace, np.maximum(lag - 1, 0))
    past = trace.source("history", (before,), source.space, source.kind, source.dimension, channel=channel, **attrs)
    return np.where(lag == 0, Traced(trace, node), Traced(trace, past))


class SpikeTraces(Module):
    """A trace of spikes, of which a rule reads the value at each synapse; see `PlasticProj.pre_trace`.

    Parameters
    ----------
    projection : PlasticProj
        Whose synapses they are.
    tau : quantities.Quantity, Parameter or SynapseParameter
        Time constant (ms), or the parameter of the projection that holds it.
    nearest : bool
        Whether a spike sets the trace to one, so that only the latest counts; else it adds one.
    """

    def __init__(self, projection: PlasticProj, tau: ParameterLike | Parameter, nearest: bool) -> None:
        super().__init__()
        if not isinstance(nearest, bool | np.bool_):
            raise InvalidParameterError(
                f"nearest of a trace of {projection.path} is {nearest!r}.",
                where=f"{projection.path}, nearest=",
                cure="Give True, where the latest spike alone counts, or False.",
                nearest=nearest,
            )
        self.driven, self.nearest = True, bool(nearest)
        self._of = (projection,)  # it has this one as a part, and not the other way round
        self._shared = (tau,) if isinstance(tau, Parameter | SynapseState) else ()
        if not self._shared:
            self.tau = Parameter(tau, unit=_MS, positive=True)

    @property
    def projection(self) -> PlasticProj:
        """Whose synapses they are."""
        return self._of[0]

    @property
    def time_constant(self) -> Any:
        """How long the trace lasts."""
        return (self._shared or (self.tau,))[0]

    def _jumped(self, value: Any) -> Any:
        """The trace behind a spike."""
        return 1.0 if self.nearest else value + 1.0

    def _decayed(self, value: Any) -> Any:
        """The trace a step later."""
        return value * np.exp(-environ.get_dt() / self.time_constant)

    def begin(self, trace: Trace, signal: Any) -> None:
        """Advance to this step, in which a signal comes through the projection."""

    def arrive(self, s: ReachedSynapses) -> None:
        """Take the presynaptic spikes that have reached these synapses."""

    def at(self, s: ReachedSynapses) -> Any:
        """The value at each synapse."""
        raise NotImplementedError


class PostTrace(SpikeTraces):
    """A trace of the spikes of the target, one for each neuron.

    Attributes
    ----------
    x : State
        The trace, with the spikes that the synapses know of; as it is at the neuron where synapses know them at
        different times.
    """

    def __init__(self, projection: PlasticProj, tau: ParameterLike | Parameter, nearest: bool) -> None:
        super().__init__(projection, tau, nearest)
        if isinstance(tau, SynapseState) or getattr(tau, "side", "post") != "post":
            raise InvalidParameterError(
                f"The time constant of a postsynaptic trace of {projection.path} differs from synapse to synapse onto "
                "a neuron, but there is one trace for all of them.",
                where=f"{projection.path}, tau=",
                cure="Give one value, or one for each postsynaptic neuron, an array of shape (1, n_post).",
            )
        self.x = State(0.0, shape=projection.post.varshape)

    def begin(self, trace: Trace, signal: Any) -> None:
        """Advance to this step, and take the spikes of the one before."""
        x = self._decayed(self.x.value)
        self.x.value = np.where(self.projection.post_spikes(trace), self._jumped(x), x)

    def at(self, s: ReachedSynapses) -> Any:
        """The trace of the neuron on which each synapse is, as old as the way from there to the synapse."""
        return s._post_ago(self.x) if self.projection.has_dendrites else s.post(self.x)


class PreTrace(SpikeTraces):
    """A trace of presynaptic spikes as they arrive: one for each neuron where one delay serves all its synapses.

    Attributes
    ----------
    x : State or SynapseState
        The trace of each neuron; or that of each synapse, as of the latest spike.
    last : SynapseState
        When that was, where synapses differ.
    """

    def __init__(self, projection: PlasticProj, tau: ParameterLike | Parameter, nearest: bool) -> None:
        super().__init__(projection, tau, nearest)
        self._before: Any = None
        delay = projection.delivery.delay
        differs = isinstance(tau, SynapseState) or getattr(tau, "side", "pre") != "pre"
        self.each = differs or not (delay is None or isinstance(delay, Constant))
        if self.each:
            self.x: Any = SynapseState(0.0)
            self.last = SynapseState(0.0 * _MS)
        else:
            self.x = State(0.0, shape=projection.signal_shape)

    @property
    def delivery(self) -> Delivery:
        """The synapses whose states they are."""
        return self.projection.delivery

    def begin(self, trace: Trace, signal: Any) -> None:
        """Advance the traces of neurons to this step, and take the spikes that their synapses are reached by."""
        if self.each:
            return
        x = self._decayed(self.x.value)
        self._before = x
        self.x.value = np.where(self._come(trace, signal), self._jumped(x), x)

    def _come(self, trace: Trace, signal: Any) -> Any:
        """Whose spikes have passed the delay in this step."""
        delivery, name = self.delivery, f"{self.path}.delay"
        if delivery.delay is None:
            return signal

        def steps(context: BindContext) -> Any:
            delay = context.bound(delivery).delay
            if not isinstance(delay, Constant):
                raise UnsupportedFeatureError(
                    f"{self.projection.path} was made with one delay for all its synapses, but now they differ.",
                    where=f"{self.projection.path}.delay",
                    cure="Make it with delays that differ, such as delay=nd.init.Uniform(1*ms, 2*ms).",
                )
            return steps_in(np.asarray(delay.value), context, name)

        lag = Traced(trace, bound_number(trace, steps, "int", name))
        return late(trace, signal, lag, f"{self.projection.path}.signal")

    def arrive(self, s: ReachedSynapses) -> None:
        """Take the spikes: neurons know them already, synapses advance to now."""
        self._before = None
        if self.each:
            value = self._jumped(self.at(s))
            s.write(self.x, value)
            s.write(self.last, environ.get("t"))

    def at(self, s: ReachedSynapses) -> Any:
        """The trace of each synapse: in `on_pre` as it was before the spike that has come."""
        if not self.each:
            return s.pre(self.x if self._before is None else self._before)
        return s.read(self.x) * np.exp((s.read(self.last) - environ.get("t")) / self.time_constant)
