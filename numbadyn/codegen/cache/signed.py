"""The form of a kernel file: a first line, a signature, words as JSON, bytes.

In: words and bytes, what they are the answer to, and a key.  Out: the content of a file; and back, if the signature
fits.  Must not know: Numba, files, where keys come from.

Nothing of a file is looked at before its signature is right, and reading it runs nothing.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import Any

from numbadyn.codegen.cache.files import KERNEL_MARK

__all__ = ["Packed", "pack", "unpack"]

_HEADER = KERNEL_MARK + b"2\n"
_SIGNATURE_BYTES = 32
_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Packed:
    """What is kept of a kernel.

    Parameters
    ----------
    words : dict
        What JSON can hold.
    blobs : tuple of bytes
        Machine code and the like.
    """

    words: dict[str, Any]
    blobs: tuple[bytes, ...]


def pack(packed: Packed, question: str, key: bytes) -> bytes:
    """Write the content of a file.

    Parameters
    ----------
    packed : Packed
        What is kept.
    question : str
        All that it depends on; it is signed too, so that one file cannot stand for another.
    key : bytes
        Secret.

    Returns
    -------
    bytes

    Examples
    --------
    >>> content = pack(Packed({"name": "f"}, (b"code",)), "f(int64)", b"secret")
    >>> unpack(content, "f(int64)", b"secret")
    Packed(words={'name': 'f'}, blobs=(b'code',))
    """
    words = {"question": question, "lengths": [len(blob) for blob in packed.blobs], "words": packed.words}
    text = json.dumps(words).encode("ascii")
    content = b"".join((len(text).to_bytes(_LENGTH_BYTES, "little"), text, *packed.blobs))
    return _HEADER + hmac.digest(key, content, "sha256") + content


def unpack(raw: bytes, question: str, key: bytes) -> Packed:
    """Read the content of a file.

    Parameters
    ----------
    raw, question, key
        See `pack`.

    Returns
    -------
    Packed

    Raises
    ------
    ValueError
        The signature does not fit; the message says so in words that follow a file's name.
    """
    start = len(_HEADER) + _SIGNATURE_BYTES
    content = memoryview(raw)[start:]
    if not hmac.compare_digest(raw[:start], _HEADER + hmac.digest(key, content, "sha256")):
        raise ValueError("its signature does not fit its content")
    text = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    words = json.loads(bytes(content[_LENGTH_BYTES:text]))
    if words["question"] != question:
        raise ValueError("it is a copy of another one")
    blobs, begin = [], text
    for length in words["lengths"]:
        blobs.append(bytes(content[begin : begin + length]))
        begin += length
    return Packed(words["words"], tuple(blobs))
