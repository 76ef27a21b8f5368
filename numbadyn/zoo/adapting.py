"""Parts of integrate-and-fire neurons that follow their spikes: adaptation currents, thresholds of other kinds.

In: parameters with units, the potential and the spikes of a neuron.  Out: a current; who fires.  Must not know: which
neurons there are, lowering, targets.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import HookArgumentError
from numbadyn.model import environ, random
from numbadyn.model.acting import note_solution
from numbadyn.model.dynamics import Neuron
from numbadyn.model.module import Module
from numbadyn.model.seldom import choose_seldom
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter, State
from numbadyn.units import describe
from numbadyn.zoo.units import kHz, ms, mV, nS, pA

__all__ = ["Adaptation", "AdaptiveThreshold", "EscapeNoise", "Part", "Threshold"]


class Part(Module):
    """A part of one population of neurons, of their size."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.driven = True
        self._served: Neuron | None = None

    def serve(self, neuron: Neuron) -> None:
        """Become a part of a population; a neuron calls it.

        Raises
        ------
        HookArgumentError
            It is the part of another population already.
        """
        if self._served is not None:
            raise HookArgumentError(
                f"{type(self).__name__} of {neuron.path} is a part of {self._served.path} already.",
                where=neuron.path,
                cure=f"Make one for each population: nd.{type(self).__name__}(...).",
                part=type(self).__name__,
            )
        self._served, self.varshape = neuron, neuron.varshape

    def init_state(self) -> None:
        """Make the states; nothing by default.

        Raises
        ------
        HookArgumentError
            It is no part of a population.
        """
        if self._served is None:
            raise HookArgumentError(
                f"{self.path} has been assigned to a neuron that was made without it.",
                where=self.path,
                cure=f"Give it when the neuron is made: ...=nd.{type(self).__name__}(...).",
                part=type(self).__name__,
            )

    @property
    def served(self) -> Any:
        """The population that it is a part of."""
        return self._served

    def spiked(self, spike: Any) -> None:
        """Take note of who has spiked in this step; nothing by default.

        Parameters
        ----------
        spike : array of bool or traced value
            Who.
        """


