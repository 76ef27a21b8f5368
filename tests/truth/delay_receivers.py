"""The network of `make_delay_traces.py` in numbadyn: one spike, and receivers of each kind behind many delays.

In: numbers of the network, delays, a target.  Out: all samples, by receiver.  Must not know: the stored traces, the
table.
"""

import numpy as np
from quantities import ms, mV, nS, pA, pF

import numbadyn as nd

__all__ = ["Net", "run"]

NEVER = 1e12
"""A time constant (ms) at which nothing leaks, and a threshold (mV) that nothing reaches; as in the stored traces."""


class Falling(nd.LIF):
    """A LIF whose synaptic current falls within the step, as it truly does; by the method of Runge and Kutta."""

    def __init__(self, size, tau_syn, **parameters):
        super().__init__(size, **parameters)
        self.tau_syn = nd.Parameter(tau_syn)

    def update(self):
        dt, V = nd.environ.get_dt(), self.V.value

        def slope(v, part):
            current = self.sum_current_inputs(0 * pA, v) * np.exp(-part * dt / self.tau_syn)
            return (self.V_rest - v + self.R * current) * (1.0 / self.tau)

        first = slope(V, 0.0)
        second = slope(V + 0.5 * dt * first, 0.5)
        third = slope(V + 0.5 * dt * second, 0.5)
        last = slope(V + dt * third, 1.0)
        self.V.value = V + dt * (first + 2.0 * second + 2.0 * third + last) * (1.0 / 6.0)
        return self.V_th <= self.V.value


class Rate(nd.Dynamics):
    """A value that follows its drive and its input with a time constant of 10 ms."""

    def __init__(self, size, drive):
        super().__init__(size)
        self.drive = nd.Parameter(drive)

    def init_state(self):
        self.V = nd.State(0.0)

    def update(self):
        drive = self.sum_current_inputs(self.drive, self.V.value)
        self.V.value = nd.exp_euler_step(lambda v: (drive - v) / (10.0 * ms), self.V.value)
        return self.V.value


def passive(V=0.0, rest=0.0, tau=NEVER, **others):
    """Parameters of a cell that never fires; unless told, nothing leaks."""
    return others | {
        "V_th": NEVER * mV, "V_reset": rest * mV, "V_rest": rest * mV, "tau": tau * ms,
        "V_initializer": nd.init.Constant(V * mV),
    }  # fmt: skip


class Receivers(nd.DynamicsGroup):
    """A receiver of each kind; with an array of delays, one element for each of them."""

    def __init__(self, net, delays, interpolation=None):
        super().__init__()
        self.size, self._net, self._interpolation = np.size(delays), net, interpolation
        self._when = (delays, np.zeros(self.size, dtype=int)) if np.ndim(delays) else (delays,)
        self._jumps()
        self._synapses()
        self.rate = Rate(self.size, 0.0)
        slow = net.rate.prefetch_delay("V", *self._when, interpolation=interpolation)
        self.to_rate = nd.CurrentProj(slow, comm=self._weight(2.0), out=nd.CUBA.desc(), post=self.rate)

    def _weight(self, weight):
        return nd.OneToOne(self.size, self.size, weight=weight)

    def _late(self, source):
        return source.output_delay(*self._when, interpolation=self._interpolation)

    def _jumps(self):
        net, leaky = self._net, self._net.numbers["leaky"]
        for name, source, parameters in (
            ("still", net.source, passive()),
            ("leaky", net.source, passive(leaky["V"], tau=leaky["tau"])),
            ("generator", net.train, passive()),
            ("generator_one_step_later", net.later_train, passive()),
        ):
            cell = nd.LIF(self.size, **parameters)
            jump = self._weight(net.numbers["leaky" if name == "leaky" else "still"]["jump"] * mV)
            setattr(self, name, cell)
            setattr(self, f"to_{name}", nd.DeltaProj(self._late(source), comm=jump, post=cell))

    def _synapses(self):
        cur, cond = self._net.numbers["current"], self._net.numbers["conductance"]
        leak, rest = cond["g_L"] * nS, cond["E_L"]
        by_current = passive(tau=cur["tau"], R=cur["tau"] * ms / (cur["C"] * pF))
        by_conductance = passive(rest, rest, cond["C"] / cond["g_L"], R=1 / leak)
        for name, given, unit, parameters, out in (
            ("current", cur, pA, by_current, nd.CUBA.desc()),
            ("conductance", cond, nS, by_conductance, nd.COBA.desc(E=cond["E"] * mV)),
        ):
            tau = given["tau_syn"] * ms
            exact, held = Falling(self.size, tau, **parameters), nd.LIF(self.size, **parameters)
            for kind, cell in ((name, exact), (f"{name}_held", held)):
                comm, syn = self._weight(given["weight"] * unit), nd.Expon.desc(tau=tau, averaged=False)
                setattr(self, kind, cell)
                proj = nd.AlignPostProj(self._late(self._net.source), comm=comm, syn=syn, out=out, post=cell)
                setattr(self, f"to_{kind}", proj)


class Net(nd.DynamicsGroup):
    """One neuron that fires once, devices that fire once, a rate; and receivers.

    `groups` are pairs of delays, one or an array, and a method of interpolation.
    """

    def __init__(self, numbers, dt, groups):
        super().__init__()
        self.numbers, s = numbers, numbers["source"]
        self.source = nd.LIFRef(
            1, R=1.0, tau=s["tau"] * ms, V_th=s["V_th"] * mV, V_reset=0 * mV, V_rest=s["drive"] * mV,
            tau_ref=s["tau_ref"] * ms,
        )  # fmt: skip
        self.train = nd.SpikeTrain(1, [0], [numbers["generator"]] * ms)
        self.later_train = nd.SpikeTrain(1, [0], [numbers["generator"] + dt] * ms)
        self.rate = Rate(1, 3.0)
        self.receivers = [Receivers(self, *group) for group in groups]
        for number, receivers in enumerate(self.receivers):
            setattr(self, f"receivers_{number}", receivers)


def run(numbers, dt, groups, steps, target):
    """Samples of V and g by receiver, for each group of shape (steps, delays); and the spikes of the sources."""
    net = Net(numbers, dt, groups)
    sim = nd.Simulator(net, dt=dt * ms, target=target)
    sim.record(net.source, spikes=True)
    sim.record(net.train, spikes=True)
    sim.record(net.later_train, spikes=True)
    for receivers in net.receivers:
        for _, module in receivers.children():
            if isinstance(module, nd.Dynamics):
                sim.record(module, "V")
            elif hasattr(module, "syn"):
                sim.record(module.syn, "g")
    result = sim.run(steps * dt * ms, progress=False)
    found = []
    for receivers in net.receivers:
        traces = {}
        for name, module in receivers.children():
            if isinstance(module, nd.Dynamics):
                traces[name, "V"] = np.asarray(result[module].V)
            elif hasattr(module, "syn"):
                traces[name.removeprefix("to_"), "g"] = np.asarray(result[module.syn].g)
        found.append(traces)
    spikes = {
        name: (result[getattr(net, name)].spikes.steps + 1).tolist() for name in ("source", "train", "later_train")
    }
    return spikes, found
