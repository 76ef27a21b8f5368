"""Parts of integrate-and-fire neurons with several time constants: currents and thresholds that spikes trigger.

In: parameters with units, the potential and the spikes of a neuron.  Out: a current; who fires.  Must not know: which
neurons there are, lowering, targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import ShapeError
from numbadyn.model import environ, random
from numbadyn.model.acting import over_step
from numbadyn.model.functions import exprel
from numbadyn.model.seldom import choose_seldom
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter, State
from numbadyn.units import is_quantity, unit_of
from numbadyn.zoo.adapting import Adaptation, EscapeNoise, Part, Threshold
from numbadyn.zoo.comparing import Above
from numbadyn.zoo.units import kHz, ms, mV, pA

__all__ = ["FollowingThreshold", "MovingEscape", "SpikeCurrents"]


def _each(given: Any, what: str, where: str, count: int | None = None) -> list[Any]:
    """One value for each component, of a list or an array of them; a single one for all.

    Raises
    ------
    ShapeError
        There are more or fewer.
    """
    several = isinstance(given, Sequence) and not isinstance(given, str)
    several = several or ((is_quantity(given) or isinstance(given, np.ndarray)) and np.ndim(given) == 1)
    values = list(given) if several else [given] * (1 if count is None else count)
    if not values or (count is not None and len(values) != count):
        raise ShapeError(
            f"{where} has {count or 0} time constants, but {what} has {len(values)} values.",
            where=where,
            cure="Give a list with one entry for each time constant; an entry may be a value for all neurons, an array "
            "with one for each of them, or a distribution.",
            values=len(values),
            count=count,
        )
    return values


class SpikeCurrents(Adaptation):
    r"""Currents that jump with each spike and decay, each with a time constant of its own.

    Parameters
    ----------
    tau : quantities.Quantity or list
        Time constants (ms), an entry for each current.
    jump : quantities.Quantity or list
        Jumps with a spike, an entry for each current, in the unit of the neuron's inputs (pA, or mV with a plain R);
        positive ones hyperpolarise.
    keep : float or list
        Factor of a current at a spike, before the jump: 1 adds up, 0 begins anew.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    w0, w1, ... : State
        The currents (pA).

    Raises
    ------
    ShapeError
        There are not as many jumps as time constants.

    Notes
    -----
    .. math:: \tau_k \frac{dw_k}{dt} = -w_k, \qquad w_k \leftarrow keep_k\, w_k + jump_k \text{ at a spike}

    Their sum is subtracted from the input current, by its mean over each step. They stand where an `Adaptation` can,
    in any `IntegrateAndFire`.

    References
    ----------
    Mensi, S. et al. (2012), Parameter extraction and classification of three cortical neuron types reveals two distinct
    adaptation mechanisms, Journal of Neurophysiology 107, 1756-1775, doi:10.1152/jn.00408.2011.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.ExpIF(10, adaptation=nd.SpikeCurrents(tau=[5, 200] * ms, jump=[-40, 15] * pA))
    """

    def __init__(
        self,
        tau: Any = 100.0 * ms,
        jump: Any = 50.0 * pA,
        keep: Any = 1.0,
        name: str | None = None,
    ) -> None:
        Part.__init__(self, name)  # not coupled to the potential, as an Adaptation is
        where = type(self).__name__
        taus = _each(tau, "tau", where)
        self.count = len(taus)
        for k, (constant, height, kept) in enumerate(
            zip(taus, _each(jump, "jump", where, self.count), _each(keep, "keep", where, self.count), strict=True)
        ):
            setattr(self, f"tau{k}", Parameter(constant, unit=ms, positive=True))
            setattr(self, f"jump{k}", Parameter(height))
            setattr(self, f"keep{k}", Parameter(kept))

    def init_state(self) -> None:
        """Make the currents."""
        Part.init_state(self)
        for k in range(self.count):
            setattr(self, f"w{k}", State(0.0 * unit_of(getattr(self, f"jump{k}").dimension)))

    def advanced(self, V: Any) -> Any:
        """Advance the currents over the step, and give the mean of their sum; see `Adaptation.advanced`."""
        total: Any = None
        for k in range(self.count):
            state = self.state(f"w{k}")
            w, ratio = state.value, -environ.get_dt() / getattr(self, f"tau{k}")
            mean = over_step(w, w * exprel(ratio))
            total = mean if total is None else total + mean
            state.value = w * np.exp(ratio)
        return total

    def spiked(self, spike: Any) -> None:
        """Jump where there was a spike."""
        for k in range(self.count):
            state = self.state(f"w{k}")
            jumped = getattr(self, f"keep{k}") * state.value + getattr(self, f"jump{k}")
            state.value = np.where(spike, jumped, state.value)

    def jumped(self, w: Any) -> Any:
        """The mean of their sum after a spike; see `Adaptation.jumped`."""
        total: Any = None
        for k in range(self.count):
            mean = self.state(f"w{k}").value * exprel(environ.get_dt() / getattr(self, f"tau{k}"))
            own = getattr(self, f"keep{k}") * mean + getattr(self, f"jump{k}")
            total = own if total is None else total + own
        return total

    def spiked_within(self, spike: Any, since: Any, V: Any) -> None:
        """Jump where there was a spike, and decay since then; see `Adaptation.spiked_within`."""
        for k in range(self.count):
            state = self.state(f"w{k}")
            jump = getattr(self, f"jump{k}") * np.exp(-since / getattr(self, f"tau{k}"))
            state.value = choose_seldom(spike, getattr(self, f"keep{k}") * state.value + jump, state.value)


class MovingEscape(EscapeNoise):
    r"""Stochastic threshold that jumps with each spike and falls back, with several time constants.

    Parameters
    ----------
    tau : quantities.Quantity or list
        Time constants of the fall (ms), an entry for each component.
    jump : quantities.Quantity or list
        Rises with a spike (mV), an entry for each component.
    rate, width, name
        As of `EscapeNoise`.

    Attributes
    ----------
    theta0, theta1, ... : State
        What is added to the fixed threshold (mV).

    Raises
    ------
    ShapeError
        There are not as many jumps as time constants.

    Notes
    -----
    .. math::

        \tau_k \frac{d\theta_k}{dt} = -\theta_k, \qquad \theta_k \leftarrow \theta_k + jump_k \text{ at a spike}, \qquad
        p = 1 - \exp\left(-\Delta t\, \rho\, e^{(V - V_{th} - \sum_k \theta_k) / width}\right)

    References
    ----------
    Pozzorini, C., Mensi, S., Hagens, O., Naud, R., Koch, C. and Gerstner, W. (2015), Automated high-throughput
    characterization of single neurons by means of simplified spiking models, PLoS Computational Biology 11, e1004275,
    doi:10.1371/journal.pcbi.1004275.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> cells = nd.LIF(10, threshold=nd.MovingEscape(tau=[10, 100] * ms, jump=[5, 1] * mV))
    """

    def __init__(
        self,
        tau: Any = 100.0 * ms,
        jump: Any = 2.0 * mV,
        rate: ParameterLike = 1.0 * kHz,
        width: ParameterLike = 2.0 * mV,
        name: str | None = None,
    ) -> None:
        super().__init__(rate, width, name)
        where = type(self).__name__
        taus = _each(tau, "tau", where)
        self.count = len(taus)
        for k, (constant, height) in enumerate(zip(taus, _each(jump, "jump", where, self.count), strict=True)):
            setattr(self, f"tau{k}", Parameter(constant, unit=ms, positive=True))
            setattr(self, f"jump{k}", Parameter(height, unit=mV))

    def init_state(self) -> None:
        """Make what is added."""
        super().init_state()
        for k in range(self.count):
            setattr(self, f"theta{k}", State(0.0 * mV))

    def fires(self, V: Any, V_th: Any) -> Any:
        """Those whom chance has chosen, of the threshold at the end of the step; see `Threshold.fires`."""
        total = V_th
        for k in range(self.count):
            state = self.state(f"theta{k}")
            state.value = state.value * np.exp(-environ.get_dt() / getattr(self, f"tau{k}"))
            total = total + state.value
        mean = environ.get_dt() * self.rate * np.exp((V - total) / self.width)
        return random.uniform(size=self.varshape) < 1.0 - np.exp(-mean)

    def spiked(self, spike: Any) -> None:
        """Rise where there was a spike."""
        for k in range(self.count):
            state = self.state(f"theta{k}")
            state.value = np.where(spike, state.value + getattr(self, f"jump{k}"), state.value)


class FollowingThreshold(Threshold):
    r"""Threshold that follows the potential below it, and is lifted at a spike.

    Parameters
    ----------
    a : quantities.Quantity
        Rate with which it follows the potential (kHz).
    b : quantities.Quantity
        Rate of its return to the fixed threshold of the neuron (kHz).
    reset : quantities.Quantity
        What it is at least after a spike (mV); above the reset of the potential.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    theta : State
        The threshold (mV).

    Raises
    ------
    InvalidParameterError
        `reset` is at or below the reset of the potential; when a run begins.

    Notes
    -----
    .. math::

        \frac{d\theta}{dt} = a\, (V - V_{rest}) - b\, (\theta - V_{th}), \qquad
        \theta \leftarrow \max(\theta, reset) \text{ at a spike}

    It is advanced exactly for the mean of the potentials at both ends of the step: of second order.

    References
    ----------
    Mihalas, S. and Niebur, E. (2009), A generalized linear integrate-and-fire neural model produces diverse spiking
    behaviors, Neural Computation 21, 704-718, doi:10.1162/neco.2008.12-07-680.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, mV
    >>> cells = nd.LIF(10, threshold=nd.FollowingThreshold(a=5 * Hz, b=10 * Hz, reset=-55 * mV))
    """

    moves_smoothly: ClassVar[bool] = True

    def __init__(
        self,
        a: ParameterLike = 0.0 * kHz,
        b: ParameterLike = 0.01 * kHz,
        reset: ParameterLike = -60.0 * mV,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.a = Parameter(a, unit=kHz)
        self.b = Parameter(b, unit=kHz, positive=True)
        self.reset = Parameter(reset, unit=mV, check=Above(self, "reset", "served.V_reset"))

    def init_state(self) -> None:
        """Make the threshold, at the fixed one of the neuron."""
        super().init_state()
        self.theta = State(self.served.V_th, unit=mV)

    def fires(self, V: Any, V_th: Any) -> Any:
        """Those at or above it as it stands at the end of the step; see `Threshold.fires`."""
        return self.ends(V, V_th)[1] <= V

    def ends(self, V: Any, V_th: Any) -> tuple[Any, Any]:
        """Follow the potential over the step; see `Threshold.ends`."""
        before = self.theta.value
        self.theta.value = self._after(environ.get_dt(), before, 0.5 * (self.served.V.value + V), V_th)
        return before, self.theta.value

    def _after(self, time: Any, theta: Any, V: Any, V_th: Any) -> Any:
        """Where it is after a time, at a potential."""
        steady = V_th + self.a / self.b * (V - self.served.V_rest)
        return steady + (theta - steady) * np.exp(-time * self.b)

    def spiked(self, spike: Any) -> None:
        """Lift it where there was a spike."""
        self.theta.value = np.where(spike, np.maximum(self.theta.value, self.reset), self.theta.value)

    def spiked_within(self, spike: Any, since: Any, ends: tuple[Any, Any], V: Any) -> None:
        """Lift it where there was a spike, and let it follow since then; see `Threshold.spiked_within`."""
        first, last = ends
        lifted = np.maximum(last - since / environ.get_dt() * (last - first), self.reset)
        found = self._after(since, lifted, 0.5 * (self.served.V_reset + V), self.served.V_th)
        self.theta.value = choose_seldom(spike, found, self.theta.value)
