"""Oscillators and excitable elements of few variables, which send a coordinate or a phase.

In: parameters, inputs that projections register, without unit.  Out: coordinates, phases.  Must not know: lowering,
targets.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter
from numbadyn.zoo.rates import RateModel
from numbadyn.zoo.units import kHz, ms

__all__ = ["FitzHughNagumo", "HindmarshRose", "Kuramoto", "StuartLandau"]


class StuartLandau(RateModel):
    r"""Normal form of a Hopf bifurcation.

    Parameters
    ----------
    in_size : int or tuple of int
        Number of oscillators.
    a : quantities.Quantity
        Distance from the bifurcation (kHz): oscillations above zero.
    omega : quantities.Quantity
        Angular frequency (kHz, that is radians in a millisecond).
    name : str, optional
        Name for messages and results.
    **first
        First values of `x` and `y`.

    Attributes
    ----------
    x, y : State
        Coordinates. Inputs, in units of x in a millisecond, act on x, which is sent.

    Notes
    -----
    .. math::

        \frac{dx}{dt} = (a - x^2 - y^2)\, x - \omega y + I, \qquad \frac{dy}{dt} = (a - x^2 - y^2)\, y + \omega x

    with the squares in kHz. The limit cycle has the radius :math:`\sqrt{a}`.

    References
    ----------
    Deco, G., Kringelbach, M. L., Jirsa, V. K. and Ritter, P. (2017), The dynamics of resting fluctuations in the brain,
    Scientific Reports 7, 3095, doi:10.1038/s41598-017-03073-5.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import kHz, ms
    >>> modes = nd.StuartLandau(1, a=0.25 * kHz)
    >>> sim = nd.Simulator(modes, dt=0.1 * ms, target="interpret")
    >>> _ = sim.run(100 * ms)
    >>> print((sim.get(modes, "x") ** 2 + sim.get(modes, "y") ** 2).round(4))
    [0.25]
    """

    begin: ClassVar[dict[str, Any]] = {"x": 0.1, "y": 0.0}

    def __init__(
        self,
        in_size: SizeLike,
        a: ParameterLike = 0.25 * kHz,
        omega: ParameterLike = 0.2 * kHz,
        name: str | None = None,
        **first: Any,
    ) -> None:
        super().__init__(in_size, name, **first)
        self.a, self.omega = Parameter(a, unit=kHz), Parameter(omega, unit=kHz)

    def slopes(self, given: Any, **states: Any) -> dict[str, Any]:
        """Time derivatives of both coordinates."""
        x, y = states["x"], states["y"]
        growth = self.a - (x * x + y * y) * kHz
        return {"x": growth * x - self.omega * y + given * kHz, "y": growth * y + self.omega * x}


class Kuramoto(RateModel):
    r"""Phase oscillators, all coupled to all in their population.

    Parameters
    ----------
    in_size : int or tuple of int
        Number of oscillators.
    omega : quantities.Quantity
        Angular frequencies (kHz, that is radians in a millisecond).
    K : quantities.Quantity
        Coupling (kHz).
    name : str, optional
        Name for messages and results.
    **first
        First values of `theta`.

    Attributes
    ----------
    theta : State
        Phases, which grow without end. Inputs, in radians in a millisecond, add to the frequency.

    Notes
    -----
    .. math:: \frac{d\theta_i}{dt} = \omega_i + \frac{K}{N} \sum_j \sin(\theta_j - \theta_i) + I_i

    computed by way of the mean of sine and cosine. For frequencies of a Lorentz distribution of half width
    :math:`\gamma` they synchronise above :math:`K = 2 \gamma`.

    References
    ----------
    Kuramoto, Y. (1984), Chemical Oscillations, Waves, and Turbulence, Springer, doi:10.1007/978-3-642-69689-3.

    Examples
    --------
    >>> import numbadyn as nd
    >>> import numpy as np
    >>> from quantities import kHz, ms
    >>> clocks = nd.Kuramoto(50, K=0.5 * kHz, theta=nd.init.Uniform(0.0, 2 * np.pi))
    >>> sim = nd.Simulator(clocks, dt=0.1 * ms, target="interpret")
    >>> _ = sim.run(100 * ms)
    >>> bool(abs(np.exp(1j * sim.get(clocks, "theta")).mean()) > 0.99)
    True
    """

    begin: ClassVar[dict[str, Any]] = {"theta": 0.0}

    def __init__(
        self,
        in_size: SizeLike,
        omega: ParameterLike = 0.05 * kHz,
        K: ParameterLike = 0.1 * kHz,
        name: str | None = None,
        **first: Any,
    ) -> None:
        super().__init__(in_size, name, **first)
        self.omega, self.K = Parameter(omega, unit=kHz), Parameter(K, unit=kHz)

    def slopes(self, given: Any, **states: Any) -> dict[str, Any]:
        """Time derivatives of the phases."""
        theta = states["theta"]
        sine, cosine = np.sin(theta), np.cos(theta)
        pull = np.mean(sine) * cosine - np.mean(cosine) * sine
        return {"theta": self.omega + self.K * pull + given * kHz}


class FitzHughNagumo(RateModel):
    r"""FitzHugh and Nagumo's reduction of an excitable membrane.

    Parameters
    ----------
    in_size : int or tuple of int
        Number of elements.
    a, b : float or array
        Place and slope of the nullcline of w.
    tau_v, tau_w : quantities.Quantity
        Time constants (ms).
    name : str, optional
        Name for messages and results.
    **first
        First values of `v` and `w`.

    Attributes
    ----------
    v, w : State
        Potential, which is sent, and recovery, without unit. Inputs act on v.

    Notes
    -----
    .. math::

        \tau_v \frac{dv}{dt} = v - \frac{v^3}{3} - w + I, \qquad \tau_w \frac{dw}{dt} = v + a - b\, w

    References
    ----------
    FitzHugh, R. (1961), Impulses and physiological states in theoretical models of nerve membrane, Biophysical Journal
    1, 445-466, doi:10.1016/S0006-3495(61)86902-6.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> cells = nd.init_all_states(nd.FitzHughNagumo(2))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     v = [cells([0.0, 0.5]) for _ in range(200)]
    >>> print(max(each[0] for each in v) < 0 < max(each[1] for each in v))
    True
    """

    begin: ClassVar[dict[str, Any]] = {"v": -1.2, "w": -0.62}

    def __init__(
        self,
        in_size: SizeLike,
        a: ParameterLike = 0.7,
        b: ParameterLike = 0.8,
        tau_v: ParameterLike = 1.0 * ms,
        tau_w: ParameterLike = 12.5 * ms,
        name: str | None = None,
        **first: Any,
    ) -> None:
        super().__init__(in_size, name, **first)
        self.a, self.b = Parameter(a), Parameter(b)
        self.tau_v, self.tau_w = Parameter(tau_v, unit=ms, positive=True), Parameter(tau_w, unit=ms, positive=True)

    def slopes(self, given: Any, **states: Any) -> dict[str, Any]:
        """Time derivatives of potential and recovery."""
        v, w = states["v"], states["w"]
        return {
            "v": (v - v * v * v * (1.0 / 3.0) - w + given) / self.tau_v,
            "w": (v + self.a - self.b * w) / self.tau_w,
        }


class HindmarshRose(RateModel):
    r"""Hindmarsh and Rose's bursting neuron.

    Parameters
    ----------
    in_size : int or tuple of int
        Number of neurons.
    a, b, c, d, s, x_r : float or array
        Coefficients.
    rate : float or array
        Slowness of z.
    tau : quantities.Quantity
        Unit of time (ms).
    name : str, optional
        Name for messages and results.
    **first
        First values of `x`, `y` and `z`.

    Attributes
    ----------
    x, y, z : State
        Potential, which is sent, recovery and slow current, without unit. Inputs act on x.

    Notes
    -----
    .. math::

        \tau \dot x = y - a x^3 + b x^2 - z + I, \quad \tau \dot y = c - d x^2 - y, \quad
        \tau \dot z = rate\, (s (x - x_r) - z)

    References
    ----------
    Hindmarsh, J. L. and Rose, R. M. (1984), A model of neuronal bursting using three coupled first order differential
    equations, Proceedings of the Royal Society B 221, 87-102, doi:10.1098/rspb.1984.0024.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> cells = nd.init_all_states(nd.HindmarshRose(1))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     x = [float(cells(3.0)[0]) for _ in range(150)]
    >>> max(x) > 1.0
    True
    """

    begin: ClassVar[dict[str, Any]] = {"x": -1.6, "y": -10.0, "z": 0.0}

    def __init__(
        self,
        in_size: SizeLike,
        a: ParameterLike = 1.0,
        b: ParameterLike = 3.0,
        c: ParameterLike = 1.0,
        d: ParameterLike = 5.0,
        s: ParameterLike = 4.0,
        x_r: ParameterLike = -1.6,
        rate: ParameterLike = 0.006,
        tau: ParameterLike = 1.0 * ms,
        name: str | None = None,
        **first: Any,
    ) -> None:
        super().__init__(in_size, name, **first)
        self.a, self.b, self.c, self.d = Parameter(a), Parameter(b), Parameter(c), Parameter(d)
        self.s, self.x_r, self.rate = Parameter(s), Parameter(x_r), Parameter(rate, negative=False)
        self.tau = Parameter(tau, unit=ms, positive=True)

    def slopes(self, given: Any, **states: Any) -> dict[str, Any]:
        """Time derivatives of the three variables."""
        x, y, z = states["x"], states["y"], states["z"]
        return {
            "x": (y + (self.b - self.a * x) * (x * x) - z + given) / self.tau,
            "y": (self.c - self.d * (x * x) - y) / self.tau,
            "z": self.rate * (self.s * (x - self.x_r) - z) / self.tau,
        }
