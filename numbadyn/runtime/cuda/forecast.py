"""Forecast of the memory that the synapses of a network need on a device, before they are made.

In: a step, a precision, a device.  Out: an error where they would not fit.  Must not know: how tables are made.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import DeviceMemoryError
from numbadyn.ir.nodes import Step
from numbadyn.runtime.forecast import CURES, MemoryPart, require, synapse_parts

__all__ = ["check_room"]


def check_room(device: Any, step: Step, bits: int, times: int = 1) -> None:
    """Refuse synapses that would not fit on a device.

    Parameters
    ----------
    device : Device
        Where.
    step : Step
        Its connections say which synapses there will be.
    bits : {64, 32}
        Precision.
    times : int
        How often they are made: by each replica of a batch that does not share them.

    Raises
    ------
    DeviceMemoryError
        With what each projection needs.
    """
    free = device.free_bytes
    if free is None:
        return
    require(
        [MemoryPart(part.name, times * part.size) for part in synapse_parts(step, bits)],
        what=f"The synapses of {step.name}",
        where=step.name,
        cure=CURES["synapses"]
        + ("; precision=32 halves their weights" if bits == 64 else "")
        + "; target='cpu' uses the memory of the host",
        free=free,
        owner=device.name,
        error=DeviceMemoryError,
    )
