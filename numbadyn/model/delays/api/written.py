"""The writing half of `Delay`: one value in each step goes into its memory.

In: a value in each step.  Out: histories, in eager calls; nodes, in traced steps.  Must not know: how the past is read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.errors import (
    NotInitialisedError,
    SchedulingError,
    ShapeError,
    TracedValueError,
    UnsupportedFeatureError,
)
from numbadyn.model import environ
from numbadyn.model.delays.api.nesting import leaves
from numbadyn.model.delays.storage.source import Source
from numbadyn.model.module import Module
from numbadyn.model.order import note_touch
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import as_node

__all__ = ["Written"]


class Written(Module):
    """A memory, as far as it is written.

    Parameters
    ----------
    name : str, optional
        Name for messages.
    """

    _sources: list[Source]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.driven = True

    def init_state(self, batch_size: int | None = None) -> None:
        """Nothing to make: memory follows from the delays.

        Parameters
        ----------
        batch_size : int, optional
            Accepted where it is None.

        Raises
        ------
        UnsupportedFeatureError
            It is not None.

        Examples
        --------
        >>> import numbadyn as nd
        >>> line = nd.init_all_states(nd.Delay(np.zeros(2)))  # calls it
        """
        if batch_size is not None:
            raise UnsupportedFeatureError(
                f"{self.path} is initialised with batch_size={batch_size}.",
                where=self.path,
                cure="Give the target the batch as an axis of its own.",
            )

    # ---- writing -----------------------------------------------------------------------------------------------------

    def update(self, value: Any) -> None:
        """Write the value of this step.

        Parameters
        ----------
        value : array, quantity, traced value, or the nesting of the target
            Of the target's shape.

        Raises
        ------
        SchedulingError
            It is the second write of a step (while tracing).
        ShapeError, TracedValueError
            The value has another shape, nesting or kind.
        NotInitialisedError
            It is called eagerly before `init_all_states`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms, mV
        >>> line = nd.init_all_states(nd.Delay(np.zeros(2) * mV, time=1 * ms))
        >>> with nd.environ.context(dt=1 * ms):
        ...     line.update([1, 2] * mV)
        ...     print(line.retrieve_at_step(0), line.retrieve_at_step(1))
        [1. 2.] mV [0. 0.] mV
        """
        note_touch(self, "output", writes=True)
        given = list(leaves(value))
        if [name for name, _ in given] != [source.item for source in self._sources]:
            raise ShapeError(
                f"{self.path} holds {len(self._sources)} values, but {len(given)} are written, or with other names.",
                where=self.path,
                cure="Write what the target looks like.",
            )
        trace = current_trace()
        if trace is None:
            self._write_eagerly([part for _, part in given])
            return
        written = trace.notes.setdefault(("given", id(self)), {})
        for source, (name, part) in zip(self._sources, given, strict=True):
            if name in written:
                raise SchedulingError(
                    f"{self.path} is written twice in one step.", where=str(trace.here), cure="Write it once in a step."
                )
            node, target = as_node(trace, part), source.template(trace)
            if trace.node(node).shape not in ((), target.shape):
                raise self._misfit(trace.node(node).shape, target.shape, str(trace.here))
            if trace.node(node).kind != target.kind:
                if target.kind != "real" and trace.settled:
                    raise TracedValueError(
                        f"{self.path} holds {target.kind} values, but {trace.node(node).kind} values are written.",
                        where=str(trace.here),
                        cure="Make the target of the kind that is written, such as np.zeros(n).",
                    )
                node = trace.cast(node, target.kind)
            written[name] = node

    def _write_eagerly(self, parts: list[Any]) -> None:
        if not self._initialised:
            raise self._not_ready()
        for source, part in zip(self._sources, parts, strict=True):
            target = source.eager_template()
            if np.shape(part) not in ((), target.shape):
                raise self._misfit(np.shape(part), target.shape, self.path)
            source.history.push(part, environ.known_dt())

    def _misfit(self, found: tuple[int, ...], wanted: tuple[int, ...], where: str) -> ShapeError:
        return ShapeError(
            f"{self.path} holds values of shape {wanted}, but one of shape {found} is written.",
            where=where,
            cure="Write the shape of the target.",
        )

    def _not_ready(self) -> NotInitialisedError:
        return NotInitialisedError(
            f"{self.path} has no memory yet.",
            where=self.path,
            cure="Call nd.init_all_states(net) before eager calls; a simulator does it by itself.",
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Write the value of this step, as `update`, so that a `Delay` can be an after-hook.

        Parameters
        ----------
        *args, **kwargs
            Those of `update`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import ms
        >>> cells = nd.LIF(2)
        >>> cells.add_after_update("remember", nd.Delay(np.zeros(2, dtype=bool), entries={"late": 1 * ms}))
        """
        return self.update(*args, **kwargs)
