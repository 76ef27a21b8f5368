"""Ion channels and the point neurons that they compose.

In: parameters with units, a membrane potential, inputs that projections register.  Out: spikes.  Must not know:
lowering, targets.
"""

from __future__ import annotations

import functools
import operator
from typing import Any, ClassVar, NamedTuple

import numpy as np

from numbadyn.errors import HookArgumentError, InvalidParameterError, ReservedNameError
from numbadyn.model import environ
from numbadyn.model.following import Following
from numbadyn.model.functions import exprel
from numbadyn.model.integrate import exp_euler_step
from numbadyn.model.module import Module
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.crossing import CrossingNeuron
from numbadyn.zoo.units import kHz, ms, mV, nS, pF

__all__ = ["Channel", "Gate", "LeakChannel", "PointNeuron", "PotassiumChannel", "SodiumChannel", "rates_of"]


class Gate(NamedTuple):
    """Where a gate goes, and how fast.

    Attributes
    ----------
    steady : traced value or array
        Its steady state, between 0 and 1.
    rate : traced value or array
        Rate of the approach, 1 / tau, in 1/ms as a plain number.
    """

    steady: Any
    rate: Any


def rates_of(alpha: Any, beta: Any) -> Gate:
    r"""Give a gate by its rates of opening and closing, in 1/ms.

    Parameters
    ----------
    alpha, beta : number, array or traced value
        In :math:`dx/dt = \alpha (1 - x) - \beta x`, as plain numbers in 1/ms.

    Returns
    -------
    Gate

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.rates_of(1.0, 3.0)
    Gate(steady=0.25, rate=4.0)
    """
    return Gate(alpha / (alpha + beta), alpha + beta)


class Channel(Module):
    r"""Base of ion channels: a conductance times gates in powers.

    Parameters
    ----------
    g : quantities.Quantity
        Conductance when all gates are open (nS), one value or one for each neuron.
    E : quantities.Quantity
        Reversal potential (mV).
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    gates : dict of str to int
        Names of the gates and their powers; each is a state of this name.

    Raises
    ------
    DimensionError, InvalidParameterError
        A parameter has no meaning.

    Notes
    -----
    .. math:: I = g \prod_x x^{p_x}\, (E - V), \qquad \frac{dx}{dt} = \frac{x_\infty(V) - x}{\tau_x(V)}

    A class names its `gates`, and says by a method of the name ``at_<gate>(V)`` where each one goes: a `Gate`, often by
    `rates_of`. A gate whose `Gate.rate` is None is at its steady state at once, and is no state.

    Examples
    --------
    A potassium channel with a single, slow gate:

    >>> import numbadyn as nd
    >>> import numpy as np
    >>> from quantities import mV, nS
    >>> class Muscarinic(nd.Channel):
    ...     gates = {"p": 1}
    ...
    ...     def at_p(self, V):
    ...         return nd.Gate(1 / (1 + np.exp(-(V + 35 * mV) / (10 * mV))), 1 / 100)
    >>> cells = nd.PointNeuron(3, leak=nd.LeakChannel(), M=Muscarinic(g=50 * nS, E=-90 * mV))
    >>> nd.init_all_states(cells).M.p.value.round(3).tolist()
    [0.047, 0.047, 0.047]
    """

    gates: ClassVar[dict[str, int]] = {}

    def __init__(self, g: ParameterLike, E: ParameterLike, name: str | None = None) -> None:
        super().__init__(name)
        self.driven = True
        self.g = Parameter(g, unit=nS, negative=False)
        self.E = Parameter(E, unit=mV)
        self.neuron: PointNeuron | None = None

    def serve(self, neuron: PointNeuron) -> None:
        """Become a channel of a population; the neuron calls it.

        Raises
        ------
        HookArgumentError
            It is in another population already, or a gate has no method that says where it goes.
        """
        if self.neuron is not None:
            raise HookArgumentError(
                f"A {type(self).__name__} of {neuron.path} is a channel of {self.neuron.path} already.",
                where=neuron.path,
                cure="Make one for each population.",
                channel=type(self).__name__,
            )
        for gate in self.gates:
            if not callable(getattr(self, f"at_{gate}", None)):
                raise HookArgumentError(
                    f"{type(self).__name__} has a gate {gate!r}, but no method at_{gate}.",
                    where=neuron.path,
                    cure=f"Write `def at_{gate}(self, V): return nd.Gate(steady, rate)`.",
                    gate=gate,
                )
        self.neuron, self.varshape = neuron, neuron.varshape

    def at(self, gate: str, V: Any) -> Gate:
        """Where a gate goes at a potential.

        Parameters
        ----------
        gate : str
            Its name.
        V : quantities.Quantity or traced value
            The potential.
        """
        found: Gate = getattr(self, f"at_{gate}")(V)
        return found

    def init_state(self) -> None:
        """Make the gates, at their steady states of the first potential.

        Raises
        ------
        HookArgumentError
            It is no channel of a population.
        """
        if self.neuron is None:
            raise HookArgumentError(
                f"{self.path} has been assigned to a neuron that was made without it.",
                where=self.path,
                cure=f"Give it when the neuron is made: ...=nd.{type(self).__name__}(...).",
                channel=type(self).__name__,
            )
        for gate in self.gates:
            if self.at(gate, self.neuron.first_potential()).rate is not None:
                setattr(self, gate, State(Following(functools.partial(self._resting, gate))))

    def _resting(self, gate: str) -> Any:
        """Steady state of a gate at the first potential."""
        assert self.neuron is not None
        return self.at(gate, self.neuron.first_potential()).steady

    def advance(self, V: Any) -> Any:
        """Advance the gates over the step that begins at a potential, and give what they leave open.

        Parameters
        ----------
        V : quantities.Quantity or traced value
            The potential.

        Returns
        -------
        quantities.Quantity or traced value
            The conductance, but for gates that are at their steady states at once.
        """
        open_part, dt = self.g.value, environ.get_dt() * kHz
        for gate, power in self.gates.items():
            steady, rate = self.at(gate, V)
            if rate is not None:
                state = self.state(gate)
                x = state.value = steady + (state.value - steady) * np.exp(-dt * rate)
                open_part = open_part * _power(x, power)
        return open_part

    def follow(self, open_part: Any, V: Any) -> Any:
        """Multiply with the gates that follow the potential at once.

        Parameters
        ----------
        open_part : quantities.Quantity or traced value
            What `advance` has given.
        V : quantities.Quantity or traced value
            The potential.
        """
        for gate in self.instant:
            open_part = open_part * _power(self.at(gate, V).steady, self.gates[gate])
        return open_part

    @property
    def instant(self) -> list[str]:
        """Gates that follow the potential at once."""
        return [gate for gate in self.gates if gate not in self.states()]


