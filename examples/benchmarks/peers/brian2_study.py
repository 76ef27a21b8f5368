"""A study with Brian2: one program of the C++ standalone mode, run once for each point with `run_args`.

The network is `coba` of ../networks.md with a membrane time constant that is given to each run, as the documentation of
Brian2 shows it. `--opt points=64` says how many points there are. Each run draws its synapses and first values.
"""

import os
import resource
import shutil
import tempfile
import time

import _common as c


def seconds():
    """Processor time of this process and its children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main():
    a = c.parse()
    points = dict(opt.split("=") for opt in a.opt).get("points", "64")
    import brian2
    import numpy as np
    from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, defaultclock, device, mV, ms, set_device

    work = tempfile.mkdtemp(prefix="brian2_study_")
    set_device("cpp_standalone", build_on_run=False)
    defaultclock.dt = a.dt * ms
    q = c.COBA
    ne, ni, p = c.ei_sizes(q, a.scale)
    ns = dict(
        taue=q["tau_e"] * ms,
        taui=q["tau_i"] * ms,
        El=q["E_L"] * mV,
        Ee=q["E_ex"] * mV,
        Ei=q["E_in"] * mV,
        Vt=q["V_th"] * mV,
        Vr=q["V_r"] * mV,
        drive=q["I_e"] / q["g_L"] * mV,
        we=q["w_e"] / q["g_L"],
        wi=q["w_i"] / q["g_L"],
        tref=q["t_ref"] * ms,
    )
    group = NeuronGroup(
        ne + ni,
        """
        dv/dt = (El - v + ge*(Ee-v) + gi*(Ei-v) + drive)/taum : volt (unless refractory)
        dge/dt = -ge/taue : 1
        dgi/dt = -gi/taui : 1
        taum : second (shared, constant)""",
        threshold="v > Vt",
        reset="v = Vr",
        refractory="tref",
        method="exponential_euler",
        namespace=ns,
    )
    group.v = "Vr + rand()*(Vt-Vr)"
    group.taum = q["tau_m"] * ms
    excite = Synapses(group[:ne], group, on_pre="ge_post += we", namespace=ns)
    excite.connect(p=p)
    inhibit = Synapses(group[ne:], group, on_pre="gi_post += wi", namespace=ns)
    inhibit.connect(p=p)
    monitor = SpikeMonitor(group, record=True)
    network = Network(group, excite, inhibit, monitor)
    network.run(a.sim_ms * ms)
    device.build(directory=os.path.join(work, "code"), compile=True, run=False)
    built, wall = seconds(), time.perf_counter()
    spikes = 0
    for tau in np.linspace(15, 25, int(points)):
        device.run(run_args={group.taum: tau * ms})
        spikes += int(monitor.num_spikes)
    used, wall = seconds() - built, time.perf_counter() - wall
    synapses = len(excite.i) + len(inhibit.i)
    sizes = {"n_neurons": ne + ni, "n_synapses": synapses, "n_spikes": spikes, "n_recorded": (ne + ni) * int(points)}
    c.emit("brian2_study", brian2.__version__, a, build_s=built, run_s=used, wall_s=wall, **sizes)
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
