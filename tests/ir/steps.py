"""Steps that are written by hand, node by node."""

from typing import Any

import numpy as np

from numbadyn.ir.nodes import Channel, Connection, Node, ParamSpec, Position, StateSpec, Step, Train
from numbadyn.ir.spaces import Space
from numbadyn.units import DIMENSIONLESS

__all__ = ["HERE", "Table", "add_channel", "add_connection", "add_node", "add_param", "add_state", "add_train"]

HERE = Position("Net.A", "model.py", 7, "x = y")


def add_node(step: Step, op: str, *args: int, shape: Any = (3,), kind: Any = "real", **attrs: Any) -> int:
    """Append a node; gives its number."""
    step.nodes.append(Node(op, args, Space(shape, 1), kind, DIMENSIONLESS, HERE, attrs))
    return len(step.nodes) - 1


def add_param(step: Step, value: Any, kind: Any = "real") -> int:
    """Append a parameter and the node that reads it."""
    array = np.asarray(value)
    step.params.append(ParamSpec(f"p{len(step.params)}", array.shape, kind, DIMENSIONLESS, lambda context: array))
    return add_node(step, "param", shape=array.shape, kind=kind, index=len(step.params) - 1)


def add_state(step: Step, first: Any, kind: Any = "real") -> int:
    """Append a state and the node that reads it."""
    array = np.asarray(first)
    step.states.append(
        StateSpec(f"s{len(step.states)}", Space(array.shape), kind, DIMENSIONLESS, lambda context: array)
    )
    return add_node(step, "state", shape=array.shape, kind=kind, index=len(step.states) - 1)


def add_channel(step: Step, value: int, first: Any = 0, state: int | None = None) -> int:
    """Append a channel that samples a node."""
    node = step.nodes[value] if value >= 0 else None
    shape, kind = (node.shape, node.kind) if node else ((3,), "bool")
    made = Channel(f"c{len(step.channels)}", value, shape, kind, DIMENSIONLESS, lambda context, lag: first, state)
    step.channels.append(made)
    return len(step.channels) - 1


class Table:
    """A synapse table: `rows` gives the targets and weights of each neuron and delay."""

    def __init__(self, delays: Any, rows: Any):
        self.delays = np.array(delays)
        self.offsets = np.cumsum([0, *(len(targets) for targets, _ in rows)])
        self.targets = np.array([t for targets, _ in rows for t in targets], dtype=np.int64)
        self.weights = np.array([w for _, weights in rows for w in weights], dtype=float)


def add_connection(step: Step, n_pre: int, n_post: int) -> int:
    """Append a connection; its table is given to the interpreter."""
    step.connections.append(
        Connection(f"k{len(step.connections)}", n_pre, n_post, lambda context, real: None, False, True)
    )
    return len(step.connections) - 1


def add_train(step: Step, size: int, steps: Any, elements: Any) -> int:
    """Append given spikes."""
    step.trains.append(Train("t", size, lambda context: (np.array(steps), np.array(elements))))
    return len(step.trains) - 1
