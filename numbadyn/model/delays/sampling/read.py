"""A read of the past: a source, a time, elements and a method, put together by the delay rule.

In: what references and `Delay` keep.  Out: the value, traced or eager.  Must not know: who asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import DelayError, LateDelayError
from numbadyn.ir.nodes import BindContext, ParamSpec, Reach
from numbadyn.model.delays.sampling.interpolation import OWN, STENCIL, Method
from numbadyn.model.delays.sampling.samples import EagerSamples, PastSamples, Slots
from numbadyn.model.delays.storage.running import as_sample, running_value, window_length
from numbadyn.model.delays.storage.source import OutputSource, Source, full_name
from numbadyn.model.delays.times.delay_time import Bound, DelayTime, Fixed, bound_number, eager_context
from numbadyn.model.delays.times.elements import Form, form_of
from numbadyn.model.delays.times.rule import LONGEST, delay_steps
from numbadyn.model.delays.times.window import Before
from numbadyn.model.order import note_touch
from numbadyn.tracing.trace import ANY, Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS

__all__ = ["before_first", "latest", "latest_output", "longest_delays", "read", "register"]


def read(
    source: Source, time: DelayTime | None, indices: tuple[Any, ...], method: Method | None, ahead: float = 0.0
) -> Any:
    """Value of a source some time ago.

    Parameters
    ----------
    source : Source
        Whose past.
    time : DelayTime or None
        How long ago; None reads the latest value.
    indices : tuple
        From `check_indices`.
    method : callable or None
        Method of interpolation; None reads whole steps, rounded up.
    ahead : float
        Part of a step by which the delay is shorter; needs a method.
    """
    note_touch(source.module, source.item or "output")
    if time is None:
        value = latest(source)
        return value[indices] if indices else value
    trace = current_trace()
    present = time.now(source.name)
    shape = source.template(trace).shape if trace is not None else source.eager_template().shape
    form = form_of(present.shape, indices, shape, source.name)
    spare = 0 if method is None else STENCIL

    def longest(context: BindContext) -> int:
        return int(delay_steps(time.bound(context), present.unit(context))) + spare

    if trace is None:
        samples: Any = EagerSamples(source, form)
        if method is None:
            return samples.at(present.steps(form))
    else:
        declared = isinstance(time, Bound)
        samples = TracedSamples(trace, source, form, longest, declared=declared)
        if declared:
            trace.step.reaches.append(Reach(samples.channel, time.bound))
        if method is None:
            fixed = present if isinstance(present, Fixed) else None
            return samples.at(
                present.steps(form),
                never_zero=fixed is not None and fixed.never_zero,
                always_zero=fixed is not None and fixed.always_zero,
            )
    history = samples if method in OWN else Slots(samples, form, longest, source.name)
    position = present.position(form)
    if ahead:
        position = np.maximum(position - ahead, 0.0)
    return method(history, (), position, _length(longest))


class TracedSamples(PastSamples):
    """Samples while a step is traced.

    Parameters
    ----------
    trace : Trace
        The recording.
    source : Source
        Whose samples.
    form : Form
        Which elements.
    longest : callable
        ``longest(context)`` gives the largest number of samples that is asked for.
    declared : bool
        Whether the memory follows from `longest` even where the delay is fixed.

    Attributes
    ----------
    channel : int
        Where the samples are kept.
    """

    def __init__(
        self, trace: Trace, source: Source, form: Form, longest: Callable[[BindContext], int], *, declared: bool = False
    ) -> None:
        self._trace, self._source, self._form = trace, source, form
        self.channel = source.channel(trace)
        self._longest, self._declared = longest, declared

    def at(self, steps: Any, *, never_zero: bool = False, always_zero: bool = False) -> Traced:
        """The value this many samples ago; what is known about the number saves work."""
        trace, source = self._trace, self._source
        k = trace.cast(as_node(trace, steps), "int")
        if source.window is not None and trace.step.channels[self.channel].dimension is not ANY:
            return self._of_windows(k)
        if not source.is_sampled(trace):
            present = source.unwritten_node(trace)
            if always_zero and present is not None:
                return Traced(trace, self._choose(present))
            return self._history(None if always_zero else k)
        if always_zero:
            return Traced(trace, self._choose(source.current(trace)))
        past = self._history(self._less_one(k, never_zero))
        return past if never_zero else self._or_newest(k, source.current(trace), past)

    def _of_windows(self, k: int) -> Traced:
        """As `at`: in windows, the newest sample may still be growing, or may just have been finished."""
        trace, source, window = self._trace, self._source, self._source.window
        assert window is not None
        done = source.is_sampled(trace)
        number = trace.step_number()
        if window.known_early != done:  # held values before the update, summaries after it: what counts is this step
            step = number if window.known_early else trace.emit("add", number, trace.literal(1))
            place = trace.emit("int_mod", step, window_length(trace, window))
            edge = trace.cast(trace.emit("equal", place, trace.literal(0)), "int")
            shift = edge if window.known_early else trace.emit("sub", trace.literal(1), edge)
            back = trace.emit("add", k, shift)
        elif window.known_early:
            back = k
        else:
            return self._history(k)
        newest = as_sample(trace, window, running_value(trace, source, new=done))
        return self._or_newest(back, newest, self._history(self._less_one(back, False)))

    def _less_one(self, k: int, never_zero: bool) -> int:
        trace = self._trace
        less = trace.emit("sub", k, trace.literal(1))
        return less if never_zero else trace.emit("maximum", less, trace.literal(0))

    def _or_newest(self, k: int, newest: int, past: Traced) -> Traced:
        trace = self._trace
        is_newest = trace.emit("equal", k, trace.literal(0))
        return Traced(trace, trace.emit("select", is_newest, self._choose(newest), past.node_in(trace)))

    def _choose(self, node: int) -> int:
        """The elements of a whole value that are asked for."""
        trace = self._trace
        if self._form.elements is None or not trace.node(node).shape:
            return node
        return trace.take(node, self._form.elements)

    def _history(self, lag: int | None) -> Traced:
        """The channel's sample 1 + lag samples ago."""
        trace, form = self._trace, self._form
        spec = trace.step.channels[self.channel]
        label = f"{spec.label}_delayed"
        whole = form.elements is None
        steady = lag is None or (trace.is_constant(lag) and not self._declared)
        args: tuple[int, ...]
        if whole and steady and (lag is None or trace.node(lag).shape == ()):
            args = () if lag is None else (lag,)
        else:
            elements = form.elements
            if elements is None:
                elements = np.arange(int(np.prod(spec.shape, dtype=np.int64))).reshape(spec.shape)
            lag = trace.literal(0) if lag is None else lag
            args = (lag, trace.literal(np.asarray(elements, dtype=np.int64)))
            args = args if steady else (*args, self._longest_lag())
        return Traced(
            trace,
            trace.source("history", args, form.shape, spec.kind, spec.dimension, channel=self.channel, label=label),
        )

    def _longest_lag(self) -> int:
        longest = self._longest
        spec = ParamSpec("longest_delay", (), "int", DIMENSIONLESS, lambda context: np.asarray(longest(context) + 1))
        return self._trace.param(object(), spec)


