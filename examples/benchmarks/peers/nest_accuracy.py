"""The neurons of _accuracy.py with NEST, by the models that have these equations."""

import sys

import _accuracy as c

import numpy as np

# this folder's own nest.py must not hide the package
sys.path = [path for path in sys.path if not path.endswith("peers")]
import nest  # noqa: E402

nest.set_verbosity("M_ERROR")


def lif(a, dt, model):
    q = c.LIF
    cells = nest.Create(model, a.neurons, {
        "C_m": q["C"], "tau_m": q["tau"], "E_L": q["E"], "V_th": q["V_th"], "V_reset": q["V_reset"],
        "V_m": q["V_reset"], "t_ref": q["tau_ref"], "tau_syn_ex": q["tau_syn"],
    })  # fmt: skip
    # what is sent at t - dt with a delay of dt is there at t
    source = nest.Create("spike_generator", {"spike_times": (c.input_times(a.sim_ms) - dt).round(6)})
    nest.Connect(source, cells, syn_spec={"weight": q["weight"], "delay": dt})
    return cells


def adex(a, dt, model):
    q = c.ADEX
    return nest.Create(model, a.neurons, {
        "C_m": q["C"], "g_L": q["g"], "E_L": q["E"], "V_th": q["V_T"], "Delta_T": q["delta"], "V_peak": q["V_peak"],
        "V_reset": q["V_reset"], "V_m": q["E"], "tau_w": q["tau_w"], "a": q["a"], "b": q["b"], "t_ref": 0.0,
    })  # fmt: skip


def hh(a, dt, model):
    q = c.HH
    return nest.Create(model, a.neurons, {
        "C_m": q["C"], "g_L": q["g_L"], "g_Na": q["g_Na"], "g_K": q["g_K"], "E_L": q["E_L"], "E_Na": q["E_Na"],
        "E_K": q["E_K"], "V_T": q["V_T"], "V_m": q["E_L"],
    })  # fmt: skip


MAKE = {"lif": lif, "adex": adex, "hh": hh}
NAMES = {"lif": ("iaf_psc_exp", "iaf_psc_exp_ps"), "adex": ("aeif_psc_exp",), "hh": ("hh_cond_exp_traub",)}


def main():
    a = c.parse()
    for model in a.models:
        for name in NAMES[model]:
            for dt in (c.FINEST[model],) if a.finest else c.STEPS[model]:
                nest.ResetKernel()
                nest.resolution = dt
                cells = MAKE[model](a, dt, name)
                cells.I_e = c.currents(model, a.neurons)
                recorder = nest.Create("spike_recorder")
                nest.Connect(cells, recorder)
                nest.Prepare()
                _none, seconds = c.measured(lambda: nest.Run(a.sim_ms))
                nest.Cleanup()
                events = recorder.events
                offset = 0.0 if name.endswith("_ps") else -0.5 * dt
                senders = np.asarray(events["senders"]) - cells[0].global_id
                scheme = f"{name} finest" if a.finest else name
                c.emit(a, f"NEST {nest.__version__}", model, scheme, dt, events["times"], senders, seconds, offset)


if __name__ == "__main__":
    main()
