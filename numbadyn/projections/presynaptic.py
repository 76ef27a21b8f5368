"""Where a projection's signal comes from: a population, a reference to the past, or the argument of the call.

In: what stands first in a projection's constructor.  Out: the signal of this step.  Must not know: how it is
delivered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numbadyn.errors import HookArgumentError
from numbadyn.model.delays import Before, OutputDelayAt, Prefetch, PrefetchDelayAt, knows_output, latest_output
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.module import Module
from numbadyn.model.view import View, view_of, whole_of
from numbadyn.projections.connectivity import Connectivity
from numbadyn.tracing.trace import current_trace

__all__ = ["PresynapticSide", "keep_on_population", "make_for_signal", "size_of", "take"]

_READERS = (Prefetch, PrefetchDelayAt, OutputDelayAt)


class PresynapticSide:
    """A signal: a first value, then functions that it passes through.

    Parameters
    ----------
    modules : tuple
        First a `Dynamics` (its output, as of the last step if it has not been updated yet), a reference such as
        ``E.output_delay(1.5 * ms)`` or ``E.prefetch("V")``, or a function; then functions or modules that are called
        with what comes before.  Empty: the signal is the argument of the projection's call.
    where : str
        Place for messages.
    through : tuple, optional
        Further functions that the signal passes through, also where it is the argument of the call.
    synapses : bool
        Whether what follows is a rule of connection. Then a part of a population is read as a whole, and the synapses
        say which neurons have some; else its neurons are picked in each step.

    Attributes
    ----------
    part : View or None
        The part of a population that is read as a whole.
    size : tuple of int or None
        Shape of the signal, where it is known beforehand.
    stages : list
        What the signal passes through.

    Raises
    ------
    HookArgumentError
        One of them cannot be called; or it is a dynamical system that something else steps already.

    Examples
    --------
    >>> import numbadyn as nd
    >>> PresynapticSide((nd.LIF(5),), "here").size
    (5,)
    """

    def __init__(
        self, modules: tuple[Any, ...], where: str, through: tuple[Any, ...] = (), *, synapses: bool = False
    ) -> None:
        self.where = where
        for module in (*modules, *through):
            if not callable(module):
                raise HookArgumentError(
                    f"The signal of {where} is {module!r}, which cannot be called.",
                    where=where,
                    cure="Give a population, a reference such as E.output_delay(1.5*ms), or a function.",
                    module=module,
                )
        given = modules[0] if modules else None
        self.part = view_of(given) if synapses and len(modules) + len(through) == 1 else None
        if self.part is not None:
            given = whole_of(given)
        elif isinstance(given, View):
            given = given.output_delay()
        self.first = given if isinstance(given, Dynamics | Prefetch | PrefetchDelayAt | OutputDelayAt) else None
        own = modules if self.first is None else modules[1:]
        self._makes_a_signal = bool(own)
        self.stages: list[Callable[..., Any]] = [*own, *through]
        for stage in self.stages:
            if isinstance(stage, Module):
                take(stage, where)

    @property
    def size(self) -> tuple[int, ...] | None:
        """Shape of the signal, where it is known beforehand."""
        return size_of(self.stages[-1] if self.stages else self.part or self.first)

    @property
    def begins_with_history(self) -> bool:
        """Whether the first value that is read is that of all times before the start."""
        if self.stages or not isinstance(self.first, _READERS):
            return False
        return not isinstance(self.first, OutputDelayAt) or self.first.init is not None

    def before_first(self) -> Before | None:
        """What the signal would have been before the first step; None where it was zero."""
        return self.first.before_first() if self.begins_with_history and isinstance(self.first, _READERS) else None

    def __call__(self, *args: Any) -> Any:
        """Give the signal of this step; None in eager calls while its source has had no output yet."""
        if args and self.first is not None:
            raise HookArgumentError(
                f"{self.where} reads its signal from {self.first!r}, but it is called with one as well.",
                where=self.where,
                cure="Leave the argument out, or make the projection without a population in front.",
                first=self.first,
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
            value = self._made_by_a_function(next(stages) if self._makes_a_signal else None)
        for stage in stages:
            value = stage(value)
        return value

    def _known(self) -> bool:
        if isinstance(self.first, Dynamics):
            return knows_output(self.first)
        return (
            not isinstance(self.first, OutputDelayAt) or self.first.init is not None or knows_output(self.first.module)
        )

    def _made_by_a_function(self, stage: Callable[..., Any] | None) -> Any:
        if stage is None:
            raise HookArgumentError(
                f"{self.where} has no signal.",
                where=self.where,
                cure="Give a population first, AlignPostProj(E, comm=...), or call it with spikes: proj(spk[:3200]).",
                place=self.where,
            )
        return stage()


def take(module: Module, where: str) -> None:
    """Let `where` step a module from now on, and nobody else."""
    if module.driven and isinstance(module, Dynamics):
        raise HookArgumentError(
            f"{module.path} stands in {where}, but something else steps it already, so it would advance twice.",
            where=where,
            cure="Make one for each projection; or let the population step it, stp = E.align_pre(nd.STP.desc()), and "
            "read it from there: AlignPostProj(stp, comm=...).",
            module=module.path,
            place=where,
        )
    module.driven = True


def keep_on_population(modules: tuple[Any, ...], model: Any) -> tuple[Any, tuple[Any, ...]] | None:
    """Put a model on the population that the signal comes from, if the signal is just its output.

    Returns
    -------
    tuple or None
        The model, shared by all of equal description, and the signal that reads it: as late as the population was read.
    """
    first = modules[0] if len(modules) == 1 else None
    if isinstance(first, View):
        seen = first.align_pre(model)
        return seen.population, (seen,)
    if isinstance(first, OutputDelayAt) and first.plain:
        made = first.module.align_pre(model)
        return made, (first.on(made),)
    if isinstance(first, Dynamics):
        made = first.align_pre(model)
        return made, (made,)
    return None


def make_for_signal(
    model: Any, modules: tuple[Any, ...], through: tuple[Any, ...], comm: Any, post: Dynamics | View
) -> Any:
    """Make what is described in the size of a signal; an instance stays as it is."""
    if not isinstance(model, Describer):
        return model
    last = (*modules, *through)[-1:]
    size = size_of(last[0]) if last else None
    if size is None:
        size = comm.in_size if isinstance(comm, Connectivity) else post.varshape
    return model.make(size)


def size_of(source: Any) -> tuple[int, ...] | None:
    """Shape of what a population, a stage or a reference gives; None where it is not known beforehand."""
    if isinstance(source, View):
        return source.varshape
    if isinstance(source, Dynamics):
        return tuple(source.out_size)
    if isinstance(source, Prefetch):
        return tuple(source.module.varshape if source.view is None else source.view.varshape)
    return source.shape if isinstance(source, PrefetchDelayAt | OutputDelayAt) else None
