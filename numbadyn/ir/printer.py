"""The printer: a traced step as text that a modeller can read.

In: a `Step`.  Out: text with the user's names, units, shapes and source lines.  Must not know: how the step was made,
or what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from numbadyn.ir.spaces import SYMBOLIC

if TYPE_CHECKING:
    from numbadyn.ir.nodes import Node, Position, Step

__all__ = ["step_text"]


def step_text(step: Step) -> str:
    """Show a step.

    Parameters
    ----------
    step : Step
        Any step, simplified or not.

    Returns
    -------
    str
        What the step reads (parameters, states, channels, connections, given spikes), its values in program order under
        the module and the source line that made them, and its effects (writes, samples, outputs).

    Notes
    -----
    A value reads ``%7 V = add(%3, %6) : real[4] mV``: number, the user's name if there is one, operation, kind, shape
    (none for a value common to all elements) and unit (none for a plain number).

    Examples
    --------
    >>> from numbadyn.ir.nodes import Step
    >>> print(step_text(Step("Net")))
    step Net
    """
    sections = {
        "params": [f"{p.name} : {_type(p.kind, p.shape, p.dimension)}" for p in step.params],
        "states": [f"{s.name} : {_type(s.kind, s.shape, s.dimension)}" for s in step.states],
        "channels": [f"{c.name} : {_type(c.kind, c.shape, c.dimension)}" for c in step.channels],
        "connections": [
            f"{c.name} : {c.n_pre} -> {c.n_post}, {'one weight' if c.uniform else 'a weight each'}"
            + (", delayed" if c.delayed else "")
            for c in step.connections
        ],
        "lookups": [f"{lookup.name} : {_type(lookup.stored, (), lookup.dimension)}" for lookup in step.lookups],
        "trains": [f"{train.name} : {train.size} elements" for train in step.trains],
    }
    lines = [f"step {step.name}"]
    for heading, rows in sections.items():
        lines += [f"  {heading}"] * bool(rows)
        lines += [f"    {number} {row}" for number, row in enumerate(rows)]
    lines += ["  values"] * bool(step.nodes) + _values(step)
    effects = {
        "writes": [f"{step.states[state].name} <- %{value}" for state, value in step.writes.items()],
        "samples": [f"{channel.name} <- %{channel.value}" for channel in step.channels],
        "outputs": [f"{path} = %{value}" for path, value in step.outputs.items()],
        "named values": [f"{path}.{name} = %{value}" for (path, name), value in step.probes.items()],
    }
    for heading, rows in effects.items():
        lines += [f"  {heading}"] * bool(rows)
        lines += [f"    {row}" for row in rows]
    return "\n".join(lines)


def _type(kind: str, shape: tuple[int, ...], dimension: object) -> str:
    extents = f"[{', '.join('synapses' if length == SYMBOLIC else str(length) for length in shape)}]" if shape else ""
    unit = "" if str(dimension) == "dimensionless" else str(dimension)
    return f"{kind}{extents} {unit}".rstrip()


def _values(step: Step) -> list[str]:
    """Values in program order, with a heading where the module changes and a comment where the source line does."""
    lines: list[str] = []
    module, source = None, ""
    for number, node in enumerate(step.nodes):
        if node.position.module != module:
            module, source = node.position.module, ""
            lines.append(f"    in {module}")
        comment = _source(node.position)
        if comment != source:
            source = comment
            lines += [f"      # {comment}"] * bool(comment)
        lines.append(f"      {_value(step, number, node)}")
    return lines


def _source(position: Position) -> str:
    """File without its folder, line and text: what the reader needs, the same on every machine."""
    if not position.file:
        return ""
    return f"{PurePath(position.file).name}:{position.line}" + (f": {position.text}" if position.text else "")


def _value(step: Step, number: int, node: Node) -> str:
    name = f" {node.label}" if node.label else ""
    arguments = [*(f"%{arg}" for arg in node.args), *_attributes(step, node)]
    return f"%{number}{name} = {node.op}({', '.join(arguments)}) : {_type(node.kind, node.shape, node.dimension)}"


#: How the static attributes of an operation are shown, where they point into the step or are more than pairs.
_SHOWN: dict[str, Callable[[Step, dict[str, Any]], list[str]]] = {
    "history": lambda step, attrs: [step.channels[attrs["channel"]].name],
    "accumulate": lambda step, attrs: [step.connections[number].name for number in attrs["connections"]],
    "arrive": lambda step, attrs: [step.connections[number].name for number in attrs["connections"]],
    "slice": lambda step, attrs: [f"{attrs['start']}:{attrs['stop']}:{attrs['stride']}"],
}


def _attributes(step: Step, node: Node) -> list[str]:
    """Show the static attributes of an operation, by name where they point into a table."""
    attrs = dict(node.attrs)
    if node.traits.table:
        return [getattr(step, node.traits.table)[attrs["index"]].name]
    shown = _SHOWN.get(node.op)
    return [f"{key}={value}" for key, value in attrs.items()] if shown is None else shown(step, attrs)
