"""Mistakes in simulators, and what ends a run.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from typing import Any

from numbadyn.errors.base import NumbadynError

__all__ = [
    "CacheWarning",
    "CallError",
    "ConditionError",
    "DeviceLostError",
    "DeviceMemoryError",
    "DurationError",
    "FixedAttributeError",
    "InternalError",
    "MissingExtraError",
    "NonFiniteStateError",
    "NotEnoughMemoryError",
    "NotRecordedError",
    "RecordingError",
    "SchedulingError",
    "SimulatorBusyError",
    "StreamRestartError",
    "TargetError",
    "TimeStepError",
    "UnknownOptionError",
    "UnsupportedFeatureError",
]


class TimeStepError(NumbadynError, ValueError):
    """The time step is zero, negative, not finite, not one number, or not set.

    Wrong::

        Simulator(net, dt=0 * pq.ms)

    Right::

        Simulator(net, dt=0.1 * pq.ms)
    """


class DurationError(NumbadynError, ValueError):
    """The duration of a run is zero, negative, not finite, or shorter than one step.

    Wrong::

        sim.run(-1 * pq.s)

    Right::

        sim.run(1 * pq.s)
    """


class ConditionError(NumbadynError, ValueError):
    """What should end a run is no condition: no function, no Boolean, several of them, or nothing of the network.

    A condition is a function without arguments. It is written like a model: its line is run once, with stand-ins for
    the states, and what it computes is compiled.

    Wrong::

        sim.run(1 * pq.s, until=net.E.V.value.mean() > -50 * pq.mV)  # has a value now
        sim.run(1 * pq.s, until=lambda: net.E.V > -50 * pq.mV)  # one answer for each neuron

    Right::

        sim.run(1 * pq.s, until=lambda: net.E.V.mean() > -50 * pq.mV)
        sim.run(1 * pq.s, until=lambda: (net.E.V > -50 * pq.mV).any())
        sim.run(1 * pq.s, until=lambda: nd.spike_count(net.E) >= 100)
    """


class CallError(NumbadynError, TypeError):
    """What should be called in the course of a run cannot be called with the simulator, or nobody says when.

    Wrong::

        sim.run(1 * pq.s, call=control)
        sim.run(1 * pq.s, every=10 * pq.ms, call=control(sim))

    Right::

        sim.run(1 * pq.s, every=10 * pq.ms, call=control)  # control(sim) every 10 ms
    """


class StreamRestartError(NumbadynError, RuntimeError):
    """A simulation begins anew, but a stream of values that it reads has gone by and cannot be begun anew.

    Wrong::

        drive = nd.TimedStream(read_camera(), dt=20 * pq.ms)  # a generator
        sim.run(1 * pq.s)
        sim.reset().run(1 * pq.s)

    Right::

        drive = nd.TimedStream(read_camera, dt=20 * pq.ms)  # a function: each simulation calls it anew
    """


class NonFiniteStateError(NumbadynError, FloatingPointError):
    """A state, a synaptic sum or a recorded value became NaN or infinite while the network was running.

    A state whose first values hold an infinity, as those of "the last spike was at minus infinity" do, may keep
    infinities of that sign; a recorded value that is neither a state nor a sum may be infinite. NaN is never right.
    States and sums are looked at every 128 steps and at the end of a run, and the error tells the window of time;
    recorded samples are all looked at, so that recording the variable tells the step. A NaN that a step makes and
    removes again, as by ``np.where``, is seen by nobody.

    Wrong, a step that is too long for the equation makes the numbers explode::

        Simulator(net, dt=1 * pq.ms)

    Right, a shorter step, or an integrator that is stable for stiff equations (exponential Euler)::

        Simulator(net, dt=0.01 * pq.ms)
    """


class TargetError(NumbadynError, ValueError):
    """The target, the number of threads or the precision is unknown or not available here.

    An environment variable may be the reason: with ``NUMBA_DISABLE_JIT=1`` nothing can be compiled.

    Wrong::

        Simulator(net, dt=dt, target="gpu", threads=0, precision=16)

    Right::

        Simulator(net, dt=dt, target="cpu", threads=2, precision=32)
    """


class NotEnoughMemoryError(NumbadynError, MemoryError):
    """Recordings, synapses, histories or states need more memory than is free; the message forecasts what, and where.

    The forecast comes before anything is allocated, and counts the limits of containers (cgroups) and of the process.
    Where memory runs out in the middle of a run, since more spikes come than there is room for, the error's ``.result``
    holds what was recorded.

    Wrong, every neuron in every step::

        sim.record(net.E, "V"); sim.run(1000 * pq.s)

    Right, some neurons at some times, or in pieces that are stored one by one::

        sim.record(net.E, "V", index=range(10), every=1 * pq.ms); sim.run(1000 * pq.s)
    """


class DeviceMemoryError(NotEnoughMemoryError):
    """A network needs more memory than the GPU has free; the message forecasts what it needs, part by part.

    Wrong, on a device with 8 GB::

        Simulator(Microcircuit(scale=1.0), dt=dt, target="cuda", precision=64)

    Right, half the bytes for each weight and state, fewer synapses, or the processor's own memory::

        Simulator(Microcircuit(scale=1.0), dt=dt, target="cuda", precision=32)
    """


class DeviceLostError(NumbadynError, RuntimeError):
    """The GPU or its driver failed during a run; what was recorded until then is in the error's ``.result``.

    Wrong, one long run whose results are looked at when it is over::

        result = sim.run(3600 * pq.s)

    Right, keep what there is::

        try:
            result = sim.run(3600 * pq.s)
        except nd.errors.DeviceLostError as error:
            result = error.result
    """


class SchedulingError(NumbadynError, RuntimeError):
    """The order of the modules in a step is a cycle, or is ambiguous; the message names the modules.

    Wrong, each of two modules reads what the other one makes in the same step::

        a.add_before_update("b", b.update); b.add_before_update("a", a.update)

    Right, one of the two reads the value of the step before, with a delay::

        a.add_before_update("b", lambda: b.prefetch_delay("V", 0.1 * pq.ms))
    """


class SimulatorBusyError(NumbadynError, RuntimeError):
    """A simulator is used by two at once: by a second thread, or by a progress report of the run that is going on.

    Wrong, both threads step the same network::

        threads = [threading.Thread(target=sim.run, args=(1 * pq.s,)) for _ in range(2)]

    Right, a simulator for each thread::

        sims = [nd.Simulator(Network(), dt=dt, seed=seed) for seed in range(2)]
        threads = [threading.Thread(target=sim.run, args=(1 * pq.s,)) for sim in sims]
    """


class RecordingError(NumbadynError, ValueError):
    """A recording asks for what cannot be recorded: an unknown name, index or interval, or a stop before the start.

    Wrong::

        sim.record(net.E, "V", index=[5000], every=0 * pq.ms)

    Right, indices within the population and an interval of at least one step::

        sim.record(net.E, "V", index=[0, 1, 2], every=1 * pq.ms)
    """


class NotRecordedError(RecordingError, AttributeError):
    """A variable is asked for that was not recorded, as an attribute or by its name.

    Wrong::

        sim.record(net.E, "V"); sim.run(1 * pq.s)[net.E].g

    Right::

        sim.record(net.E, "V"); sim.record(net.E, "g"); sim.run(1 * pq.s)[net.E].g
    """


class FixedAttributeError(NumbadynError, AttributeError):
    """Something is assigned to an attribute that was used already, so that the new value would have no effect.

    Wrong, another seed for a simulator that is there::

        sim.seed = 2

    Right::

        sim.reset(seed=2)

    Wrong, a number of a model that its step has been traced with::

        net.E.scale = 0.5

    Right, a parameter, whose value may change between runs::

        self.scale = nd.Parameter(1.0)  # in __init__
        net.E.scale.value = 0.5
    """


class UnknownOptionError(NumbadynError, TypeError):
    """A method or a class is given an argument of a name that it does not have, or more arguments than it has.

    Wrong::

        Simulator(net, dt=0.1 * pq.ms, sed=2)

    Right::

        Simulator(net, dt=0.1 * pq.ms, seed=2)
    """


class MissingExtraError(NumbadynError, ImportError):
    """A feature needs an optional package that is not installed; the message names the line for pip.

    Wrong, a plot after ``pip install numbadyn``.

    Right::

        pip install "numbadyn[plot]"
    """


class UnsupportedFeatureError(NumbadynError, NotImplementedError):
    """A combination that has a meaning, but that this version or this target cannot run.

    Wrong, a dense matrix product on a target without one::

        np.matmul(W, self.r.value)

    Right, what the message names as the way around, here a projection::

        AlignPostProj(pre, comm=AllToAll(pre_shape, post_shape, weight=W), syn=syn, out=out, post=post)
    """


class InternalError(NumbadynError, RuntimeError):
    """numbadyn broke one of its own rules; this is our mistake, not yours.

    Nothing in a model can be wrong enough to deserve this error. Please report it, with the whole message and, if you
    can, the model that led to it.
    """

    def __init__(self, what: str, *, where: str | None = None, cure: str | None = None, **values: Any) -> None:
        report = "This is a defect of numbadyn; please report it with this message and the model that led to it."
        super().__init__(what, where=where, cure=report if cure is None else cure, **values)


class CacheWarning(UserWarning):
    """An entry of the cache of compiled kernels was damaged or not writable; it is rebuilt, and the run goes on.

    Wrong, a cache in a folder that cannot be written.

    Right, name a folder of your own, or clear the cache with ``numbadyn.cache.clear()``.
    """
