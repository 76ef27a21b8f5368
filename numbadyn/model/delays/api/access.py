"""`DelayAccess`, a named read of a `Delay`.

In: a memory with named entries, a delay.  Out: on call, the value.  Must not know: how the memory keeps it.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from numbadyn.errors import DelayError, HookArgumentError

__all__ = ["DelayAccess", "HasEntries"]

_MISSING: Any = object()
"""Stands for an argument that is not given."""


@runtime_checkable
class HasEntries(Protocol):
    """A memory whose delays have names, as `Delay`."""

    @property
    def path(self) -> str:
        """Name for messages."""

    def register_entry(self, entry: str, *time_and_idx: Any) -> Any:
        """Announce a delay under a name."""

    def at(self, entry: str) -> Any:
        """Give the value of an entry."""


class DelayAccess:
    """A read of a `Delay` under a name of its own; call it for the value.

    Parameters
    ----------
    delay : Delay
        The memory.
    *time_and_idx : delay, then indices
        As in `Delay.register_entry`.
    entry : str
        Name of the entry that is made.

    Raises
    ------
    DelayError
        `delay` is no `Delay`.
    DelayEntryError
        The name is taken, or no text.
    HookArgumentError
        `entry` is missing.

    Examples
    --------
    >>> import numbadyn as nd
    >>> import numpy as np
    >>> from quantities import ms
    >>> line = nd.init_all_states(nd.Delay(np.zeros(2)))
    >>> late = nd.DelayAccess(line, 1 * ms, entry="late")
    >>> with nd.environ.context(dt=1 * ms):
    ...     line.update(np.ones(2))
    ...     print(late())
    [0. 0.]
    """

    def __init__(self, delay: Any, *time_and_idx: Any, entry: str = _MISSING) -> None:
        if not isinstance(delay, HasEntries):
            raise DelayError(
                f"{delay!r} is no Delay.", where="DelayAccess", cure="Give the nd.Delay to read.", delay=delay
            )
        if entry is _MISSING:
            raise HookArgumentError(
                f"DelayAccess needs the argument 'entry', the name of the entry that it makes in {delay.path}.",
                where=f"DelayAccess({delay.path}, ...)",
                cure='Give a name that is not taken, as in nd.DelayAccess(delay, 5*ms, entry="late").',
                delay=delay.path,
            )
        self.delay, self.entry = delay, entry
        delay.register_entry(entry, *time_and_idx)

    def __call__(self) -> Any:
        """The value of the entry.

        Returns
        -------
        array, quantity or traced value
            As of `Delay.at`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> import numpy as np
        >>> from quantities import ms
        >>> late = nd.DelayAccess(nd.init_all_states(nd.Delay(np.zeros(2))), 1 * ms, entry="late")
        >>> with nd.environ.context(dt=1 * ms):
        ...     late().tolist()
        [0.0, 0.0]
        """
        return self.delay.at(self.entry)
