"""Rate and mass models: each element is a population of neurons.

In: parameters, inputs that projections register.  Out: rates.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import HookArgumentError, UnknownOptionError
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.integrate import exp_euler_step, rk4_step
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.units import DIMENSIONLESS, FREQUENCY, Dimension, unit_of
from numbadyn.zoo.units import kHz, ms, mV

__all__ = ["JansenRit", "MontbrioPazoRoxin", "RateModel", "ThresholdLinear", "WilsonCowan"]


class RateModel(Dynamics):
    """Base of models whose states are advanced together by the classical Runge-Kutta method, with inputs held.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    name : str, optional
        Name for messages and results.
    **first : Initialiser, number, quantity or array
        First values of the states by name; those of the class by default.

    Notes
    -----
    A class says its states and their first values in `begin`, and the time derivatives of all of them, as a dict, in
    ``slopes(given, **states)``, where `given` is the sum of the inputs. It sends its first state, unless it says
    otherwise in `sent`.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.
    UnknownOptionError
        A first value of a state that it does not have.
    HookArgumentError
        The class names no states.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> class Rotor(nd.RateModel):
    ...     begin = {"x": 1.0, "y": 0.0}
    ...
    ...     def slopes(self, given, x, y):
    ...         return {"x": y / ms, "y": -x / ms}
    >>> rotor = nd.init_all_states(Rotor(1, y=2.0))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     print(rotor().round(4))
    [1.1947]
    """

    begin: ClassVar[dict[str, Any]] = {}
    #: Of what dimension inputs are.
    takes: ClassVar[Dimension] = DIMENSIONLESS

    def __init__(self, in_size: SizeLike, name: str | None = None, **first: Any) -> None:
        super().__init__(in_size, name=name)
        if not self.begin:
            raise HookArgumentError(
                f"{type(self).__name__} names no states.",
                where=self.path,
                cure='Name them with their first values in the class: begin = {"x": 1.0}.',
                path=self.path,
            )
        unknown = sorted(first.keys() - self.begin.keys())
        if unknown:
            raise UnknownOptionError(
                f"{type(self).__name__} has no argument {unknown[0]!r}.",
                where=self.path,
                cure=f"Its states, which may be given first values, are {', '.join(self.begin)}.",
                name=unknown[0],
            )
        self._first = {**self.begin, **first}

    def init_state(self) -> None:
        """Make the states."""
        for name, value in self._first.items():
            setattr(self, name, State(value))

    def slopes(self, given: Any, **states: Any) -> dict[str, Any]:
        """Time derivatives; a class writes it.

        Parameters
        ----------
        given : number, array, quantity or traced value
            Sum of the inputs of this step.
        **states
            Values of the states.
        """
        raise NotImplementedError

    def sent(self) -> Any:
        """What others receive: the first state."""
        return self.state(next(iter(self._first))).value

    def update(self, x: Any = None) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : number, array or traced value, optional
            Further input.

        Returns
        -------
        array or traced value
            What others receive.
        """
        summed = self.sum_current_inputs(x, self.sent(), dimension=self.takes)
        given = 0.0 * unit_of(self.takes) if summed is None else summed

        def slopes(states: dict[str, Any]) -> dict[str, Any]:
            return self.slopes(given, **states)

        values = {name: self.state(name).value for name in self._first}
        for name, value in rk4_step(slopes, values).items():
            self.state(name).value = value
        return self.sent()


