"""The neurons of _accuracy.py with Brian2, in Cython, by those of its methods that apply."""

import _accuracy as c

import numpy as np
from brian2 import (
    Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, Synapses, defaultclock, mV, ms, nS, pA, pF, prefs,
)  # fmt: skip
from brian2 import BrianObjectException, __version__
from brian2_common import HH_EQS

prefs.codegen.target = "cython"


def lif(a, method):
    q = c.LIF
    space = {
        "C": q["C"] * pF, "tau": q["tau"] * ms, "E": q["E"] * mV, "V_th": q["V_th"] * mV, "V_reset": q["V_reset"] * mV,
        "tau_syn": q["tau_syn"] * ms, "tau_ref": q["tau_ref"] * ms,
    }  # fmt: skip
    equations = """
    dv/dt = (E - v)/tau + (I + g)/C : volt (unless refractory)
    dg/dt = -g/tau_syn : amp
    I : amp
    """
    cells = NeuronGroup(
        a.neurons, equations, threshold="v >= V_th", reset="v = V_reset", refractory="tau_ref", method=method,
        namespace=space,
    )  # fmt: skip
    cells.v = q["V_reset"] * mV
    times = c.input_times(a.sim_ms)
    source = SpikeGeneratorGroup(1, np.zeros(times.size, int), times * ms)
    synapses = Synapses(source, cells, on_pre=f"g_post += {q['weight']}*pA")
    synapses.connect()
    return cells, [source, synapses]


def adex(a, method):
    q = c.ADEX
    space = {
        "C": q["C"] * pF, "gL": q["g"] * nS, "E": q["E"] * mV, "V_T": q["V_T"] * mV, "delta": q["delta"] * mV,
        "V_peak": q["V_peak"] * mV, "V_reset": q["V_reset"] * mV, "tau_w": q["tau_w"] * ms, "a": q["a"] * nS,
        "b": q["b"] * pA,
    }  # fmt: skip
    equations = """
    dv/dt = (gL*(E - v) + gL*delta*exp((v - V_T)/delta) + I - w)/C : volt
    dw/dt = (a*(v - E) - w)/tau_w : amp
    I : amp
    """
    cells = NeuronGroup(
        a.neurons, equations, threshold="v >= V_peak", reset="v = V_reset; w += b", method=method, namespace=space
    )
    cells.v = q["E"] * mV
    return cells, []


def hh(a, method):
    q = c.HH
    space = {
        "gl": q["g_L"] * nS, "El": q["E_L"] * mV, "g_na": q["g_Na"] * nS, "g_kd": q["g_K"] * nS, "ENa": q["E_Na"] * mV,
        "EK": q["E_K"] * mV, "VT": q["V_T"] * mV, "Cm": q["C"] * pF,
    }  # fmt: skip
    equations = HH_EQS.replace(" + ge*(Ee-v) + gi*(Ei-v)", "") + "I : amp\n"
    cells = NeuronGroup(
        a.neurons, equations, threshold="v >= -20*mV", refractory="v >= -20*mV", method=method, namespace=space
    )
    cells.v = q["E_L"] * mV
    for gate in "mhn":
        setattr(cells, gate, f"alpha_{gate}/(alpha_{gate} + beta_{gate})")
    return cells, []


MAKE = {"lif": lif, "adex": adex, "hh": hh}
METHODS = {
    "lif": ("exact", "euler"),
    "adex": ("euler", "rk2", "rk4"),
    "hh": ("exponential_euler", "rk2", "rk4"),
}


def main():
    a = c.parse()
    for model in a.models:
        for method in METHODS[model]:
            for dt in c.STEPS[model]:
                defaultclock.dt = dt * ms
                cells, others = MAKE[model](a, method)
                cells.I = c.currents(model, a.neurons) * pA
                monitor = SpikeMonitor(cells)
                net = Network(cells, monitor, *others)
                net.store()
                for _time in range(2):  # the first one compiles, both make ready for a run
                    net.run(4 * dt * ms)
                    net.restore()
                _none, ready = c.measured(lambda net=net, dt=dt: net.run(4 * dt * ms))
                net.restore()
                try:
                    _none, seconds = c.measured(lambda net=net: net.run(a.sim_ms * ms))
                except BrianObjectException:  # a division by zero: the step is too long for the method
                    continue
                seconds -= ready
                # a step that begins at t is labelled with t
                times = monitor.t / ms
                if np.all(np.isfinite(cells.v[:])):
                    c.emit(a, f"Brian2 {__version__}", model, method, dt, times, monitor.i[:], seconds, 0.5 * dt)


if __name__ == "__main__":
    main()
