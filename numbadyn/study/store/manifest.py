"""What a store says about its study: what decides over the results, and where they come from.

In: plain data.  Out: a file that is there whole or not at all; differences between two studies, in words.  Must not
know: networks.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numbadyn.errors import StoreError, StoreMismatchError
from numbadyn.study.cells import split_cell
from numbadyn.study.store.lines import not_written

__all__ = ["FORMAT", "MANIFEST", "compare", "folder_of", "read_manifest", "write_manifest"]

MANIFEST = "manifest.json"
FORMAT = 1
_KIND = "numbadyn study"
_MANY = 4


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write a manifest beside the old one, and put it into its place when it is on the disk.

    Raises
    ------
    StoreWriteError
        It cannot be written; the old one is still there.
    """
    text = json.dumps({"kind": _KIND, "format": FORMAT, **content}, indent=1, allow_nan=False) + "\n"
    temporary = None
    try:
        number, temporary = tempfile.mkstemp(prefix=".manifest-", suffix=".tmp", dir=folder)
        with open(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, folder / MANIFEST)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise not_written(folder / MANIFEST, error) from error
    with contextlib.suppress(OSError):  # not every system has folders that can be opened
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def folder_of(path: Any, where: str) -> Path:
    """The folder that users mean.

    Raises
    ------
    StoreError
        It is no path.
    """
    try:
        return Path(path)
    except TypeError as error:
        raise StoreError(
            f"The store {path!r} is no path.", where=where, cure="Give a folder: store='study'."
        ) from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a store.

    Raises
    ------
    StoreError
        There is none, it is damaged, or a newer version has written it.
    """
    path = folder / MANIFEST
    cure = "Give the folder that a sweep was given as its store."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(
            f"{os.fspath(folder)!r} is no store of a study: {error.strerror or error}.",
            where=os.fspath(path),
            cure=cure,
        ) from error
    except ValueError as error:
        raise StoreError(
            f"The manifest of the store is damaged: {error}.",
            where=os.fspath(path),
            cure="Bring the file back from a copy; records of points are in files of their own, and are intact.",
        ) from error
    if not isinstance(content, dict) or content.get("kind") != _KIND:
        raise StoreError(f"{os.fspath(folder)!r} is no store of a study.", where=os.fspath(path), cure=cure)
    if content.get("format") != FORMAT:
        raise StoreError(
            f"The store has format {content.get('format')!r}; this version reads format {FORMAT}.",
            where=os.fspath(path),
            cure="Use the version of numbadyn that has written it"
            f" ({content.get('about', {}).get('versions', {}).get('numbadyn', 'unknown')}), or a newer one.",
            format=content.get("format"),
        )
    return content


def compare(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Refuse to go on with another study; more values and more seeds of the same study are no other one.

    Raises
    ------
    StoreMismatchError
        With what differs.
    """
    found = [*_missing(old["grid"], new["grid"]), *_differences(old["decides"], new["decides"])]
    if found:
        shown = "; ".join(found[:_MANY]) + (f"; and {len(found) - _MANY} more" if len(found) > _MANY else "")
        raise StoreMismatchError(
            f"The store {os.fspath(folder)!r} belongs to another study: {shown}.",
            where=f"sweep(store={os.fspath(folder)!r})",
            cure="Give this study a store of its own, or make it the same again; what may be added to a study is "
            "values of its parameters and seeds.",
            differences=tuple(found),
        )


def _missing(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """What the grid of a store has and the new one has not."""
    names = [[axis["name"] for axis in grid["axes"]] for grid in (old, new)]
    if set(names[0]) != set(names[1]):
        yield f"its parameters are {', '.join(names[0]) or 'none'}, here {', '.join(names[1]) or 'none'}"
        return
    if old["mode"] != new["mode"]:
        yield f"its points are a {old['mode']}, here a {new['mode']}"
        return
    here = {axis["name"]: axis["values"] for axis in new["axes"]}
    for axis in old["axes"]:
        gone = [value for value in axis["values"] if value not in here[axis["name"]]]
        if gone:
            yield f"it has {axis['name']} = {', '.join(map(_shown, gone[:_MANY]))}, which is not in the grid here"
    if gone := [point for point in old.get("points", []) if point not in new["points"]]:
        one = ", ".join(f"{name} = {_shown(cell)}" for name, cell in gone[0].items())
        yield f"it has the point {one}, which is not here"
    gone = [seed for seed in old["seeds"] if seed not in new["seeds"]]
    if gone:
        yield f"it has the seeds {', '.join(map(str, gone[:_MANY]))}, which are not here"


def _differences(old: dict[str, Any], new: dict[str, Any], before: str = "") -> Iterator[str]:
    """What decides over the results, and is not the same."""
    for name in dict.fromkeys([*old, *new]):
        left, right = old.get(name), new.get(name)
        if left == right:
            continue
        path = f"{before}{name}"
        cells = all(isinstance(side, dict) and "value" not in side and "data" not in side for side in (left, right))
        if cells:
            yield from _differences(left or {}, right or {}, f"{path}: ")
        elif path.startswith("functions: "):
            how = "is new" if left is None else "is gone" if right is None else "has changed"
            yield f"{name} {how}"
        else:
            yield f"{path} is {_shown(left)} there, {_shown(right)} here"


def _shown(cell: Any) -> str:
    """What a cell says."""
    try:
        value, unit = split_cell(cell)
    except (LookupError, TypeError, ValueError):
        return str(cell)
    return f"{value} {unit}".rstrip()
