"""How much memory this process may still use, as far as the system tells.

In: files of the system.  Out: bytes, or None where nobody knows.  Must not know: what the memory is for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["free_bytes"]

_UNLIMITED = 1 << 60
"""Containers without a limit say so by a number near the largest one."""

_GROUPS = (
    ("", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Folder, limit, use and the part of the use that the system gives up when it must, in both versions of cgroups."""


def free_bytes(root: Path = Path("/")) -> int | None:
    """Memory that is free for this process: on the machine, in its container, below its own limits.

    Parameters
    ----------
    root : Path
        Where the system's files are.

    Returns
    -------
    int or None
        Bytes; None where the system does not tell.

    Examples
    --------
    >>> free = free_bytes()
    >>> free is None or free > 0
    True
    """
    found = [value for value in (_of_machine(root), *_of_groups(root), *_below_limits(root)) if value is not None]
    return max(0, min(found)) if found else None


def _of_machine(root: Path) -> int | None:
    """What Linux can hand out without swapping; elsewhere the unused pages, or at least all there are."""
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):
        try:
            return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):  # Windows has no such question, macOS not every answer
            continue
    return None


def _of_groups(root: Path) -> Iterator[int]:
    """What the container of this process, and those around it, leave free."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _number, controllers, path = line.split(":", 2)
        for folder, limit, use, spare in _GROUPS:
            if folder not in controllers.split(","):
                continue
            top = root / "sys/fs/cgroup" / folder
            place = top / path.strip("/")
            # inside of a container its own folder is at the top, whatever the path says
            for inner in (place, *place.parents):
                most, used = _number_in(inner / limit), _number_in(inner / use)
                if most is not None and used is not None and most < _UNLIMITED:
                    yield most - used + _entry(inner / "memory.stat", spare)
                if inner == top:
                    break


def _below_limits(root: Path) -> Iterator[int]:
    """What the limits of the process (``ulimit -v``) leave free."""
    try:
        import resource  # not at the top: Windows has none
    except ImportError:
        return
    pages = _text(root / "proc/self/statm").split()
    for name, column in (("RLIMIT_AS", 0), ("RLIMIT_DATA", 5)):
        most = resource.getrlimit(getattr(resource, name))[0]
        if most != resource.RLIM_INFINITY and len(pages) > column:
            yield most - int(pages[column]) * resource.getpagesize()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number_in(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _entry(path: Path, name: str) -> int:
    """A number of a file of names and numbers; zero where there is none."""
    for line in _text(path).splitlines():
        if line.startswith(name + " "):
            return int(line.split()[1])
    return 0
