"""The program: ordered stages over named buffers, the last form before source text.

In: nothing (data only, frozen once built).  Out: read by the source writer and by the runtime.  Must not know: Numba.

Only *loops* are compiled anew for a model.  Deliveries, draws, given spike times and compactions are rows of tables
that library routines read, so the number of populations and projections is not part of the structure.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from numbadyn.ir.nodes import Step
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.operations import Kernel
from numbadyn.lowering.stages.base import Stage
from numbadyn.lowering.text import program_text

__all__ = ["CHECK_EVERY", "TIMED_EVERY", "Program", "Refill"]

CHECK_EVERY = 128
"""Steps between two searches for values that are not finite; a power of two. The last step of a chunk is one, too."""

TIMED_EVERY = 32
"""One step in so many is timed where a run is profiled; a power of two."""


@dataclass(frozen=True, slots=True)
class Refill:
    """A synaptic sum that starts from a decayed state: state times factor (a node), prepared before the first step."""

    target: Buffer
    state: Buffer
    factor: int


@dataclass(slots=True)
class Program:
    """A lowered network.

    Attributes
    ----------
    step : Step
        The simplified step.
    kernels : list of Kernel
        What is compiled.
    schedule : list of list of Stage
        Stages of one kind that run together, in order.
    buffers : list of tuple of Buffer
        Memory, in blocks: the buffers of a block lie side by side.
    events : set of int
        Channels whose events are collected.
    rings : set of int
        Channels whose samples are kept.
    probes : dict
        Probe node -> buffer that holds its value after the step.
    refills : list of Refill
        Sums whose start is prepared one step ahead.
    texts : dict
        Source text that targets have made of it, by whatever decides over that; a machine that is made anew, for
        another trial, need not write it again.
    """

    step: Step
    kernels: list[Kernel] = field(default_factory=list)
    schedule: list[tuple[Stage, ...]] = field(default_factory=list)
    buffers: list[tuple[Buffer, ...]] = field(default_factory=list)
    events: set[int] = field(default_factory=set)
    rings: set[int] = field(default_factory=set)
    probes: dict[int, Buffer] = field(default_factory=dict)
    refills: list[Refill] = field(default_factory=list)
    texts: dict[Hashable, str] = field(default_factory=dict, repr=False, compare=False)

    def runners(self) -> Iterator[tuple[type[Stage], int]]:
        """Each kernel, with the kind of the stages that run it."""
        for stage in (stage for stages in self.schedule for stage in stages):
            yield from ((type(stage), kernel) for kernel in stage.kernels())

    def fresh_sums(self) -> list[Buffer]:
        """Synaptic sums that start from zero in each step: what was not finite in one of them stays NaN there."""
        started = {part.target for part in self.refills}
        targets = [total for stages in self.schedule for stage in stages for total in stage.sums()]
        return [target for target in targets if target not in started]

    def ends_at_once(self) -> Buffer | None:
        """State that is not zero behind the very step at which a run must end; None where there is no such guard."""
        wanted = {guard.state for guard in self.step.guards if guard.at_once}
        states = (buffer for block in self.buffers for buffer in block if buffer.role == "state")
        return next((buffer for buffer in states if buffer.index in wanted), None)

    def histories(self) -> list[Buffer]:
        """Buffers that hold the past of a channel."""
        return [buffer for block in self.buffers for buffer in block if buffer.role == "ring"]

    def __str__(self) -> str:
        return program_text(self)
