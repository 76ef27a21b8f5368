"""Leaky integrate-and-fire neurons.

In: parameters with units, inputs that projections register.  Out: spikes.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any, ClassVar

from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.zoo.adapting import Adaptation, Threshold
from numbadyn.zoo.integrate_and_fire import IntegrateAndFire
from numbadyn.zoo.units import ms, mV, nS

__all__ = ["LIF", "LIFRef"]


class LIF(IntegrateAndFire):
    r"""Leaky integrate-and-fire neuron.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    R : quantities.Quantity or float
        Input resistance, one value or one for each neuron: with the default, 0.1 GOhm (that of a leak of 10 nS), inputs
        are currents; with the plain number 1, inputs are voltages (as in networks whose weights are in mV).
    tau : quantities.Quantity
        Membrane time constant (ms), one value or one for each neuron.
    V_th, V_reset, V_rest : quantities.Quantity
        Threshold, reset and resting potential (mV), one value or one for each neuron.
    V_initializer : Initialiser, quantity or array, optional
        First values of V; the reset potential by default.
    name : str, optional
        Name for messages and results.
    tau_ref, adaptation, threshold : optional
        As of `IntegrateAndFire`: a dead time, a current that adapts, and what fires instead of a fixed threshold.

    Attributes
    ----------
    V : State
        Membrane potential (mV).

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.

    Notes
    -----
    .. math:: \tau \frac{dV}{dt} = V_{rest} - V + R\, I(V)

    is advanced by exponential Euler, which is exact for constant currents and takes conductances as constant over a
    step. Then delta inputs are added; where V is at or above the threshold, a spike is emitted and V is reset at once.
    Conductances in nS and potentials in mV make currents in pA, and R in GOhm turns these into mV.

    References
    ----------
    Vogels, T. P. and Abbott, L. F. (2005), Signal propagation and logic gating in networks of integrate-and-fire
    neurons, Journal of Neuroscience 25, 10786-10795, doi:10.1523/JNEUROSCI.3508-05.2005.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, pA
    >>> neurons = nd.init_all_states(nd.LIF(2, V_rest=-60 * mV, V_th=-50 * mV))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     spikes = neurons([0, 200] * pA)
    >>> print(spikes, neurons.V.value.round(4))
    [False False] [-60.     -59.9002] mV
    """

    upswing: ClassVar[bool] = False

    def __init__(
        self,
        in_size: SizeLike,
        R: ParameterLike = 0.1 / nS,
        tau: ParameterLike = 20.0 * ms,
        V_th: ParameterLike = -50.0 * mV,
        V_reset: ParameterLike = -60.0 * mV,
        V_rest: ParameterLike = -60.0 * mV,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        *,
        tau_ref: ParameterLike | None = None,
        adaptation: Adaptation | None = None,
        threshold: Threshold | None = None,
        spike_times: str = "grid",
    ) -> None:
        parts = tau_ref, adaptation, threshold
        super().__init__(in_size, R, tau, V_th, V_reset, V_rest, *parts, V_initializer, name, spike_times=spike_times)

    def drift(self, v: Any) -> Any:
        """Pull to rest; see `IntegrateAndFire.drift`."""
        return self.V_rest - v


class LIFRef(LIF):
    r"""Leaky integrate-and-fire neuron with an absolute refractory period.

    Parameters
    ----------
    in_size, R, tau, V_th, V_reset, V_rest, V_initializer, name, adaptation, threshold
        As of `LIF`.
    tau_ref : quantities.Quantity
        Refractory period (ms), one value or one for each neuron; rounded up to whole steps.

    Attributes
    ----------
    V : State
        Membrane potential (mV).
    refractory : State
        Steps for which the neuron is still held (int).

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.

    Notes
    -----
    As `LIF`; after a spike, V keeps its value for :math:`\lceil \tau_{ref} / \Delta t \rceil` steps, in which all input
    is discarded. Steps are counted in integers, so 5 ms at a step of 0.1 ms are 50 held steps, always.

    References
    ----------
    Brette, R. et al. (2007), Simulation of networks of spiking neurons: a review of tools and strategies, Journal of
    Computational Neuroscience 23, 349-398, doi:10.1007/s10827-007-0038-6.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV, pA
    >>> neurons = nd.init_all_states(nd.LIFRef(1, tau_ref=5 * ms, V_initializer=-50 * mV))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     spikes = [bool(neurons(300 * pA)[0]) for _ in range(2)]
    >>> spikes, neurons.refractory.value.tolist()
    ([True, False], [49])
    """

    def __init__(
        self,
        in_size: SizeLike,
        R: ParameterLike = 0.1 / nS,
        tau: ParameterLike = 20.0 * ms,
        V_th: ParameterLike = -50.0 * mV,
        V_reset: ParameterLike = -60.0 * mV,
        V_rest: ParameterLike = -60.0 * mV,
        V_initializer: ParameterLike | None = None,
        tau_ref: ParameterLike = 5.0 * ms,
        name: str | None = None,
        *,
        adaptation: Adaptation | None = None,
        threshold: Threshold | None = None,
        spike_times: str = "grid",
    ) -> None:
        parts: dict[str, Any] = {"adaptation": adaptation, "threshold": threshold, "spike_times": spike_times}
        super().__init__(in_size, R, tau, V_th, V_reset, V_rest, V_initializer, name, tau_ref=tau_ref, **parts)
