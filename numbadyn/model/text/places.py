"""Where a text stands: each of its lines is one of a source file, so that errors and generated code point at it.

In: a text.  Out: file and number of each line.  Must not know: what the text says.
"""

from __future__ import annotations

import itertools
import linecache
from dataclasses import dataclass

from numbadyn.errors import EquationSyntaxError
from numbadyn.tracing.positions import line_of, users_line

__all__ = ["Text", "find_text"]

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and where it stands.

    Parameters
    ----------
    content : str
        The text.
    model : str
        Name of the model, for messages.
    file : str
        The user's file, or a name that stands for the text itself.
    first : int
        Number of its first line there.
    """

    content: str
    model: str
    file: str
    first: int

    def place(self, line: int) -> str:
        """Where a line is, for messages; lines are counted from 0."""
        return str(line_of(self.model, self.file, self.first + line))


def find_text(content: str, model: str) -> Text:
    """Find a text in the file of the line that hands it over; one that is not there is kept apart.

    Parameters
    ----------
    content : str
        The text.
    model : str
        Name of the model.

    Returns
    -------
    Text

    Raises
    ------
    EquationSyntaxError
        It is no text.
    """
    if not isinstance(content, str):
        raise EquationSyntaxError(
            f"{model} is given {content!r}, which is no text.",
            where=model,
            cure="Give equations, threshold and reset as text: 'dv/dt = -v/tau : volt'.",
            content=content,
        )
    file, called = users_line()
    source = "".join(linecache.getlines(file)) if file else ""
    starts = [0]
    while content.strip() and (found := source.find(content, starts[-1])) >= 0:
        starts.append(found + 1)
    lines = [source.count("\n", 0, start - 1) + 1 for start in starts[1:]]
    if lines:
        return Text(content, model, file, min(lines, key=lambda line: (line < called, abs(line - called))))
    name = f"<equations of {model}, {next(_NUMBERS)}>"
    linecache.cache[name] = (len(content), None, [line + "\n" for line in content.splitlines()], name)
    return Text(content, model, name, 1)
