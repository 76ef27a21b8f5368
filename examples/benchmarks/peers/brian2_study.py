"""A study with Brian2: one program of the C++ standalone mode, run once for each point with `run_args`.

The network is `coba` of brian2_common.py with a membrane time constant that is given to each run, as the documentation
of Brian2 shows it. `--opt points=64` says how many points there are. Each run draws its synapses and first values.
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
    from brian2 import defaultclock, device, ms, set_device

    work = tempfile.mkdtemp(prefix="brian2_study_")
    set_device("cpp_standalone", build_on_run=False)
    import brian2_common as b

    defaultclock.dt = a.dt * ms
    network, group, synapses, monitor = b.build(a, varied=True)
    network.run(a.sim_ms * ms)
    device.build(directory=os.path.join(work, "code"), compile=True, run=False)
    built, wall = seconds(), time.perf_counter()
    spikes = 0
    for tau in np.linspace(15, 25, int(points)):
        device.run(run_args={group.taum: tau * ms})
        spikes += int(monitor.num_spikes)
    used, wall = seconds() - built, time.perf_counter() - wall
    neurons, made = len(group), sum(len(each.i) for each in synapses)
    sizes = {"n_neurons": neurons, "n_synapses": made, "n_spikes": spikes, "n_recorded": neurons * int(points)}
    c.emit("brian2_study", brian2.__version__, a, build_s=built, run_s=used, wall_s=wall, **sizes)
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
