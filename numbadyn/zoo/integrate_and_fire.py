"""Integrate-and-fire neurons of any drift: threshold, reset, dead time, with parts that adapt.

In: parameters with units, parts that adapt, inputs that projections register.  Out: spikes.  Must not know: lowering,
targets.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from numbadyn.model.dynamics import Neuron
from numbadyn.model.integrate import exp_euler_step
from numbadyn.model.timing import whole_steps
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.adapting import Adaptation, AdaptiveThreshold, Threshold, check_part
from numbadyn.zoo.comparing import Above, AllOf
from numbadyn.zoo.offgrid import Flow, Level, Path, check_spike_times, find_crossing
from numbadyn.zoo.resetting import BelowThreshold
from numbadyn.zoo.units import ms, mV, nS

__all__ = ["IF", "QIF", "ExpIF", "IntegrateAndFire"]

_CUT = "the upswing would be cut before it begins"


class IntegrateAndFire(Neuron):
    r"""Base of integrate-and-fire neurons: a class says the drift of the potential, this one does the rest.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    R : quantities.Quantity or float
        Input resistance; with a plain number inputs are voltages.
    tau : quantities.Quantity
        Membrane time constant (ms).
    V_th, V_reset, V_rest : quantities.Quantity
        Where a spike is emitted, where V begins anew, and where it rests (mV).
    tau_ref : quantities.Quantity, optional
        Dead time after a spike, rounded up to whole steps, in which V is held and input discarded; none by default.
    adaptation : Adaptation, optional
        A current that follows the potential and the spikes.
    threshold : Threshold, optional
        What fires instead of the fixed threshold, such as `AdaptiveThreshold` or `EscapeNoise`.
    V_initializer : Initialiser, quantity or array, optional
        First values of V; the reset potential by default.
    name : str, optional
        Name for messages and results.
    spike_times : {"grid", "interpolated"}
        Whether a spike is at the end of the step in which the threshold is crossed; or where the potential crosses it,
        from where on the rest of the step begins at the reset. Then spikes that are recorded have times between steps.

    Attributes
    ----------
    V : State
        Membrane potential (mV).
    refractory : State
        Steps for which the neuron is still held (int), or the time (ms) with interpolated spikes; where there is a dead
        time.
    adaptation, threshold : Adaptation or None, Threshold or None
        The parts, with states of their own.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning; a reset stands at or above a threshold that does not depend on chance.
    HookArgumentError
        A part is of another kind, or of another population already.

    Notes
    -----
    .. math:: \tau \frac{dV}{dt} = F(V) + R\, (I(V) - w)

    with F from `drift` and the current w of the adaptation. The potential is advanced by exponential Euler, whose
    derivative is found from the drift and the conductances; the adaptation stands half a step behind, so that both
    together are of second order. Then delta inputs are added; who is at or above the threshold spikes, and is reset at
    once.

    With interpolated spikes, crossings, dead times and what follows the reset are found within a step. Without an
    upswing and an adaptation the equation is solved for parts of the step as well, so that times are as exact as
    potentials are, which is to the last digits where synapses are currents. Else the potential within a step is the
    parabola through both ends that starts with the right slope, and times of spikes are of second order in dt. A
    threshold that moves does so in a straight line. There is at most one spike in a step. What spikes act on has them
    at the end of the step.

    References
    ----------
    Gerstner, W., Kistler, W. M., Naud, R. and Paninski, L. (2014), Neuronal Dynamics, Cambridge University Press,
    doi:10.1017/CBO9781107447615, chapters 5 and 6.

    Examples
    --------
    A cubic neuron with an adaptation current:

    >>> import numbadyn as nd
    >>> from quantities import ms, mV, nS, pA
    >>> class Cubic(nd.IntegrateAndFire):
    ...     def drift(self, v):
    ...         return (v - self.V_rest) * (1 / mV**2) * (v + 45 * mV) * (v + 50 * mV) * 0.01
    >>> cells = nd.init_all_states(Cubic(2, adaptation=nd.Adaptation(a=2 * nS, b=50 * pA)))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     print(sum(cells([0, 500] * pA).astype(int) for _ in range(60)) > 0)
    [False  True]
    """

    def __init__(
        self,
        in_size: SizeLike,
        R: ParameterLike = 0.1 / nS,
        tau: ParameterLike = 20.0 * ms,
        V_th: ParameterLike = -50.0 * mV,
        V_reset: ParameterLike = -60.0 * mV,
        V_rest: ParameterLike = -60.0 * mV,
        tau_ref: ParameterLike | None = None,
        adaptation: Adaptation | None = None,
        threshold: Threshold | None = None,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        *,
        spike_times: str = "grid",
    ) -> None:
        super().__init__(in_size, name=name)
        self.R = Parameter(R, negative=False)
        self.tau = Parameter(tau, unit=ms, positive=True)
        self.V_th = Parameter(V_th, unit=mV)
        self.V_reset = Parameter(V_reset, unit=mV, check=BelowThreshold(self, "V_reset"))
        self.V_rest = Parameter(V_rest, unit=mV)
        self.tau_ref = None if tau_ref is None else Parameter(tau_ref, unit=ms, negative=False)
        for name_of, part, kind in (("adaptation", adaptation, Adaptation), ("threshold", threshold, Threshold)):
            check_part(part, kind, f"{self.path}({name_of}=...)")
        self.adaptation, self.threshold = adaptation, threshold
        self.spike_times = check_spike_times(spike_times, threshold, self.path)
        for part in (adaptation, threshold):
            if part is not None:
                part.serve(self)
        self.V_initializer = V_initializer

    #: Whether the drift may run away, so that a spike has an upswing of its own.
    upswing: ClassVar[bool] = True

    @property
    def fires_at_threshold(self) -> bool:
        """Whether V_th is a threshold above which a neuron fires for certain, sooner or later."""
        return self.threshold is None or isinstance(self.threshold, AdaptiveThreshold)

    def init_state(self) -> None:
        """Make the membrane potential, and the counter of a dead time."""
        self.V = State(self.V_reset if self.V_initializer is None else self.V_initializer, unit=mV)
        if self.tau_ref is not None:
            self.refractory = State(0 if self.spike_times == "grid" else 0.0 * ms)

    @abstractmethod
    def drift(self, v: Any) -> Any:
        """What pulls at the potential besides currents, F(V) in mV.

        Parameters
        ----------
        v : quantities.Quantity or traced value
            The potential.
        """

    def advanced(self, x: Any) -> Any:
        """Membrane potential at the end of the step, before threshold and reset."""
        w = None if self.adaptation is None else self.adaptation.advanced(self.V.value)
        slope = self._slope(x, w)
        return self.sum_delta_inputs(exp_euler_step(slope, self.V.value))

    def _slope(self, x: Any, w: Any, *, pop: bool = True) -> Callable[[Any], Any]:
        """Rate of change as a function of the potential, with a current that adapts, if there is one."""
        currents = self.V_rest.dimension / self.R.dimension

        def slope(v: Any) -> Any:
            total, current = self.drift(v), self.sum_current_inputs(x, v, dimension=currents, pop=pop)
            if w is not None:
                current = -w if current is None else current - w
            return (total if current is None else total + self.R * current) * (1.0 / self.tau)

        return slope

    def update(self, x: Any = None) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : quantities.Quantity or traced value, optional
            Further current (pA; mV if R is a plain number).

        Returns
        -------
        array of bool
            Who spikes.
        """
        if self.spike_times != "grid":
            return self._update_between(x)
        if self.tau_ref is None:
            V = self.advanced(x)
            spike = self._fires(V)
        else:
            left = self.refractory.value
            free = left == 0
            V = np.where(free, self.advanced(x), self.V.value)
            spike = free & self._fires(V)
        self.V.value = np.where(spike, self.V_reset, V)
        if self.tau_ref is not None:
            self.refractory.value = np.where(spike, whole_steps(self.tau_ref), np.maximum(left - 1, 0))
        for part in (self.adaptation, self.threshold):
            if part is not None:
                part.spiked(spike)
        return spike

    def _update_between(self, x: Any) -> Any:
        """Advance by one step, with spikes where they are between its ends."""
        V = self.V.value
        before = after = None if self.adaptation is None else self.adaptation.advanced(V)
        if self.adaptation is not None:
            after = self.adaptation.jumped(before)
        # a dead time of zero, where there is none, is a number of the model's code
        dead, tau_ref = (0.0 * ms, 0.0 * ms) if self.tau_ref is None else (self.refractory.value, self.tau_ref.value)
        slope = self._slope(x, before, pop=False)
        path: Path | Flow
        if self.upswing or self.adaptation is not None:
            path = Path.of(slope, V, upswing=self.upswing)
            anew = Path.of(self._slope(x, after, pop=False), self.V_reset + 0.0 * V, upswing=False)
        else:
            path, anew = Flow.of(slope, V), None
        self.sum_current_inputs(None, V)  # which uses up what has arrived
        ends: list[tuple[Any, Any]] = []

        def level_of(end: Any) -> Level:
            if self.threshold is None:
                return Level(self.V_th)
            ends.append(self.threshold.ends(end, self.V_th))
            return Level(ends[0][0], ends[0][1] - ends[0][0])

        found = find_crossing(path, anew, self.V_reset, dead, level_of, tau_ref, self.sum_delta_inputs)
        self.V.value = found.V
        if self.tau_ref is not None:
            self.refractory.value = found.left
        if self.adaptation is not None:
            self.adaptation.spiked_within(found.spike, found.since, V)
        if self.threshold is not None:
            self.threshold.spiked_within(found.spike, found.since, ends[0], found.V)
        self.observe("since_spike", found.since)
        return found.spike

    def _fires(self, V: Any) -> Any:
        return self.V_th <= V if self.threshold is None else self.threshold.fires(V, self.V_th)