def _length(longest: Any) -> Any:
    """Number of slots that a method may count on: a number in eager calls, else a traced value."""
    trace = current_trace()
    if trace is None:
        return np.int64(longest(eager_context()) + 1)
    return Traced(trace, bound_number(trace, lambda context: longest(context) + 1, "int", "slots"))


def latest(source: Source) -> Any:
    """The latest value: of this step if it exists already, else of the last one."""
    note_touch(source.module, source.item or "output")
    trace = current_trace()
    if trace is not None:
        if source.state(trace) is not None or source.is_sampled(trace):
            return Traced(trace, source.current(trace))
        form = form_of((), (), source.template(trace).shape, source.name)
        return TracedSamples(trace, source, form, lambda _context: 0).at(0, always_zero=True)
    present = source.eager_now()
    if present is not None:
        return present
    return EagerSamples(source, form_of((), (), source.eager_template().shape, source.name)).at(0)


def latest_output(module: Any) -> Any:
    """The last output: of this step after the module's update, of the last step before it."""
    return latest(OutputSource(module, None, None))


def before_first(source: Source, time: DelayTime | None, indices: tuple[Any, ...]) -> Before | None:
    """What a read would have given before the first step: ``values(context, lag)``, that many steps before it.

    None where the delay changes while the network runs, and so is not known before the start.
    """
    trace = current_trace()
    present = None if time is None else time.now(source.name) if isinstance(time, Bound) else time
    if not isinstance(present, Fixed | None):
        return None
    template = source.template(trace) if trace is not None else source.eager_template()
    before, window = source.before(template), source.window
    form = form_of(() if present is None else present.shape, indices, template.shape, source.name)
    elements = form.elements if form.elements is not None else np.arange(math.prod(form.shape)).reshape(form.shape)
    newest = 0 if (source.history.written if trace is None else source.is_sampled(trace)) else 1

    def sample(context: BindContext, lag: int) -> Any:
        value = before(context, lag) if window is None else window.before(before, context, 1, source.varied)
        return np.broadcast_to(value, template.shape).reshape(-1)

    def values(context: BindContext, lag: int) -> Any:
        if not source.varied or window is not None:
            return sample(context, 1)[elements]
        steps = 0 if present is None else form.spread(present.whole(context))
        lags = np.broadcast_to(lag + newest + steps, form.shape)
        found, place = np.unique(lags, return_inverse=True)
        samples = np.stack([sample(context, int(k))[elements] for k in found])
        return np.take_along_axis(samples, place.reshape(1, *lags.shape), axis=0)[0]

    return values


def register(source: Source, time: DelayTime | None) -> None:
    """Announce a read, so that histories reach far enough; refuses one that comes too late.

    Raises
    ------
    LateDelayError
        A simulator has been built, and its memory is shorter.
    """
    module, key = source.module, source.length_key
    context = BindContext(1.0, 0)
    longest = 0.0 if time is None else time.bound(context)
    source.history.need(longest)
    if time is not None:
        module._past.delays.setdefault(key, []).append(time)
    dt, held = module._built.dt, module._built.longest.get(key, 0.0)
    if dt is not None and time is not None and delay_steps(longest, dt) > delay_steps(held, dt):
        raise LateDelayError(
            f"A delay of {longest:g} ms is registered after the network was built; its buffer holds {held:g} ms.",
            where=source.name,
            cure="Register all delays before nd.Simulator(...), or make the network anew.",
            longest=longest,
            held=held,
        )


def longest_delays(module: Any, dt: float) -> dict[Any, float]:
    """The longest delay of each item of a module that somebody reads, in ms."""
    found: dict[Any, float] = {}
    for key, times in module._past.delays.items():
        found[key] = max(time.bound(BindContext(dt, module.seed_of_build)) for time in times)
        if found[key] > LONGEST * dt:
            raise DelayError(
                f"A delay of {found[key]:g} ms is {found[key] / dt:g} steps of {dt:g} ms.",
                where=full_name(module, key[0]),
                cure=f"At most {LONGEST} steps can be remembered; check the unit of the delay.",
                dt=dt,
            )
    return found
