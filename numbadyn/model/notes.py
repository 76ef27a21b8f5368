"""What the model layer notes about one recording of a step: which modules have run, what they have left behind.

In: nothing; modules fill it while a step is traced.  Out: `ModelNotes`, one for each `Trace`.  Must not know: the
modules, whose parts it names in annotations only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numbadyn.ir.nodes import BindContext
from numbadyn.tracing.trace import Trace

if TYPE_CHECKING:
    from numbadyn.model.delays.storage.source import Source
    from numbadyn.model.inputs import InputRegistry
    from numbadyn.model.module import Module
    from numbadyn.model.values import State

__all__ = ["ModelNotes", "Running", "StepInputs"]


@dataclass(slots=True)
class StepInputs:
    """The arrays that arrive at a registry of inputs in one step, by key."""

    registry: InputRegistry
    arrays: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """The running value of a window: a state of its own, and its number."""

    state: State
    index: int


@dataclass(slots=True)
class ModelNotes:
    """What is noted about one recording; modules are known by their `id`.

    Attributes
    ----------
    context : BindContext or None
        What the step will be bound to, where that is known.
    updating : bool
        Whether a population or a projection is being updated, so that what it calls has no place of its own.
    run : dict
        Modules that have been called.
    outputs : dict
        Module -> node of what its update has returned, or None if that is no single array.
    written : dict
        `Delay` -> nodes of what has been written to it, by the name of the leaf.
    sources : dict
        Key of a channel -> what is sampled there.
    running : dict
        Key of a channel with windows -> its running value.
    inputs : dict
        Kind and owner of a registry of inputs -> the arrays of this step.
    waiting : set
        Kind, owner and key of inputs that the step before left over.
    draws : Counter
        Module and role -> how many streams of random numbers it has taken.
    whole_steps : dict
        Parameter -> what stands for its steps in the table of parameters.
    endings : list
        Called with the trace when all of the step is recorded; each gives what the next recording must know.
    """

    context: BindContext | None = None
    updating: bool = False
    run: dict[int, Module] = field(default_factory=dict)
    outputs: dict[int, int | None] = field(default_factory=dict)
    written: dict[int, dict[str, int]] = field(default_factory=dict)
    sources: dict[Hashable, Source] = field(default_factory=dict)
    running: dict[Hashable, Running] = field(default_factory=dict)
    inputs: dict[tuple[str, int], StepInputs] = field(default_factory=dict)
    waiting: set[tuple[str, int, str]] = field(default_factory=set)
    draws: Counter[Any] = field(default_factory=Counter)
    whole_steps: dict[int, object] = field(default_factory=dict)
    endings: list[Callable[[Trace], dict[Any, Any]]] = field(default_factory=list)
