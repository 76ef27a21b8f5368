"""The samples of a source, counted back from the newest one: what reads of the past and interpolation are made of.

In: a source, the form of a read.  Out: ``samples[k]``, the value k steps (or windows) ago by the delay rule, for a
number k or an array of them, traced or eager; for methods of users, with each slot checked or kept inside.  Must not
know: times, methods of interpolation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from numbadyn.errors import InterpolationError
from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.model import environ
from numbadyn.model.delays.storage.channel import as_sample, channel_of, running_value, window_length
from numbadyn.model.delays.storage.source import Source
from numbadyn.model.delays.times.delay_time import bound_number, eager_context
from numbadyn.model.delays.times.elements import Form
from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import ANY, Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, join_eager, split

__all__ = ["EagerSamples", "PastSamples", "Slots", "TracedSamples"]


class PastSamples(ABC):
    """Values some samples ago; the history that a method of interpolation reads.

    Slot 0 is the newest value that the delay rule allows; slot k is the one k samples earlier. Indices behind the slot
    are accepted and ignored: the elements are chosen already.
    """

    @abstractmethod
    def at(self, steps: Any) -> Any:
        """The value this many samples ago."""

    def __getitem__(self, key: Any) -> Any:
        return self.at(key[0] if isinstance(key, tuple) else key)


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
        self.channel = channel_of(trace, source)
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


class EagerSamples(PastSamples):
    """Samples of eager calls.

    Parameters
    ----------
    source : Source
        Whose samples.
    form : Form
        Which elements.
    """

    def __init__(self, source: Source, form: Form) -> None:
        self._source, self._form = source, form
        known = source.eager_template()
        unknown = known.dimension is ANY
        self._template = replace(known, dimension=source.init_dimension(known.shape)) if unknown else known

    def _before(self, lag: int) -> Any:
        """The sample that many samples before the first step's."""
        source, template = self._source, self._template
        window, before = source.window, source.before(template)
        context = BindContext(environ.known_dt() or 0.0, getattr(source.module, "seed_of_build", 0))
        varied = source.varied
        values = np.asarray(before(context, lag) if window is None else window.before(before, context, lag, varied))
        kind = template.kind if window is None else window.kind(template.kind)
        values = np.broadcast_to(values, template.shape).astype(dtype_of(kind, 64))
        return join_eager(values, template.dimension)

    def at(self, steps: Any) -> Any:
        """The value this many samples ago."""
        lags = np.asarray(steps)
        form, history = self._form, self._source.history
        if form.elements is None and lags.ndim == 0:
            return history.sample(int(lags), self._before, self._source.name)
        elements = form.elements
        if elements is None:
            elements = np.arange(int(np.prod(form.shape, dtype=np.int64))).reshape(form.shape)
        lags, elements = np.broadcast_arrays(lags, elements)
        picked, dimension = None, DIMENSIONLESS
        for lag in np.unique(lags):
            magnitude, dimension = split(history.sample(int(lag), self._before, self._source.name))
            flat = np.broadcast_to(np.asarray(magnitude), self._template.shape).reshape(-1)
            picked = np.empty(lags.shape, dtype=flat.dtype) if picked is None else picked
            chosen = lags == lag
            picked[chosen] = flat[elements[chosen]]
        assert picked is not None
        return join_eager(picked[()], dimension)


class Slots:
    """Samples by slot, for methods that are not this package's own.

    Parameters
    ----------
    samples : PastSamples
        The values.
    form : Form
        Which elements; a slot is one number, or one for each of them.
    longest : callable
        ``longest(context)`` gives the last slot.
    where : str
        Place for messages.

    Notes
    -----
    Slots that the method writes as numbers must exist.  Slots that it computes are kept inside, from 0 to the last
    one, in the same way on every target.
    """

    def __init__(self, samples: PastSamples, form: Form, longest: Callable[[BindContext], int], where: str) -> None:
        self._samples, self._form, self._longest, self._where = samples, form, longest, where

    def __getitem__(self, key: Any) -> Any:
        slot, *further = key if isinstance(key, tuple) else (key,)
        if any(part is not Ellipsis and not (isinstance(part, slice) and part == slice(None)) for part in further):
            raise InterpolationError(
                f"A method of interpolation reads history[slot] of {self._where} with the indices {further!r}.",
                where=self._where,
                cure="Write history[(slot, *indices)] with the indices that the method is given.",
                further=further,
            )
        slot = resolve(slot)
        trace = current_trace()
        if isinstance(slot, Traced):
            assert trace is not None
            return self._samples.at(self._inside(trace, slot))
        found = np.asarray(slot)
        self._check(found.dtype.kind in "iu", found.shape, repr(slot))
        written = trace is not None or isinstance(slot, int)
        if written and (found < 0).any():
            raise self._missing_error(found.min(), "length - 1")
        if trace is None:
            last = self._longest(eager_context())
            return self._samples.at(self._check_existing(found, last) if written else found.clip(0, last))

        def fetch(context: BindContext) -> Any:
            return self._check_existing(found, self._longest(context))

        return self._samples.at(
            Traced(trace, trace.param(object(), ParamSpec("slot", found.shape, "int", DIMENSIONLESS, fetch)))
        )

    def _check(self, whole: bool, shape: tuple[int, ...], slot: str) -> None:
        if not whole:
            raise InterpolationError(
                f"A method of interpolation reads the slot {slot} of {self._where}, which is no whole number.",
                where=self._where,
                cure="Make it one: np.floor(position).astype(int), or another rounding.",
                slot=slot,
            )
        if shape not in ((), self._form.shape):
            raise InterpolationError(
                f"A method of interpolation reads slots of shape {shape} of {self._where}; the result has the shape "
                f"{self._form.shape}.",
                where=self._where,
                cure="Read one slot, or one for each element, as position has them.",
                shape=shape,
            )

    def _inside(self, trace: Trace, slot: Traced) -> Traced:
        node = as_node(trace, slot)
        self._check(trace.node(node).kind == "int", trace.node(node).shape, f"({trace.node(node).kind} values)")
        last = bound_number(trace, self._longest, "int", "last_slot")
        return Traced(trace, trace.emit("minimum", trace.emit("maximum", node, trace.literal(0)), last))

    def _check_existing(self, slots: Any, last: int) -> Any:
        if (slots > last).any():
            raise self._missing_error(slots.max(), last)
        return slots

    def _missing_error(self, slot: Any, last: Any) -> InterpolationError:
        return InterpolationError(
            f"A method of interpolation reads slot {slot} of {self._where}, which has the slots 0 to {last}.",
            where=self._where,
            cure="Slots count back from 0, the newest sample; limit them with np.clip(slot, 0, length - 1).",
            slot=slot,
            last=last,
        )
