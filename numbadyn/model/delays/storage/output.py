"""The output of an update, remembered when the update ends.

In: a module and what its update has returned.  Out: notes of a recording, samples of eager calls.  Must not know:
delays, references.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numbadyn.errors import ShapeError
from numbadyn.model import environ
from numbadyn.model.delays.storage.history import eager_histories
from numbadyn.model.delays.storage.source import OutputSource, default_template
from numbadyn.model.notes import ModelNotes
from numbadyn.model.order import note_touch
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import as_node

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics

__all__ = ["knows_output", "note_output"]


def note_output(module: Dynamics, output: Any) -> None:
    """Remember the output of an update that has just ended, and sample the states that somebody reads later."""
    note_touch(module, "output", writes=True)
    trace = current_trace()
    single = output is not None and not isinstance(output, tuple | list | dict)
    if trace is not None:
        node = as_node(trace, output) if single else None
        if node is not None:
            _check_size(module, trace.node(node).shape)
        trace.notes(ModelNotes).outputs[id(module)] = node
        if node is not None:
            trace.probe(module.path, "output", node)
            trace.step.outputs[module.path] = node
        return
    histories = eager_histories(module)
    if single:
        _check_size(module, np.shape(output))
        _ = OutputSource(module, None, None).history  # an output is remembered for one step, whoever asks
    dt = environ.known_dt()
    for (item, _window), history in histories.items():
        if item or single:
            history.push(module.state(item).value if item else output, dt)


def _check_size(module: Dynamics, shape: tuple[int, ...]) -> None:
    """Refuse an output that contradicts the size under which others connect to it."""
    size, trace = module.out_size, current_trace()
    if shape != size and math.prod(shape) != 1:
        raise ShapeError(
            f"The update of {module.path} returns an output of shape {shape}, but its out_size is {size}.",
            where=module.path if trace is None else str(trace.here),
            cure=f"Set self.out_size = {shape} in __init__, or return an array of shape {size}.",
            shape=shape,
            size=size,
        )


def knows_output(module: Dynamics) -> bool:
    """Whether the kind and the unit of a module's output are known in eager calls: it spikes, or has been updated."""
    return default_template(module).kind == "bool" or OutputSource(module, None, None).history.dimension is not None
