"""What has ended a run early, in words: values that are not finite, guards that were broken.

In: the outcome of a run, the machine.  Out: named errors, without the result.  Must not know: how runs are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import NonFiniteStateError
from numbadyn.ir.analysis import signals
from numbadyn.ir.nodes import Step
from numbadyn.lowering.program import CHECK_EVERY
from numbadyn.runtime.engine import RunOutcome
from numbadyn.runtime.logs import SampleLog
from numbadyn.runtime.machine import Machine
from numbadyn.runtime.replica import Replica, named, replica_text
from numbadyn.runtime.soundness import Check
from numbadyn.simulator.order import UserOrder

__all__ = ["broken_guard", "not_finite"]

_CURES = {
    "state": "Look for a division by zero, a logarithm or power of a negative number, or a time step too long for the "
    "fastest process",
    "sum": "Look at the weights, at the number of synapses of one target and at the values that are sent; sums beyond "
    "the largest number become infinite",
}


def broken_guard(number: int, replica: Replica) -> Exception:
    """The error of a guard that does not hold any more."""
    guard = replica.step.guards[number]
    assert guard.error is not None, "a guard that ends a run without an error"
    broken, values = (replica.state(index).reshape(-1) for index in (guard.state, guard.value))
    element = int(np.argmin(np.where(broken > 0, broken, np.iinfo(np.int64).max)))
    found = guard.error(int(broken[element]) - 1, element, float(values[element]), replica.context)
    return named(found, replica.context)


def not_finite(
    outcome: RunOutcome, machine: Machine, samples: Mapping[tuple[str, str], Sequence[SampleLog]]
) -> NonFiniteStateError:
    """The error of a run that has met values that are not finite.

    Parameters
    ----------
    outcome : RunOutcome
        With what was found.
    machine : Machine
        As the run has left it.
    samples : mapping
        Module and variable -> logs, one a replica.

    Returns
    -------
    NonFiniteStateError
        It names a synaptic sum of spikes before the states that it has spoilt, states of synapses before the sums that
        they have spoilt, and a sample, whose time is known, before states.
    """
    number = outcome.replica if outcome.sample is None else outcome.sample.replica
    replica = machine.replicas[number]
    masks = replica.unsound()
    kinds = {check: _name(machine.step, check) for check in masks}
    spoilt = [check for check in masks if check.kind == "sum" and _of_spikes(machine.step, check.number)]
    states = machine.step.states
    of_synapses = [check for check in masks if check.kind == "state" and states[check.number].space.synapses]
    first, latest = outcome.checked, outcome.reached if outcome.found is None else outcome.found
    if outcome.sample is not None:
        (path, variable), logs = list(samples.items())[outcome.sample.log]
        log = logs[number]
        row = outcome.sample.row
        latest = log.step_of(row)
        first = max(first, log.step_of(row - 1) if row else first)
    else:
        first = max(first, (latest - 1) // CHECK_EVERY * CHECK_EVERY)
    if outcome.sample is not None and not spoilt:
        column = outcome.sample.column
        kind, name, elements, size = "state", f"{path}.{variable}", log.called[[column]], 0
        values: NDArray[Any] = log.values[[row], column]
    else:
        found = next(iter([*spoilt, *of_synapses]), outcome.failed or next(iter(masks)))
        kind, name = found.kind, kinds.pop(found)
        whole = replica.state(found.number) if kind == "state" else replica.sums()[found.number]
        mask, whole = (_counted(machine.step, replica, found, array).reshape(-1) for array in (masks[found], whole))
        elements, size = np.flatnonzero(mask), mask.size
        values = whole[elements]
    others = [text for text in kinds.values() if text != name]
    others += [
        f"states{replica_text(each.context)}" for each in machine.replicas if each is not replica and each.unsound()
    ]
    dt, word = machine.context.dt, _word(kind, float(values[0]))
    meant = kind == "state" and word != "NaN"
    cure = _CURES[kind] + (
        "; an infinity that is meant belongs into the first values of the state, too" if meant else ""
    )
    when = f"at t = {latest * dt:g} ms" if first >= latest else f"between t = {first * dt:g} ms and {latest * dt:g} ms"
    of = replica_text(replica.context)
    return NonFiniteStateError(
        f"{name}{of} became {word} in element {elements[0]}"
        + (f" ({elements.size} of {size} elements)" if size else "")
        + f" {when}."
        + (f" Not finite at the end either: {', '.join(others)}." if others else ""),
        where=f"{name}[{elements[0]}]{of}",
        cure=f"{cure}; what was recorded is in the error's .result.",
        when=when,
        name=name,
        of=of,
        word=word,
        size=size,
    )


def _counted(step: Step, replica: Replica, found: Check, values: NDArray[Any]) -> NDArray[Any]:
    """Values in the order in which users count the elements."""
    order = UserOrder(lambda: [list(replica.context.tables)])
    return order.shown(step.states[found.number].space, values) if found.kind == "state" else values


def _word(kind: str, value: float) -> str:
    if kind == "sum":  # it was cleared since, so that only this is left of it
        return "infinite or NaN"
    return "NaN" if np.isnan(value) else "infinite" if value > 0 else "minus infinity"


def _of_spikes(step: Step, node: int) -> bool:
    """Whether a sum adds weights only, so that nothing but the sum itself can have made it infinite."""
    if step.nodes[node].traits.collects:
        return False
    return all(step.nodes[arg].kind == "bool" for arg, _connection, _channel in signals(step.nodes[node]))


def _name(step: Step, check: Check) -> str:
    if check.kind == "state":
        return step.states[check.number].name
    node = step.nodes[check.number]
    behind = step.nodes[node.args[0]] if node.traits.collects else node
    connections = [step.connections[number] for _arg, number, _channel in signals(behind)]
    targets = sorted({path for c in connections if (path := getattr(getattr(c.owner, "post", None), "path", ""))})
    names = " and ".join(dict.fromkeys(connection.name for connection in connections))
    return f"The synaptic sum of {names}" + (f" onto {', '.join(targets)}" if targets else "")
