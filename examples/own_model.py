"""A model of one's own: two variables, two hooks and a delayed coupling of each neuron to itself.

FitzHugh-Nagumo neurons at rest, on the excitable side. A before-hook kicks each of them once; from then on, where the
feedback is strong enough, the echo of a neuron's own spike kicks it again and again, so that the period follows the
delay. An after-hook counts the spikes. The script shows what numbadyn has made of it: the order of a step, the delays,
the generated kernel; and it checks that the compiled code and the NumPy interpreter give the same bits.

    python examples/own_model.py

References
----------
FitzHugh, R. (1961), Impulses and physiological states in theoretical models of nerve membrane, Biophysical Journal 1,
445-466, doi:10.1016/S0006-3495(61)86902-6.
Dahlem, M. A. et al. (2009), Dynamics of delay-coupled excitable neural systems, International Journal of Bifurcation
and Chaos 19, 745-753, doi:10.1142/S0218127409023111.
"""

import numpy as np
from quantities import ms

import numbadyn as nd


class FitzHughNagumo(nd.Dynamics):
    """Excitable neuron with delayed feedback: tau v' = v - v^3/3 - w + K (v(t - delay) - v) + pulse, tau_w w' = v + a.

    Parameters
    ----------
    in_size : int
        Number of neurons.
    tau, tau_w : quantities.Quantity
        Time constants of the fast and the slow variable.
    a : float or array
        Above 1 the neuron rests until it is kicked; below 1 it fires by itself.
    K : float or array
        Strength of the feedback.
    delay : quantities.Quantity
        Age of the feedback.
    """

    def __init__(self, in_size, tau=0.5 * ms, tau_w=10 * ms, a=1.3, K=0.4, delay=40 * ms, name=None):
        super().__init__(in_size, name=name)
        self.tau, self.tau_w = nd.Parameter(tau), nd.Parameter(tau_w)
        self.a, self.K = nd.Parameter(a), nd.Parameter(K)
        self.past_v = self.prefetch_delay("v", delay)

    def init_state(self):
        a = self.a.value
        self.v, self.w = nd.State(-a), nd.State(a**3 / 3 - a)  # the fixed point

    def update(self):
        feedback = self.K * (self.past_v() - self.v.value)
        drive = self.sum_current_inputs(feedback, self.v.value)
        v = nd.rk4_step(lambda v: (v - v**3 / 3 - self.w.value + drive) / self.tau, self.v.value)
        self.w.value = nd.euler_step(lambda w: (self.v.value + self.a) / self.tau_w, self.w.value)
        spike = (v >= 0) & (self.v.value < 0)
        self.v.value = v
        return spike


class Counter(nd.Dynamics):
    """Counts what it is called with."""

    def init_state(self):
        self.count = nd.State(0)

    def update(self, spike):
        self.count.value = self.count.value + spike


def build(n=8):
    """Neurons with feedback from none to strong, a pulse before each update, a count after it."""
    neurons = FitzHughNagumo(n, K=np.linspace(0.0, 0.35, n))

    def pulse():
        t = nd.environ.get("t")
        neurons.add_current_input("pulse", np.where((t >= 5 * ms) & (t < 6 * ms), 2.0, 0.0))

    neurons.add_before_update("pulse", pulse)
    neurons.add_after_update("count", Counter(n))
    return neurons


def run(target):
    """Simulate half a second; give the neurons, the simulator and what it recorded."""
    neurons = build()
    sim = nd.Simulator(neurons, dt=0.05 * ms, target=target)
    sim.record(neurons, "v", spikes=True)
    result = sim.run(500 * ms, progress=False)
    return neurons, sim, result[neurons]


def excerpt(text, first, last):
    """Lines of a text from the one that begins with `first` up to, not with, the next that begins with `last`."""
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith(first))
    end = next((i for i, line in enumerate(lines) if i > begin and line.startswith(last)), len(lines))
    return "\n".join(lines[begin:end]).rstrip()


def main():
    """Run on both targets, show, compare."""
    neurons, sim, compiled = run("cpu")
    _, _, interpreted = run("interpret")

    print(excerpt(sim.explain(), "Order", "Connections"), "\n")
    print(excerpt(sim.explain(), "Delays", "Stages"), "\n")
    print("The kernel of the neurons, as generated (the longest one in sim.source):\n")
    kernels = [part for part in sim.source.split("\n\n\n") if "@kernel\n" in part]  # with a legend above
    print(max(kernels, key=len).strip(), "\n")

    print("strength of the feedback   spikes   last interval")
    counts = sim.get(neurons.get_after_update("count"), "count")
    for K, count, times in zip(neurons.K.value, counts, compiled.spikes.trains(), strict=True):
        last = f"{np.diff(times.magnitude)[-1]:.2f} ms" if count > 1 else "-"
        print(f"{K:24.2f}   {count:6d}   {last:>13s}")

    same = np.array_equal(compiled["v"], interpreted["v"])
    verdict = "equal bit by bit" if same else "DIFFERENT"
    print(f"\n{compiled['v'].size:,} values of v: compiled and interpreted are {verdict}")


if __name__ == "__main__":
    main()
