"""The neurons of _accuracy.py with numbadyn, by all its schemes."""

import _accuracy as c

import sys
from pathlib import Path

# this folder's own numbadyn.py must not hide the package
sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np  # noqa: E402
from quantities import ms, mV, nS, pA, pF  # noqa: E402

import numbadyn as nd  # noqa: E402


class Stepped(nd.HH):
    """The same equations, all advanced together by a method of Runge and Kutta."""

    step = staticmethod(nd.rk4_step)

    def update(self, x=None):
        def slopes(V, m, h, n):
            gates = [(steady - g) * rate / ms for g, (steady, rate) in zip((m, h, n), self._gates(V), strict=True)]
            pull = self.g_L * (self.E_L - V) + self.g_Na * (m * m * m * h) * (self.E_Na - V)
            pull = pull + self.g_K * ((n * n) * (n * n)) * (self.E_K - V)
            return (self.sum_current_inputs(pull, V, pop=False) / self.C, *gates)

        states = (self.V, self.m, self.h, self.n)
        found = self.step(slopes, tuple(state.value for state in states))
        for state, value in zip(states[1:], found[1:], strict=True):
            state.value = value
        return self.cross(found[0])


class Midpoint(Stepped):
    step = staticmethod(nd.rk2_step)


def lif(neurons, sim_ms, how):
    q = c.LIF
    net = nd.DynamicsGroup()
    net.cells = nd.LIFRef(
        neurons, R=q["tau"] * ms / (q["C"] * pF), tau=q["tau"] * ms, V_th=q["V_th"] * mV, V_reset=q["V_reset"] * mV,
        V_rest=q["E"] * mV, tau_ref=q["tau_ref"] * ms, spike_times="grid" if how == "averaged" else how,
    )  # fmt: skip
    times = c.input_times(sim_ms)
    net.source = nd.SpikeTrain(1, np.zeros(times.size, int), times * ms)
    comm = nd.AllToAll(1, neurons, weight=q["weight"] * pA)
    syn = nd.Expon.desc(tau=q["tau_syn"] * ms, averaged=how != "held")
    net.proj = nd.AlignPostProj(net.source, comm=comm, syn=syn, out=nd.CUBA.desc(), post=net.cells)
    return net, net.cells


def adex(neurons, sim_ms, how):
    q = c.ADEX
    cells = nd.AdEx(
        neurons, 1 / (q["g"] * nS), q["C"] / q["g"] * ms, q["V_peak"] * mV, q["V_reset"] * mV, q["E"] * mV,
        q["V_T"] * mV, q["delta"] * mV, q["tau_w"] * ms, q["a"] * nS, q["b"] * pA, spike_times=how,
    )  # fmt: skip
    return cells, cells


def hh(neurons, sim_ms, how):
    q = c.HH
    cells = {"staggered": nd.HH, "rk4": Stepped, "rk2": Midpoint}[how](
        neurons, q["C"] * pF, q["g_L"] * nS, q["g_Na"] * nS, q["g_K"] * nS, q["E_L"] * mV, q["E_Na"] * mV,
        q["E_K"] * mV, q["V_T"] * mV, tau_ref=2 * ms,
    )  # fmt: skip
    return cells, cells


MAKE = {"lif": lif, "adex": adex, "hh": hh}
SCHEMES = {"lif": ("grid", "interpolated"), "adex": ("grid", "interpolated"), "hh": ("staggered", "rk2", "rk4")}
FINEST = {"lif": "interpolated", "adex": "interpolated", "hh": "rk4"}


def main():
    a = c.parse()
    for model in a.models:
        schemes = (FINEST[model],) if a.finest else SCHEMES[model]
        for scheme in schemes:
            for dt in (c.FINEST[model],) if a.finest else c.STEPS[model]:
                net, cells = MAKE[model](a.neurons, a.sim_ms, scheme)
                current = c.currents(model, a.neurons)
                cells.add_current_input("drive", lambda V, current=current: current * pA)
                sim = nd.Simulator(net, dt=dt * ms)
                sim.record(cells, spikes=True)
                sim.run(4 * dt * ms, progress=False)
                sim.reset()
                try:
                    result, seconds = c.measured(lambda sim=sim: sim.run(a.sim_ms * ms, progress=False))
                except nd.errors.NonFiniteStateError:  # the step is too long for the method
                    continue
                spikes = result[cells].spikes
                offset = 0.0 if scheme == "interpolated" else -0.5 * dt
                times = spikes.times.rescale("ms").magnitude
                name = "finest" if a.finest else scheme
                c.emit(a, "numbadyn", model, name, dt, times, spikes.indices, seconds, offset)


if __name__ == "__main__":
    main()
