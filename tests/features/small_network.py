"""A small network that many tests run, so that it is compiled once: two populations, two projections, noise."""

from typing import Any

from quantities import ms, mV, nS, pA

import numbadyn as nd
from tests.targets import simulator_of

__all__ = ["Cell", "Small", "simulator", "watch"]


class Cell(nd.LIFRef):
    """A neuron with a noisy drive."""

    def __init__(self, size: Any, drive: float = 220.0, noise: float = 50.0, **parameters: Any) -> None:
        first = nd.init.Uniform(-60 * mV, -50 * mV)
        super().__init__(size, **{"V_initializer": first, "tau_ref": 2 * ms, **parameters})
        self.drive, self.noise = nd.Parameter(drive * pA), nd.Parameter(noise * pA)

    def update(self) -> Any:
        return super().update(self.drive + self.noise * nd.random.normal())


class Small(nd.DynamicsGroup):
    """A excites B through a synapse, B inhibits A by jumps."""

    def __init__(
        self, sizes: tuple[Any, Any] = (9, 20), weight: Any = 3 * nS, delay: Any = 0.5 * ms, **parameters: Any
    ):
        super().__init__()
        self.A, self.B = Cell(sizes[0], **parameters), Cell(sizes[1], **parameters)
        self.excite = nd.AlignPostProj(
            self.A,
            comm=nd.FixedProb(sizes[0], sizes[1], prob=0.3, weight=weight),
            syn=nd.Expon.desc(tau=5 * ms),
            out=nd.COBA.desc(E=0 * mV),
            post=self.B,
            delay=delay,
        )
        comm = nd.FixedProb(sizes[1], sizes[0], prob=0.3, weight=-0.5 * mV)
        self.inhibit = nd.DeltaProj(self.B, comm=comm, post=self.A)


def watch(sim: nd.Simulator) -> nd.Simulator:
    """Record spikes and potentials."""
    for cells in (sim.network.A, sim.network.B):
        sim.record(cells, "V", spikes=True)
    return sim


def simulator(target: str = "cpu", seed: int = 1, dt: float = 0.1, precision: int = 64, **how: Any) -> nd.Simulator:
    """A simulator of a new small network, with spikes and potentials recorded."""
    return watch(simulator_of(Small(**how), dt * ms, target, seed=seed, precision=precision))
