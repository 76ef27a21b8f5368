"""Who else could change the files of a folder.

In: a folder.  Out: a sentence, if somebody else than this user could put files there or another folder in its place.
Must not know: what the files are for.

What the modes of POSIX say counts. Where there are none, as on Windows, nothing is said: folders of a user are closed
to others there unless somebody opens them on purpose.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

__all__ = ["Opened", "who_else_writes"]


class Opened(NamedTuple):
    """A folder that others can change: a clause that says who, and the cure."""

    said: str
    cure: str


def who_else_writes(folder: Path) -> Opened | None:
    """Say who else could change the files of a folder, or put another folder in its place.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist yet; then the folders above it count.

    Returns
    -------
    Opened or None
        Such as "everybody can write to /tmp/x", with the command that closes it; None if nobody but this user and the
        system's administrator can. The folders above count too, where they let others rename what is in them.

    Examples
    --------
    >>> import tempfile
    >>> print(who_else_writes(Path(tempfile.mkdtemp())))
    None
    """
    if not hasattr(os, "geteuid"):
        return None
    found = _opened_by(folder, above=False)
    for parent in dict.fromkeys((*folder.parents, *folder.resolve().parents)):
        found = found or _opened_by(parent, above=True)
    return found


def _opened_by(folder: Path, *, above: bool) -> Opened | None:
    try:
        state = os.stat(folder)
    except OSError:
        return None  # it is not there; who can make it is decided by the folder above
    if state.st_uid not in (os.geteuid(), 0):
        return Opened(f"{folder} belongs to {_user(state.st_uid)}", "take a folder of your own")
    if above and state.st_mode & stat.S_ISVTX:
        return None  # as /tmp: others may add files but not rename ours
    if state.st_mode & stat.S_IWOTH:
        return Opened(f"everybody can write to {folder}", f"chmod {'go-w' if above else '700'} {folder}")
    if state.st_mode & stat.S_IWGRP and not _group_of_one(state.st_gid):
        said = f"the group {_group(state.st_gid)} can write to {folder}"
        return Opened(said, f"chmod {'go-w' if above else '700'} {folder}")
    return None


def _group_of_one(gid: int) -> bool:
    """Whether a group is the user's private one: many systems give each user one, and open new folders to it."""
    import grp  # not at the top: Windows has neither
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return user.pw_gid == gid and user.pw_name == group.gr_name and set(group.gr_mem) <= {user.pw_name}


def _user(uid: int) -> str:
    import pwd  # as above

    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"


def _group(gid: int) -> str:
    import grp  # as above

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
