"""Named errors, one class per user mistake.

In go a sentence about the mistake, the place and the cure; out comes an exception whose text shows the three on
separate lines. Every class also derives from the natural builtin, so ``except ValueError`` keeps working, and its
docstring is its help page: ``help(numbadyn.errors.DelayError)``. This module must not know anything else of the
package.
"""

from numbadyn.errors.base import NumbadynError as NumbadynError

# ---- values and units ------------------------------------------------------------------------------------------------


class DimensionError(NumbadynError, TypeError):
    """Two physical dimensions that do not fit meet: a sum, a comparison, a parameter, a weight, a delay.

    Wrong, a voltage plus a time::

        self.V.value + self.tau

    Right, first make a rate of change, then multiply by the time::

        self.V.value + (self.V_rest - self.V.value) / self.tau * dt
    """


class UnitExpectedError(NumbadynError, TypeError):
    """A bare number stands where a quantity with a unit is needed; zero needs its unit too.

    Wrong::

        LIF(100, tau=20)

    Right::

        LIF(100, tau=20 * pq.ms)
    """


class InvalidParameterError(NumbadynError, ValueError):
    """A parameter is NaN, infinite, or outside the values that have a meaning.

    Wrong::

        LIF(100, tau=float("nan") * pq.ms)

    Right::

        LIF(100, tau=20 * pq.ms)
    """


class SizeError(NumbadynError, ValueError):
    """The size of a population is empty, negative, or not an integer.

    Wrong::

        LIF(100.5); LIF(0); LIF(())

    Right, an integer or a tuple of positive integers::

        LIF(100); LIF((10, 10))
    """


class ShapeError(NumbadynError, ValueError):
    """Shapes of arrays, states or inputs do not broadcast to the shape that is needed.

    Wrong, eleven thresholds for ten neurons::

        LIF(10, V_th=np.full(11, -50.0) * pq.mV)

    Right, one value, or one for each neuron::

        LIF(10, V_th=np.full(10, -50.0) * pq.mV)
    """


# ---- tracing ---------------------------------------------------------------------------------------------------------


class TracedValueError(NumbadynError, TypeError):
    """Python asked a traced value for a number: ``if``, ``float()``, ``int()``, iteration, an index, ``math.exp``.

    While a step is traced, values stand for what they will be in every later step, so they have no number yet.

    Wrong::

        if self.V.value > self.V_th:
            self.V.value = self.V_reset
        gate = math.exp(-self.V.value / self.k)

    Right, choose element by element, and use the NumPy function::

        self.V.value = np.where(self.V.value > self.V_th, self.V_reset, self.V.value)
        gate = np.exp(-self.V.value / self.k)
    """


class UnsupportedFunctionError(NumbadynError, TypeError):
    """A NumPy function with no rule for traced values was called inside an update.

    Wrong::

        np.linalg.svd(self.V.value)

    Right, compose the functions that have a rule, or compute it once outside of ``update``::

        np.maximum(self.V.value, self.V_min)
    """


# ---- models ----------------------------------------------------------------------------------------------------------


class HookKeyError(NumbadynError, KeyError):
    """A hook is registered under a key that is already taken.

    Wrong::

        neuron.add_before_update("drive", f); neuron.add_before_update("drive", g)

    Right, one key for each hook::

        neuron.add_before_update("drive", f); neuron.add_before_update("noise", g)
    """


class MissingHookError(NumbadynError, KeyError):
    """A hook is asked for, or removed, under a key that does not exist.

    Wrong::

        neuron.get_before_update("driev")

    Right, the key that was registered::

        neuron.get_before_update("drive")
    """


class InputKeyError(NumbadynError, ValueError):
    """The key of a current or delta input is already taken, or does not exist.

    Wrong::

        neuron.add_current_input("syn", f); neuron.add_current_input("syn", g)

    Right, one key for each input::

        neuron.add_current_input("syn_e", f); neuron.add_current_input("syn_i", g)
    """


class HookArgumentError(NumbadynError, TypeError):
    """A hook, an input function or an update cannot be called with the arguments that it is given.

    Wrong, a hook that receives the output of the update but takes no argument::

        neuron.add_after_update("count", lambda: 0)

    Right::

        neuron.add_after_update("count", lambda spike: spike)
    """


class UnknownStateError(NumbadynError, AttributeError):
    """A state, parameter or attribute of a model is named that it does not have.

    Wrong::

        neuron.prefetch("v")

    Right, the name that ``init_state`` gives::

        neuron.prefetch("V")
    """


class ReservedNameError(NumbadynError, AttributeError):
    """A state, parameter or part takes a name that its owner needs.

    Wrong::

        self.name = nd.State(0.0)

    Right::

        self.label = nd.State(0.0)
    """


