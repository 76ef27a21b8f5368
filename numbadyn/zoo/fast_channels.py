"""Channels of the spike and of rest: leak, fast sodium, delayed rectifier, of the squid axon and of Traub and Miles.

In: parameters with units, a membrane potential.  Out: conductances.  Must not know: neurons, lowering, targets.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numbadyn.model.functions import exprel
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.zoo.channels import Channel, Gate, rates_of
from numbadyn.zoo.units import mV, nS

__all__ = ["LeakChannel", "PotassiumChannel", "SodiumChannel", "TraubMilesPotassium", "TraubMilesSodium"]


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


class TraubMilesSodium(Channel):
    r"""Fast sodium channel of Traub and Miles.

    Parameters
    ----------
    g, E, name
        As of `Channel`.
    V_T : quantities.Quantity
        Shifts the kinetics, and with them the threshold (mV).

    Attributes
    ----------
    m, h : State
        Activation and inactivation.

    Notes
    -----
    :math:`g\, m^3 h\, (E - V)` with :math:`u = (V - V_T) / mV` and, in 1/ms,

    .. math::

        \alpha_m &= 0.32 \frac{13 - u}{e^{(13 - u)/4} - 1}, & \beta_m &= 0.28 \frac{u - 40}{e^{(u - 40)/5} - 1} \\
        \alpha_h &= 0.128\, e^{(17 - u)/18}, & \beta_h &= \frac{4}{1 + e^{(40 - u)/5}}

    References
    ----------
    Traub, R. D. and Miles, R. (1991), Neuronal Networks of the Hippocampus, Cambridge University Press,
    doi:10.1017/CBO9780511895401.

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.TraubMilesSodium().gates
    {'m': 3, 'h': 1}
    """

    gates: ClassVar[dict[str, int]] = {"m": 3, "h": 1}

    def __init__(
        self,
        g: ParameterLike = 20000.0 * nS,
        E: ParameterLike = 50.0 * mV,
        V_T: ParameterLike = -63.0 * mV,
        name: str | None = None,
    ) -> None:
        super().__init__(g, E, name)
        self.V_T = Parameter(V_T, unit=mV)

    def at_m(self, V: Any) -> Gate:
        """Where activation goes."""
        u = V - self.V_T
        return rates_of(1.28 / exprel(_linear(u, 13.0, 4.0)), 1.4 / exprel(_linear(u, 40.0, -5.0)))

    def at_h(self, V: Any) -> Gate:
        """Where inactivation goes."""
        u = V - self.V_T
        return rates_of(0.128 * np.exp(_linear(u, 17.0, 18.0)), 4.0 / (1.0 + np.exp(_linear(u, 40.0, 5.0))))


class TraubMilesPotassium(Channel):
    r"""Delayed rectifier of Traub and Miles.

    Parameters
    ----------
    g, E, V_T, name
        As of `TraubMilesSodium`.

    Attributes
    ----------
    n : State
        Activation.

    Notes
    -----
    :math:`g\, n^4 (E - V)` with :math:`u = (V - V_T) / mV` and, in 1/ms,

    .. math:: \alpha_n = 0.032 \frac{15 - u}{e^{(15 - u)/5} - 1}, \qquad \beta_n = 0.5\, e^{(10 - u)/40}

    References
    ----------
    As of `TraubMilesSodium`.

    Examples
    --------
    >>> import numbadyn as nd
    >>> nd.TraubMilesPotassium().gates
    {'n': 4}
    """

    gates: ClassVar[dict[str, int]] = {"n": 4}

    def __init__(
        self,
        g: ParameterLike = 6000.0 * nS,
        E: ParameterLike = -90.0 * mV,
        V_T: ParameterLike = -63.0 * mV,
        name: str | None = None,
    ) -> None:
        super().__init__(g, E, name)
        self.V_T = Parameter(V_T, unit=mV)

    def at_n(self, V: Any) -> Gate:
        """Where activation goes."""
        u = V - self.V_T
        return rates_of(0.16 / exprel(_linear(u, 15.0, 5.0)), 0.5 * np.exp(_linear(u, 10.0, 40.0)))