class ThresholdLinear(Dynamics):
    r"""Rate unit with a threshold and a linear gain.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    tau : quantities.Quantity
        Time constant (ms).
    gain, threshold : float or array
        Slope above the threshold, and the threshold.
    r : Initialiser, number or array
        First values.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    r : State
        Rate.

    Notes
    -----
    .. math:: \tau \frac{dr}{dt} = -r + gain\, [I - threshold]_+

    with an exact step for inputs that are held over it.

    References
    ----------
    Dayan, P. and Abbott, L. F. (2001), Theoretical Neuroscience, MIT Press, section 7.2.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> units = nd.init_all_states(nd.ThresholdLinear(2, tau=10 * ms))
    >>> with nd.environ.context(dt=1 * ms):
    ...     print(units([1.0, -1.0]).round(4))
    [0.0952 0.    ]
    """

    def __init__(
        self,
        in_size: SizeLike,
        tau: ParameterLike = 10.0 * ms,
        gain: ParameterLike = 1.0,
        threshold: ParameterLike = 0.0,
        r: ParameterLike = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.tau = Parameter(tau, unit=ms, positive=True)
        self.gain, self.threshold = Parameter(gain), Parameter(threshold)
        self._first = r

    def init_state(self) -> None:
        """Make the rate."""
        self.r = State(self._first)

    def update(self, x: Any = None) -> Any:
        """Advance by one step; see `RateModel.update`."""
        given = self.sum_current_inputs(0.0 if x is None else x, self.r.value, dimension=DIMENSIONLESS)
        driven = self.gain * np.maximum(given - self.threshold, 0.0)
        self.r.value = exp_euler_step(lambda r: (driven - r) / self.tau, self.r.value)
        return self.r.value


class WilsonCowan(RateModel):
    r"""Excitatory and inhibitory activity of each of several regions.

    Parameters
    ----------
    in_size : int or tuple of int
        Number of regions.
    tau_E, tau_I : quantities.Quantity
        Time constants (ms).
    w_EE, w_EI, w_IE, w_II : float or array
        Weights; w_EI is that of inhibition onto excitation.
    a_E, theta_E, a_I, theta_I : float or array
        Slopes and thresholds of the sigmoid response.
    r : float or array
        Refractory part.
    I_I : float or array
        Drive of the inhibitory units.
    name : str, optional
        Name for messages and results.
    **first
        First values of `E` and `I`.

    Attributes
    ----------
    E, I : State
        Activities. Inputs act on E, which is sent.

    Notes
    -----
    .. math::

        \tau_E \frac{dE}{dt} &= -E + (1 - r E)\, S_E(w_{EE} E - w_{EI} I + input) \\
        \tau_I \frac{dI}{dt} &= -I + (1 - r I)\, S_I(w_{IE} E - w_{II} I + I_I), \qquad
        S_x(u) = \frac{1}{1 + e^{-a_x (u - \theta_x)}} - \frac{1}{1 + e^{a_x \theta_x}}

    References
    ----------
    Wilson, H. R. and Cowan, J. D. (1972), Excitatory and inhibitory interactions in localized populations of model
    neurons, Biophysical Journal 12, 1-24, doi:10.1016/S0006-3495(72)86068-5.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> regions = nd.WilsonCowan(2, E=0.1)
    >>> sim = nd.Simulator(regions, dt=0.1 * ms, target="interpret")
    >>> sim.record(regions, "E")
    >>> sim.run(10 * ms)[regions].E.shape
    (100, 2)
    """

    begin: ClassVar[dict[str, Any]] = {"E": 0.05, "I": 0.05}

    def __init__(
        self,
        in_size: SizeLike,
        tau_E: ParameterLike = 8.0 * ms,
        tau_I: ParameterLike = 8.0 * ms,
        w_EE: ParameterLike = 16.0,
        w_EI: ParameterLike = 12.0,
        w_IE: ParameterLike = 15.0,
        w_II: ParameterLike = 3.0,
        a_E: ParameterLike = 1.3,
        theta_E: ParameterLike = 4.0,
        a_I: ParameterLike = 2.0,
        theta_I: ParameterLike = 3.7,
        r: ParameterLike = 1.0,
        I_I: ParameterLike = 0.0,
        name: str | None = None,
        **first: Any,
    ) -> None:
        super().__init__(in_size, name, **first)
        self.tau_E, self.tau_I = Parameter(tau_E, unit=ms, positive=True), Parameter(tau_I, unit=ms, positive=True)
        self.w_EE, self.w_EI = Parameter(w_EE), Parameter(w_EI)
        self.w_IE, self.w_II = Parameter(w_IE), Parameter(w_II)
        self.a_E, self.theta_E = Parameter(a_E, positive=True), Parameter(theta_E)
        self.a_I, self.theta_I = Parameter(a_I, positive=True), Parameter(theta_I)
        self.r, self.I_I = Parameter(r), Parameter(I_I)

    def slopes(self, given: Any, **states: Any) -> dict[str, Any]:
        """Time derivatives of both activities."""
        E, inhibition = states["E"], states["I"]

        def response(u: Any, a: Any, theta: Any) -> Any:
            return 1.0 / (1.0 + np.exp(-a * (u - theta))) - 1.0 / (1.0 + np.exp(a * theta))

        to_E = response(self.w_EE * E - self.w_EI * inhibition + given, self.a_E, self.theta_E)
        to_I = response(self.w_IE * E - self.w_II * inhibition + self.I_I, self.a_I, self.theta_I)
        return {
            "E": ((1.0 - self.r * E) * to_E - E) / self.tau_E,
            "I": ((1.0 - self.r * inhibition) * to_I - inhibition) / self.tau_I,
        }


class MontbrioPazoRoxin(RateModel):
    r"""Exact mean field of quadratic integrate-and-fire neurons.

    Parameters
    ----------
    in_size : int or tuple of int
        Number of populations.
    tau : quantities.Quantity
        Membrane time constant (ms).
    Delta : float or array
        Half width of the distribution of excitabilities.
    eta : float or array
        Its centre.
    J : float or array
        Coupling within a population.
    name : str, optional
        Name for messages and results.
    **first
        First values of `r` and `v`.

    Attributes
    ----------
    r, v : State
        Rate (spikes of a neuron in a time constant), which is sent, and mean potential. Inputs act on v.

    Notes
    -----
    .. math::

        \tau \frac{dr}{dt} = \frac{\Delta}{\pi} + 2 r v, \qquad
        \tau \frac{dv}{dt} = v^2 + \eta + J r + I - (\pi r)^2

    with r in units of 1 / tau.

    References
    ----------
    Montbrio, E., Pazo, D. and Roxin, A. (2015), Macroscopic description for networks of spiking neurons, Physical
    Review X 5, 021028, doi:10.1103/PhysRevX.5.021028.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> masses = nd.MontbrioPazoRoxin(1)
    >>> sim = nd.Simulator(masses, dt=0.1 * ms, target="interpret")
    >>> _ = sim.run(100 * ms)
    >>> bool(sim.get(masses, "r") > 0)
    True
    """

    begin: ClassVar[dict[str, Any]] = {"r": 0.1, "v": -2.0}

    def __init__(
        self,
        in_size: SizeLike,
        tau: ParameterLike = 10.0 * ms,
        Delta: ParameterLike = 1.0,
        eta: ParameterLike = -5.0,
        J: ParameterLike = 15.0,
        name: str | None = None,
        **first: Any,
    ) -> None:
        super().__init__(in_size, name, **first)
        self.tau, self.Delta = Parameter(tau, unit=ms, positive=True), Parameter(Delta, negative=False)
        self.eta, self.J = Parameter(eta), Parameter(J)

    def slopes(self, given: Any, **states: Any) -> dict[str, Any]:
        """Time derivatives of rate and potential."""
        r, v = states["r"], states["v"]
        turning = np.pi * r
        return {
            "r": (self.Delta * (1.0 / np.pi) + 2.0 * r * v) / self.tau,
            "v": (v * v + self.eta + self.J * r + given - turning * turning) / self.tau,
        }


class JansenRit(RateModel):
    r"""Cortical column of Jansen and Rit: pyramidal cells, excitatory and inhibitory interneurons.

    Parameters
    ----------
    in_size : int or tuple of int
        Number of columns.
    A, B : quantities.Quantity
        Amplitudes of excitatory and inhibitory potentials (mV).
    a, b : quantities.Quantity
        Rates of excitatory and inhibitory potentials (kHz).
    C : float or array
        Connectivity; its four parts are C, 0.8 C, 0.25 C and 0.25 C.
    e_0, v_0, r : quantities.Quantity
        Half of the largest rate (kHz), potential at which it is reached (mV), steepness (1/mV).
    name : str, optional
        Name for messages and results.
    **first
        First values of `y0`, `y1`, `y2` (mV) and of their derivatives `z0`, `z1`, `z2` (mV/ms).

    Attributes
    ----------
    y0, y1, y2 : State
        Potentials of pyramidal cells onto interneurons, and of both kinds of interneurons onto pyramidal cells (mV).
    z0, z1, z2 : State
        Their derivatives (mV/ms).

    Notes
    -----
    .. math::

        \ddot y_0 &= A a\, S(y_1 - y_2) - 2 a\, \dot y_0 - a^2 y_0 \\
        \ddot y_1 &= A a\, (I + 0.8 C\, S(C y_0)) - 2 a\, \dot y_1 - a^2 y_1 \\
        \ddot y_2 &= B b\, 0.25 C\, S(0.25 C y_0) - 2 b\, \dot y_2 - b^2 y_2, \qquad
        S(v) = \frac{2 e_0}{1 + e^{r (v_0 - v)}}

    Inputs are rates (kHz). It sends :math:`y_1 - y_2`, the potential of the pyramidal cells, as an electroencephalogram
    sees it.

    References
    ----------
    Jansen, B. H. and Rit, V. G. (1995), Electroencephalogram and visual evoked potential generation in a mathematical
    model of coupled cortical columns, Biological Cybernetics 73, 357-366, doi:10.1007/BF00199471.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, mV
    >>> class Driven(nd.JansenRit):
    ...     def update(self):
    ...         return super().update(220 * Hz)
    >>> column = Driven(1)
    >>> sim = nd.Simulator(column, dt=1 * ms, target="interpret")
    >>> sim.record(column, "y1", "y2")
    >>> result = sim.run(400 * ms)
    >>> v = result[column].y1 - result[column].y2
    >>> print(v[200:].max() - v[200:].min() > 5 * mV)  # alpha rhythm
    True
    """

    takes: ClassVar[Dimension] = FREQUENCY
    begin: ClassVar[dict[str, Any]] = {
        **dict.fromkeys(("y0", "y1", "y2"), 0.0 * mV),
        **dict.fromkeys(("z0", "z1", "z2"), 0.0 * mV / ms),
    }

    def __init__(
        self,
        in_size: SizeLike,
        A: ParameterLike = 3.25 * mV,
        B: ParameterLike = 22.0 * mV,
        a: ParameterLike = 0.1 * kHz,
        b: ParameterLike = 0.05 * kHz,
        C: ParameterLike = 135.0,
        e_0: ParameterLike = 0.0025 * kHz,
        v_0: ParameterLike = 6.0 * mV,
        r: ParameterLike = 0.56 / mV,
        name: str | None = None,
        **first: Any,
    ) -> None:
        super().__init__(in_size, name, **first)
        self.A, self.B = Parameter(A, unit=mV), Parameter(B, unit=mV)
        self.a, self.b = Parameter(a, unit=kHz, positive=True), Parameter(b, unit=kHz, positive=True)
        self.C, self.e_0 = Parameter(C), Parameter(e_0, unit=kHz)
        self.v_0, self.r = Parameter(v_0, unit=mV), Parameter(r, unit=1.0 / mV)

    def slopes(self, given: Any, **states: Any) -> dict[str, Any]:
        """Time derivatives of potentials and their derivatives."""
        y0, y1, y2 = states["y0"], states["y1"], states["y2"]

        def rate(v: Any) -> Any:
            return 2.0 * self.e_0 / (1.0 + np.exp(self.r * (self.v_0 - v)))

        def potential(gain: Any, speed: Any, arriving: Any, y: Any, z: Any) -> Any:
            return gain * speed * arriving - 2.0 * speed * z - speed * speed * y

        to_excitatory = given + 0.8 * self.C * rate(self.C * y0)
        to_inhibitory = 0.25 * self.C * rate(0.25 * self.C * y0)
        return {
            "y0": states["z0"],
            "y1": states["z1"],
            "y2": states["z2"],
            "z0": potential(self.A, self.a, rate(y1 - y2), y0, states["z0"]),
            "z1": potential(self.A, self.a, to_excitatory, y1, states["z1"]),
            "z2": potential(self.B, self.b, to_inhibitory, y2, states["z2"]),
        }

    def sent(self) -> Any:
        """The potential of the pyramidal cells."""
        return self.y1.value - self.y2.value
