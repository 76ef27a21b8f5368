"""Integrate-and-fire neurons that adapt, by a current or by their threshold.

In: parameters with units, inputs that projections register.  Out: spikes.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numbadyn.model import environ
from numbadyn.model.acting import note_half_step
from numbadyn.model.dynamics import Neuron
from numbadyn.model.following import Following
from numbadyn.model.integrate import exp_euler_step
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.adapting import Adaptation, AdaptiveThreshold
from numbadyn.zoo.arguments import made_of
from numbadyn.zoo.integrate_and_fire import QIF, ExpIF
from numbadyn.zoo.lif import LIF
from numbadyn.zoo.resetting import BelowThreshold
from numbadyn.zoo.units import kHz, ms, mV, nS, pA

__all__ = ["ALIF", "AdEx", "AdQIF", "Izhikevich"]


def _adaptation(owner: str, tau_w: Any, a: Any, b: Any, w_initializer: Any) -> Adaptation:
    """The current of a neuron that has its parameters among its own."""
    return made_of(owner, {"tau": "tau_w"}, Adaptation, tau_w, a, b, w_initializer=w_initializer)


class AdEx(ExpIF):
    r"""Adaptive exponential integrate-and-fire neuron: an `ExpIF` with an `Adaptation`.

    Parameters
    ----------
    in_size, R, tau, V_th, V_reset, V_rest, V_T, delta_T, tau_ref, threshold, V_initializer, name
        As of `ExpIF`; the defaults are those of Brette and Gerstner, a leak of 30 nS and a capacitance of 281 pF.
    tau_w, a, b, w_initializer
        `tau`, `a`, `b` and `w_initializer` of the `Adaptation`.

    Attributes
    ----------
    adaptation : Adaptation
        With the state w.

    Notes
    -----
    .. math::

        \tau \frac{dV}{dt} &= V_{rest} - V + \Delta_T\, e^{(V - V_T) / \Delta_T} + R\, (I(V) - w) \\
        \tau_w \frac{dw}{dt} &= a\, (V - V_{rest}) - w, \qquad w \leftarrow w + b \text{ at a spike}

    References
    ----------
    Brette, R. and Gerstner, W. (2005), Adaptive exponential integrate-and-fire model as an effective description of
    neuronal activity, Journal of Neurophysiology 94, 3637-3642, doi:10.1152/jn.00686.2005.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.init_all_states(nd.AdEx(2))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     print(sum(cells([500, 1000] * pA).astype(int) for _ in range(150)) > 0)
    [False  True]
    """

    def __init__(
        self,
        in_size: SizeLike,
        R: ParameterLike = (1.0 / 30.0) / nS,
        tau: ParameterLike = (281.0 / 30.0) * ms,
        V_th: ParameterLike = 0.0 * mV,
        V_reset: ParameterLike = -70.6 * mV,
        V_rest: ParameterLike = -70.6 * mV,
        V_T: ParameterLike = -50.4 * mV,
        delta_T: ParameterLike = 2.0 * mV,
        tau_w: ParameterLike = 144.0 * ms,
        a: ParameterLike = 4.0 * nS,
        b: ParameterLike = 80.5 * pA,
        tau_ref: ParameterLike | None = None,
        threshold: Any = None,
        V_initializer: ParameterLike | None = None,
        w_initializer: ParameterLike | None = None,
        name: str | None = None,
        *,
        spike_times: str = "grid",
    ) -> None:
        super().__init__(
            in_size,
            R,
            tau,
            V_th,
            V_reset,
            V_rest,
            V_T,
            delta_T,
            tau_ref,
            _adaptation(name or type(self).__name__, tau_w, a, b, w_initializer),
            threshold,
            V_initializer,
            name,
            spike_times=spike_times,
        )


class AdQIF(QIF):
    r"""Adaptive quadratic integrate-and-fire neuron: a `QIF` with an `Adaptation`.

    Parameters
    ----------
    in_size, R, tau, V_th, V_reset, V_rest, V_c, c, tau_ref, threshold, V_initializer, name
        As of `QIF`.
    tau_w, a, b, w_initializer
        `tau`, `a`, `b` and `w_initializer` of the `Adaptation`.

    Attributes
    ----------
    adaptation : Adaptation
        With the state w.

    Notes
    -----
    .. math::

        \tau \frac{dV}{dt} &= c\, (V - V_{rest}) (V - V_c) + R\, (I(V) - w) \\
        \tau_w \frac{dw}{dt} &= a\, (V - V_{rest}) - w, \qquad w \leftarrow w + b \text{ at a spike}

    References
    ----------
    Izhikevich, E. M. (2004), Which model to use for cortical spiking neurons?, IEEE Transactions on Neural Networks 15,
    1063-1070, doi:10.1109/TNN.2004.832719.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.init_all_states(nd.AdQIF(2))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     print(sum(cells([0, 300] * pA).astype(int) for _ in range(150)) > 0)
    [False  True]
    """

    def __init__(
        self,
        in_size: SizeLike,
        R: ParameterLike = 0.1 / nS,
        tau: ParameterLike = 10.0 * ms,
        V_th: ParameterLike = -30.0 * mV,
        V_reset: ParameterLike = -68.0 * mV,
        V_rest: ParameterLike = -65.0 * mV,
        V_c: ParameterLike = -50.0 * mV,
        c: ParameterLike = 0.07 / mV,
        tau_w: ParameterLike = 30.0 * ms,
        a: ParameterLike = 10.0 * nS,
        b: ParameterLike = 10.0 * pA,
        tau_ref: ParameterLike | None = None,
        threshold: Any = None,
        V_initializer: ParameterLike | None = None,
        w_initializer: ParameterLike | None = None,
        name: str | None = None,
        *,
        spike_times: str = "grid",
    ) -> None:
        super().__init__(
            in_size,
            R,
            tau,
            V_th,
            V_reset,
            V_rest,
            V_c,
            c,
            tau_ref,
            _adaptation(name or type(self).__name__, tau_w, a, b, w_initializer),
            threshold,
            V_initializer,
            name,
            spike_times=spike_times,
        )


class ALIF(LIF):
    r"""Leaky integrate-and-fire neuron whose threshold adapts: with an `AdaptiveThreshold`.

    Parameters
    ----------
    in_size, R, tau, V_th, V_reset, V_rest, tau_ref, V_initializer, name, spike_times
        As of `IntegrateAndFire`.
    tau_a : quantities.Quantity
        Time constant of the threshold (ms).
    beta : quantities.Quantity
        Rise of the threshold with a spike (mV).

    Attributes
    ----------
    threshold : AdaptiveThreshold
        With the state theta.

    References
    ----------
    Bellec, G., Salaj, D., Subramoney, A., Legenstein, R. and Maass, W. (2018), Long short-term memory and
    learning-to-learn in networks of spiking neurons, Advances in Neural Information Processing Systems 31.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.init_all_states(nd.ALIF(1))
    >>> with nd.environ.context(dt=0.5 * ms):
    ...     spikes = [bool(cells(300 * pA)[0]) for _ in range(300)]
    >>> sum(spikes[:100]) > sum(spikes[200:])
    True
    """

    def __init__(
        self,
        in_size: SizeLike,
        R: ParameterLike = 0.1 / nS,
        tau: ParameterLike = 20.0 * ms,
        V_th: ParameterLike = -50.0 * mV,
        V_reset: ParameterLike = -60.0 * mV,
        V_rest: ParameterLike = -60.0 * mV,
        tau_a: ParameterLike = 100.0 * ms,
        beta: ParameterLike = 2.0 * mV,
        tau_ref: ParameterLike | None = None,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        *,
        spike_times: str = "grid",
    ) -> None:
        parts: dict[str, Any] = {"tau_ref": tau_ref, "spike_times": spike_times}
        parts["threshold"] = made_of(name or type(self).__name__, {"tau": "tau_a"}, AdaptiveThreshold, tau_a, beta)
        super().__init__(in_size, R, tau, V_th, V_reset, V_rest, V_initializer, name, **parts)


class Izhikevich(Neuron):
    r"""Izhikevich's neuron of 2003.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    a, b : quantities.Quantity
        Rate of the recovery, and its coupling to the potential (kHz).
    c : quantities.Quantity
        Where V begins anew (mV).
    d : quantities.Quantity
        Jump of u with a spike (mV/ms).
    V_th : quantities.Quantity
        Where the upswing is cut (mV).
    k2, k1, k0 : quantities.Quantity
        Coefficients of the parabola: 0.04 / (mV ms), 5 / ms, 140 mV / ms.
    R : quantities.Quantity or float
        Change of the potential by an input current: 1 mV / (ms pA), so that published currents, which have no unit, are
        in pA.
    V_initializer, u_initializer : Initialiser, quantity or array, optional
        First values; c, and b times c by default.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    V : State
        Membrane potential (mV).
    u : State
        Recovery (mV/ms), half a step behind.

    Notes
    -----
    .. math::

        \frac{dV}{dt} &= k_2 V^2 + k_1 V + k_0 - u + R\, I(V), \qquad \frac{du}{dt} = a\, (b\, V - u) \\
        V &\ge V_{th}: \quad V \leftarrow c, \quad u \leftarrow u + d

    The potential is advanced by exponential Euler, the recovery exactly and in turn with it: of second order. The
    published script takes two steps of half a millisecond by forward Euler; its spikes are later by up to a
    millisecond.

    References
    ----------
    Izhikevich, E. M. (2003), Simple model of spiking neurons, IEEE Transactions on Neural Networks 14, 1569-1572,
    doi:10.1109/TNN.2003.820440.

    Examples
    --------
    A regular spiking and a fast spiking neuron under the same current:

    >>> import numbadyn as nd
    >>> from quantities import kHz, ms, mV, pA
    >>> cells = nd.Izhikevich(2, a=[0.02, 0.1] * kHz, d=[8, 2] * mV / ms)
    >>> cells = nd.init_all_states(cells)
    >>> with nd.environ.context(dt=0.5 * ms):
    ...     counts = sum(cells(10 * pA).astype(int) for _ in range(250))
    >>> bool(counts[1] > 2 * counts[0] > 0)
    True
    """

    #: V_th is the threshold of every neuron.
    fires_at_threshold: ClassVar[bool] = True

    def __init__(
        self,
        in_size: SizeLike,
        a: ParameterLike = 0.02 * kHz,
        b: ParameterLike = 0.2 * kHz,
        c: ParameterLike = -65.0 * mV,
        d: ParameterLike = 8.0 * mV / ms,
        V_th: ParameterLike = 30.0 * mV,
        k2: ParameterLike = 0.04 / (mV * ms),
        k1: ParameterLike = 5.0 / ms,
        k0: ParameterLike = 140.0 * mV / ms,
        R: ParameterLike = 1.0 * mV / (ms * pA),
        V_initializer: ParameterLike | None = None,
        u_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.a = Parameter(a, unit=kHz)  # below zero in two of the twenty published patterns
        self.b = Parameter(b, unit=kHz)
        self.c = Parameter(c, unit=mV, check=BelowThreshold(self, "c"))
        self.d = Parameter(d, unit=mV / ms)
        self.V_th = Parameter(V_th, unit=mV)
        self.k2 = Parameter(k2, unit=1.0 / (mV * ms))
        self.k1 = Parameter(k1, unit=kHz)
        self.k0 = Parameter(k0, unit=mV / ms)
        self.R = Parameter(R)
        self.V_initializer, self.u_initializer = V_initializer, u_initializer

    def init_state(self) -> None:
        """Make the potential and the recovery."""
        self.V = State(self.c if self.V_initializer is None else self.V_initializer, unit=mV)
        self.u = State(Following(self._resting) if self.u_initializer is None else self.u_initializer, unit=mV / ms)

    def _resting(self) -> Any:
        """The recovery at rest where V begins anew."""
        return self.b.value * self.c.value

    def update(self, x: Any = None) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : quantities.Quantity or traced value, optional
            Further current.

        Returns
        -------
        array of bool
            Who spikes.
        """
        V, currents = self.V.value, self.k0.dimension / self.R.dimension
        steady = self.b * V
        note_half_step(self.u.value)
        u = steady + (self.u.value - steady) * np.exp(-environ.get_dt() * self.a)

        def slope(v: Any) -> Any:
            current = self.sum_current_inputs(x, v, dimension=currents)
            drift = (self.k2 * v + self.k1) * v + self.k0 - u
            return drift if current is None else drift + self.R * current

        advanced = self.sum_delta_inputs(exp_euler_step(slope, V))
        spike = self.V_th <= advanced
        self.V.value = np.where(spike, self.c, advanced)
        self.u.value = np.where(spike, u + self.d, u)
        return spike
