"""Output models as projections see them: what they must offer, how one becomes an input of a target.

In: an output model or a description of one, a projection.  Out: a current input of the target, checked in each step.
Must not know: which output models there are.
"""

from __future__ import annotations

import functools
from typing import Any, Protocol, runtime_checkable

from numbadyn.errors import InvalidParameterError, ProjectionTargetError
from numbadyn.model.describe import Describer
from numbadyn.model.dynamics import Dynamics
from numbadyn.model.group import Projection
from numbadyn.model.hooks import OwnHook, not_receive_update_output
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.conductances import conductance_name

__all__ = ["NamesDrivers", "Output", "Unbinds", "attach_output", "make_output", "tell_driver"]


@runtime_checkable
class Output(Protocol):
    """What makes a current of what has arrived: any object with these two methods may be an output model."""

    def bind_cond(self, conductance: Any) -> None:
        """Take what has arrived in this step."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Give the current, of the membrane potential of the target."""


@runtime_checkable
class NamesDrivers(Protocol):
    """An output model that wants to know who binds it, so that it can say so in messages."""

    def add_driver(self, projection: Projection) -> None:
        """Remember a projection."""


@runtime_checkable
class Unbinds(Protocol):
    """An output model that forgets what was bound to it, after each update of its target."""

    def unbind_cond(self) -> None:
        """Forget it."""


def make_output(out: Any, post: Dynamics, where: str) -> Output:
    """Give the output model: an instance as it is, a describer made; after checking that it can be bound."""
    made: Any = out.make(post.varshape) if isinstance(out, Describer) else out
    if not isinstance(made, Output):
        raise InvalidParameterError(
            f"out of {where} is {out!r}, which is no output model.",
            where=where,
            cure="Give nd.COBA.desc(E=0*mV), nd.CUBA.desc(), or an object with bind_cond and __call__.",
            out=out,
        )
    holder: Any = made
    holder.varshape, holder.driven = post.varshape, True
    return made


def tell_driver(out: Output, key: str, projection: SynapticProjection) -> None:
    """Tell an output model and its target who binds it, so that they can name it; `key` is that of the input.

    Raises
    ------
    NegativeConductanceError
        The output is a conductance, and the projection has a weight below zero.
    """
    projection.feed(functools.partial(conductance_name, out))
    projection.post.current_inputs.name_giver(key, projection)
    if isinstance(out, NamesDrivers):
        out.add_driver(projection)


def attach_output(title: str, out: Output, label: str | None, projection: SynapticProjection) -> str:
    """Make an output model a current input of the target, and check in each step that its update sums it.

    What is bound to the model is forgotten after the update, so that a step in which nothing is bound to it is an error
    and no repetition of the last one.

    Returns
    -------
    str
        The key of the input: the title, with a number where it is taken, and the label.
    """
    post = projection.post
    key = post.current_inputs.add_numbered(title, out, label)
    post.add_after_update(("summed", key), _Summed(key, out, label, projection))
    return key


@not_receive_update_output
class _Summed(OwnHook):
    """After-hook of a target: checks that its update has summed an input, and forgets what was bound to it."""

    kind = "summed"

    def __init__(self, key: str, out: Output, label: str | None, projection: SynapticProjection) -> None:
        self.input_key, self._out, self._label, self._projection = key, out, label, projection

    def __call__(self) -> None:
        post = self._projection.post
        if self.input_key not in post.current_inputs.reached:
            raise ProjectionTargetError(
                f"{self._projection.path} ends on {post.path}, but the update of {post.path} never sums its current "
                "inputs" + (f" of the label {self._label!r}." if self._label is not None else "."),
                where=post.path,
                cure="Call self.sum_current_inputs(x, V) in its update, or choose a target that takes currents.",
                label=self._label,
            )
        if isinstance(self._out, Unbinds):
            self._out.unbind_cond()
