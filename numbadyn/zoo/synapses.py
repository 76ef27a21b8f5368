"""Synapse models: what a spike makes of a conductance over time.

In: delta inputs (a weight for each spike).  Out: the conductance, in the unit of the weights.  Must not know: outputs,
projections, lowering, targets.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import DimensionError, InvalidParameterError
from numbadyn.model import environ
from numbadyn.model.acting import held, note_solution, over_step
from numbadyn.model.dynamics import Synapse
from numbadyn.model.functions import exprel
from numbadyn.model.init import Initialiser, as_initialiser
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.units import split, unit_of
from numbadyn.zoo.units import ms, nS

__all__ = ["Alpha", "ConductanceSynapse", "DualExpon", "Expon"]


class ConductanceSynapse(Synapse):
    r"""Base of synapses whose state is a conductance in the unit of the weights: the unit, and the sum of what arrives.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    g_initializer : Initialiser, quantity or array, optional
        First values of the conductance, which give it its unit; by default zero in the unit of the weights that arrive,
        and in nS where no projection says one.
    name : str, optional
        Name for messages and results.
    averaged : bool
        What `update` of a model gives: the mean of the conductance over the step that begins, or its value at the start
        of the step; see `Expon`.

    Raises
    ------
    DimensionError
        Projections with weights of different units share the synapse.

    Notes
    -----
    A model makes its states in ``init_state`` from `first` (or from ``0 * self.unit``), and adds `arriving` to them in
    ``update``; `acting` makes the mean over a step of what decays. Projections whose synapse is linear and equal share
    one where ``post_alignable`` is True, the default here; a model that is not linear in what arrives sets it to False.

    Examples
    --------
    A synapse whose conductance falls in a straight line, from a class of six lines:

    >>> import numbadyn as nd
    >>> from quantities import ms, nS
    >>> class Ramp(nd.ConductanceSynapse):
    ...     post_alignable = False
    ...
    ...     def __init__(self, in_size, slope=1 * nS / ms, g_initializer=None, name=None):
    ...         super().__init__(in_size, g_initializer, name)
    ...         self.slope = nd.Parameter(slope, unit=nS / ms)
    ...
    ...     def init_state(self):
    ...         self.g = nd.State(self.first())
    ...
    ...     def update(self, x=None):
    ...         g = np.maximum(self.g.value - self.slope * nd.environ.get_dt(), 0 * self.unit)
    ...         jump = self.arriving(x)
    ...         self.g.value = g if jump is None else g + jump
    ...         return self.g.value
    >>> synapse = nd.init_all_states(Ramp(1))
    >>> with nd.environ.context(dt=0.5 * ms):
    ...     print(synapse(2 * nS), synapse())
    [2.] nS [1.5] nS
    """

    post_alignable: ClassVar[bool] = True

    def __init__(
        self,
        in_size: SizeLike,
        g_initializer: ParameterLike | None = None,
        name: str | None = None,
        averaged: bool = True,
    ) -> None:
        super().__init__(in_size, name=name)
        self.g_initializer = g_initializer
        self.averaged = bool(averaged)
        self._unit: Any = None

    def use_unit(self, unit: Any) -> None:
        """Take the unit of the weights over, unless `g_initializer` says one; a projection calls it.

        Parameters
        ----------
        unit : quantities.Quantity
            One of the unit.

        Raises
        ------
        DimensionError
            Another projection has said another one.
        """
        if self.g_initializer is not None:
            return
        if self._unit is not None and split(self._unit)[1] != split(unit)[1]:
            raise DimensionError(
                f"{self.path} serves weights in {split(self._unit)[1]} and in {split(unit)[1]}.",
                where=self.path,
                cure="Give weights of one unit, or a synapse to each projection.",
                path=self.path,
            )
        self._unit = unit

    @property
    def unit(self) -> Any:
        """One of the unit of the conductance: that of `g_initializer`, of the weights, or nS."""
        given = self.g_initializer
        if given is None:
            return nS if self._unit is None else self._unit
        if isinstance(given, Initialiser) or callable(given):
            return unit_of(as_initialiser(given).dimension)
        return unit_of(split(given, where=f"{self.path}(g_initializer)")[1])

    def first(self) -> Any:
        """First value of the conductance, with its unit."""
        return 0.0 * self.unit if self.g_initializer is None else self.g_initializer

    def arriving(self, x: Any) -> Any:
        """Give what arrives in this step.

        Parameters
        ----------
        x : number, array, quantity, traced value or None
            The argument of ``update``.

        Returns
        -------
        array, quantity, traced value or None
            The sum of the delta inputs and of `x`; None where there is neither.
        """
        jump = self.sum_delta_inputs(None)
        return jump if x is None else x if jump is None else jump + x

    def acting(self, g: Any, tau: Any) -> Any:
        r"""Give what acts over the step that begins, of something that decays with a time constant.

        Parameters
        ----------
        g : number, array, quantity or traced value
            Its value at the start of the step.
        tau : Parameter or quantities.Quantity
            The time constant (ms).

        Returns
        -------
        same kind as g
            The mean :math:`g\, (1 - e^{-r}) / r` with :math:`r = \Delta t / \tau`, whose factor is computed once per
            run; g itself if the model is not averaged.
        """
        return over_step(g, g * exprel(-environ.get_dt() / tau)) if self.averaged else held(g)


class Expon(ConductanceSynapse):
    r"""Exponential synapse.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    tau : quantities.Quantity
        Decay time constant (ms), one value or one for each neuron.
    g_initializer : Initialiser, quantity or array, optional
        First values of g, which give it its unit; by default zero in the unit of the weights that arrive, and in nS
        where no projection says one.
    name : str, optional
        Name for messages and results.
    averaged : bool
        What acts on the target in a step: the mean of g over the step, by default; or, as in simulators that hold
        conductances over a step, its value at the start.

    Attributes
    ----------
    g : State
        Conductance (nS, or the unit of the weights).

    Notes
    -----
    .. math:: \frac{dg}{dt} = -\frac{g}{\tau}, \qquad g \leftarrow g + w \text{ at a spike}

    A step first decays g by :math:`e^{-\Delta t/\tau}`, exactly, then adds what arrives. What `update` returns, and
    what acts on a target, is the mean over the step that begins then, :math:`g\, (1 - e^{-r}) / r` with :math:`r =
    \Delta t / \tau`: so each spike brings the charge :math:`w\, \tau`, exactly. With the value at the start it brings
    too much, by the part r / 2 of it: 1.7 % for 3 ms at a step of 0.1 ms.

    References
    ----------
    Dayan, P. and Abbott, L. F. (2001), Theoretical Neuroscience, MIT Press, section 5.8.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, nS
    >>> synapse = nd.init_all_states(nd.Expon(1, tau=10 * ms, g_initializer=2 * nS))
    >>> with nd.environ.context(dt=10 * ms):
    ...     print(synapse().round(6), synapse.g.value.round(6))  # the mean over the step that begins, and now
    [0.465088] nS [0.735759] nS
    """

    def __init__(
        self,
        in_size: SizeLike,
        tau: ParameterLike = 8.0 * ms,
        g_initializer: ParameterLike | None = None,
        name: str | None = None,
        averaged: bool = True,
    ) -> None:
        super().__init__(in_size, g_initializer, name, averaged)
        self.tau = Parameter(tau, unit=ms, positive=True)

    def init_state(self) -> None:
        """Make the conductance."""
        self.g = State(self.first())

    def update(self, x: Any = None) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : number, array, quantity or traced value, optional
            What arrives in addition to the delta inputs.

        Returns
        -------
        array or quantity
            The conductance that acts: its mean over the step that begins, or its value now.
        """
        jump = self.arriving(x)
        g = self.g.value * np.exp(-environ.get_dt() / self.tau)
        self.g.value = g if jump is None else g + jump
        return self.acting(self.g.value, self.tau)


