"""The study of brian2_study.py with brainpy.state: one step of all points by `vmap`, which share their synapses.

The classes are those of brainpy_state.py. Sharing the synapses is less work than the other simulators do.
"""

import importlib.util
import os
import time

spec = importlib.util.spec_from_file_location("classes", os.path.join(os.path.dirname(__file__), "brainpy_state.py"))
classes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(classes)  # which reads the command line

import _common as c  # noqa: E402
import brainstate  # noqa: E402
import brainunit as u  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

_STEPS = 500


def main():
    a = classes.A
    points = int(dict(opt.split("=") for opt in a.opt).get("points", "64"))
    rng = np.random.default_rng(a.seed)
    brainstate.environ.set(dt=a.dt * u.ms)
    net = classes.coba(a, rng)
    brainstate.nn.init_all_states(net)
    states = list(net.states().values())
    for state in states:
        state.value = jax.tree.map(lambda value: jnp.broadcast_to(value, (points, *jnp.shape(value))), state.value)
    q, n = c.COBA, int(np.prod(net.N.varshape))
    first = jnp.asarray(rng.uniform(q["V_r"], q["V_th"], (points, n)), classes.FLT) * u.mV
    net.N.V.value = first

    def one(tau, t):
        net.N.tau = tau
        return net.update(t)

    step = brainstate.transform.vmap(one, in_axes=(0, None), in_states=states, out_states=states)
    taus = jnp.linspace(15.0, 25.0, points, dtype=classes.FLT) * u.ms

    @brainstate.transform.jit
    def chunk(k0):
        ts = (k0 + jnp.arange(_STEPS)) * a.dt * u.ms
        return brainstate.transform.for_loop(lambda t: step(taus, t), ts)

    kept = [state.value for state in states]
    jax.block_until_ready(chunk(0))  # compile (and simulate)
    for state, value in zip(states, kept, strict=True):
        state.value = value
    built, wall, spikes = time.process_time(), time.perf_counter(), 0
    for k in range(int(round(a.sim_ms / a.dt)) // _STEPS):
        spikes += int(np.asarray(chunk(k * _STEPS)).sum())
    used, wall = time.process_time() - built, time.perf_counter() - wall
    sizes = {"n_neurons": n, "n_synapses": net.n_syn, "n_spikes": spikes, "n_recorded": n * points}
    c.emit("brainpy_state_study", classes._ver(), a, build_s=built, run_s=used, wall_s=wall, **sizes)


if __name__ == "__main__":
    main()
