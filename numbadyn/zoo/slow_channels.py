"""Channels that shape how neurons fire: muscarinic and calcium-dependent potassium, calcium, the h-current.

In: parameters with units, a membrane potential.  Out: conductances.  Must not know: neurons, lowering, targets.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numbadyn.model.functions import exprel
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.zoo.channels import Channel, Gate, rates_of
from numbadyn.zoo.units import kHz, mM, ms, mV, nS

__all__ = ["AHPChannel", "HChannel", "LCalciumChannel", "MChannel", "TCalciumChannel"]


def _scaled(V: Any, middle: float, scale: float) -> Any:
    """(V - middle) / scale, for numbers in mV."""
    return (V - middle * mV) * (1.0 / (scale * mV))


class MChannel(Channel):
    r"""Slow, muscarinic potassium channel, which makes firing adapt.

    Parameters
    ----------
    g, E, name
        As of `Channel`.
    tau_max : quantities.Quantity
        Scale of the time constant (ms).

    Attributes
    ----------
    p : State
        Activation.

    Notes
    -----
    .. math::

        p_\infty = \frac{1}{1 + e^{-(V + 35)/10}}, \qquad
        \tau_p = \frac{\tau_{max}}{3.3\, e^{(V + 35)/20} + e^{-(V + 35)/20}}

    References
    ----------
    Pospischil, M. et al. (2008), Minimal Hodgkin-Huxley type models for different classes of cortical and thalamic
    neurons, Biological Cybernetics 99, 427-441, doi:10.1007/s00422-008-0263-8.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import nS
    >>> cells = nd.HodgkinHuxley(10, M=nd.MChannel(g=100 * nS))
    """

    gates: ClassVar[dict[str, int]] = {"p": 1}

    def __init__(
        self,
        g: ParameterLike = 20.0 * nS,
        E: ParameterLike = -90.0 * mV,
        tau_max: ParameterLike = 1000.0 * ms,
        name: str | None = None,
    ) -> None:
        super().__init__(g, E, name)
        self.tau_max = Parameter(tau_max, unit=ms, positive=True)

    def at_p(self, V: Any) -> Gate:
        """Where activation goes."""
        z = _scaled(V, -35.0, 20.0)
        rate = (3.3 * np.exp(z) + np.exp(-z)) / (self.tau_max * kHz)
        return Gate(1.0 / (1.0 + np.exp(-2.0 * z)), rate)


class TCalciumChannel(Channel):
    r"""Calcium channel of low threshold, which makes rebound bursts.

    Parameters
    ----------
    g, E, name
        As of `Channel`.
    shift : quantities.Quantity
        By how much all voltages are shifted (mV).

    Attributes
    ----------
    u : State
        Inactivation; the activation s is at its steady state at once.

    Notes
    -----
    :math:`g\, s_\infty^2\, u\, (E - V)` with :math:`v = V + shift` in mV and times in ms,

    .. math::

        s_\infty &= \frac{1}{1 + e^{-(v + 57)/6.2}}, \qquad u_\infty = \frac{1}{1 + e^{(v + 81)/4}} \\
        \tau_u &= 3^{-1.2} \left( 30.8 + \frac{211.4 + e^{(v + 113.2)/5}}{1 + e^{(v + 84)/3.2}} \right)

    The factor takes both terms from 24 to 36 degrees, as in Destexhe et al. and in the program of Pospischil et al.,
    whose printed equation has it, rounded to 3.7, at the second one alone.

    References
    ----------
    As of `MChannel`; and Destexhe, A., Bal, T., McCormick, D. A. and Sejnowski, T. J. (1996), Ionic mechanisms
    underlying synchronized oscillations and propagating waves in a model of ferret thalamic slices, Journal of
    Neurophysiology 76, 2049-2070, doi:10.1152/jn.1996.76.3.2049.

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.TCalciumChannel().gates
    {'s': 2, 'u': 1}
    """

    gates: ClassVar[dict[str, int]] = {"s": 2, "u": 1}
    carries_calcium: ClassVar[bool] = True

    def __init__(
        self,
        g: ParameterLike = 80.0 * nS,
        E: ParameterLike = 120.0 * mV,
        shift: ParameterLike = 2.0 * mV,
        name: str | None = None,
    ) -> None:
        super().__init__(g, E, name)
        self.shift = Parameter(shift, unit=mV)

    def at_s(self, V: Any) -> Gate:
        """Where activation is."""
        return Gate(1.0 / (1.0 + np.exp(-_scaled(V + self.shift, -57.0, 6.2))), None)

    def at_u(self, V: Any) -> Gate:
        """Where inactivation goes."""
        v = V + self.shift
        slow = (211.4 + np.exp(_scaled(v, -113.2, 5.0))) / (1.0 + np.exp(_scaled(v, -84.0, 3.2)))
        return Gate(1.0 / (1.0 + np.exp(_scaled(v, -81.0, 4.0))), 3.0**1.2 / (30.8 + slow))


class LCalciumChannel(Channel):
    r"""Calcium channel of high threshold.

    Parameters
    ----------
    g, E, name
        As of `Channel`.

    Attributes
    ----------
    q, r : State
        Activation and inactivation.

    Notes
    -----
    :math:`g\, q^2 r\, (E - V)` with, in 1/ms and mV,

    .. math::

        \alpha_q &= \frac{0.055 (-27 - V)}{e^{(-27 - V)/3.8} - 1}, & \beta_q &= 0.94\, e^{(-75 - V)/17} \\
        \alpha_r &= 0.000457\, e^{(-13 - V)/50}, & \beta_r &= \frac{0.0065}{1 + e^{(-15 - V)/28}}

    References
    ----------
    As of `MChannel`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.LCalciumChannel().gates
    {'q': 2, 'r': 1}
    """

    gates: ClassVar[dict[str, int]] = {"q": 2, "r": 1}
    carries_calcium: ClassVar[bool] = True

    def __init__(self, g: ParameterLike = 20.0 * nS, E: ParameterLike = 120.0 * mV, name: str | None = None) -> None:
        super().__init__(g, E, name)

    def at_q(self, V: Any) -> Gate:
        """Where activation goes."""
        opening = 0.055 * 3.8 / exprel(-_scaled(V, -27.0, 3.8))
        return rates_of(opening, 0.94 * np.exp(-_scaled(V, -75.0, 17.0)))

    def at_r(self, V: Any) -> Gate:
        """Where inactivation goes."""
        opening = 0.000457 * np.exp(-_scaled(V, -13.0, 50.0))
        return rates_of(opening, 0.0065 / (1.0 + np.exp(-_scaled(V, -15.0, 28.0))))


class HChannel(Channel):
    r"""Channel of the h-current: opened by hyperpolarisation.

    Parameters
    ----------
    g, E, name
        As of `Channel`.

    Attributes
    ----------
    q : State
        Activation.

    Notes
    -----
    .. math::

        q_\infty = \frac{1}{1 + e^{(V + 75)/5.5}}, \qquad \tau_q = \frac{1}{e^{-14.59 - 0.086 V} + e^{-1.87 + 0.0701 V}}

    with V in mV and the time in ms.

    References
    ----------
    Huguenard, J. R. and McCormick, D. A. (1992), Simulation of the currents involved in rhythmic oscillations in
    thalamic relay neurons, Journal of Neurophysiology 68, 1373-1383, doi:10.1152/jn.1992.68.4.1373.

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.HChannel().gates
    {'q': 1}
    """

    gates: ClassVar[dict[str, int]] = {"q": 1}

    def __init__(self, g: ParameterLike = 10.0 * nS, E: ParameterLike = -43.0 * mV, name: str | None = None) -> None:
        super().__init__(g, E, name)

    def at_q(self, V: Any) -> Gate:
        """Where activation goes."""
        v = V * (1.0 / mV)
        rate = np.exp(-14.59 - 0.086 * v) + np.exp(-1.87 + 0.0701 * v)
        return Gate(1.0 / (1.0 + np.exp(_scaled(V, -75.0, 5.5))), rate)


class AHPChannel(Channel):
    r"""Potassium channel that calcium opens: the slow afterhyperpolarisation.

    Parameters
    ----------
    g, E, name
        As of `Channel`.
    alpha : quantities.Quantity
        Rate of opening, per square of the concentration (1/(ms mM^2)).
    beta : quantities.Quantity
        Rate of closing (kHz).

    Attributes
    ----------
    p : State
        Activation.

    Notes
    -----
    .. math:: I = g\, p^2 (E - V), \qquad \frac{dp}{dt} = \alpha [Ca]^2 (1 - p) - \beta p

    It is half open at 0.04 mM, where :math:`[Ca]^2 = 2.4\, \beta / \alpha`. The neuron needs a `CalciumPool`, and a
    channel that fills it.

    References
    ----------
    Destexhe, A., Contreras, D., Sejnowski, T. J. and Steriade, M. (1994), A model of spindle rhythmicity in the
    isolated thalamic reticular nucleus, Journal of Neurophysiology 72, 803-818, doi:10.1152/jn.1994.72.2.803.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, nS
    >>> cells = nd.HodgkinHuxley(
    ...     10, L=nd.LCalciumChannel(), calcium=nd.CalciumPool(tau=80 * ms), AHP=nd.AHPChannel(g=100 * nS)
    ... )
    """

    gates: ClassVar[dict[str, int]] = {"p": 2}
    senses_calcium: ClassVar[bool] = True

    def __init__(
        self,
        g: ParameterLike = 200.0 * nS,
        E: ParameterLike = -95.0 * mV,
        alpha: ParameterLike = 48.0 * kHz / mM**2,
        beta: ParameterLike = 0.03 * kHz,
        name: str | None = None,
    ) -> None:
        super().__init__(g, E, name)
        self.alpha = Parameter(alpha, unit=kHz / mM**2, positive=True)
        self.beta = Parameter(beta, unit=kHz, positive=True)

    def at_p(self, V: Any, Ca: Any) -> Gate:
        """Where activation goes."""
        return rates_of(self.alpha * Ca * Ca * (1.0 / kHz), self.beta * (1.0 / kHz))
