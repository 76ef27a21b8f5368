"""Where a projection's signal comes from: a population, a reference to the past, or the argument of the call.

In: what stands first in a projection's constructor.  Out: the signal of this step.  Must not know: connectivity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numbadyn.errors import HookArgumentError
from numbadyn.model.delays import OutputDelayAt, Prefetch, PrefetchDelayAt, latest_output, output_known
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.module import Module
from numbadyn.tracing.trace import current_trace

__all__ = ["Source"]

_READERS = (Prefetch, PrefetchDelayAt, OutputDelayAt)


class Source:
    """A signal: a first value, then functions that it passes through.

    Parameters
    ----------
    modules : tuple
        First a `Dynamics` (its output, as of the last step if it has not been updated yet), a reference such as
        ``E.output_delay(1.5 * ms)`` or ``E.prefetch("V")``, or a function; then functions or modules that are called
        with what comes before.  Empty: the signal is the argument of the projection's call.
    where : str
        Place for messages.

    Attributes
    ----------
    size : tuple of int or None
        Shape of the signal, where it is known beforehand.
    stages : list
        What the signal passes through.

    Raises
    ------
    HookArgumentError
        One of them cannot be called.

    Examples
    --------
    >>> import numbadyn as nd
    >>> Source((nd.LIF(5),), "here").size
    (5,)
    """

    def __init__(self, modules: tuple[Any, ...], where: str) -> None:
        self.where = where
        for module in modules:
            if not callable(module):
                raise HookArgumentError(
                    f"The signal of {where} is {module!r}, which cannot be called.",
                    where=where,
                    cure="Give a population, a reference such as E.output_delay(1.5*ms), or a function.",
                )
        self.first = (
            modules[0]
            if modules and isinstance(modules[0], Dynamics | Prefetch | PrefetchDelayAt | OutputDelayAt)
            else None
        )
        self.stages: list[Callable[..., Any]] = list(modules if self.first is None else modules[1:])
        for stage in self.stages:
            if isinstance(stage, Module):
                stage.driven = True

    @property
    def size(self) -> tuple[int, ...] | None:
        """Shape of the signal, where it is known beforehand."""
        if self.first is None or self.stages:
            return None
        if isinstance(self.first, Dynamics):
            return tuple(self.first.out_size)
        return tuple(self.first.module.varshape) if isinstance(self.first, Prefetch) else self.first.shape

    @property
    def begins_with_history(self) -> bool:
        """Whether the first value that is read is that of all times before the start."""
        if self.stages or not isinstance(self.first, _READERS):
            return False
        return not isinstance(self.first, OutputDelayAt) or self.first.init is not None

    def __call__(self, *args: Any) -> Any:
        """Give the signal of this step; None in eager calls while its source has had no output yet."""
        if args and self.first is not None:
            raise HookArgumentError(
                f"{self.where} reads its signal from {self.first!r}, but it is called with one as well.",
                where=self.where,
                cure="Leave the argument out, or make the projection without a population in front.",
            )
        if current_trace() is None and not self._known():
            return None
        stages = iter(self.stages)
        if isinstance(self.first, Dynamics):
            value = latest_output(self.first)
        elif self.first is not None:
            value = self.first()
        elif args:
            value = args[0]
        else:
            value = self._made_by_a_function(next(stages, None))
        for stage in stages:
            value = stage(value)
        return value

    def _known(self) -> bool:
        if isinstance(self.first, Dynamics):
            return output_known(self.first)
        return (
            not isinstance(self.first, OutputDelayAt) or self.first.init is not None or output_known(self.first.module)
        )

    def _made_by_a_function(self, stage: Callable[..., Any] | None) -> Any:
        if stage is None:
            raise HookArgumentError(
                f"{self.where} has no signal.",
                where=self.where,
                cure="Give a population first, AlignPostProj(E, comm=...), or call it with spikes: proj(spk[:3200]).",
            )
        return stage()