class IF(IntegrateAndFire):
    r"""Perfect integrate-and-fire neuron: no leak.

    Parameters
    ----------
    in_size, R, tau, V_th, V_reset, V_rest, tau_ref, adaptation, threshold, V_initializer, name, spike_times
        As of `IntegrateAndFire`.

    Notes
    -----
    .. math:: \tau \frac{dV}{dt} = R\, I(V)

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.init_all_states(nd.IF(1))
    >>> with nd.environ.context(dt=1 * ms):
    ...     print(sum(cells(100 * pA).astype(int) for _ in range(100)))  # 0.5 mV a step, 10 mV to the threshold
    [5]
    """

    upswing: ClassVar[bool] = False

    def drift(self, v: Any) -> Any:
        """Nothing pulls."""
        return 0.0 * v


class QIF(IntegrateAndFire):
    r"""Quadratic integrate-and-fire neuron.

    Parameters
    ----------
    in_size, R, tau, V_reset, V_rest, tau_ref, adaptation, threshold, V_initializer, name, spike_times
        As of `IntegrateAndFire`.
    V_th : quantities.Quantity
        Where the upswing is cut and counts as a spike (mV).
    V_c : quantities.Quantity
        Critical potential (mV), above which V runs away without input; from V_rest to V_th.
    c : quantities.Quantity
        Curvature (1/mV).

    Notes
    -----
    .. math:: \tau \frac{dV}{dt} = c\, (V - V_{rest}) (V - V_c) + R\, I(V)

    References
    ----------
    Latham, P. E., Richmond, B. J., Nelson, P. G. and Nirenberg, S. (2000), Intrinsic dynamics in neuronal networks. I.
    Theory, Journal of Neurophysiology 83, 808-827, doi:10.1152/jn.2000.83.2.808.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.init_all_states(nd.QIF(2))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     print(sum(cells([0, 400] * pA).astype(int) for _ in range(100)) > 0)
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
        tau_ref: ParameterLike | None = None,
        adaptation: Adaptation | None = None,
        threshold: Threshold | None = None,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        *,
        spike_times: str = "grid",
    ) -> None:
        parts = tau_ref, adaptation, threshold
        super().__init__(in_size, R, tau, V_th, V_reset, V_rest, *parts, V_initializer, name, spike_times=spike_times)
        above_rest, below_cut = Above(self, "V_c", "V_rest", equal=True), BelowThreshold(self, "V_c", _CUT, equal=True)
        self.V_c = Parameter(V_c, unit=mV, check=AllOf(above_rest, below_cut))
        self.c = Parameter(c, unit=1.0 / mV, positive=True)

    def drift(self, v: Any) -> Any:
        """Pull to rest below the critical potential, and away from it above; see `IntegrateAndFire.drift`."""
        return self.c * (v - self.V_rest) * (v - self.V_c)


class ExpIF(IntegrateAndFire):
    r"""Exponential integrate-and-fire neuron.

    Parameters
    ----------
    in_size, R, tau, V_reset, V_rest, tau_ref, adaptation, threshold, V_initializer, name, spike_times
        As of `IntegrateAndFire`.
    V_th : quantities.Quantity
        Where the upswing is cut and counts as a spike (mV).
    V_T : quantities.Quantity
        Rheobase threshold (mV), around which spikes begin; not above V_th.
    delta_T : quantities.Quantity
        Sharpness of the beginning of spikes (mV).

    Notes
    -----
    .. math:: \tau \frac{dV}{dt} = V_{rest} - V + \Delta_T\, e^{(V - V_T) / \Delta_T} + R\, I(V)

    References
    ----------
    Fourcaud-Trocme, N., Hansel, D., van Vreeswijk, C. and Brunel, N. (2003), How spike generation mechanisms determine
    the neuronal response to fluctuating inputs, Journal of Neuroscience 23, 11628-11640,
    doi:10.1523/JNEUROSCI.23-37-11628.2003.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.init_all_states(nd.ExpIF(2))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     print(sum(cells([0, 400] * pA).astype(int) for _ in range(100)) > 0)
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
        V_T: ParameterLike = -59.9 * mV,
        delta_T: ParameterLike = 3.48 * mV,
        tau_ref: ParameterLike | None = None,
        adaptation: Adaptation | None = None,
        threshold: Threshold | None = None,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        *,
        spike_times: str = "grid",
    ) -> None:
        parts = tau_ref, adaptation, threshold
        super().__init__(in_size, R, tau, V_th, V_reset, V_rest, *parts, V_initializer, name, spike_times=spike_times)
        self.V_T = Parameter(V_T, unit=mV, check=BelowThreshold(self, "V_T", _CUT, equal=True))
        self.delta_T = Parameter(delta_T, unit=mV, positive=True)

    def drift(self, v: Any) -> Any:
        """Pull to rest, and the exponential upswing; see `IntegrateAndFire.drift`."""
        return self.V_rest - v + self.delta_T * np.exp((v - self.V_T) / self.delta_T)