def _power(x: Any, power: int) -> Any:
    """A gate as often as it counts."""
    product = x
    for _ in range(power - 1):
        product = product * x
    return product


class LeakChannel(Channel):
    """Leak: no gate.

    Parameters
    ----------
    g, E, name
        As of `Channel`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, nS
    >>> cells = nd.PointNeuron(3, leak=nd.LeakChannel(g=10 * nS, E=-65 * mV))
    """

    def __init__(self, g: ParameterLike = 10.0 * nS, E: ParameterLike = -60.0 * mV, name: str | None = None) -> None:
        super().__init__(g, E, name)


def _linear(V: Any, middle: float, scale: float) -> Any:
    """(middle - V) / scale, for numbers in mV."""
    return (middle * mV - V) * (1.0 / (scale * mV))


class SodiumChannel(Channel):
    r"""Fast sodium channel of Hodgkin and Huxley, with the potential counted as today.

    Parameters
    ----------
    g, E, name
        As of `Channel`; 120 mS/cm2 and 50 mV on 20,000 square micrometers.

    Attributes
    ----------
    m, h : State
        Activation and inactivation.

    Notes
    -----
    :math:`g\, m^3 h\, (E - V)` with, in 1/ms and mV,

    .. math::

        \alpha_m &= \frac{0.1 (-40 - V)}{e^{(-40 - V)/10} - 1}, & \beta_m &= 4\, e^{(-65 - V)/18} \\
        \alpha_h &= 0.07\, e^{(-65 - V)/20}, & \beta_h &= \frac{1}{1 + e^{(-35 - V)/10}}

    References
    ----------
    Hodgkin, A. L. and Huxley, A. F. (1952), A quantitative description of membrane current and its application to
    conduction and excitation in nerve, Journal of Physiology 117, 500-544, doi:10.1113/jphysiol.1952.sp004764.

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.SodiumChannel().gates
    {'m': 3, 'h': 1}
    """

    gates: ClassVar[dict[str, int]] = {"m": 3, "h": 1}

    def __init__(self, g: ParameterLike = 24000.0 * nS, E: ParameterLike = 50.0 * mV, name: str | None = None) -> None:
        super().__init__(g, E, name)

    def at_m(self, V: Any) -> Gate:
        """Where activation goes."""
        return rates_of(1.0 / exprel(_linear(V, -40.0, 10.0)), 4.0 * np.exp(_linear(V, -65.0, 18.0)))

    def at_h(self, V: Any) -> Gate:
        """Where inactivation goes."""
        return rates_of(0.07 * np.exp(_linear(V, -65.0, 20.0)), 1.0 / (1.0 + np.exp(_linear(V, -35.0, 10.0))))


class PotassiumChannel(Channel):
    r"""Delayed rectifier of Hodgkin and Huxley.

    Parameters
    ----------
    g, E, name
        As of `Channel`; 36 mS/cm2 and -77 mV on 20,000 square micrometers.

    Attributes
    ----------
    n : State
        Activation.

    Notes
    -----
    :math:`g\, n^4 (E - V)` with, in 1/ms and mV,

    .. math:: \alpha_n = \frac{0.01 (-55 - V)}{e^{(-55 - V)/10} - 1}, \qquad \beta_n = 0.125\, e^{(-65 - V)/80}

    References
    ----------
    As of `SodiumChannel`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.PotassiumChannel().gates
    {'n': 4}
    """

    gates: ClassVar[dict[str, int]] = {"n": 4}

    def __init__(self, g: ParameterLike = 7200.0 * nS, E: ParameterLike = -77.0 * mV, name: str | None = None) -> None:
        super().__init__(g, E, name)

    def at_n(self, V: Any) -> Gate:
        """Where activation goes."""
        return rates_of(0.1 / exprel(_linear(V, -55.0, 10.0)), 0.125 * np.exp(_linear(V, -65.0, 80.0)))


