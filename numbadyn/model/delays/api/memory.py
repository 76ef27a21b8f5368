"""What a `Delay` keeps: what is written to it, the delays that are registered, and its reads.

In: values and delays, as users give them.  Out: histories and nodes, the longest delay, values some time ago.  Must not
know: `Delay`, whose public half it is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import (
    DelayEntryError,
    DelayError,
    DelayRangeError,
    NotInitialisedError,
    SchedulingError,
    ShapeError,
    TracedValueError,
)
from numbadyn.ir.nodes import BindContext
from numbadyn.model import environ
from numbadyn.model.delays.api.nesting import leaves, rebuild
from numbadyn.model.delays.sampling.interpolation import InterpolationRegistry
from numbadyn.model.delays.sampling.read import read, register
from numbadyn.model.delays.storage.source import GivenSource, Source
from numbadyn.model.delays.times.delay_time import Changing, DelaySteps, DelayTime, Fixed, delay_time
from numbadyn.model.delays.times.elements import check_indices, form_of
from numbadyn.model.delays.times.rule import delay_steps
from numbadyn.model.delays.times.window import Window
from numbadyn.model.module import Module
from numbadyn.model.notes import ModelNotes
from numbadyn.model.order import note_touch
from numbadyn.model.variable import resolve
from numbadyn.tracing.trace import Trace, current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import TIME, join, magnitude_in

__all__ = ["DelayMemory"]

Registered = tuple[DelayTime | None, tuple[Any, ...]]
"""A delay, or None for the newest value, and indices."""


class DelayMemory:
    """What a `Delay` keeps.

    Parameters
    ----------
    owner : Module
        The `Delay`, which has the name for messages.
    target : array, quantity, State, or nested tuple, list, dict of them
        An example of what is written; reads are nested like it.
    sources : list of Source
        One for each leaf of the target.
    window : Window or None
        Windows that the samples come in.
    """

    def __init__(self, owner: Module, target: Any, sources: list[Source], window: Window | None) -> None:
        self._owner, self._target, self._sources, self._window = owner, target, sources, window
        self._entries: dict[str, Registered] = {}
        #: The longest delay that is remembered, in ms.
        self.longest = 0.0

    @property
    def _path(self) -> str:
        return self._owner.path

    @property
    def length(self) -> int:
        """Samples from the newest to the one of the longest delay, at the time step of `environ`."""
        unit = environ.eager_dt() if self._window is None else self._window.every
        return int(delay_steps(self.longest, unit)) + 1

    def register(self, time_and_index: tuple[Any, ...]) -> Registered:
        """Make the memory long enough for a delay."""
        if not time_and_index:
            raise DelayError(
                f"{self._path} is given no delay.", where=self._path, cure="Give a time, such as 5*ms.", path=self._path
            )
        given = time_and_index[0]
        indices = check_indices(time_and_index[1:], self._path)
        time = None if given is None else delay_time(given, None, self._path, self._window)
        for source in self._sources:
            if isinstance(time, Fixed) and isinstance(source, GivenSource):  # a state is checked when it is read
                form_of(time.shape, indices, source.target.shape, source.name)
            register(source, time)
        if time is not None:
            self.longest = max(self.longest, time.bound(BindContext(1.0, 0)))
        return time, indices

    def add_entry(self, entry: Any, time_and_index: tuple[Any, ...]) -> None:
        """Register a delay under a name."""
        if not isinstance(entry, str) or entry in self._entries:
            raise DelayEntryError(
                f"{self._path} cannot take the entry {entry!r}: "
                + ("it is no text." if not isinstance(entry, str) else "it exists."),
                where=self._path,
                cure="Choose another name.",
                entry=entry,
            )
        self._entries[entry] = self.register(time_and_index)

    def read_entry(self, entry: Any) -> Any:
        """Read the delay of this name."""
        if not isinstance(entry, str) or entry not in self._entries:
            raise DelayEntryError(
                f"{self._path} has no entry {entry!r}.",
                where=self._path,
                cure=f"Registered are: {', '.join(self._entries) or 'none'}.",
                entry=entry,
            )
        time, indices = self._entries[entry]
        zero = Fixed(lambda _context: np.zeros(()), (), self._window, known=np.zeros(()))
        return self._read(zero if time is None else time, indices, None)

    def read_steps(self, step: Any, indices: tuple[Any, ...]) -> Any:
        """Read so many steps, or windows, before the newest value."""
        if isinstance(step, DelaySteps):
            return self._read(step.time, check_indices(indices, self._path), None)
        step = resolve(step)
        traced = isinstance(step, Traced)
        steps = np.zeros(1, int) if traced else np.asarray(step)
        whole = step.node.kind == "int" if traced else steps.dtype.kind in "iu"
        if not whole or not steps.size:
            raise DelayError(
                f"{step!r} is no number of steps of {self._path}.",
                where=self._path,
                cure="Give whole numbers, at least one; a time goes to retrieve_at_time.",
                step=step,
            )
        if traced:
            unit = environ.get_dt() if self._window is None else join(self._window.every, TIME)
            return self._read_changing(lambda: step * unit, indices, None)
        if current_trace() is None and ((steps < 0) | (steps >= self.length)).any():
            raise self._too_long(f"{step!r} steps ago; it remembers {self.length - 1}.")
        time = Fixed(self._times_of(steps), steps.shape, self._window)
        return self._read(time, check_indices(indices, self._path), None)

    def _times_of(self, steps: Any) -> Any:
        """Function of what is bound for the times of steps; they must be remembered."""
        longest, window = self.longest, self._window

        def times(context: BindContext) -> Any:
            unit = context.dt if window is None else window.every
            if ((steps < 0) | (steps > delay_steps(longest, unit))).any():
                raise self._too_long(f"{steps!r} steps of {unit:g} ms ago; it remembers {longest:g} ms.")
            return steps * unit

        return times

    def _too_long(self, ago: str) -> DelayRangeError:
        return DelayRangeError(
            f"{self._path} is read {ago}",
            where=self._path,
            cure="Register the longest delay: Delay(..., time=20*ms).",
            ago=ago,
        )

    def read_time(self, time: Any, indices: tuple[Any, ...], method: Any) -> Any:
        """Read the value at a point in time; without a method, by the default one of the kind of value."""
        time, trace, first = resolve(time), current_trace(), self._sources[0]
        if not isinstance(time, Traced):
            magnitude_in(time, TIME, what="The point in time", where=self._path)
        done = first.is_sampled(trace) if trace is not None else self._is_written_now()

        def ago() -> Any:
            now = environ.get("t") + environ.get_dt() if done else environ.get("t")
            return now - time

        if method is None:
            kind = first.template(trace).kind if trace is not None else first.eager_template().kind
            method = InterpolationRegistry.get("linear" if kind == "real" else "nearest")
        return self._read_changing(ago, indices, method)

    def _is_written_now(self) -> bool:
        """Whether the newest sample of eager calls belongs to the step of `environ`."""
        now = environ.get("t") / environ.get_dt()
        return self._sources[0].history.written > round(float(now))

    def _read_changing(self, ago: Any, indices: tuple[Any, ...], method: Any) -> Any:
        time = Changing(ago, lambda _context: self.longest, self._window)
        return self._read(time, check_indices(indices, self._path), method)

    def _read(self, time: DelayTime, indices: tuple[Any, ...], method: Any) -> Any:
        if current_trace() is None:
            self._check_initialised()
        values = [read(source, time, indices, method) for source in self._sources]
        return rebuild(self._target, iter(values))

    def write(self, value: Any) -> None:
        """Write the value of this step."""
        note_touch(self._owner, "output", writes=True)
        given = list(leaves(value))
        if [name for name, _ in given] != [source.item for source in self._sources]:
            raise ShapeError(
                f"{self._path} holds {len(self._sources)} values, but {len(given)} are written, or with other names.",
                where=self._path,
                cure="Write what the target looks like.",
                path=self._path,
                sources=len(self._sources),
                given=len(given),
            )
        trace = current_trace()
        if trace is None:
            self._check_initialised()
        written = {} if trace is None else trace.notes(ModelNotes).written.setdefault(id(self._owner), {})
        for source, (name, part) in zip(self._sources, given, strict=True):
            if trace is None:
                self._write_eagerly(source, part)
            elif name in written:
                raise SchedulingError(
                    f"{self._path} is written twice in one step.",
                    where=str(trace.here),
                    cure="Write it once in a step.",
                    path=self._path,
                )
            else:
                written[name] = self._node_to_write(trace, source, part)

    def _node_to_write(self, trace: Trace, source: Source, part: Any) -> int:
        node, target = as_node(trace, part), source.template(trace)
        self._check_shape(trace.node(node).shape, target.shape, str(trace.here))
        if trace.node(node).kind == target.kind:
            return node
        if target.kind != "real" and trace.settled:
            raise TracedValueError(
                f"{self._path} holds {target.kind} values, but {trace.node(node).kind} values are written.",
                where=str(trace.here),
                cure="Make the target of the kind that is written, such as np.zeros(n).",
                path=self._path,
                expected=target.kind,
                kind=trace.node(node).kind,
            )
        return trace.cast(node, target.kind)

    def _write_eagerly(self, source: Source, part: Any) -> None:
        self._check_shape(np.shape(part), source.eager_template().shape, self._path)
        source.history.push(part, environ.known_dt())

    def _check_shape(self, found: tuple[int, ...], wanted: tuple[int, ...], where: str) -> None:
        if found not in ((), wanted):
            raise ShapeError(
                f"{self._path} holds values of shape {wanted}, but one of shape {found} is written.",
                where=where,
                cure="Write the shape of the target.",
                wanted=wanted,
                found=found,
            )

    def _check_initialised(self) -> None:
        if not self._owner._initialised:
            raise NotInitialisedError(
                f"{self._path} has no memory yet.",
                where=self._path,
                cure="Call nd.init_all_states(net) before eager calls; a simulator does it by itself.",
                path=self._path,
            )
