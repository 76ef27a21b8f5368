"""Streams of random numbers: a word for each purpose of each module, which nothing else in a network changes.

In: the place of a module in its network, and what it draws for.  Out: words of 32 bits for the counters of Philox.
Must not know: how draws are made, what modules are.

A word is a hash of the place, the role and the number of the draw within them, so adding, removing or reordering the
rest of a network changes none of what stays. No two draws of a network share a word: where hashes meet, the later one
takes its next hash. The chance that this happens at all among n streams is about n**2 / 2**33, that is 1e-6 for a
hundred of them and 1e-4 for a thousand; only then the words of the two that meet depend on each other.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from numbadyn.model.notes import ModelNotes
from numbadyn.tracing.trace import current_trace

__all__ = ["Streams", "drawing", "next_stream", "stream_of", "words_of"]

_DRAWING: ContextVar[tuple[Any, str] | None] = ContextVar("numbadyn_drawing", default=None)


class Streams:
    """The words that a network has given out.

    Examples
    --------
    >>> streams = Streams()
    >>> streams.word("E", "V") == streams.word("E", "V") == Streams().word("E", "V")
    True
    >>> streams.word("E", "V") == streams.word("I", "V")
    False
    """

    def __init__(self) -> None:
        self._given: dict[str, int] = {}
        self._taken: set[int] = set()

    def word(self, *key: Any, width: int = 1) -> int:
        """The first of the words that belong to a key alone.

        Parameters
        ----------
        *key : str, int or tuple of them
            Place, role and number.
        width : int
            How many words in a row, a power of two.
        """
        text = repr(key)
        if text not in self._given:
            hashes = (_hash(text, attempt) & -width for attempt in itertools.count())
            word = next(word for word in hashes if self._taken.isdisjoint(range(word, word + width)))
            self._taken.update(range(word, word + width))
            self._given[text] = word
        return self._given[text]


def _hash(text: str, attempt: int) -> int:
    salted = text if attempt == 0 else f"{text} {attempt}"
    return int.from_bytes(hashlib.blake2b(salted.encode(), digest_size=4).digest(), "little")


def stream_of(module: Any, *role: Any, width: int = 1) -> int:
    """The first word of what a module draws for a purpose.

    Parameters
    ----------
    module : Module or None
        Whose it is; before it stands in a network, only the purpose counts.
    *role : str or int
        What is drawn: ``"value", "V"``; ``"synapses"``.
    width : int
        How many words in a row.
    """
    own = vars(module) if module is not None else {}
    streams: Streams = own.get("_streams") or Streams()
    return streams.word(own.get("_place", ()), *role, width=width)


@contextmanager
def drawing(module: Any, role: str = "update") -> Iterator[None]:
    """Mark whose draws follow, and what they are for: its update, a hook, an input.

    Parameters
    ----------
    module : Module
        The owner.
    role : str
        What runs.
    """
    token = _DRAWING.set((module, role))
    try:
        yield
    finally:
        _DRAWING.reset(token)


def next_stream(eager: Counter[Any] | None) -> int:
    """A word for the next draw of what runs now.

    Parameters
    ----------
    eager : Counter or None
        How much has been drawn in the present context of eager calls; None outside of one, where every draw is a first.
    """
    module, role = _DRAWING.get() or (None, "")
    trace = current_trace()
    counts: Counter[Any] = Counter() if eager is None else eager
    if trace is not None:
        counts = trace.notes(ModelNotes).draws
    key = (id(module), role)
    counts[key] += 1
    return stream_of(module, role, counts[key] - 1)


def words_of(key: Any) -> str:
    """A key of a hook or an input as text that is the same in each process.

    Examples
    --------
    >>> words_of("noise"), words_of(("jumps", 3)), words_of(object())
    ('noise', "('jumps', '3')", 'object')
    """
    if isinstance(key, tuple):
        return repr(tuple(words_of(part) for part in key))
    return str(key) if isinstance(key, str | int | float) else type(key).__name__
