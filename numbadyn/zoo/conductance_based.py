"""Conductance-based neurons of the literature, each a `PointNeuron` with its channels.

In: parameters with units, inputs that projections register.  Out: spikes.  Must not know: lowering, targets.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numbadyn.model.functions import exprel
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter
from numbadyn.zoo.arguments import made_of
from numbadyn.zoo.channels import Channel, Gate, PointNeuron, rates_of
from numbadyn.zoo.fast_channels import (
    LeakChannel,
    PotassiumChannel,
    SodiumChannel,
    TraubMilesPotassium,
    TraubMilesSodium,
)
from numbadyn.zoo.units import kHz, ms, mV, nS, pF

__all__ = ["HodgkinHuxley", "MorrisLecar", "TraubMiles", "WangBuzsaki"]


class HodgkinHuxley(PointNeuron):
    r"""The squid axon of Hodgkin and Huxley (1952), with further channels if wanted.

    Parameters
    ----------
    in_size, C, V_spike, tau_ref, V_initializer, name
        As of `PointNeuron`; 1 microfarad per square centimeter on 20,000 square micrometers.
    **channels : Channel
        Others than, or in place of, ``Na``, ``K`` and ``leak``.

    Attributes
    ----------
    Na, K, leak : Channel
        The three currents of the paper.

    Notes
    -----
    The equations of `SodiumChannel` and `PotassiumChannel` with 120, 36 and 0.3 mS/cm2 and reversal potentials of 50,
    -77 and -54.387 mV, at 6.3 degrees Celsius. `HH` is another model, of Traub and Miles.

    References
    ----------
    Hodgkin, A. L. and Huxley, A. F. (1952), A quantitative description of membrane current and its application to
    conduction and excitation in nerve, Journal of Physiology 117, 500-544, doi:10.1113/jphysiol.1952.sp004764.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import nS
    >>> cells = nd.HodgkinHuxley(10, K=nd.PotassiumChannel(g=6000 * nS), M=nd.MChannel())
    >>> [type(channel).__name__ for channel in cells.channels]
    ['SodiumChannel', 'PotassiumChannel', 'LeakChannel', 'MChannel']
    """

    def __init__(
        self,
        in_size: SizeLike,
        C: ParameterLike = 200.0 * pF,
        V_spike: ParameterLike = -20.0 * mV,
        tau_ref: ParameterLike = 1.0 * ms,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        **channels: Any,
    ) -> None:
        own: dict[str, Any] = {"Na": SodiumChannel, "K": PotassiumChannel}
        made = {key: channels.pop(key) if key in channels else make() for key, make in own.items()}
        made["leak"] = channels.pop("leak") if "leak" in channels else LeakChannel(60.0 * nS, -54.387 * mV)
        super().__init__(in_size, C, V_spike, tau_ref, V_initializer, name, **made, **channels)


class TraubMiles(PointNeuron):
    r"""Neuron with the spikes of Traub and Miles, with further channels if wanted.

    Parameters
    ----------
    in_size, C, V_spike, tau_ref, V_initializer, name
        As of `PointNeuron`; of the first values, -60 mV by default.
    **channels : Channel or CalciumPool
        Others than, or in place of, ``Na``, ``K`` and ``leak``.

    Attributes
    ----------
    Na, K, leak : Channel
        A `TraubMilesSodium`, a `TraubMilesPotassium` and a leak of 10 nS at -60 mV.

    Notes
    -----
    With the defaults it is `HH`, the neuron of the benchmark of Brette et al. (2007), which is faster where no channel
    is added. With an `MChannel` it is the regular spiking, with a `LCalciumChannel` the intrinsically bursting, with a
    `TCalciumChannel` the rebound bursting cell of Pospischil et al. (2008).

    References
    ----------
    Traub, R. D. and Miles, R. (1991), Neuronal Networks of the Hippocampus, Cambridge University Press,
    doi:10.1017/CBO9780511895401.

    Pospischil, M. et al. (2008), Minimal Hodgkin-Huxley type models for different classes of cortical and thalamic
    neurons, Biological Cybernetics 99, 427-441, doi:10.1007/s00422-008-0263-8.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, nS, pA
    >>> net = nd.DynamicsGroup()
    >>> net.regular, net.plain = nd.TraubMiles(1, M=nd.MChannel(g=60 * nS)), nd.TraubMiles(1)
    >>> net.drives = [nd.CurrentInput(cells, lambda t: 600 * pA) for cells in (net.regular, net.plain)]
    >>> sim = nd.Simulator(net, dt=0.1 * ms)
    >>> for cells in (net.regular, net.plain):
    ...     sim.record(cells, spikes=True)
    >>> result = sim.run(200 * ms)
    >>> [result[cells].spikes.count for cells in (net.regular, net.plain)]
    [11, 19]
    """

    def __init__(
        self,
        in_size: SizeLike,
        C: ParameterLike = 200.0 * pF,
        V_spike: ParameterLike = -20.0 * mV,
        tau_ref: ParameterLike = 3.0 * ms,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
        **channels: Any,
    ) -> None:
        own: dict[str, Any] = {"Na": TraubMilesSodium, "K": TraubMilesPotassium, "leak": LeakChannel}
        made = {key: channels.pop(key) if key in channels else make() for key, make in own.items()}
        first = -60.0 * mV if V_initializer is None else V_initializer
        super().__init__(in_size, C, V_spike, tau_ref, first, name, **made, **channels)


def _of_ion(ion: str) -> dict[str, str]:
    """Arguments of a neuron that are a conductance and a reversal potential of one of its channels."""
    return {"g": f"g_{ion}", "E": f"E_{ion}"}


class _InterneuronSodium(Channel):
    """Sodium channel of Wang and Buzsaki, with activation at once."""

    gates: ClassVar[dict[str, int]] = {"m": 3, "h": 1}

    def __init__(self, g: ParameterLike, E: ParameterLike, phi: ParameterLike) -> None:
        super().__init__(g, E)
        self.phi = Parameter(phi, positive=True)

    def at_m(self, V: Any) -> Gate:
        """Where activation is."""
        opening = 1.0 / exprel((V + 35.0 * mV) * (-0.1 / mV))
        return Gate(opening / (opening + 4.0 * np.exp((V + 60.0 * mV) * (-1.0 / (18.0 * mV)))), None)

    def at_h(self, V: Any) -> Gate:
        """Where inactivation goes."""
        opening = 0.07 * np.exp((V + 58.0 * mV) * (-1.0 / (20.0 * mV)))
        steady, rate = rates_of(opening, 1.0 / (1.0 + np.exp((V + 28.0 * mV) * (-0.1 / mV))))
        return Gate(steady, self.phi * rate)


class _InterneuronPotassium(Channel):
    """Delayed rectifier of Wang and Buzsaki."""

    gates: ClassVar[dict[str, int]] = {"n": 4}

    def __init__(self, g: ParameterLike, E: ParameterLike, phi: ParameterLike) -> None:
        super().__init__(g, E)
        self.phi = Parameter(phi, positive=True)

    def at_n(self, V: Any) -> Gate:
        """Where activation goes."""
        opening = 0.1 / exprel((V + 34.0 * mV) * (-0.1 / mV))
        steady, rate = rates_of(opening, 0.125 * np.exp((V + 44.0 * mV) * (-1.0 / (80.0 * mV))))
        return Gate(steady, self.phi * rate)


class WangBuzsaki(PointNeuron):
    r"""Fast-spiking interneuron of Wang and Buzsaki.

    Parameters
    ----------
    in_size, C, V_spike, tau_ref, V_initializer, name
        As of `PointNeuron`.
    g_Na, g_K, g_L : quantities.Quantity
        Conductances (nS); 35, 9 and 0.1 mS/cm2 on 10,000 square micrometers.
    E_Na, E_K, E_L : quantities.Quantity
        Reversal potentials (mV).
    phi : float or array
        Factor of the rates of h and n.

    Attributes
    ----------
    Na, K, leak : Channel
        With the gates h and n.

    Notes
    -----
    A current of 1 microampere per square centimeter of the paper is 100 pA here.

    References
    ----------
    Wang, X.-J. and Buzsaki, G. (1996), Gamma oscillation by synaptic inhibition in a hippocampal interneuronal network
    model, Journal of Neuroscience 16, 6402-6413, doi:10.1523/JNEUROSCI.16-20-06402.1996.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.init_all_states(nd.WangBuzsaki(2))
    >>> with nd.environ.context(dt=0.05 * ms):
    ...     print(sum(cells([0, 400] * pA).astype(int) for _ in range(100)) > 0)
    [False  True]
    """

    def __init__(
        self,
        in_size: SizeLike,
        C: ParameterLike = 100.0 * pF,
        g_Na: ParameterLike = 3500.0 * nS,
        g_K: ParameterLike = 900.0 * nS,
        g_L: ParameterLike = 10.0 * nS,
        E_Na: ParameterLike = 55.0 * mV,
        E_K: ParameterLike = -90.0 * mV,
        E_L: ParameterLike = -65.0 * mV,
        phi: ParameterLike = 5.0,
        V_spike: ParameterLike = -20.0 * mV,
        tau_ref: ParameterLike = 1.0 * ms,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        owner = name or type(self).__name__
        super().__init__(
            in_size,
            C,
            V_spike,
            tau_ref,
            V_initializer,
            name,
            Na=made_of(owner, _of_ion("Na"), _InterneuronSodium, g_Na, E_Na, phi),
            K=made_of(owner, _of_ion("K"), _InterneuronPotassium, g_K, E_K, phi),
            leak=made_of(owner, _of_ion("L"), LeakChannel, g_L, E_L),
        )


class _InstantCalcium(Channel):
    """Calcium channel of Morris and Lecar, at its steady state at once."""

    gates: ClassVar[dict[str, int]] = {"m": 1}

    def __init__(self, g: ParameterLike, E: ParameterLike, V_1: ParameterLike, V_2: ParameterLike) -> None:
        super().__init__(g, E)
        self.V_1, self.V_2 = Parameter(V_1, unit=mV), Parameter(V_2, unit=mV, positive=True)

    def at_m(self, V: Any) -> Gate:
        """Where activation is."""
        return Gate(0.5 * (1.0 + np.tanh((V - self.V_1) / self.V_2)), None)


class _MorrisLecarPotassium(Channel):
    """Potassium channel of Morris and Lecar."""

    gates: ClassVar[dict[str, int]] = {"w": 1}

    def __init__(
        self, g: ParameterLike, E: ParameterLike, V_3: ParameterLike, V_4: ParameterLike, phi: ParameterLike
    ) -> None:
        super().__init__(g, E)
        self.V_3, self.V_4 = Parameter(V_3, unit=mV), Parameter(V_4, unit=mV, positive=True)
        self.phi = Parameter(phi, unit=kHz, positive=True)

    def at_w(self, V: Any) -> Gate:
        """Where activation goes."""
        z = (V - self.V_3) / self.V_4
        return Gate(0.5 * (1.0 + np.tanh(z)), (self.phi * (1.0 / kHz)) * np.cosh(0.5 * z))


class MorrisLecar(PointNeuron):
    r"""Barnacle muscle fibre of Morris and Lecar.

    Parameters
    ----------
    in_size, C, V_spike, tau_ref, V_initializer, name
        As of `PointNeuron`.
    g_Ca, g_K, g_L : quantities.Quantity
        Conductances (nS).
    E_Ca, E_K, E_L : quantities.Quantity
        Reversal potentials (mV).
    V_1, V_2, V_3, V_4 : quantities.Quantity
        Middles and widths of the activations of calcium and potassium (mV).
    phi : quantities.Quantity
        Rate of the potassium activation (kHz).

    Attributes
    ----------
    Ca, K, leak : Channel
        With the gate w of potassium.

    Notes
    -----
    .. math::

        m_\infty = \frac{1}{2} \left(1 + \tanh \frac{V - V_1}{V_2}\right), \quad
        w_\infty = \frac{1}{2} \left(1 + \tanh \frac{V - V_3}{V_4}\right), \quad
        \frac{1}{\tau_w} = \phi \cosh \frac{V - V_3}{2 V_4}

    Defaults are those of a Hopf bifurcation; a microampere per square centimeter of published currents is a pA.

    References
    ----------
    Morris, C. and Lecar, H. (1981), Voltage oscillations in the barnacle giant muscle fiber, Biophysical Journal 35,
    193-213, doi:10.1016/S0006-3495(81)84782-0.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms, pA
    >>> cells = nd.init_all_states(nd.MorrisLecar(2))
    >>> with nd.environ.context(dt=0.5 * ms):
    ...     print(sum(cells([0, 120] * pA).astype(int) for _ in range(50)) > 0)
    [False  True]
    """

    def __init__(
        self,
        in_size: SizeLike,
        C: ParameterLike = 20.0 * pF,
        g_Ca: ParameterLike = 4.4 * nS,
        g_K: ParameterLike = 8.0 * nS,
        g_L: ParameterLike = 2.0 * nS,
        E_Ca: ParameterLike = 120.0 * mV,
        E_K: ParameterLike = -84.0 * mV,
        E_L: ParameterLike = -60.0 * mV,
        V_1: ParameterLike = -1.2 * mV,
        V_2: ParameterLike = 18.0 * mV,
        V_3: ParameterLike = 2.0 * mV,
        V_4: ParameterLike = 30.0 * mV,
        phi: ParameterLike = 0.04 * kHz,
        V_spike: ParameterLike = 10.0 * mV,
        tau_ref: ParameterLike = 1.0 * ms,
        V_initializer: ParameterLike | None = None,
        name: str | None = None,
    ) -> None:
        owner = name or type(self).__name__
        super().__init__(
            in_size,
            C,
            V_spike,
            tau_ref,
            -60.0 * mV if V_initializer is None else V_initializer,
            name,
            Ca=made_of(owner, _of_ion("Ca"), _InstantCalcium, g_Ca, E_Ca, V_1, V_2),
            K=made_of(owner, _of_ion("K"), _MorrisLecarPotassium, g_K, E_K, V_3, V_4, phi),
            leak=made_of(owner, _of_ion("L"), LeakChannel, g_L, E_L),
        )
