"""The structure of a network as text, and a hash of it: what two simulators must have in common to share a history.

In: a traced step.  Out: lines that are equal exactly where two networks have the same states and compute the same from
them, and the hash of these lines.  Must not know: how a step was made, targets.

Values of parameters, time step, seed, precision, target and what is recorded are no structure; numbers that stand in
the code of an `update` are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.ir.nodes import BindContext, Channel, Connection, Node, Step

__all__ = ["structure_hash", "structure_lines"]

_FORMAT = "numbadyn structure 1"
_SHORT = 8
_HUGE, _PART, _PARTS = 1 << 28, 1 << 16, 64
_ANY = BindContext(1.0, 0)
"""Literals are the same in every context."""


def structure_hash(step: Step) -> str:
    """Name the structure of a network by the SHA-256 of its lines.

    Parameters
    ----------
    step : Step
        Traced and prepared.

    Returns
    -------
    str
        64 hexadecimal digits, the same in every process, with every target and version of Python.
    """
    return hashlib.sha256("\n".join(structure_lines(step)).encode()).hexdigest()


def structure_lines(step: Step) -> list[str]:
    """Show the structure of a network, so that two of them can be compared line by line.

    Parameters
    ----------
    step : Step
        Traced and prepared.

    Returns
    -------
    list of str
        States with shape, kind and unit, connections with sizes and rule, and each operation of a step. There are no
        places in source files, and no channels that only a recording reads.
    """
    return [_FORMAT, *_holders(step), *(_operation(step, number, node) for number, node in enumerate(step.nodes))]


def _holders(step: Step) -> Iterator[str]:
    """What a step reads and writes."""
    for number, state in enumerate(step.states):
        written = f" <- %{step.writes[number]}" if number in step.writes else ""
        yield f"state {state.name} : {_type(state)}{written}"
    kept = _read_channels(step)
    for number, channel in enumerate(step.channels):
        if number in kept:
            yield f"past of {channel.name} : {_channel(channel)} <- %{channel.value}"
    for connection in step.connections:
        yield f"connection {connection.name} : {_connection(connection)}"
    for train in step.trains:
        yield f"spikes {train.name} : {train.size}"
    for lookup in step.lookups:
        content = f", {_content(lookup.fetch(_ANY))}" if lookup.literal else ""
        yield f"table {lookup.name} : {lookup.kind} {lookup.dimension}{content}"


def _read_channels(step: Step) -> set[int]:
    """Channels whose past somebody reads: recordings of spikes add some that nobody does."""
    found: set[int] = set()
    for node in step.nodes:
        if "channel" in node.attrs:
            found.add(node.attrs["channel"])
        found.update(number for number in node.attrs.get("channels", ()) if number is not None)
    return found


def _type(value: Any) -> str:
    return f"{value.kind}{list(value.shape)} {value.dimension}"


def _channel(channel: Channel) -> str:
    known = (("varied", channel.varied), ("windows", channel.every is not None), ("ahead", channel.ahead))
    marks = [mark for mark, holds in known if holds]
    return " ".join([_type(channel), *marks])


def _connection(connection: Connection) -> str:
    weights = "one weight" if connection.uniform else "a weight each"
    delayed = (", delayed" if connection.delayed else "") + (", dendrites" if connection.dendritic else "")
    rule = type(connection.rule).__name__
    return f"{rule}, {connection.n_pre} -> {connection.n_post}, {weights}{delayed}"


def _operation(step: Step, number: int, node: Node) -> str:
    attrs, shown, kind = dict(node.attrs), "", _type(node)
    if node.traits.table:
        source = getattr(step, node.traits.table)[attrs.pop("index")]
        literal = attrs.pop("literal", False)
        shown = _content(source.fetch(_ANY)) if literal else source.name
        if node.traits.lookup:  # how many rows there are is a value
            kind = f"{node.kind} {node.dimension}"
    given = ", ".join([*(f"%{arg}" for arg in node.args), *([shown] if shown else []), *_shown(attrs)])
    return f"%{number} = {node.op}({given}) : {kind}"


def _shown(attrs: dict[str, Any]) -> list[str]:
    return [f"{name}={_content(value)}" for name, value in sorted(attrs.items())]


def _content(value: Any) -> str:
    """A value in full where it is short, else its shape, type and hash; of what is huge, as files are, of parts."""
    if not isinstance(value, np.ndarray | np.generic | float):
        return repr(value)
    array = np.asarray(value)
    if array.size <= _SHORT:
        return repr(array.tolist())
    digest = hashlib.sha256()
    for part in _parts(array):
        digest.update(np.ascontiguousarray(part).tobytes())
    return f"{array.dtype.str}{list(array.shape)} {digest.hexdigest()}"


def _parts(array: NDArray[Any]) -> list[NDArray[Any]]:
    """An array; of one that is huge some parts at equal distances, the first and the last included."""
    if array.nbytes <= _HUGE:
        return [array]
    flat, count = array.reshape(-1), _PART // array.itemsize
    begins = np.linspace(0, flat.size - count, _PARTS).astype(np.int64).tolist()
    return [flat[begin : begin + count] for begin in begins]
