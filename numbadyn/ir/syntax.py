"""Syntax trees of Python text, also where several threads ask for them at once.

In: text.  Out: its tree.  Must not know: what the text is.
"""

from __future__ import annotations

import ast
import time

__all__ = ["parse"]

_ATTEMPTS = 1000
_PAUSE = 0.001


def parse(text: str, name: str = "<unknown>") -> ast.Module:
    """Parse a module.

    Parameters
    ----------
    text : str
        Python source.
    name : str
        Its file, for messages.

    Returns
    -------
    ast.Module

    Notes
    -----
    CPython counts how deep a tree is that it hands over in one place for all threads of an interpreter. Where two
    threads parse at a time, it may find its count wrong and raise a `SystemError` (CPython issue 106905), though the
    text is in order; the next attempt succeeds.

    Examples
    --------
    >>> len(parse("a = 1").body)
    1
    """
    for _ in range(_ATTEMPTS):
        try:
            return ast.parse(text, name)
        except SystemError:
            time.sleep(_PAUSE)
    return ast.parse(text, name)
