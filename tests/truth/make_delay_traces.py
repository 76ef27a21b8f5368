"""Make `data/delays_<peer>.json`: one spike through delays in NEST, Brian2 and brainpy.state, as they label it.

In: whichever of these packages is installed.  Out: one file for each, with its versions, the numbers of the network,
the labels of its samples and spikes, the recorded values, and what it says to delays that it refuses.  The tests read
the files; they do not need the packages, and this script does not need numbadyn.

Run it in the environment of each package, from the root of the repository: ``python tests/truth/make_delay_traces.py``.

A source cell under a constant drive fires once; it acts on targets through delta synapses (a jump of V, with and
without a leak), an exponential current and an exponential conductance.
"""

import importlib.util
import json
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent / "data"
STEPS = 24
GRIDS = (0.1, 0.25)  # ms
WHOLE = (0, 1, 2, 3, 10)  # steps
BETWEEN = (0.12, 0.15, 0.18, 0.25, 3 * 0.1)  # ms, at dt = 0.1 ms; the last is a little more than 0.3
DELAYS = [(dt, round(steps * dt, 10)) for dt in GRIDS for steps in WHOLE] + [(0.1, delay) for delay in BETWEEN]
NETWORK = {
    "source": {"tau": 10.0, "V_th": 10.0, "drive": 187.0, "tau_ref": 100.0},  # fires at 0.5496 ms
    "generator": 1.0,  # time given to the device that fires at given times
    "still": {"jump": 1.5},
    "leaky": {"tau": 20.0, "V": 5.0, "jump": 1.5},
    "current": {"C": 250.0, "tau": 20.0, "tau_syn": 2.0, "weight": 400.0},
    "conductance": {"C": 200.0, "g_L": 10.0, "E_L": -60.0, "E": 0.0, "tau_syn": 2.0, "weight": 6.0},
}
NEVER = 1e12
"""A time constant (ms) at which nothing leaks, and a threshold (mV) that nothing reaches."""


def plain(values):
    """Numbers for JSON."""
    return [float(value) for value in values]


def case(mechanism, dt, delay, **traces):
    """One run: what carries the spike, time step and delay (ms), and traces with their own labels."""
    return {"mechanism": mechanism, "dt": dt, "delay": delay} | {name: plain(x) for name, x in traces.items()}


