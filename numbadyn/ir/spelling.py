"""Names and words of users in text that a machine reads: the one way in.

In: whatever a user or a file system calls something.  Out: pieces that stay what they are meant to be inside generated
source: an identifier, a comment, the words of a docstring, a part of a file name.  Must not know: what is generated,
targets.

Anything can be a name: a quote, a line end, a zero byte, half of a surrogate pair, a letter that Python takes for
another one, ten thousand letters. Text becomes source only through these functions.
"""

from __future__ import annotations

import keyword
import re
import unicodedata

__all__ = ["comment", "docstring_words", "file_words", "identifier", "visible"]

_LONGEST_WORDS, _LONGEST_IDENTIFIER, _LONGEST_FILE_WORDS = 160, 60, 40


def visible(text: str) -> str:
    r"""Text in one line in which every character can be seen: others are written as escapes.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    str
        Letters of all scripts stay; line ends of any kind, zero bytes, marks that turn the direction of writing and
        halves of surrogate pairs become escapes. What is very long is cut.

    Examples
    --------
    >>> print(visible("τ_m\nimport os\u2028\ud800"))
    τ_m\nimport os\u2028\ud800
    """
    shown = text if len(text) <= _LONGEST_WORDS else f"{text[: _LONGEST_WORDS - 3]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown)


def comment(text: str) -> str:
    r"""A comment, in one line.

    Parameters
    ----------
    text : str
        What it says.

    Returns
    -------
    str

    Examples
    --------
    >>> print(comment("model.py:3\nimport os"))
    # model.py:3\nimport os
    """
    return f"# {visible(text)}"


def docstring_words(text: str) -> str:
    r"""Words for the inside of a docstring in double quotes, which they cannot end.

    Parameters
    ----------
    text : str
        What they say.

    Returns
    -------
    str

    Examples
    --------
    >>> print(docstring_words('cells" + "'))
    cells\" + \"
    """
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')


def identifier(wish: str, otherwise: str = "x") -> str:
    """An identifier of Python that is as close to a wish as can be.

    Parameters
    ----------
    wish : str
        Anything.
    otherwise : str
        What stands where nothing of the wish can be used.

    Returns
    -------
    str
        Never a keyword, and spelt as Python spells it (NFKC), so that two of them are equal only if Python takes them
        for one.

    Examples
    --------
    >>> identifier("τ_m"), identifier("2 cells"), identifier("ﬁring rate"), identifier("lambda"), identifier("")
    ('τ_m', 'x_2_cells', 'firing_rate', 'x_lambda', 'x')
    """
    plain = unicodedata.normalize("NFKC", wish[: 4 * _LONGEST_IDENTIFIER])
    # a letter of XID_Continue: what may stand behind a letter in a name
    kept = "".join(c if f"x{c}".isidentifier() and unicodedata.normalize("NFKC", c) == c else "_" for c in plain)
    base = re.sub("_+", "_", kept)[:_LONGEST_IDENTIFIER].strip("_") or otherwise
    if not base.isidentifier() or keyword.iskeyword(base):
        base = f"{otherwise}_{base}"
    return base


def file_words(text: str) -> str:
    """Part of a file name that every file system takes.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    str
        Letters of ASCII, digits and underscores, not many.

    Examples
    --------
    >>> file_words("cpu: EI net")
    'cpu_EI_net'
    """
    return re.sub(r"[^0-9A-Za-z]+", "_", text[: 4 * _LONGEST_FILE_WORDS])[:_LONGEST_FILE_WORDS].strip("_") or "x"