class DualExpon(ConductanceSynapse):
    r"""Synapse with exponential rise and decay.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    tau_decay, tau_rise : quantities.Quantity
        Time constants (ms), one value or one for each neuron.
    amplitude : float or array
        Factor of the conductance.
    normalize : bool
        Whether the conductance that one spike makes has its peak at weight times amplitude.
    g_initializer : Initialiser, quantity or array, optional
        First values of both variables; see `Expon`.
    name : str, optional
        Name for messages and results.
    averaged : bool
        Whether the mean over a step acts on the target in it; see `Expon`.

    Attributes
    ----------
    g_rise, g_decay : State
        The two variables, in the unit of the weights.

    Raises
    ------
    InvalidParameterError
        The time constants are equal, for which the difference vanishes; or the rise is longer than the decay and
        `normalize` is false, for which it is negative.

    Notes
    -----
    .. math::

        g &= a\, s\, (g_{decay} - g_{rise}), \qquad \frac{dg_x}{dt} = -\frac{g_x}{\tau_x}, \qquad
        g_x \leftarrow g_x + w \text{ at a spike} \\
        s &= \frac{1}{e^{-t_p/\tau_{decay}} - e^{-t_p/\tau_{rise}}}, \qquad
        t_p = \frac{\tau_{decay} \tau_{rise}}{\tau_{decay} - \tau_{rise}} \ln \frac{\tau_{decay}}{\tau_{rise}}

    with the amplitude a, and s = 1 if `normalize` is false. The peak comes :math:`t_p` after the spike. Both decay
    exactly, then what arrives is added to both.

    References
    ----------
    Roth, A. and van Rossum, M. C. W. (2009), Modeling synapses, in: Computational Modeling Methods for Neuroscientists,
    MIT Press, 139-160, doi:10.7551/mitpress/9780262013277.003.0007.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, nS
    >>> synapse = nd.init_all_states(nd.DualExpon(1, tau_decay=10 * ms, tau_rise=5 * ms))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     g = [float(synapse(1 * nS if step == 0 else None)[0]) for step in range(200)]
    >>> round(max(g), 4), g.index(max(g))
    (1.0, 69)
    """

    def __init__(
        self,
        in_size: SizeLike,
        tau_decay: ParameterLike = 10.0 * ms,
        tau_rise: ParameterLike = 1.0 * ms,
        amplitude: ParameterLike = 1.0,
        normalize: bool = True,
        g_initializer: ParameterLike | None = None,
        name: str | None = None,
        averaged: bool = True,
    ) -> None:
        super().__init__(in_size, g_initializer, name, averaged)
        self.normalize = bool(normalize)
        self.tau_decay = Parameter(tau_decay, unit=ms, positive=True)
        self.tau_rise = Parameter(tau_rise, unit=ms, positive=True, check=self._must_differ)
        self.amplitude = Parameter(amplitude)
        if not any(isinstance(tau, Initialiser | Parameter) or callable(tau) for tau in (tau_decay, tau_rise)):
            self._refuse_pair(np.asarray(split(tau_decay)[0]), np.asarray(split(tau_rise)[0]))

    def _must_differ(self, rise: NDArray[Any], context: Any) -> None:
        """Check the time constants of a run, wherever they come from."""
        self._refuse_pair(self.tau_decay.fetch(context), rise)

    def _refuse_pair(self, decay: NDArray[Any], rise: NDArray[Any]) -> None:
        """Refuse what divides by zero or is below it; shapes that do not fit are named elsewhere."""
        fit = decay.shape == rise.shape or 1 in (decay.size, rise.size)
        if fit and np.any(decay == rise):
            raise InvalidParameterError(
                f"tau_decay and tau_rise of {self.path} are equal.",
                where=self.path,
                cure="Use nd.Alpha(tau=...), which is the limit of equal time constants.",
                path=self.path,
            )
        if fit and not self.normalize and np.any(decay < rise):
            raise InvalidParameterError(
                f"tau_rise of {self.path} is longer than its tau_decay, so its conductance would be below zero.",
                where=self.path,
                cure="Exchange them; only with normalize=True is the result the same.",
                path=self.path,
            )

    def init_state(self) -> None:
        """Make the two variables."""
        self.g_rise = State(self.first())
        self.g_decay = State(self.first())

    def scale(self) -> Any:
        """Factor between the difference of the two variables and the conductance; a plain number."""
        if not self.normalize:
            return self.amplitude.value
        logarithm = np.log(self.tau_decay / self.tau_rise)
        slow = self.tau_rise / (self.tau_decay - self.tau_rise)  # t_p / tau_decay = slow * logarithm
        return self.amplitude / (np.exp(-slow * logarithm) - np.exp(-(slow + 1.0) * logarithm))

    def update(self, x: Any = None) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : number, array, quantity or traced value, optional
            What arrives in addition to the delta inputs.

        Returns
        -------
        array or quantity
            The conductance that acts: its mean over the step that begins, or its value now.
        """
        jump, dt = self.arriving(x), environ.get_dt()
        for state, tau in ((self.g_rise, self.tau_rise), (self.g_decay, self.tau_decay)):
            g = state.value * np.exp(-dt / tau)
            state.value = g if jump is None else g + jump
        slow, fast = self.acting(self.g_decay.value, self.tau_decay), self.acting(self.g_rise.value, self.tau_rise)
        return (slow - fast) * self.scale()


class Alpha(ConductanceSynapse):
    r"""Synapse with the alpha function as conductance.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    tau : quantities.Quantity
        Time from the spike to the peak (ms), one value or one for each neuron.
    g_initializer : Initialiser, quantity or array, optional
        First values of g; see `Expon`.
    name : str, optional
        Name for messages and results.
    averaged : bool
        Whether the mean over a step acts on the target in it; see `Expon`.

    Attributes
    ----------
    g : State
        Conductance, in the unit of the weights.
    h : State
        Rising variable, in the same unit.

    Notes
    -----
    .. math::

        \frac{dg}{dt} = -\frac{g}{\tau} + \frac{e\, h}{\tau}, \qquad \frac{dh}{dt} = -\frac{h}{\tau}, \qquad
        h \leftarrow h + w \text{ at a spike}

    so that one spike makes :math:`g(t) = w \frac{t}{\tau} e^{1 - t/\tau}`, whose peak is the weight. A step is exact: g
    is advanced with the h of before, then h decays and takes what arrives. So is the mean over the step that begins,
    which acts on the target: with :math:`r = \Delta t / \tau` and :math:`\varphi = (1 - e^{-r}) / r` it is
    :math:`g\, \varphi + e\, h\, (\varphi - e^{-r})`.

    References
    ----------
    Rall, W. (1967), Distinguishing theoretical synaptic potentials computed for different soma-dendritic distributions
    of synaptic input, Journal of Neurophysiology 30, 1138-1168, doi:10.1152/jn.1967.30.5.1138.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, nS
    >>> synapse = nd.init_all_states(nd.Alpha(1, tau=5 * ms))
    >>> with nd.environ.context(dt=0.1 * ms):
    ...     g = [float(synapse(2 * nS if step == 0 else None)[0]) for step in range(100)]
    >>> round(max(g), 3), g.index(max(g))
    (2.0, 50)
    """

    def __init__(
        self,
        in_size: SizeLike,
        tau: ParameterLike = 8.0 * ms,
        g_initializer: ParameterLike | None = None,
        name: str | None = None,
        averaged: bool = True,
    ) -> None:
        super().__init__(in_size, g_initializer, name, averaged)
        self.tau = Parameter(tau, unit=ms, positive=True)

    def init_state(self) -> None:
        """Make the conductance and the rising variable."""
        self.g = State(self.first())
        self.h = State(0.0 * self.unit)

    def update(self, x: Any = None) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : number, array, quantity or traced value, optional
            What arrives in addition to the delta inputs.

        Returns
        -------
        array or quantity
            The conductance that acts: its mean over the step that begins, or its value now.
        """
        jump, dt = self.arriving(x), environ.get_dt()
        decay = np.exp(-dt / self.tau)
        start = self.g.value, self.h.value
        g = start[0] * decay + start[1] * (dt / self.tau * decay * math.e)
        h = start[1] * decay
        note_solution(lambda g, h: ((math.e * h - g) / self.tau, -h / self.tau), start, (g, h))
        self.g.value = g
        h = self.h.value = h if jump is None else h + jump
        if not self.averaged:
            return held(g)
        mean = exprel(-dt / self.tau)
        return over_step(g, g * mean + h * ((mean - decay) * math.e))