class Adaptation(Part):
    r"""Current that follows the potential below the threshold, and jumps with each spike.

    Parameters
    ----------
    tau : quantities.Quantity
        Time constant (ms).
    a : quantities.Quantity
        Coupling to the potential (nS).
    b : quantities.Quantity
        Jump with a spike (pA).
    V_rest : quantities.Quantity, optional
        Potential at which the coupling is zero (mV); the resting potential of the neuron by default.
    w_initializer : Initialiser, quantity or array, optional
        First values of w; zero by default.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    w : State
        The current (pA), half a step behind the potential; of a `LIF` or `IF` side by side with it, and exact.

    Notes
    -----
    .. math:: \tau \frac{dw}{dt} = a\, (V - V_{rest}) - w, \qquad w \leftarrow w + b \text{ at a spike}

    It is subtracted from the input current. In a step it is advanced first, exactly for the potential that the step
    begins with.

    References
    ----------
    Brette, R. and Gerstner, W. (2005), Adaptive exponential integrate-and-fire model as an effective description of
    neuronal activity, Journal of Neurophysiology 94, 3637-3642, doi:10.1152/jn.00686.2005.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, nS, pA
    >>> cells = nd.QIF(10, adaptation=nd.Adaptation(tau=200 * ms, a=1 * nS, b=30 * pA))
    >>> cells.adaptation.varshape
    (10,)
    """

    def __init__(
        self,
        tau: ParameterLike = 144.0 * ms,
        a: ParameterLike = 4.0 * nS,
        b: ParameterLike = 80.5 * pA,
        V_rest: ParameterLike | None = None,
        w_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.tau = Parameter(tau, unit=ms, positive=True)
        self.a = Parameter(a, unit=nS)
        self.b = Parameter(b, unit=pA)
        self.V_rest = None if V_rest is None else Parameter(V_rest, unit=mV)
        self.w_initializer = w_initializer

    def init_state(self) -> None:
        """Make the current."""
        super().init_state()
        self.w = State(0.0 * pA if self.w_initializer is None else self.w_initializer, unit=pA)

    def advanced(self, V: Any) -> Any:
        """Advance the current over the step that begins at a potential, and give it.

        Parameters
        ----------
        V : quantities.Quantity or traced value
            The potential.
        """
        served: Any = self._served
        steady = self.a * (V - (served.V_rest if self.V_rest is None else self.V_rest))
        start = self.w.value
        self.w.value = steady + (start - steady) * np.exp(-environ.get_dt() / self.tau)
        note_solution(lambda w: ((steady - w) / self.tau,), (start,), (self.w.value,), half_step=True)
        return self.w.value

    def spiked(self, spike: Any) -> None:
        """Jump where there was a spike."""
        self.w.value = np.where(spike, self.w.value + self.b, self.w.value)

    def jumped(self, w: Any) -> Any:
        """What `advanced` would have given after a spike, for what it has given.

        Parameters
        ----------
        w : quantities.Quantity or traced value
            From `advanced`.
        """
        return w + self.b

    def spiked_within(self, spike: Any, since: Any, V: Any) -> None:
        """Jump where there was a spike, some time before the end of the step.

        Parameters
        ----------
        spike : array of bool or traced value
            Who.
        since : quantities.Quantity or traced value
            How long before (ms).
        V : quantities.Quantity or traced value
            The potential at the start of the step.

        Notes
        -----
        The current stands half a step behind, so that is where the jump is felt first; and the potential was reset
        before, or after, the middle of the step, up to which it was reckoned with.
        """
        served: Any = self._served
        early = (0.5 * environ.get_dt() - since) / self.tau
        jump = self.b * np.exp(early) + self.a * (V - served.V_reset) * early
        self.w.value = choose_seldom(spike, self.w.value + jump, self.w.value)


class Threshold(Part):
    """Base of what decides who fires.

    Examples
    --------
    A threshold with a soft edge of uniform width:

    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> class Blurred(nd.Threshold):
    ...     def fires(self, V, V_th):
    ...         return V >= V_th + nd.random.uniform(-1.0, 1.0, size=self.varshape) * mV
    >>> cells = nd.IF(10, threshold=Blurred())
    """

    #: Whether it moves smoothly between spikes, and says by `ends` where it is in a step.
    moves_smoothly: ClassVar[bool] = False

    def ends(self, V: Any, V_th: Any) -> tuple[Any, Any]:
        """Go through a step without a spike; where it is at both ends of that.

        Parameters
        ----------
        V : quantities.Quantity or traced value
            The potential at the end of the step.
        V_th : Parameter
            The fixed threshold of the neuron.

        Returns
        -------
        tuple of quantities.Quantity or traced value
            Of what is compared with the potential (mV).
        """
        raise NotImplementedError

    def spiked_within(self, spike: Any, since: Any, ends: tuple[Any, Any], V: Any) -> None:
        """Take note of who has spiked some time before the end of the step.

        Parameters
        ----------
        spike : array of bool or traced value
            Who.
        since : quantities.Quantity or traced value
            How long before (ms).
        ends : tuple
            From `ends`.
        V : quantities.Quantity or traced value
            The potential at the end of the step, after the spike.
        """

    @abstractmethod
    def fires(self, V: Any, V_th: Any) -> Any:
        """Who fires in this step.

        Parameters
        ----------
        V : quantities.Quantity or traced value
            The potential, advanced.
        V_th : Parameter
            The fixed threshold of the neuron.

        Returns
        -------
        array of bool or traced value
        """


class AdaptiveThreshold(Threshold):
    r"""Threshold that jumps with each spike, and falls back.

    Parameters
    ----------
    tau : quantities.Quantity
        Time constant of the fall (ms).
    jump : quantities.Quantity
        Rise with a spike (mV).
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    theta : State
        What is added to the fixed threshold (mV).

    Notes
    -----
    .. math:: \tau \frac{d\theta}{dt} = -\theta, \qquad \theta \leftarrow \theta + jump \text{ at a spike}

    A neuron fires at :math:`V \ge V_{th} + \theta`.

    References
    ----------
    Chacron, M. J., Pakdaman, K. and Longtin, A. (2003), Interspike interval correlations, memory, adaptation, and
    refractoriness in a leaky integrate-and-fire model with threshold fatigue, Neural Computation 15, 253-278,
    doi:10.1162/089976603762552915.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, mV
    >>> cells = nd.ExpIF(10, threshold=nd.AdaptiveThreshold(tau=50 * ms, jump=2 * mV))
    """

    moves_smoothly: ClassVar[bool] = True

    def __init__(
        self, tau: ParameterLike = 100.0 * ms, jump: ParameterLike = 2.0 * mV, name: str | None = None
    ) -> None:
        super().__init__(name)
        self.tau = Parameter(tau, unit=ms, positive=True)
        self.jump = Parameter(jump, unit=mV)

    def init_state(self) -> None:
        """Make what is added."""
        super().init_state()
        self.theta = State(0.0 * mV)

    def fires(self, V: Any, V_th: Any) -> Any:
        """Those above the threshold as it stands at the end of the step; see `Threshold.fires`."""
        return self.ends(V, V_th)[1] <= V

    def ends(self, V: Any, V_th: Any) -> tuple[Any, Any]:
        """Fall over the step; see `Threshold.ends`."""
        before = V_th + self.theta.value
        self.theta.value = self.theta.value * np.exp(-environ.get_dt() / self.tau)
        return before, V_th + self.theta.value

    def spiked(self, spike: Any) -> None:
        """Rise where there was a spike."""
        self.theta.value = np.where(spike, self.theta.value + self.jump, self.theta.value)

    def spiked_within(self, spike: Any, since: Any, ends: tuple[Any, Any], V: Any) -> None:
        """Rise where there was a spike, and fall since then; see `Threshold.spiked_within`."""
        jumped = self.theta.value + self.jump * np.exp(-since / self.tau)
        self.theta.value = choose_seldom(spike, jumped, self.theta.value)


class EscapeNoise(Threshold):
    r"""Stochastic threshold: who is near fires sometimes.

    Parameters
    ----------
    rate : quantities.Quantity
        Rate of spikes at the threshold (Hz).
    width : quantities.Quantity
        Distance in which the rate grows by e (mV).
    name : str, optional
        Name for messages and results.

    Notes
    -----
    .. math:: p = 1 - \exp\left(-\Delta t\, \rho\, e^{(V - V_{th}) / width}\right)

    in each step, so that the mean number of spikes does not depend on dt as long as V changes little in a step.

    References
    ----------
    Jolivet, R., Rauch, A., Luscher, H.-R. and Gerstner, W. (2006), Predicting spike timing of neocortical pyramidal
    neurons by simple threshold models, Journal of Computational Neuroscience 21, 35-49,
    doi:10.1007/s10827-006-7074-5.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import Hz, mV
    >>> cells = nd.ExpIF(10, threshold=nd.EscapeNoise(rate=500 * Hz, width=2 * mV))
    """

    def __init__(
        self, rate: ParameterLike = 1.0 * kHz, width: ParameterLike = 2.0 * mV, name: str | None = None
    ) -> None:
        super().__init__(name)
        self.rate = Parameter(rate, unit=kHz, negative=False)
        self.width = Parameter(width, unit=mV, positive=True)

    def fires(self, V: Any, V_th: Any) -> Any:
        """Those whom chance has chosen; see `Threshold.fires`."""
        mean = environ.get_dt() * self.rate * np.exp((V - V_th) / self.width)
        return random.uniform(size=self.varshape) < 1.0 - np.exp(-mean)


def check_part(part: Any, kind: type[Part], where: str) -> None:
    """Refuse what is no part of the kind that is asked for.

    Parameters
    ----------
    part : object
        What is given; None stands for no part.
    kind : type
        `Adaptation` or `Threshold`.
    where : str
        Place for the message.

    Raises
    ------
    HookArgumentError
        It is something else.
    """
    if part is None or isinstance(part, kind):
        return
    named = {"Adaptation": "nd.Adaptation(...)", "Threshold": "nd.AdaptiveThreshold(...) or nd.EscapeNoise(...)"}
    fixed = "; a fixed threshold is V_th" if kind is Threshold else ""
    given = f"the class {part.__name__}" if isinstance(part, type) else describe(part)
    raise HookArgumentError(
        f"{where} is given {given}, which is no {kind.__name__}.",
        where=where,
        cure=f"Give one, such as {named[kind.__name__]}{fixed}.",
        part=part,
    )
