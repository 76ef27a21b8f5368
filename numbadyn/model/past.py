"""What is noted on a module: its past in eager calls, the delays with which it is read, what a simulator made of it.

In: nothing; readers and simulators fill it.  Out: `Past` and `Built`, one of each for every module.  Must not know:
modules, simulators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numbadyn.ir.nodes import BindContext

if TYPE_CHECKING:
    from numbadyn.model.delays.storage.history import History
    from numbadyn.model.delays.times.delay_time import DelayTime

__all__ = ["Built", "Past"]

Key = tuple[str, Any]
"""An item of a module, "" for its output, and the key of its window."""


@dataclass(slots=True)
class Past:
    """The past of a module: samples of eager calls, and the delays that have been announced."""

    histories: dict[Key, History] = field(default_factory=dict)
    delays: dict[Key, list[DelayTime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Built:
    """What simulators have made of a module.

    Attributes
    ----------
    dt : float or None
        Time step in ms of the last simulator that was made.
    longest : mapping
        How far back its histories reach, in ms.
    context : BindContext or None
        What the synapses of a projection follow from.
    rule : Connectivity or None
        The rule with the weights that a simulator was given, if it was.
    """

    dt: float | None = None
    longest: Mapping[Key, float] = field(default_factory=dict)
    context: BindContext | None = None
    rule: Any = None