def first_line(error):
    """What an error says, shortened."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"[:200]


# NEST


def nest_targets(nest):
    """Receivers by mechanism: what they are, what is recorded, the weight."""
    still, leaky = NETWORK["still"], NETWORK["leaky"]
    cur, cond = NETWORK["current"], NETWORK["conductance"]
    delta = {"C_m": 10.0, "E_L": 0.0, "V_th": NEVER, "t_ref": 2.0}
    current = {
        "C_m": cur["C"], "tau_m": cur["tau"], "tau_syn_ex": cur["tau_syn"], "E_L": 0.0, "V_m": 0.0, "V_th": NEVER,
    }  # fmt: skip
    conductance = {
        "C_m": cond["C"], "g_L": cond["g_L"], "E_L": cond["E_L"], "V_m": cond["E_L"], "E_ex": cond["E"],
        "tau_syn_ex": cond["tau_syn"], "V_th": NEVER,
    }  # fmt: skip
    return {
        "still": ("iaf_psc_delta", delta | {"tau_m": NEVER, "V_m": 0.0}, {"V": "V_m"}, still["jump"]),
        "leaky": ("iaf_psc_delta", delta | {"tau_m": leaky["tau"], "V_m": leaky["V"]}, {"V": "V_m"}, leaky["jump"]),
        "current": ("iaf_psc_exp", current, {"V": "V_m", "g": "I_syn_ex"}, cur["weight"]),
        "conductance": ("iaf_cond_exp", conductance, {"V": "V_m", "g": "g_ex"}, cond["weight"]),
    }


def nest_run(nest, dt, delay):
    """All receivers behind one neuron, and one behind a device; each run has a kernel of its own."""
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": dt})
    s = NETWORK["source"]
    source = nest.Create("iaf_psc_delta", params={
        "C_m": s["tau"], "tau_m": s["tau"], "E_L": 0.0, "V_m": 0.0, "V_reset": 0.0, "V_th": s["V_th"],
        "t_ref": s["tau_ref"], "I_e": s["drive"],
    })  # fmt: skip
    device = nest.Create("spike_generator", params={"spike_times": [NETWORK["generator"]]})
    recorder = nest.Create("spike_recorder")
    nest.Connect(source, recorder)
    found = {}
    targets = nest_targets(nest)
    for name, (model, params, recorded, weight) in {**targets, "generator": targets["still"]}.items():
        cell = nest.Create(model, params=params)
        meter = nest.Create("multimeter", params={"record_from": list(recorded.values()), "interval": dt})
        nest.Connect(device if name == "generator" else source, cell, syn_spec={"weight": weight, "delay": delay})
        nest.Connect(meter, cell)
        found[name] = meter, recorded
    nest.Simulate(STEPS * dt)
    spikes = recorder.events["times"]
    return [
        case(
            name, dt, delay, t=meter.events["times"], spikes=[NETWORK["generator"]] if name == "generator" else spikes,
            **{ours: meter.events[theirs] for ours, theirs in recorded.items()},
        )
        for name, (meter, recorded) in found.items()
    ]  # fmt: skip


def nest_rate(nest, dt, delay):
    """A value that travels with a delay: from one linear rate neuron to another."""
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": dt, "use_wfr": False})
    quiet = {"tau": 10.0, "sigma": 0.0, "rate": 0.0}
    source = nest.Create("lin_rate_ipn", params=quiet | {"mu": 3.0})
    target = nest.Create("lin_rate_ipn", params=quiet | {"mu": 0.0})
    syn = {"synapse_model": "rate_connection_delayed", "weight": 2.0, "delay": delay}
    nest.Connect(source, target, syn_spec=syn)
    meters = [nest.Create("multimeter", params={"record_from": ["rate"], "interval": dt}) for _ in "st"]
    nest.Connect(meters[0], source)
    nest.Connect(meters[1], target)
    nest.Simulate(STEPS * dt)
    return case("rate", dt, delay, t=meters[1].events["times"], x=meters[0].events["rate"], V=meters[1].events["rate"])


def with_nest():
    """NEST by PyNEST."""
    import nest

    nest.verbosity = nest.VerbosityLevel.ERROR
    cases, refused = [], []
    for dt, delay in DELAYS:
        for run in (nest_run, nest_rate):
            try:
                found = run(nest, dt, delay)
            except Exception as error:  # a refusal is a result here
                refused.append({"run": run.__name__, "dt": dt, "delay": delay, "says": first_line(error)})
            else:
                cases += found if isinstance(found, list) else [found]
    return {"versions": {"nest-simulator": nest.__version__}, "cases": cases, "refused": refused}


# Brian2


def brian2_targets():
    """Receivers by mechanism: equations, integration, first values, what a spike does."""
    leaky, cur, cond = NETWORK["leaky"], NETWORK["current"], NETWORK["conductance"]
    slope = f"(g*({cond['E']} - v) + {cond['g_L']}*({cond['E_L']} - v))/{cond['C']}/ms"
    decay = "-g/({}*ms) : 1"
    current = f"dv/dt = g/{cur['C']}/ms - v/({cur['tau']}*ms) : 1\ndg/dt = {decay.format(cur['tau_syn'])}"
    conductance = f"dv/dt = {slope} : 1\ndg/dt = {decay.format(cond['tau_syn'])}"
    return {
        "still": ("v : 1", None, {}, f"v_post += {NETWORK['still']['jump']}"),
        "leaky": (f"dv/dt = -v/({leaky['tau']}*ms) : 1", "exact", {"v": leaky["V"]}, f"v_post += {leaky['jump']}"),
        "current": (current, "exact", {}, f"g_post += {cur['weight']}"),
        "conductance": (conductance, "exponential_euler", {"v": cond["E_L"]}, f"g_post += {cond['weight']}"),
    }


def brian2_run(b, h, delay):
    """All receivers behind one neuron, one behind a device, one that adds up variables of its synapses."""
    s, cur = NETWORK["source"], NETWORK["current"]
    b.defaultclock.dt = h * b.ms
    source = b.NeuronGroup(
        1, f"dv/dt = ({s['drive']} - v)/({s['tau']}*ms) : 1 (unless refractory)", method="exact",
        threshold=f"v > {s['V_th']}", reset="v = 0", refractory=s["tau_ref"] * b.ms,
    )  # fmt: skip
    device = b.SpikeGeneratorGroup(1, [0], [NETWORK["generator"]] * b.ms)
    spikes, events = b.SpikeMonitor(source), b.SpikeMonitor(device)
    net, found = b.Network(source, device, spikes, events), {}
    targets = brian2_targets()
    summed = f"dv/dt = g/{cur['C']}/ms - v/({cur['tau']}*ms) : 1\ng : 1"
    targets["generator"] = targets["still"]
    targets["summed"] = (summed, "exponential_euler", {}, f"x += {cur['weight']}")
    for name, (model, method, first, action) in targets.items():
        cell = b.NeuronGroup(1, model, **({"method": method} if method else {}))
        own = f"dx/dt = -x/({cur['tau_syn']}*ms) : 1 (clock-driven)\ng_post = x : 1 (summed)"
        extra = {"model": own, "method": "exact"} if name == "summed" else {}
        syn = b.Synapses(device if name == "generator" else source, cell, on_pre=action, delay=delay * b.ms, **extra)
        syn.connect()
        for variable, value in first.items():
            setattr(cell, variable, value)
        recorded = {"V": "v"} | ({"g": "g"} if "g" in cell.variables else {})
        meter = b.StateMonitor(cell, list(recorded.values()), record=True)
        net.add(cell, syn, meter)
        found[name] = meter, recorded
    net.run(STEPS * h * b.ms)
    return [
        case(
            name, h, delay, t=meter.t / b.ms, spikes=(events if name == "generator" else spikes).t / b.ms,
            **{ours: getattr(meter, theirs)[0] for ours, theirs in recorded.items()},
        )
        for name, (meter, recorded) in found.items()
    ]  # fmt: skip


def with_brian2():
    """Brian2 with its default schedule."""
    import brian2 as b

    b.prefs.codegen.target = "numpy"
    cases = [found for dt, delay in DELAYS for found in brian2_run(b, dt, delay)]
    return {"versions": {"Brian2": b.__version__}, "schedule": b.Network().schedule, "cases": cases, "refused": []}


# brainpy.state and brainstate


def brainpy_projections(bs, u, dt, delay):
    """Networks by mechanism: source, target, projection, and whether the projection runs after the source."""
    s, leaky, cond = NETWORK["source"], NETWORK["leaky"], NETWORK["conductance"]

    def cell(drive=0.0, tau=leaky["tau"], V_th=NEVER, V=0.0, rest=0.0, tau_ref=0.0):
        def first(shape, *args, **kw):
            return u.math.full(shape, V) * u.mV

        pop = bs.LIFRef(
            1, R=1.0 * u.ohm, tau=tau * u.ms, tau_ref=tau_ref * u.ms, V_th=V_th * u.mV, V_reset=0.0 * u.mV,
            V_rest=rest * u.mV, V_initializer=first, spk_reset="hard",
        )  # fmt: skip
        pop.drive = drive * u.mA
        return pop

    def weight(value):
        def comm(spikes):
            return spikes * value

        comm.in_size = comm.out_size = (1,)
        return comm

    ratio = cond["weight"] / cond["g_L"] * u.siemens  # with a resistance of 1 ohm, relative to the leak
    syn = {"syn": bs.Expon.desc(1, tau=cond["tau_syn"] * u.ms), "out": bs.COBA.desc(E=cond["E"] * u.mV)}

    def make(mechanism):
        pre = cell(s["drive"], s["tau"], s["V_th"], tau_ref=s["tau_ref"])
        if mechanism in ("still", "leaky"):
            tau, V = (NEVER, 0.0) if mechanism == "still" else (leaky["tau"], leaky["V"])
            post = cell(tau=tau, V=V)
            jump = weight(NETWORK[mechanism]["jump"] * u.mV)
            return pre, post, bs.DeltaProj(pre.output_delay(delay * u.ms), comm=jump, post=post)
        post = cell(V=cond["E_L"], rest=cond["E_L"])
        if mechanism == "conductance":
            return pre, post, bs.AlignPostProj(pre.output_delay(delay * u.ms), comm=weight(ratio), post=post, **syn)
        return pre, post, bs.AlignPostProj(comm=weight(ratio), post=post, delay=delay * u.ms, **syn)

    return make


def brainpy_run(bs, brainstate, u, dt, delay):
    """Projections of brainpy.state; samples are taken after each step, labelled with the t of that step."""
    brainstate.environ.set(dt=dt * u.ms)
    make = brainpy_projections(bs, u, dt, delay)
    cases = []
    for mechanism in ("still", "leaky", "conductance", "InputDelay before", "InputDelay after"):
        pre, post, projection = make(mechanism)
        brainstate.nn.init_all_states((pre, post, projection))
        emitted, traces = None, {"t": [], "V": [], "g": [], "spikes": []}
        for i in range(STEPS):
            with brainstate.environ.context(i=i, t=i * dt * u.ms):
                if mechanism == "InputDelay after":
                    emitted = pre(pre.drive)
                    projection(emitted)
                else:
                    given = (pre.V.value * 0 / u.mV if emitted is None else emitted,)
                    projection(*(given if mechanism == "InputDelay before" else ()))
                    emitted = pre(pre.drive)
                post(post.drive)
            traces["t"].append(i * dt)
            traces["V"].append((post.V.value / u.mV)[0])
            if hasattr(projection, "syn"):
                traces["g"].append((projection.syn.g.value / u.siemens)[0])
            if emitted[0] > 0:
                traces["spikes"].append(i * dt)
        cases.append(case(mechanism, dt, delay, **{name: x for name, x in traces.items() if x or name == "spikes"}))
    return cases


def brainpy_simulator(bs, brainstate, u, dt, delay):
    """The builder of brainpy.state in the manner of NEST: a device and one receiver with an exponential current."""
    cur = NETWORK["current"]
    cases = []

    def start(shape, *args, **kw):
        return u.math.zeros(shape) * u.mV

    for mechanism, model, params, weight in (
        ("Simulator delta", bs.iaf_psc_delta, {"C_m": 10.0 * u.pF, "tau_m": NEVER * u.ms}, 1.5 * u.mV),
        (
            "Simulator current", bs.iaf_psc_exp,
            {"C_m": cur["C"] * u.pF, "tau_m": cur["tau"] * u.ms, "tau_syn_ex": cur["tau_syn"] * u.ms},
            cur["weight"] * u.pA,
        ),
    ):  # fmt: skip
        s = NETWORK["source"]
        sim = bs.Simulator(dt=dt * u.ms)
        pre = sim.create(
            bs.iaf_psc_delta, 1, C_m=s["tau"] * u.pF, tau_m=s["tau"] * u.ms, E_L=0 * u.mV, V_reset=0 * u.mV,
            V_th=s["V_th"] * u.mV, t_ref=s["tau_ref"] * u.ms, I_e=s["drive"] * u.pA, V_initializer=start,
        )  # fmt: skip
        post = sim.create(model, 1, E_L=0 * u.mV, V_th=NEVER * u.mV, V_initializer=start, **params)
        recorder, meter = sim.create(bs.spike_recorder), sim.create(bs.voltmeter)
        sim.connect(pre, post, weight=weight, delay=delay * u.ms if delay else None)
        sim.connect(pre, recorder)
        sim.connect(meter, post)
        result = sim.simulate(STEPS * dt * u.ms)
        t = result.times / u.ms
        spikes = [t[k] for k, fired in enumerate(result.spikes(recorder)[:, 0]) if fired > 0]
        trace = result.trace(meter)
        cases.append(case(mechanism, dt, delay, t=t, V=(trace / u.mV)[:, 0], spikes=spikes))
    return cases


def brainstate_reads(brainstate, u, dt, steps):
    """Reads of x[n] = n + 1 before and after its owner's update, by every accessor, and samples held."""
    brainstate.environ.set(dt=dt * u.ms)

    class Clock(brainstate.nn.Dynamics):
        """Counts its steps."""

        def init_state(self, *args, **kwargs):
            self.n = brainstate.HiddenState(u.math.zeros(1))

        def update(self):
            self.n.value = self.n.value + 1.0
            return self.n.value

    def whole(count):
        return round(count * dt, 10) * u.ms

    clock = Clock(1)
    reads = {
        "prefetch_delay": clock.prefetch_delay("n", whole(steps)),
        "output_delay": clock.output_delay(whole(steps)),
    }
    for k in (2, 4) if steps <= 3 else ():
        reads[f"update_every {k}"] = clock.prefetch_delay("n", whole(steps * k), update_every=whole(k))
    memory = brainstate.nn.Delay(u.math.zeros(1), time=whole(steps))
    brainstate.nn.init_all_states((clock, memory))
    seen = {f"{name}, {when}": [] for name in reads for when in ("before", "after")} | {"retrieve_at_step": []}
    for i in range(STEPS):
        with brainstate.environ.context(i=i, t=i * dt * u.ms):
            for name, read in reads.items():
                seen[f"{name}, before"].append(read()[0])
            memory.update(clock())
            for name, read in reads.items():
                seen[f"{name}, after"].append(read()[0])
            seen["retrieve_at_step"].append(memory.retrieve_at_step(steps)[0])
    return {"dt": dt, "steps": steps, "seen": {name: plain(x) for name, x in seen.items()}}


