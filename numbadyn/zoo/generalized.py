"""Generalised integrate-and-fire neurons: leaky ones with currents and thresholds that spikes trigger.

In: parameters with units, inputs that projections register.  Out: spikes.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.zoo.arguments import made_of
from numbadyn.zoo.lif import LIF
from numbadyn.zoo.spike_triggered import FollowingThreshold, MovingEscape, SpikeCurrents
from numbadyn.zoo.units import kHz, ms, mV, nS, pA

__all__ = ["GIF", "StochasticGIF"]


class _Depolarising(SpikeCurrents):
    """Spike-triggered currents that are counted as input."""

    def advanced(self, V: Any) -> Any:
        """Advance the currents, and give what is subtracted from the input."""
        return -super().advanced(V)

    def jumped(self, w: Any) -> Any:
        """The same after a spike."""
        return -super().jumped(w)


class GIF(LIF):
    r"""Generalised linear integrate-and-fire neuron of Mihalas and Niebur.

    Parameters
    ----------
    in_size, R, tau, V_reset, V_rest, V_initializer, name, spike_times
        As of `LIF`; R and tau make the capacitance tau / R.
    V_th : quantities.Quantity
        Threshold at rest (mV), to which it returns.
    V_th_reset : quantities.Quantity
        What the threshold is at least after a spike (mV); above V_reset.
    a, b : quantities.Quantity
        Rates with which the threshold follows the potential and returns (kHz).
    tau_1, tau_2 : quantities.Quantity
        Time constants of the two currents (ms).
    A_1, A_2 : quantities.Quantity
        Their jumps with a spike (pA); positive ones depolarise.
    R_1, R_2 : float or array
        Factors of the two currents at a spike.

    Attributes
    ----------
    adaptation : SpikeCurrents
        The currents w0 and w1.
    threshold : FollowingThreshold
        With the state theta.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; V_th_reset is at or below V_reset.

    Notes
    -----
    .. math::

        \tau \frac{dV}{dt} &= V_{rest} - V + R\, (I + I_1 + I_2), \qquad \tau_k \frac{dI_k}{dt} = -I_k \\
        \frac{d\Theta}{dt} &= a\, (V - V_{rest}) - b\, (\Theta - V_{th})

    and at :math:`V \ge \Theta`

    .. math::

        I_k \leftarrow R_k I_k + A_k, \qquad V \leftarrow V_{reset}, \qquad
        \Theta \leftarrow \max(\Theta, V_{th,reset}) .

    A current I/C of 1 V/s of the paper is 200 pA with the defaults. Twenty patterns of firing follow from a, A_1, A_2
    and the input; with the defaults it fires tonically.

    References
    ----------
    Mihalas, S. and Niebur, E. (2009), A generalized linear integrate-and-fire neural model produces diverse spiking
    behaviors, Neural Computation 21, 704-718, doi:10.1162/neco.2008.12-07-680.

    Examples
    --------
    A tonic neuron, and one whose threshold outgrows the potential under the same current:

    >>> import numbadyn as nd
    >>> from quantities import Hz, ms, pA
    >>> net = nd.DynamicsGroup()
    >>> net.cells = nd.GIF(2, a=[0, 5] * Hz)
    >>> net.drive = nd.CurrentInput(net.cells, nd.Pulse(amplitude=300 * pA))
    >>> sim = nd.Simulator(net, dt=0.5 * ms, target="interpret")
    >>> sim.record(net.cells, spikes=True)
    >>> sim.run(300 * ms)[net.cells].spikes.counts.tolist()
    [13, 5]
    """

    def __init__(
        self,
        in_size: SizeLike,
        R: ParameterLike = 0.1 / nS,
        tau: ParameterLike = 20.0 * ms,
        V_th: ParameterLike = -50.0 * mV,
        V_reset: ParameterLike = -70.0 * mV,
        V_rest: ParameterLike = -70.0 * mV,
        V_th_reset: ParameterLike = -60.0 * mV,
        a: ParameterLike = 0.0 * kHz,
        b: ParameterLike = 0.01 * kHz,
        tau_1: ParameterLike = 5.0 * ms,
        tau_2: ParameterLike = 50.0 * ms,
        A_1: ParameterLike = 0.0 * pA,
        A_2: ParameterLike = 0.0 * pA,
        R_1: ParameterLike = 0.0,
        R_2: ParameterLike = 1.0,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        *,
        spike_times: str = "grid",
    ) -> None:
        owner, each = name or type(self).__name__, {"tau": "tau", "jump": "A", "keep": "R"}
        names = {f"{part}{k}": f"{given}_{k + 1}" for part, given in each.items() for k in (0, 1)}
        rules = {"tau": [tau_1, tau_2], "jump": [A_1, A_2], "keep": [R_1, R_2]}
        super().__init__(
            in_size,
            R,
            tau,
            V_th,
            V_reset,
            V_rest,
            V_initializer,
            name,
            adaptation=made_of(owner, names, _Depolarising, **rules),
            threshold=made_of(owner, {"reset": "V_th_reset"}, FollowingThreshold, a, b, V_th_reset),
            spike_times=spike_times,
        )


def _listed(taus: Any, kind: str) -> dict[str, str]:
    """Names of components, as entries of what was given."""
    count = np.size(taus) if np.ndim(taus) else 1
    each = [(f"{k}", f"[{k}]" if np.ndim(taus) else "") for k in range(count)]
    return {
        f"{part}{k}": f"{given}_{kind}{which}"
        for part, given in {"tau": "tau", "jump": "q"}.items()
        for k, which in each
    }


class StochasticGIF(LIF):
    r"""Generalised integrate-and-fire neuron with escape noise, as fitted to recordings by Mensi, Pozzorini and others.

    Parameters
    ----------
    in_size, R, tau, V_reset, V_rest, V_initializer, name
        As of `LIF`; the first potential is V_rest by default.
    V_th : quantities.Quantity
        Threshold at rest (mV), where it fires with `rate`.
    tau_ref : quantities.Quantity
        Dead time (ms).
    rate : quantities.Quantity
        Rate of spikes at the threshold (Hz).
    width : quantities.Quantity
        Distance in which the rate grows by e (mV).
    tau_stc, q_stc : quantities.Quantity or list
        Time constants (ms) and jumps (pA) of spike-triggered currents; positive jumps hyperpolarise.
    tau_sfa, q_sfa : quantities.Quantity or list
        Time constants (ms) and jumps (mV) of the threshold.

    Attributes
    ----------
    adaptation : SpikeCurrents
        With the states w0, w1, ...
    threshold : MovingEscape
        With the states theta0, theta1, ...

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.
    ShapeError
        There are not as many jumps as time constants.

    Notes
    -----
    .. math::

        \tau \frac{dV}{dt} = V_{rest} - V + R\, \Big(I - \sum_k \eta_k\Big), \qquad
        \lambda = \rho\, e^{(V - V_{th} - \sum_k \gamma_k) / width}

    Each :math:`\eta_k` and :math:`\gamma_k` jumps by its q with a spike and decays with its time constant. In a step
    the chance of a spike is :math:`1 - e^{-\lambda \Delta t}`; after one, V is held at its reset for the dead time. It
    is ``gif_psc_exp`` of NEST, with projections as synapses; R = 1 / g_L and tau = C_m / g_L.

    References
    ----------
    Mensi, S. et al. (2012), Parameter extraction and classification of three cortical neuron types reveals two distinct
    adaptation mechanisms, Journal of Neurophysiology 107, 1756-1775, doi:10.1152/jn.00408.2011.

    Pozzorini, C., Mensi, S., Hagens, O., Naud, R., Koch, C. and Gerstner, W. (2015), Automated high-throughput
    characterization of single neurons by means of simplified spiking models, PLoS Computational Biology 11, e1004275,
    doi:10.1371/journal.pcbi.1004275.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, pA
    >>> cells = nd.StochasticGIF(
    ...     100, tau_stc=[5, 100] * ms, q_stc=[20, 5] * pA, tau_sfa=[10, 80] * ms, q_sfa=[8, 2] * mV
    ... )
    >>> cells.threshold.count
    2
    """

    def __init__(
        self,
        in_size: SizeLike,
        R: ParameterLike = 0.25 / nS,
        tau: ParameterLike = 20.0 * ms,
        V_th: ParameterLike = -35.0 * mV,
        V_reset: ParameterLike = -55.0 * mV,
        V_rest: ParameterLike = -70.0 * mV,
        tau_ref: ParameterLike = 4.0 * ms,
        rate: ParameterLike = 0.001 * kHz,
        width: ParameterLike = 0.5 * mV,
        tau_stc: Any = 100.0 * ms,
        q_stc: Any = 0.0 * pA,
        tau_sfa: Any = 100.0 * ms,
        q_sfa: Any = 0.0 * mV,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        owner = name or type(self).__name__
        super().__init__(
            in_size,
            R,
            tau,
            V_th,
            V_reset,
            V_rest,
            V_initializer,
            name,
            tau_ref=tau_ref,
            adaptation=made_of(owner, _listed(tau_stc, "stc"), SpikeCurrents, tau_stc, q_stc),
            threshold=made_of(owner, _listed(tau_sfa, "sfa"), MovingEscape, tau_sfa, q_sfa, rate, width),
        )
        if V_initializer is None:
            self.V_initializer = self.V_rest
