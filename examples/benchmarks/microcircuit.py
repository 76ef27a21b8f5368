"""The cortical microcircuit of Potjans & Diesmann (2014) as networks.md defines it, written with the public API.

The eight populations are those of the layers 2/3, 4, 5 and 6, excitatory and inhibitory. All of them are one model,
whose synaptic current and membrane potential are advanced exactly together: at a step of 0.1 ms, a current of 0.5 ms
that is held over the step would carry a tenth too much charge.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from quantities import Hz, ms, mV, pA, pF

import numbadyn as nd

__all__ = ["FULL_RATES", "POPULATIONS", "Microcircuit", "microcircuit"]

POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
PROBABILITIES = np.array(
    [  # of a connection from a population (column) to a population (row)
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
        [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
    ]
)
BACKGROUND = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
"""Poisson sources of each neuron, each of 8 Hz."""

FULL_RATES = np.array([0.971, 2.868, 4.746, 5.396, 8.142, 9.078, 0.991, 7.523])
"""Rates of the whole network in Hz, from which the current follows that replaces inputs of a smaller one."""

FIRST_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)
FIRST_STD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
WEIGHT = 87.8
TAU_SYN = 0.5
DT = 0.1


class Cell(nd.LIFRef):
    r"""Integrate-and-fire neuron with an exponential synaptic current, both advanced exactly.

    Parameters
    ----------
    size : int
        Number of neurons.
    drive : Quantity
        Constant current.
    V_initializer : Initialiser
        First membrane potentials.

    Notes
    -----
    :math:`\tau V' = V_{rest} - V + R (I + I_{drive})` with :math:`\tau_s I' = -I`; spikes that arrive let I jump at
    the start of the step. Refractory neurons go on receiving.
    """

    def __init__(self, size: int, drive: Any, V_initializer: Any) -> None:
        super().__init__(
            size,
            R=10 * ms / (250 * pF),
            tau=10 * ms,
            V_th=-50 * mV,
            V_reset=-65 * mV,
            V_rest=-65 * mV,
            V_initializer=V_initializer,
            tau_ref=2 * ms,
        )
        self.drive = nd.Parameter(drive, unit=pA)
        self.tau_syn = nd.Parameter(TAU_SYN * ms)

    def init_state(self) -> None:
        """Make potential, counter and current."""
        super().init_state()
        self.I = nd.State(0 * pA)

    def advanced(self, x: Any) -> Any:
        """Membrane potential at the end of the step; the current is advanced on the way."""
        dt = nd.environ.get_dt()
        kept, left = np.exp(-dt / self.tau), np.exp(-dt / self.tau_syn)
        gain = self.R * (self.tau_syn / (self.tau - self.tau_syn) * (kept - left))
        current = self.sum_delta_inputs(self.I.value)
        self.I.value = current * left
        limit = self.V_rest + self.R * x
        return limit + (self.V.value - limit) * kept + gain * current

    def update(self) -> Any:
        """Advance by one step; gives who spikes."""
        return super().update(self.drive)


def numbers_of_synapses(scale: float) -> Any:
    """Synapses of each projection, [target][source], with sizes and in-degrees both scaled."""
    pairs = np.outer(SIZES, SIZES).astype(float)
    whole = np.log(1.0 - PROBABILITIES) / np.log(1.0 - 1.0 / pairs)
    sizes = sizes_of(scale)
    return np.round(whole / SIZES[:, None] * scale * sizes[:, None]).astype(int)


def sizes_of(scale: float) -> Any:
    """Neurons of each population."""
    return np.round(SIZES * scale).astype(int)


def weights() -> Any:
    """Mean weights of the whole network in pA, [target][source]."""
    mean = np.full((8, 8), WEIGHT)
    mean[:, 1::2] *= -4.0
    mean[0, 2] *= 2.0
    return mean


def drives(scale: float) -> Any:
    """Currents in pA that replace what a smaller network lacks of the mean input."""
    in_degrees = np.log(1.0 - PROBABILITIES) / np.log(1.0 - 1.0 / np.outer(SIZES, SIZES)) / SIZES[:, None]
    mean = (weights() * in_degrees) @ FULL_RATES + WEIGHT * BACKGROUND * 8.0
    return 1e-3 * TAU_SYN * (1.0 - math.sqrt(scale)) * mean


class Microcircuit(nd.DynamicsGroup):
    """Eight populations with all their projections and a Poisson background.

    Parameters
    ----------
    scale : float
        Of the sizes and of the in-degrees; weights grow by one over its root.

    Notes
    -----
    Delays are clipped at one step, where NEST draws those below it again. NEST takes the step next to each, and so does
    ``Simulator(..., delays="nearest")``; the default would round them up, half a step longer in the mean.
    """

    def __init__(self, scale: float) -> None:
        super().__init__(name="microcircuit")
        sizes, synapses, drive = sizes_of(scale), numbers_of_synapses(scale), drives(scale)
        mean = weights() / math.sqrt(scale)
        cells = [
            Cell(int(n), current * pA, nd.init.Normal(first * mV, spread * mV))
            for n, current, first, spread in zip(sizes, drive, FIRST_MEAN, FIRST_STD, strict=True)
        ]
        for name, population in zip(POPULATIONS, cells, strict=True):
            setattr(self, name, population)
        for post, row in enumerate(synapses):
            for pre, number in enumerate(row):
                if number:
                    delay = 0.75 if pre % 2 else 1.5
                    projection = _projection(cells[pre], cells[post], int(number), mean[post, pre], delay)
                    setattr(self, f"{POPULATIONS[pre]}_to_{POPULATIONS[post]}", projection)
        jump = WEIGHT / math.sqrt(scale) * pA
        for name, population, sources in zip(POPULATIONS, cells, BACKGROUND, strict=True):
            # as many sources as ever, each with a share of its rate: `scale` times their number need not be whole
            noise = nd.PoissonInput(population, num_input=int(sources), freq=8 * scale * Hz, weight=jump)
            setattr(self, f"background_{name}", noise)


def _projection(pre: nd.Neuron, post: nd.Neuron, number: int, mean: float, delay: float) -> nd.DeltaProj:
    sign = {"high": 0 * pA} if mean < 0 else {"low": 0 * pA}
    weight = nd.init.Normal(mean * pA, 0.1 * abs(mean) * pA, **sign)
    return nd.DeltaProj(
        pre,
        comm=nd.FixedTotalNumber(pre.num, post.num, number, weight=weight, multapses=True),
        post=post,
        delay=nd.init.Normal(delay * ms, delay / 2 * ms, low=DT * ms),
    )


def microcircuit(scale: float) -> tuple[nd.DynamicsGroup, list[nd.Neuron]]:
    """Potjans & Diesmann (2014) at a scale of both sizes and in-degrees."""
    net = Microcircuit(scale)
    return net, [getattr(net, name) for name in POPULATIONS]
