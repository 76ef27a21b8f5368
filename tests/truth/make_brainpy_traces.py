"""Make `brainpy_traces.npz`: synapses and outputs of brainpy.state 0.1.0, driven for one second.

Run it where that package is installed (with brainstate 0.5.4, saiunit 0.5.2, jax 0.10.2, in double precision), from the
root of the repository: ``python tests/truth/make_brainpy_traces.py``. The tests read the file; they do not need the
package.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np

DT = 0.1  # ms
STEPS = 10_000
EVERY = 25
FILE = Path(__file__).with_name("brainpy_traces.npz")
PACKAGES = ("brainpy_state", "brainstate", "saiunit", "jax")


def spike_steps():
    """Irregular, with bursts: a fixed sequence of whole numbers, so that no generator of random numbers matters."""
    steps, step = [], 17
    for k in range(400):
        steps.append(step)
        step += 1 + (k * k * 37 + 11 * k) % 61 if k % 5 else 1 + (k * 53) % 7
    return np.array([step for step in steps if step < STEPS])


def potential():
    """Membrane potential that the outputs see (mV)."""
    return -55.0 + 25.0 * np.sin(2 * np.pi * DT * np.arange(STEPS) / 137.0)


def main():
    import brainpy.state as bs
    import brainstate
    import jax
    import saiunit as u

    brainstate.environ.set(precision=64, dt=DT * u.ms)
    spikes = np.zeros(STEPS)
    spikes[spike_steps()] = 1.0
    V = potential()

    def run(model, *columns, unit=1.0, which=slice(None, None, EVERY)):
        brainstate.nn.init_all_states(model)

        def step(i, *values):
            with brainstate.environ.context(i=i, t=i * DT * u.ms):
                return model(*values)

        values = brainstate.transform.for_loop(step, np.arange(STEPS), *columns)
        return np.asarray(values / unit)[which, 0]

    class Output(brainstate.nn.Module):
        """An exponential synapse and an output that sees a given potential."""

        def __init__(self, out):
            super().__init__()
            self.syn, self.out = bs.Expon(1, tau=5 * u.ms), out

        def update(self, spike, V):
            self.out.bind_cond(self.syn(spike * 0.7 * u.mS))
            return self.out(V * u.mV)

    jump = spikes[:, None] * 0.7 * u.mS
    traces = {
        "Expon": run(bs.Expon(1, tau=5 * u.ms), jump, unit=u.mS),
        "DualExpon": run(bs.DualExpon(1, tau_decay=12 * u.ms, tau_rise=1.5 * u.ms), jump, unit=u.mS),
        "Alpha": run(bs.Alpha(1, tau=6 * u.ms), jump, unit=u.mS),
        "COBA": run(Output(bs.COBA(E=0 * u.mV)), spikes[:, None], V[:, None], unit=u.mS * u.mV),
        "CUBA": run(Output(bs.CUBA(scale=3 * u.mV)), spikes[:, None], V[:, None], unit=u.mS * u.mV),
        "MgBlock": run(
            Output(bs.MgBlock(E=0 * u.mV, cc_Mg=1.2, alpha=0.062 / u.mV, beta=3.57, V_offset=0 * u.mV)),
            spikes[:, None],
            V[:, None],
            unit=u.mS * u.mV,
        ),
    }
    at_spikes = {"which": spike_steps()}  # what is released is zero elsewhere
    traces["STP"] = run(bs.STP(1, U=0.2, tau_f=400 * u.ms, tau_d=150 * u.ms), spikes[:, None], **at_spikes)
    traces["STD"] = run(bs.STD(1, tau=120 * u.ms, U=0.15), spikes[:, None], **at_spikes)
    assert all(trace.dtype == np.float64 for trace in traces.values())
    versions = [f"{name} {version(name)}" for name in PACKAGES]
    np.savez_compressed(FILE, versions=versions, spikes=spike_steps(), **traces)
    print(FILE.stat().st_size, "bytes;", ", ".join(versions), jax.default_backend())


if __name__ == "__main__":
    main()
