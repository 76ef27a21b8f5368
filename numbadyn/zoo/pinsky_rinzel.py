"""Pinsky and Rinzel's pyramidal cell: two point neurons, soma and dendrite, that are coupled by a conductance.

In: parameters with units, inputs that projections register at either compartment.  Out: spikes of the soma.  Must not
know: lowering, targets.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import InvalidParameterError
from numbadyn.model.functions import exprel
from numbadyn.model.group import DynamicsGroup
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter
from numbadyn.projections import SymmetryGapJunction
from numbadyn.zoo.calcium import CalciumPool
from numbadyn.zoo.channels import Channel, Gate, PointNeuron, rates_of
from numbadyn.zoo.fast_channels import LeakChannel
from numbadyn.zoo.units import mM, ms, mV, nS, pA, pF

__all__ = ["PinskyRinzel"]


def _above_rest(V: Any) -> Any:
    """The potential as the paper counts it, from -60 mV, as a plain number."""
    return (V + 60.0 * mV) * (1.0 / mV)


class _Sodium(Channel):
    """Sodium, with activation at once."""

    gates: ClassVar[dict[str, int]] = {"m": 2, "h": 1}

    def at_m(self, V: Any) -> Gate:
        """Where activation is."""
        u = _above_rest(V)
        steady, _rate = rates_of(1.28 / exprel((13.1 - u) / 4.0), 1.4 / exprel((u - 40.1) / 5.0))
        return Gate(steady, None)

    def at_h(self, V: Any) -> Gate:
        """Where inactivation goes."""
        u = _above_rest(V)
        return rates_of(0.128 * np.exp((17.0 - u) / 18.0), 4.0 / (1.0 + np.exp((40.0 - u) / 5.0)))


class _DelayedRectifier(Channel):
    """Potassium of the soma."""

    gates: ClassVar[dict[str, int]] = {"n": 1}

    def at_n(self, V: Any) -> Gate:
        """Where activation goes."""
        u = _above_rest(V)
        return rates_of(0.08 / exprel((35.1 - u) / 5.0), 0.25 * np.exp(0.5 - 0.025 * u))


class _Calcium(Channel):
    """Calcium of the dendrite."""

    gates: ClassVar[dict[str, int]] = {"s": 2}
    carries_calcium: ClassVar[bool] = True

    def at_s(self, V: Any) -> Gate:
        """Where activation goes."""
        u = _above_rest(V)
        return rates_of(1.6 / (1.0 + np.exp(-0.072 * (u - 65.0))), 0.1 / exprel((u - 51.1) / 5.0))


class _FastCalciumDependent(Channel):
    """Potassium that the potential and calcium open."""

    gates: ClassVar[dict[str, int]] = {"c": 1, "chi": 1}
    senses_calcium: ClassVar[bool] = True

    def at_c(self, V: Any, Ca: Any) -> Gate:
        """Where activation by the potential goes."""
        u = _above_rest(V)
        total = 2.0 * np.exp((6.5 - u) / 27.0)
        opening = np.where(u <= 50.0, np.exp((u - 10.0) / 11.0 - (u - 6.5) / 27.0) / 18.975, total)
        return Gate(opening / total, total)

    def at_chi(self, V: Any, Ca: Any) -> Gate:
        """What calcium leaves open."""
        return Gate(np.minimum(Ca / (250.0 * mM), 1.0), None)


class _SlowCalciumDependent(Channel):
    """Potassium of the slow afterhyperpolarisation."""

    gates: ClassVar[dict[str, int]] = {"q": 1}
    senses_calcium: ClassVar[bool] = True

    def at_q(self, V: Any, Ca: Any) -> Gate:
        """Where activation goes."""
        return rates_of(np.minimum(2e-5 * Ca / mM, 0.01), 0.001)


class _Concentration(CalciumPool):
    """Calcium in the units of the paper, which are none; they count as mM."""

    def __init__(self, gain: ParameterLike) -> None:
        super().__init__(tau=(1.0 / 0.075) * ms, rest=0.0 * mM)
        self.rise = Parameter(gain, unit=mM / (ms * pA), positive=True)

    def gain(self) -> Any:
        """Rise of the concentration in a time for a current."""
        return self.rise.value


class PinskyRinzel(DynamicsGroup):
    r"""Hippocampal pyramidal cells of two compartments, which fire in bursts.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the population.
    g_c : quantities.Quantity
        Conductance between the compartments (nS), one for each cell if wanted; 2.1 mS/cm2 in the paper.
    p : float
        Part of the membrane that the soma has, between 0 and 1.
    V_initializer : Initialiser, quantity or array, optional
        First potentials of both compartments; -64.6 mV, where they rest, by default.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    soma, dendrite : PointNeuron
        Populations of their own: projections and inputs end on either, spikes are those of the soma.
    junction : SymmetryGapJunction
        What couples them.

    Raises
    ------
    SizeError, DimensionError, InvalidParameterError
        A size or a parameter has no meaning.

    Notes
    -----
    .. math::

        C_s \dot V_s &= g_L (E_L - V_s) + g_{Na} m_\infty^2 h\, (E_{Na} - V_s) + g_K n\, (E_K - V_s)
        + g_c (V_d - V_s) + I_s \\
        C_d \dot V_d &= g_L (E_L - V_d) + g_{Ca} s^2 (E_{Ca} - V_d)
        + (g_{AHP}\, q + g_C\, c\, \chi(Ca)) (E_K - V_d) + g_c (V_s - V_d) + I_d

    on 10,000 square micrometers of membrane in all: a current of 1 microampere per square centimeter of the paper is
    100 pA here. Potentials are counted from -60 mV there. Each compartment is of second order, and so is what flows
    between them, see `SymmetryGapJunction`: spikes of bursts come within 0.1 % of where they should at a step of 0.025
    ms, and within 0.6 % at 0.1 ms.

    References
    ----------
    Pinsky, P. F. and Rinzel, J. (1994), Intrinsic and network rhythmogenesis in a reduced Traub model for CA3 neurons,
    Journal of Computational Neuroscience 1, 39-60, doi:10.1007/BF00962717.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> net = nd.DynamicsGroup()
    >>> net.cells = nd.PinskyRinzel(2)
    >>> net.drive = nd.CurrentInput(net.cells.soma, nd.Pulse(2, amplitude=[0, 75] * pA))
    >>> sim = nd.Simulator(net, dt=0.1 * ms, target="interpret")
    >>> sim.record(net.cells.soma, spikes=True)
    >>> counts = sim.run(60 * ms)[net.cells.soma].spikes.counts
    >>> counts.tolist()
    [1, 2]
    """

    def __init__(
        self,
        in_size: SizeLike,
        g_c: ParameterLike = 210.0 * nS,
        p: float = 0.5,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if np.ndim(p) != 0 or not 0.0 < p < 1.0:
            raise InvalidParameterError(
                f"p of {self.path} is {p!r}.",
                where=self.path,
                cure="Give the part of the membrane that the soma has, between 0 and 1.",
                p=p,
            )
        part = float(p)
        soma, rest = part * 100.0 * nS, (1.0 - part) * 100.0 * nS  # of 1 mS/cm2
        first = -64.6 * mV if V_initializer is None else V_initializer
        self.soma = PointNeuron(
            in_size,
            C=part * 300.0 * pF,
            V_initializer=first,
            leak=LeakChannel(0.1 * soma, -60.0 * mV),
            Na=_Sodium(30.0 * soma, 60.0 * mV),
            K=_DelayedRectifier(15.0 * soma, -75.0 * mV),
        )
        self.dendrite = PointNeuron(
            in_size,
            C=(1.0 - part) * 300.0 * pF,
            V_initializer=first,
            leak=LeakChannel(0.1 * rest, -60.0 * mV),
            Ca=_Calcium(10.0 * rest, 80.0 * mV),
            C_K=_FastCalciumDependent(15.0 * rest, -75.0 * mV),
            AHP=_SlowCalciumDependent(0.8 * rest, -75.0 * mV),
            calcium=_Concentration(0.13 / (1.0 - part) * 0.01 * mM / (ms * pA)),
        )
        pairs = (np.arange(self.soma.num), np.arange(self.soma.num))
        given: Any = g_c
        each = given if callable(given) or np.ndim(given) == 0 else np.reshape(given, -1)
        self.junction = SymmetryGapJunction((self.soma, self.dendrite), "V", pairs, weight=each)
