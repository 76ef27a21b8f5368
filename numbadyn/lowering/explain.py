"""Texts that show a program: the order of a step, delays, buffers; and the program itself.

In: a `Program`, bound or not.  Out: text.  Must not know: targets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from numbadyn.ir.analysis import waits_ahead
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.kinds import dtype_of
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.program import Program
from numbadyn.lowering.waits.blocks import Look
from numbadyn.lowering.waits.exchanges import Lags
from numbadyn.lowering.waits.report import blocks_text

__all__ = ["explain"]


def _delays(program: Program, context: BindContext, tables: list[Any], evaluator: Evaluator) -> list[str]:
    """How far back each reader looks: counted from the newest sample that is there when it reads."""
    step = evaluator.step
    seen: dict[tuple[int, str], list[Any]] = {}
    for node in step.nodes:
        if node.traits.from_past:
            number = node.attrs["channel"]
            lags = seen.setdefault((number, node.position.module), [])
            if not node.args:
                lags.append(0)
            elif node.args[0] in evaluator.values:
                lags += [np.min(evaluator.values[node.args[0]]), np.max(evaluator.values[node.args[0]])]
            elif node.args[-1] in evaluator.values:  # computed in each step, up to a number that is known
                lags += [0, np.max(evaluator.values[node.args[-1]]) - 1]
            else:  # of each synapse
                lags += [0, evaluator.depths()[number] - 2]
    lines = []
    for (number, reader), lags in seen.items():
        channel = step.channels[number]
        steps = 1 if channel.every is None else channel.every(context)
        what = "steps" if channel.every is None else f"samples of {steps * context.dt:g} ms"
        time = _span(np.asarray(lags) * steps * context.dt)
        lines.append(f"{channel.name} read by {reader}: {_span(lags)} {what} before the last one ({time} ms)")
    for connection, table in zip(step.connections, tables, strict=True):
        if len(table.delays) and table.delays.max() > 0:
            lines.append(f"{connection.name}: {_steps(table.delays, context.dt)}")
        if table.dendritic is not None and table.n_synapses:
            lines.append(f"{connection.name}, dendrites: {_steps(table.dendritic, context.dt)}")
    for node in step.nodes:
        ahead = waits_ahead(node)
        if ahead is not None and node.args[2] in evaluator.values:
            lines.append(f"{step.channels[ahead].name}: {_steps(evaluator.values[node.args[2]], context.dt)}")
    return lines or ["none"]


def _steps(values: Any, dt: float) -> str:
    return f"{_span(values)} steps ({_span(values * dt)} ms)"


def _span(values: Any) -> str:
    low, high = np.min(values), np.max(values)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def explain(
    program: Program, context: BindContext, tables: list[Any], looks: Iterable[Look] = (), *, verbose: bool = False
) -> str:
    """What a step does, in words.

    Parameters
    ----------
    program : Program
        Lowered network.
    context : BindContext
        dt, seed, precision.
    tables : list
        Synapse tables.
    looks : iterable of Look
        What is recorded, and when.
    verbose : bool
        Name all that is exchanged between owners.

    Returns
    -------
    str
        Order of calls, hooks, projections with their synapses, delays in steps, blocks of steps, stages, states with
        units and schemes, memory.
    """
    context = replace(context, tables=tables)
    evaluator = Evaluator(program.step, context)
    evaluator.bind()
    step = evaluator.step
    sections = {
        "Order of a step": _calls(step),
        "Connections": _connections(step, tables) or ["none"],
        "Delays": _delays(program, context, tables, evaluator),
        "Blocks of steps": blocks_text(program, Lags(evaluator, tables), looks, verbose=verbose),
        "Stages": [line for stages in program.schedule for stage in stages for line in stage.lines(program)],
        "States": _states(step, context),
        **({"Lookups": _lookups(step, context)} if step.lookups else {}),
        "Buffers": [_buffer(buffer, context) for block in program.buffers for buffer in block],
    }
    text = [f"{step.name}, dt = {context.dt:g} ms, {context.bits} bits"]
    text += ["\n  ".join([f"{title}:", *lines]) for title, lines in sections.items()]
    return "\n\n".join(text)


def _calls(step: Step) -> list[str]:
    """Modules in the order of their calls, with their hooks."""
    owners: dict[str, Any] = {}
    for spec in step.states:
        if spec.owner is not None:
            owners.setdefault(getattr(spec.owner.owner, "path", ""), spec.owner.owner)
    lines = []
    for number, (path, kind) in enumerate(step.order, 1):
        owner = owners.get(path)
        hooks = [f"before: {key!r}" for key in getattr(owner, "before_updates", None) or ()]
        hooks += [f"after: {key!r}" for key in getattr(owner, "after_updates", None) or ()]
        lines.append(f"{number}. {path} ({kind})" + (f"  hooks {', '.join(hooks)}" if hooks else ""))
    return lines


def _connections(step: Step, tables: list[Any]) -> list[str]:
    return [
        f"{c.name}: {c.n_pre} -> {c.n_post}, {table.n_synapses} synapses, {_weights(table)}"
        for c, table in zip(step.connections, tables, strict=True)
    ]


def _states(step: Step, context: BindContext) -> list[str]:
    """Kind, shape, unit, and by which scheme a state is advanced where an integrator does it."""
    return [
        f"{s.name}: {s.kind}{context.shape_of(s.space)} in {s.dimension}"
        + (f", {step.schemes[number]}" if number in step.schemes else "")
        for number, s in enumerate(step.states)
    ]


def _lookups(step: Step, context: BindContext) -> list[str]:
    arrays = [(lookup, lookup.fetch(context)) for lookup in step.lookups]
    return [f"{x.name}: {array.size} x {x.stored}, {array.nbytes} bytes, read where they are" for x, array in arrays]


def _buffer(buffer: Buffer, context: BindContext) -> str:
    """What a buffer holds, and how much memory it takes."""
    slots = " a slot" if buffer.role == "ring" else ""
    kind = "8 bool" if slots and buffer.kind == "bool" else buffer.kind
    size = math.prod(context.shape_of(buffer.space))
    nbytes = size * dtype_of(buffer.kind, context.bits).itemsize
    return f"{buffer.role:8s} {buffer.name}: {size} x {kind}, {nbytes} bytes{slots}"


def _weights(table: Any) -> str:
    return "one weight" if table.weights.size == 1 else "a weight each"