class NotInitialisedError(NumbadynError, RuntimeError):
    """A state is read before it exists.

    Wrong::

        neuron = LIF(10); neuron.V.value

    Right, initialise first (the simulator does so by itself)::

        neuron = LIF(10); neuron.init_state(); neuron.V.value
    """


# ---- delays and projections ------------------------------------------------------------------------------------------


class DelayError(NumbadynError, ValueError):
    """A delay is negative, not finite, or of the wrong shape; a delay of a wrong unit is a `DimensionError`.

    Wrong::

        self.E.output_delay(-1.5 * pq.ms)

    Right, zero or a positive time::

        self.E.output_delay(1.5 * pq.ms)
    """


class LateDelayError(NumbadynError, RuntimeError):
    """A delay is registered after the network was built, and the buffers that exist are too short for it.

    Wrong::

        sim = Simulator(net, dt=0.1 * pq.ms); net.E.output_delay(50 * pq.ms)

    Right, name every delay before the simulator is made::

        net.E.output_delay(50 * pq.ms); sim = Simulator(net, dt=0.1 * pq.ms)
    """


class DelayRangeError(NumbadynError, ValueError):
    """A delay is longer than what is remembered, or a delay that changes leaves its range while the network runs.

    Wrong, a delay that grows past what it was declared to reach::

        self.past = self.prefetch_delay("x", lambda: self.tau.value, max_delay=20 * pq.ms)  # tau grows to 25 ms

    Right, declare the longest delay that can occur, or limit it::

        self.past = self.prefetch_delay("x", lambda: np.minimum(self.tau, 20 * pq.ms), max_delay=20 * pq.ms)
    """


class DelayEntryError(NumbadynError, KeyError):
    """An entry of a `Delay` is asked for that was not registered, or registered a second time.

    Wrong::

        delay = nd.Delay(E.V, time=5 * pq.ms); delay.at("late")

    Right, register it first, once::

        delay.register_entry("late", 5 * pq.ms); delay.at("late")
    """


class InterpolationError(NumbadynError, ValueError):
    """A method of interpolation is not known, or cannot be called.

    Wrong::

        E.prefetch_delay("V", 0.25 * pq.ms, interpolation="splines")

    Right, one of ``nd.InterpolationRegistry.list_methods()``, or a function registered there::

        E.prefetch_delay("V", 0.25 * pq.ms, interpolation="cubic")
    """


class UpdateEveryError(NumbadynError, ValueError):
    """The window of `update_every` is no multiple of the time step, or its strategy is not known.

    Wrong, at dt = 0.1 ms::

        E.prefetch_delay("V", 5 * pq.ms, update_every=0.25 * pq.ms)

    Right::

        E.prefetch_delay("V", 5 * pq.ms, update_every=0.3 * pq.ms, update_strategy="mean")
    """


class ProjectionTargetError(NumbadynError, TypeError):
    """A projection ends on something that has no such input.

    Wrong, a generator of spikes takes no current::

        AlignPostProj(pre, comm=comm, syn=syn, out=out, post=PoissonGroup(10, rate))

    Right, a model with current inputs::

        AlignPostProj(pre, comm=comm, syn=syn, out=out, post=LIF(10))
    """


class ConnectivityError(NumbadynError, ValueError):
    """A rule of connection asks for more than the populations can give, or a projection has nothing in it to run.

    Wrong, 20 different partners out of 10 neurons::

        FixedInDegree(10, 10, num=20, allow_multi=False)

    Right, fewer partners, or several synapses for each pair::

        FixedInDegree(10, 10, num=20, allow_multi=True)
    """


# ---- simulation ------------------------------------------------------------------------------------------------------


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


class NonFiniteStateError(NumbadynError, FloatingPointError):
    """A state became NaN while the network was running, as infinity minus infinity is; infinite values alone may stay.

    Wrong, a step that is too long for the equation makes the numbers explode::

        Simulator(net, dt=1 * pq.ms)

    Right, a shorter step, or an integrator that is stable for stiff equations (exponential Euler)::

        Simulator(net, dt=0.01 * pq.ms)
    """


class TargetError(NumbadynError, ValueError):
    """The target, the number of threads or the precision is unknown or not available here.

    Wrong::

        Simulator(net, dt=dt, target="gpu", threads=0, precision=16)

    Right::

        Simulator(net, dt=dt, target="cpu", threads=2, precision=32)
    """


class DeviceMemoryError(NumbadynError, MemoryError):
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

    def __init__(self, what: str, *, where: str | None = None, cure: str | None = None) -> None:
        report = "This is a defect of numbadyn; please report it with this message and the model that led to it."
        super().__init__(what, where=where, cure=report if cure is None else cure)


class CacheWarning(UserWarning):
    """An entry of the cache of compiled kernels was damaged or not writable; it is rebuilt, and the run goes on.

    Wrong, a cache in a folder that cannot be written.

    Right, name a folder of your own, or clear the cache with ``numbadyn.cache.clear()``.
    """
