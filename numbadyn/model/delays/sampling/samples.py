"""The samples of a source, counted back from the newest one, in eager calls and for methods of users.

In: a source, the form of a read.  Out: ``samples[k]``, the value k steps (or windows) ago by the delay rule, for a
number k or an array of them; for methods of users, with each slot checked or kept inside.  Must not know: times,
methods of interpolation.
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
from numbadyn.model.delays.storage.source import Source
from numbadyn.model.delays.times.delay_time import bound_number, eager_context
from numbadyn.model.delays.times.elements import Form
from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import ANY, Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS, join_eager, split

__all__ = ["EagerSamples", "PastSamples", "Slots"]


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
