"""What the simulator knows of a target: what it needs, how it builds synapses, how it makes a machine.

In: nothing.  Out: `Target`, a base class with a subclass for each of them, and `Job`.  Must not know: targets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.program import Program
from numbadyn.runtime.forecast import CURES, MemoryPart, allocating, require, synapse_parts
from numbadyn.runtime.machine import Machine

__all__ = ["Job", "Target"]


@dataclass(frozen=True, slots=True)
class Job:
    """What a machine is made for.

    Parameters
    ----------
    step : Step
        Prepared.
    program : callable
        Lowers it, for targets that need that.
    contexts : sequence of BindContext
        dt, seed, precision, parameters; one a replica.
    synapses : sequence of list
        Synapse tables of each replica.
    probes : list of int
        Nodes that are sampled.
    label : str
        Name of the network in the cache.
    device : object
        What the target has opened, see `Target.open`.
    options : mapping
        What users say of this target alone: ``reproducible``, ``launch``.
    """

    step: Step
    program: Callable[[], Program]
    contexts: Sequence[BindContext]
    synapses: Sequence[list[Any]]
    probes: list[int]
    label: str
    device: Any
    options: Mapping[str, Any]


class Target(ABC):
    """A way to run networks.

    Attributes
    ----------
    name : str
        As users say it.
    extra : str
        Extra of the package that it needs; empty for none.
    defines : bool
        It defines the meaning, and others are compared with it.
    batches : bool
        Its machines hold more than one replica.
    profiles : bool
        Its machines say what time is spent on.
    on_device : bool
        It takes more than a processor; `numbadyn.doctor` looks for that first.
    exact : mapping
        Options of a simulator with which it gives the bits of the one that defines the meaning.
    """

    name: ClassVar[str]
    extra: ClassVar[str] = ""
    defines: ClassVar[bool] = False
    batches: ClassVar[bool] = False
    profiles: ClassVar[bool] = False
    on_device: ClassVar[bool] = False
    exact: ClassVar[Mapping[str, Any]] = {}

    def open(self) -> Any:
        """Open what one simulator needs as long as it lives; None where that is nothing."""
        return None

    @abstractmethod
    def make_machine(self, job: Job) -> Machine:
        """Put a network into memory, before its first step."""

    def require_synapses(self, device: Any, step: Step, bits: int, times: int) -> None:
        """Refuse the synapses of a step that would not fit, made so many times."""
        parts = [MemoryPart(part.name, times * part.size) for part in synapse_parts(step, bits)]
        require(parts, what=f"The synapses of {step.name}", cure=CURES["synapses"])

    def building(self, device: Any, name: str) -> AbstractContextManager[None]:
        """In it, the tables of a projection are built where the target reads them."""
        return allocating(f"the synapses of {name}", name, CURES["synapses"])