class PointNeuron(CrossingNeuron):
    r"""Neuron of one compartment, composed of channels.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    C : quantities.Quantity
        Capacitance (pF).
    V_spike : quantities.Quantity
        A spike is an upward crossing of this potential (mV).
    tau_ref : quantities.Quantity
        Time after a spike in which no other is counted (ms).
    V_initializer : Initialiser, quantity or array, optional
        First values of V; -65 mV by default.
    name : str, optional
        Name for messages and results.
    **channels : Channel
        The channels by name; each becomes an attribute.

    Attributes
    ----------
    V : State
        Membrane potential (mV).
    refractory : State
        Steps in which no spike is counted yet (int).

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; there is no channel, or something that is none.

    Notes
    -----
    .. math:: C \frac{dV}{dt} = \sum_k g_k (E_k - V) + I(V)

    Gates and potential take turns half a step apart, as in `HH`: of second order. Where gates follow the potential at
    once, a first step finds the potential in the middle of the step, at which they stand in a second one. Gates begin
    at their steady states of the first potential, or of -65 mV where that is drawn.

    Examples
    --------
    The squid axon of Hodgkin and Huxley:

    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS, pA
    >>> axon = nd.PointNeuron(
    ...     2,
    ...     Na=nd.SodiumChannel(),
    ...     K=nd.PotassiumChannel(),
    ...     leak=nd.LeakChannel(g=60 * nS, E=-54.387 * mV),
    ... )
    >>> axon = nd.init_all_states(axon)
    >>> with nd.environ.context(dt=0.05 * ms):
    ...     print(sum(axon([0, 2000] * pA).astype(int) for _ in range(600)) > 0)
    [False  True]
    """

    def __init__(
        self,
        in_size: SizeLike,
        C: ParameterLike = 200.0 * pF,
        V_spike: ParameterLike = -20.0 * mV,
        tau_ref: ParameterLike = 1.0 * ms,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        **channels: Any,
    ) -> None:
        super().__init__(in_size, C, V_spike, tau_ref, name)
        self.V_initializer = -65.0 * mV if V_initializer is None else V_initializer
        wrong = [f"{key}={channel!r}" for key, channel in channels.items() if not isinstance(channel, Channel)]
        if wrong or not channels:
            raise InvalidParameterError(
                f"{self.path} has {wrong[0]}, which is no channel." if wrong else f"{self.path} has no channel.",
                where=self.path,
                cure="Give channels by name, such as leak=nd.LeakChannel(), Na=nd.SodiumChannel().",
                path=self.path,
                wrong=wrong,
            )
        for key in channels:
            if key in ("V", "channels", "refractory") or hasattr(self, key):
                raise ReservedNameError(
                    f"A channel of {self.path} is named {key!r}, which is a member of every {type(self).__name__}.",
                    where=f"{self.path}.{key}",
                    cure="Choose another name.",
                    name=key,
                )
        self.channels = tuple(channels.values())
        for key, channel in channels.items():
            setattr(self, key, channel)
            channel.serve(self)

    def first_potential(self) -> Any:
        """The potential that gates are at rest at when they are made: one value, or one for each neuron."""
        given = self.V_initializer
        return -65.0 * mV if callable(given) else given

    def init_state(self) -> None:
        """Make the potential and the counter."""
        self.V = State(self.V_initializer, unit=mV)
        self.refractory = State(0)

    def update(self, x: Any = None) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : quantities.Quantity or traced value, optional
            Further current (pA).

        Returns
        -------
        array of bool
            Who spikes.
        """
        V = self.V.value
        opened = [(channel, channel.advance(V)) for channel in self.channels]
        new = self._potential_after(x, [channel.follow(g, V) for channel, g in opened])
        if any(channel.instant for channel in self.channels):
            middle = 0.5 * (V + new)
            new = self._potential_after(x, [channel.follow(g, middle) for channel, g in opened])
        return self.cross(self.sum_delta_inputs(new))

    def _potential_after(self, x: Any, conductances: list[Any]) -> Any:
        """The potential after a step with these conductances."""

        def slope(v: Any) -> Any:
            currents = [g * (channel.E - v) for channel, g in zip(self.channels, conductances, strict=True)]
            total = functools.reduce(operator.add, currents)
            current = self.sum_current_inputs(x, v, dimension=self.channels[0].g.dimension * self.V_spike.dimension)
            return (total if current is None else total + current) * (1.0 / self.C)

        return exp_euler_step(slope, self.V.value)
