"""The history that a user's method of interpolation reads: samples by slot, each slot checked or kept inside.

In: samples, the number of slots, slots as the method computes them.  Out: values.  Must not know: methods, sources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numbadyn.errors import InterpolationError
from numbadyn.ir.nodes import BindContext, ParamSpec
from numbadyn.model.delays.forms import Form
from numbadyn.model.delays.samples import Samples
from numbadyn.model.delays.times import bound_number, eager_context
from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import DIMENSIONLESS

__all__ = ["Slots"]


class Slots:
    """Samples by slot, for methods that are not this package's own.

    Parameters
    ----------
    samples : Samples
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

    def __init__(self, samples: Samples, form: Form, longest: Callable[[BindContext], int], where: str) -> None:
        self._samples, self._form, self._longest, self._where = samples, form, longest, where

    def __getitem__(self, key: Any) -> Any:
        slot, *further = key if isinstance(key, tuple) else (key,)
        if any(part is not Ellipsis and not (isinstance(part, slice) and part == slice(None)) for part in further):
            raise InterpolationError(
                f"A method of interpolation reads history[slot] of {self._where} with the indices {further!r}.",
                where=self._where,
                cure="Write history[(slot, *indices)] with the indices that the method is given.",
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
            raise self._missing(found.min(), "length - 1")
        if trace is None:
            last = self._longest(eager_context())
            return self._samples.at(self._existing(found, last) if written else found.clip(0, last))

        def fetch(context: BindContext) -> Any:
            return self._existing(found, self._longest(context))

        return self._samples.at(
            Traced(trace, trace.param(object(), ParamSpec("slot", found.shape, "int", DIMENSIONLESS, fetch)))
        )

    def _check(self, whole: bool, shape: tuple[int, ...], slot: str) -> None:
        if not whole:
            raise InterpolationError(
                f"A method of interpolation reads the slot {slot} of {self._where}, which is no whole number.",
                where=self._where,
                cure="Make it one: np.floor(position).astype(int), or another rounding.",
            )
        if shape not in ((), self._form.shape):
            raise InterpolationError(
                f"A method of interpolation reads slots of shape {shape} of {self._where}; the result has the shape "
                f"{self._form.shape}.",
                where=self._where,
                cure="Read one slot, or one for each element, as position has them.",
            )

    def _inside(self, trace: Trace, slot: Traced) -> Traced:
        node = as_node(trace, slot)
        self._check(trace.node(node).kind == "int", trace.node(node).shape, f"({trace.node(node).kind} values)")
        last = bound_number(trace, self._longest, "int", "last_slot")
        return Traced(trace, trace.emit("minimum", trace.emit("maximum", node, trace.literal(0)), last))

    def _existing(self, slots: Any, last: int) -> Any:
        if (slots > last).any():
            raise self._missing(slots.max(), last)
        return slots

    def _missing(self, slot: Any, last: Any) -> InterpolationError:
        return InterpolationError(
            f"A method of interpolation reads slot {slot} of {self._where}, which has the slots 0 to {last}.",
            where=self._where,
            cure="Slots count back from 0, the newest sample; limit them with np.clip(slot, 0, length - 1).",
        )
