"""What ion channels are, and the point neurons that they compose.

In: parameters with units, a membrane potential, inputs that projections register.  Out: spikes.  Must not know:
lowering, targets.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from numbadyn.errors import HookArgumentError, InvalidParameterError, ReservedNameError
from numbadyn.model import environ
from numbadyn.model.acting import note_half_step
from numbadyn.model.following import Following, first_of
from numbadyn.model.integrate import exp_euler_step
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.calcium import CalciumPool, Part
from numbadyn.zoo.crossing import CrossingNeuron
from numbadyn.zoo.units import kHz, ms, mV, nS, pF

__all__ = ["Channel", "Gate", "PointNeuron", "rates_of"]


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


class Channel(Part):
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
    carries_calcium, senses_calcium : bool
        Whether its current is one of calcium, and whether its gates depend on calcium; False unless a class says so.

    Raises
    ------
    DimensionError, InvalidParameterError
        A parameter has no meaning.

    Notes
    -----
    .. math:: I = g \prod_x x^{p_x}\, (E - V), \qquad \frac{dx}{dt} = \frac{x_\infty(V) - x}{\tau_x(V)}

    A class names its `gates`, and says by a method of the name ``at_<gate>(V)`` where each one goes: a `Gate`, often by
    `rates_of`. A gate whose `Gate.rate` is None is at its steady state at once, and is no state. A class that says
    ``senses_calcium = True`` writes ``at_<gate>(V, Ca)``, with the concentration in the `CalciumPool` of the neuron;
    one that says ``carries_calcium = True`` fills it.

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
    carries_calcium: ClassVar[bool] = False
    senses_calcium: ClassVar[bool] = False

    def __init__(self, g: ParameterLike, E: ParameterLike, name: str | None = None) -> None:
        super().__init__(name)
        self.g = Parameter(g, unit=nS, negative=False)
        self.E = Parameter(E, unit=mV)

    def serve(self, neuron: Any) -> None:
        """Become a channel of a population; the neuron calls it.

        Raises
        ------
        HookArgumentError
            It is in another population already, or a gate has no method that says where it goes.
        """
        super().serve(neuron)
        given = ("V", "Ca") if self.senses_calcium else ("V",)
        for gate in self.gates:
            method = getattr(self, f"at_{gate}", None)
            if not callable(method) or not _takes(method, len(given)):
                fault = "" if not callable(method) else f" that takes {' and '.join(given)}"
                raise HookArgumentError(
                    f"{type(self).__name__} has a gate {gate!r}, but no method at_{gate}{fault}.",
                    where=neuron.path,
                    cure=f"Write `def at_{gate}(self, {', '.join(given)}): return nd.Gate(steady, rate)`.",
                    gate=gate,
                )

    def at(self, gate: str, V: Any, Ca: Any = None) -> Gate:
        """Where a gate goes at a potential.

        Parameters
        ----------
        gate : str
            Its name.
        V : quantities.Quantity or traced value
            The potential.
        Ca : quantities.Quantity or traced value, optional
            Concentration of calcium, for channels that sense it.
        """
        found: Gate = getattr(self, f"at_{gate}")(*((V, Ca) if self.senses_calcium else (V,)))
        return found

    def init_state(self) -> None:
        """Make the gates, at their steady states of the first potential.

        Raises
        ------
        HookArgumentError
            It is no channel of a population.
        """
        super().init_state()
        for gate in self.gates:
            if self._at_first(gate).rate is not None:
                setattr(self, gate, State(Following(functools.partial(self._resting, gate))))

    def _at_first(self, gate: str) -> Gate:
        """Where a gate goes at the first potential, and with the first concentration."""
        assert self.neuron is not None
        return self.at(gate, self.neuron.first_potential(), self.neuron.first_calcium())

    def _resting(self, gate: str) -> Any:
        """Steady state of a gate at the first potential."""
        return self._at_first(gate).steady

    def advance(self, V: Any, Ca: Any = None) -> Any:
        """Advance the gates over the step that begins at a potential, and give what they leave open.

        Parameters
        ----------
        V : quantities.Quantity or traced value
            The potential.
        Ca : quantities.Quantity or traced value, optional
            Concentration of calcium, for channels that sense it.

        Returns
        -------
        quantities.Quantity or traced value
            The conductance, but for gates that are at their steady states at once.
        """
        dt = environ.get_dt() * kHz
        for gate in self.gates:
            steady, rate = self.at(gate, V, Ca)
            if rate is not None:
                state = self.state(gate)
                note_half_step(state.value)
                state.value = steady + (state.value - steady) * np.exp(-dt * rate)
        return self.opened()

    def opened(self) -> Any:
        """The conductance as the gates stand, but for those that are at their steady states at once."""
        open_part = self.g.value
        for gate, power in self.gates.items():
            if gate not in self.instant:
                open_part = open_part * _power(self.state(gate).value, power)
        return open_part

    def follow(self, open_part: Any, V: Any, Ca: Any = None) -> Any:
        """Multiply with the gates that follow the potential at once.

        Parameters
        ----------
        open_part : quantities.Quantity or traced value
            What `advance` has given.
        V : quantities.Quantity or traced value
            The potential.
        Ca : quantities.Quantity or traced value, optional
            Concentration of calcium, for channels that sense it.
        """
        for gate in self.instant:
            open_part = open_part * _power(self.at(gate, V, Ca).steady, self.gates[gate])
        return open_part

    @property
    def instant(self) -> list[str]:
        """Gates that follow the potential at once."""
        return [gate for gate in self.gates if gate not in self.states()]


def _takes(method: Callable[..., Any], count: int) -> bool:
    """Whether a method can be called with so many arguments."""
    try:
        inspect.signature(method).bind(*range(count))
    except TypeError:
        return False
    return True


def _power(x: Any, power: int) -> Any:
    """A gate as often as it counts."""
    product = x
    for _ in range(power - 1):
        product = product * x
    return product


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
    **channels : Channel or CalciumPool
        The channels by name, and at most one pool of calcium; each becomes an attribute.

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
    HookArgumentError
        A channel senses calcium but there is no pool, there are two pools, or no channel carries calcium into one.

    Notes
    -----
    .. math:: C \frac{dV}{dt} = \sum_k g_k (E_k - V) + I(V)

    Gates and potential take turns half a step apart, as in `HH`: of second order. Where gates follow the potential at
    once, a first step finds the potential in the middle of the step, at which they stand in a second one. Gates begin
    at their steady states of the first potential, each cell's own where that is drawn.

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
    ...     print(sum(axon([0, 2000] * pA).astype(int) for _ in range(60)) > 0)
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
        _check_parts(self, channels)
        self.channels = tuple(part for part in channels.values() if isinstance(part, Channel))
        self.pool: CalciumPool | None = next((p for p in channels.values() if isinstance(p, CalciumPool)), None)
        for key, channel in channels.items():
            setattr(self, key, channel)
            channel.serve(self)

    def first_potential(self) -> Any:
        """The potential that gates are at rest at when they are made, one for each cell."""
        return first_of(self.V)

    def first_calcium(self) -> Any:
        """The concentration of calcium that gates are at rest at when they are made; None where there is no pool."""
        return None if self.pool is None else first_of(self.pool.Ca)

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
        V, pool = self.V.value, self.pool
        before = {} if pool is None else {channel: channel.opened() for channel in self.channels}
        opened = {channel: channel.advance(V) for channel in self.channels if not channel.senses_calcium}
        if pool is not None:
            entering = [
                channel.follow(0.5 * (before[channel] + g), V) * (channel.E - V)
                for channel, g in opened.items()
                if channel.carries_calcium
            ]
            middle = pool.advance(functools.reduce(operator.add, entering))
            opened |= {channel: channel.advance(V, middle) for channel in self.channels if channel.senses_calcium}
        Ca = None if pool is None else pool.Ca.value
        new = self._potential_after(x, [channel.follow(opened[channel], V, Ca) for channel in self.channels])
        if any(channel.instant for channel in self.channels):
            between = 0.5 * (V + new)
            new = self._potential_after(x, [channel.follow(opened[channel], between, Ca) for channel in self.channels])
        return self.cross(self.sum_delta_inputs(new))

    def _potential_after(self, x: Any, conductances: list[Any]) -> Any:
        """The potential after a step with these conductances."""

        def slope(v: Any) -> Any:
            currents = [g * (channel.E - v) for channel, g in zip(self.channels, conductances, strict=True)]
            total = functools.reduce(operator.add, currents)
            current = self.sum_current_inputs(x, v, dimension=self.channels[0].g.dimension * self.V_spike.dimension)
            return (total if current is None else total + current) * (1.0 / self.C)

        return exp_euler_step(slope, self.V.value)


def _check_parts(neuron: Any, parts: dict[str, Any]) -> None:
    """Refuse what is no channel, names that are taken, and calcium that nobody brings or nobody keeps."""
    wrong = [f"{key}={part!r}" for key, part in parts.items() if not isinstance(part, Channel | CalciumPool)]
    channels = [part for part in parts.values() if isinstance(part, Channel)]
    if wrong or not channels:
        raise InvalidParameterError(
            f"{neuron.path} has {wrong[0]}, which is no channel." if wrong else f"{neuron.path} has no channel.",
            where=neuron.path,
            cure="Give channels by name, such as leak=nd.LeakChannel(), Na=nd.SodiumChannel().",
            path=neuron.path,
            wrong=wrong,
        )
    for key in parts:
        if key in ("V", "channels", "pool", "refractory") or hasattr(neuron, key):
            raise ReservedNameError(
                f"A channel of {neuron.path} is named {key!r}, which is a member of every {type(neuron).__name__}.",
                where=f"{neuron.path}.{key}",
                cure="Choose another name.",
                name=key,
            )
    pools = [key for key, part in parts.items() if isinstance(part, CalciumPool)]
    senses = [key for key, part in parts.items() if isinstance(part, Channel) and part.senses_calcium]
    problem, cure = "", "Give one, such as calcium=nd.CalciumPool()."
    if len(pools) > 1:
        problem, cure = f"has {len(pools)} pools of calcium: {', '.join(pools)}", "Give one."
    elif senses and not pools:
        problem = f"has the channel {senses[0]!r}, which senses calcium, but no pool of it"
    elif pools and not any(channel.carries_calcium for channel in channels):
        problem = "has a pool of calcium, but no channel that carries calcium into it"
        cure = "Add one, such as T=nd.TCalciumChannel(), or leave the pool out."
    if problem:
        raise HookArgumentError(f"{neuron.path} {problem}.", where=neuron.path, cure=cure, pools=pools, senses=senses)
