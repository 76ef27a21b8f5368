"""Forecast of the memory that the synapses of a network need on a device, before they are made.

In: a step, a precision, a device.  Out: an error where they would not fit.  Must not know: how tables are made.
"""

from __future__ import annotations

from typing import Any

from numbadyn.errors import DeviceMemoryError
from numbadyn.ir.nodes import Step

__all__ = ["check_room", "expected_bytes"]

_SPARE = 0.9
"""Part of the free memory that is given away; the rest is for states, logs and what the driver needs."""


def expected_bytes(rule: Any, bits: int, *, delayed: bool) -> int:
    """Memory of a table of synapses.

    Parameters
    ----------
    rule : Connectivity
        Who is connected to whom.
    bits : {64, 32}
        Precision of the weights.
    delayed : bool
        Whether synapses may have delays of their own, which take room while they are sorted.

    Returns
    -------
    int
        Bytes; where chance decides over the number of synapses, those of the mean.

    Examples
    --------
    >>> import numbadyn as nd
    >>> expected_bytes(nd.FixedProb(1000, 1000, prob=0.1, weight=1.0), 64, delayed=False)
    408016
    """
    synapses = int(rule.expected_synapses)
    each = 4 + (0 if rule.uniform_weight else bits // 8) + (4 if delayed else 0)
    return synapses * each + 8 * int(rule.n_pre + 1) + (8 if rule.uniform_weight else 0)


def check_room(device: Any, step: Step, bits: int) -> None:
    """Refuse synapses that would not fit on a device.

    Parameters
    ----------
    device : Device
        Where.
    step : Step
        Its connections say which synapses there will be.
    bits : {64, 32}
        Precision.

    Raises
    ------
    DeviceMemoryError
        With what each projection needs.
    """
    free = device.free_bytes
    if free is None:
        return
    parts = [
        (expected_bytes(connection.rule, bits, delayed=connection.delayed), connection.name)
        for connection in step.connections
    ]
    needed = sum(size for size, _name in parts)
    if needed <= _SPARE * free:
        return
    largest = ", ".join(f"{name} {size / 1e9:.2f} GB" for size, name in sorted(parts, reverse=True)[:3])
    raise DeviceMemoryError(
        f"The synapses of {step.name} need about {needed / 1e9:.2f} GB, but {device.name} has {free / 1e9:.2f} GB "
        f"free; the largest: {largest}.",
        where=step.name,
        cure=f"About {_SPARE * free / needed:.0%} of them would fit"
        + ("; precision=32 halves their weights" if bits == 64 else "")
        + "; weights that are equal take no room; target='cpu' uses the memory of the host.",
    )
