"""Trajectories and spikes of Brian2 for models that are given as text: ``python tests/truth/make_brian_equations.py``.

Needs Brian2 (2.9 made what is stored).  Writes ``data/brian_equations.npz``, which ``test_brian_equations.py`` compares
with the same texts here.  The texts stand in ``brian_texts.py``, which both import.
"""

from pathlib import Path

import brian2 as b
import numpy as np
from brian_texts import DT, MODELS, STEPS, N, kicks

b.prefs.codegen.target = "numpy"


def run(model):
    """Potentials at the start of each step, and spikes."""
    b.start_scope()
    b.defaultclock.dt = DT * b.ms
    units = vars(b)
    given = {name: value * eval(unit, {}, units) for name, (value, unit) in model.constants.items()}
    if model.current is not None:
        given["I_t"] = b.TimedArray(model.current * b.pA, dt=1 * b.ms)
    options = {"threshold": model.threshold, "reset": model.reset, "method": model.method, "namespace": given}
    if model.refractory is not None:
        refractory = model.refractory
        options["refractory"] = refractory if isinstance(refractory, str) else refractory * b.ms
    cells = b.NeuronGroup(N, model.text, **{key: value for key, value in options.items() if value is not None})
    for name, (values, unit) in model.first.items():
        setattr(cells, name, np.asarray(values) * eval(unit, {}, units))
    objects = [cells]
    if model.kicked is not None:
        which, times = kicks()
        source = b.SpikeGeneratorGroup(N, which, times * b.ms)
        weight = model.weight[0] * eval(model.weight[1], {}, units)
        synapses = b.Synapses(source, cells, on_pre=f"{model.kicked}_post += weight", namespace={"weight": weight})
        synapses.connect(j="i")
        objects += [source, synapses]
    shown = b.StateMonitor(cells, model.shown, record=True, when="start")
    spikes = b.SpikeMonitor(cells)
    b.Network(*objects, shown, spikes).run(STEPS * DT * b.ms)
    values = np.asarray(getattr(shown, model.shown)).T
    return values, np.asarray(spikes.i), np.rint(np.asarray(spikes.t / b.ms) / DT).astype(int)


if __name__ == "__main__":
    found = {}
    for name, model in MODELS.items():
        values, indices, steps = run(model)
        found |= {f"{name}_values": values[::10], f"{name}_indices": indices, f"{name}_steps": steps}
        print(name, values.shape, len(steps), "spikes")
    np.savez_compressed(Path(__file__).parent / "data" / "brian_equations.npz", **found)
