"""Windows: the past sampled every k steps, one sample a window, made from the window's values by a strategy.

In: the time between samples and a strategy.  Out: what a sample is, and how many windows back a read must look.  Must
not know: channels, modules, histories of eager calls.

Window w holds the values x[n] of the steps wk <= n < (w+1)k.  Its sample is

* ``hold``: the first one, x[wk], known from step wk on;
* ``latest``, ``mean``, ``sum``, ``max``: the last one, the mean, sum or maximum of all k, known from the end of step
  (w+1)k - 1 on.

A delay of s windows reads s samples before the newest one that is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numbadyn.errors import UnitExpectedError, UpdateEveryError
from numbadyn.ir.kinds import Kind
from numbadyn.ir.nodes import BindContext
from numbadyn.tracing.trace import Trace
from numbadyn.units import TIME, describe, is_quantity, magnitude_in

__all__ = ["STRATEGIES", "Before", "Window", "window_of"]

Before = Callable[[BindContext, int], Any]
"""Values before the start: ``before(context, lag)``, where lag 1 is the last one."""

STRATEGIES = ("hold", "latest", "mean", "sum", "max")


@dataclass(frozen=True, slots=True)
class Window:
    """Sampling every so often.

    Parameters
    ----------
    every : float
        Time between samples in ms.
    strategy : str
        One of `STRATEGIES`.
    where : str
        Place for messages.
    """

    every: float
    strategy: str
    where: str

    @property
    def key(self) -> tuple[float, str]:
        """What distinguishes histories."""
        return (self.every, self.strategy)

    @property
    def known_early(self) -> bool:
        """Whether the sample of a window is known from its first step on."""
        return self.strategy == "hold"

    def steps(self, dt: float) -> int:
        """Steps of a window.

        Raises
        ------
        UpdateEveryError
            It is shorter than dt or no multiple of it.
        """
        steps = round(self.every / dt)
        if steps < 1 or abs(steps * dt - self.every) > 1e-6 * steps * dt:
            raise UpdateEveryError(
                f"update_every is {self.every:g} ms, which is no multiple of the time step of {dt:g} ms.",
                where=self.where,
                cure=f"Give a multiple, such as {max(steps, 1) * dt:g}*ms.",
                every=self.every,
                dt=dt,
            )
        return steps

    def kind(self, kind: Kind) -> Kind:
        """Kind of the samples of values of a kind."""
        if self.strategy == "mean":
            return "real"
        return "int" if self.strategy == "sum" and kind == "bool" else kind

    def summary(self, before: Before, context: BindContext, lag: int, varied: bool) -> Any:
        """The running value at the end of the window `lag` windows before that of the first step.

        Only values before the start that vary are asked for step by step.
        """
        steps = self.steps(context.dt)
        if not varied:
            value = self.add_value(None, np.asarray(before(context, 1)), True)
            return value * steps if self.strategy in ("mean", "sum") else value
        running: Any = None
        for place in range(steps):
            value = np.asarray(before(context, lag * steps - place))
            running = self.add_value(running, value, place == 0)
        return running

    def before(self, before: Before, context: BindContext, lag: int, varied: bool) -> Any:
        """The sample of that window."""
        return self.sample(self.summary(before, context, lag, varied), self.steps(context.dt))

    def sample(self, summary: Any, steps: int) -> Any:
        """The sample, from the running value at the end of the window."""
        return summary / steps if self.strategy == "mean" else summary

    def add_value(self, running: Any, value: Any, begins: bool) -> Any:
        """The running value after one more value; arrays without units."""
        if begins or self.strategy == "latest":
            return value if value.dtype.kind != "b" or self.strategy not in ("mean", "sum") else value.astype(np.int64)
        if self.strategy == "hold":
            return running
        return np.maximum(running, value) if self.strategy == "max" else running + value

    def add_node(self, trace: Trace, running: int, value: int, begins: int) -> int:
        """As `eager`, on nodes."""
        kind = trace.node(running).kind
        value = trace.cast(value, kind)
        if self.strategy == "latest":
            return value
        if self.strategy == "hold":
            return trace.emit("select", begins, value, running)
        if self.strategy == "max":
            more = trace.emit("or" if kind == "bool" else "maximum", running, value)
        else:
            more = trace.emit("add", running, value)
        return trace.emit("select", begins, value, more)


def window_of(update_every: Any, update_strategy: str | None, where: str) -> Window | None:
    """The window of the arguments that users give; None where every step is kept.

    Raises
    ------
    UpdateEveryError
        The strategy is not known, or stands alone; the time is not positive.
    UnitExpectedError, DimensionError
        `update_every` is no time.
    """
    if update_strategy is not None and update_strategy not in STRATEGIES:
        raise UpdateEveryError(
            f"update_strategy is {update_strategy!r}.",
            where=where,
            cure=f"Choose one of {', '.join(map(repr, STRATEGIES))}.",
            update_strategy=update_strategy,
        )
    if update_every is None:
        if update_strategy is not None:
            raise UpdateEveryError(
                f"update_strategy={update_strategy!r} stands without update_every.",
                where=where,
                cure="Give the time between samples too, such as update_every=1*ms.",
                update_strategy=update_strategy,
            )
        return None
    if not is_quantity(update_every):
        raise UnitExpectedError(
            f"update_every is {update_every!r}, without a unit.",
            where=where,
            cure="Give a time, such as 1*ms.",
            update_every=update_every,
        )
    every = np.asarray(magnitude_in(update_every, TIME, what="update_every", where=where), dtype=np.float64)
    if every.size != 1 or not np.isfinite(every).all() or float(every.reshape(-1)[0]) <= 0:
        raise UpdateEveryError(
            f"update_every is {describe(update_every)}.",
            where=where,
            cure="Give one positive time, such as 1*ms.",
            update_every=update_every,
        )
    return Window(float(every.reshape(-1)[0]), update_strategy or "hold", where)
