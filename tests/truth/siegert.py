"""Rates of integrate-and-fire neurons under noise, in closed form, and the self-consistent rate of Brunel's network."""

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfcx, zetac

__all__ = ["brunel_input", "brunel_rate", "siegert", "variation"]

_SHIFT = -(zetac(0.5) + 1.0) / np.sqrt(2.0 * np.pi)
"""Mean overshoot, in steps of the noise, of a random walk that is looked at once a step (Chernoff 1965): 0.5826."""


def siegert(mean, sigma, tau, tau_ref, V_th, V_reset, dt=0.0):
    """Rate (kHz) of a neuron with delta-correlated input; Brunel (2000), equation 21.

    ``sigma`` is Brunel's: the variance without a threshold is half its square. With a time step, threshold and reset
    are moved by the mean overshoot of a walk that is compared with the threshold once a step.
    """
    shift = _SHIFT * sigma * np.sqrt(dt / tau)
    low, high = (V_reset + shift - mean) / sigma, (V_th + shift - mean) / sigma
    # exp(u^2) (1 + erf u) = erfcx(-u), which does not overflow before the rate is zero
    integral = quad(lambda u: erfcx(-u), low, high)[0] if high < 26 else np.inf
    return 1.0 / (tau_ref + tau * np.sqrt(np.pi) * integral)


def variation(mean, sigma, tau, tau_ref, V_th, V_reset, dt=0.0):
    """Coefficient of variation of the intervals of such a neuron; Brunel (2000), appendix A."""
    shift = _SHIFT * sigma * np.sqrt(dt / tau)
    low, high = (V_reset + shift - mean) / sigma, (V_th + shift - mean) / sigma

    def before(x):
        return quad(lambda y: np.exp(x * x - y * y) * erfcx(-y) ** 2, -12.0, x)[0]

    rate = siegert(mean, sigma, tau, tau_ref, V_th, V_reset, dt)
    return np.sqrt(2.0 * np.pi * (rate * tau) ** 2 * quad(before, low, high)[0])


def brunel_input(rate, g, eta, scale=1.0):
    """Mean and sigma (mV) of the input to the neurons of Brunel (2000), model A, at a rate in kHz."""
    C, J, tau, V_th = 1000.0 * scale, 0.1 / scale, 20.0, 20.0
    outside = eta * V_th / (J * tau)
    more, both = outside + C * rate * (1.0 - 0.25 * g), outside + C * rate * (1.0 + 0.25 * g * g)
    return J * tau * more, J * np.sqrt(tau * both)


def brunel_rate(g, eta, scale=1.0, dt=0.1):
    """Rate (Hz) at which that network is in balance with itself."""

    def excess(rate):
        return siegert(*brunel_input(rate, g, eta, scale), 20.0, 2.0, 20.0, 10.0, dt) - rate

    return 1e3 * brentq(excess, 1e-6, 0.45)