def with_brainpy():
    """brainpy.state and brainstate in double precision."""
    import brainpy.state as bs
    import brainstate
    import brainunit as u
    import jax

    jax.config.update("jax_enable_x64", True)
    brainstate.environ.set(precision=64)
    cases, refused = [], []
    for dt, delay in DELAYS:
        for run in (brainpy_run, brainpy_simulator):
            try:
                cases += run(bs, brainstate, u, dt, delay)
            except Exception as error:  # a refusal is a result here
                refused.append({"run": run.__name__, "dt": dt, "delay": delay, "says": first_line(error)})
    reads = [brainstate_reads(brainstate, u, dt, steps) for dt in GRIDS for steps in WHOLE]
    versions = {name: version(name) for name in ("brainpy_state", "brainstate", "saiunit", "jax")}
    return {"versions": versions, "cases": cases, "reads": reads, "refused": refused}


def main():
    """Write the file of each package that is here."""
    FOLDER.mkdir(exist_ok=True)
    for package, name, run in (
        ("nest", "nest", with_nest),
        ("brian2", "brian2", with_brian2),
        ("brainpy_state", "brainpy", with_brainpy),
    ):
        if importlib.util.find_spec(package) is None:
            print(f"{package} is not installed")
            continue
        found = run()
        print(found["versions"], len(found["cases"]), "cases;", len(found["refused"]), "refused")
        text = json.dumps({"peer": name, "network": NETWORK} | found, indent=None)
        lines = text.replace('{"mechanism"', '\n{"mechanism"').replace('{"run"', '\n{"run"')
        (FOLDER / f"delays_{name}.json").write_text(lines.replace('{"dt"', '\n{"dt"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
