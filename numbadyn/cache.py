"""The cache of compiled kernels: where it is, how large it is, and how to empty it.

In: a folder.  Out: its files and their size.  Must not know: Numba and models.

Kernels are compiled once for each structure of a network and are kept on disk across processes. The folder is what
`set_location` names, else the environment variable ``NUMBADYN_CACHE_DIR``, else a folder ``numbadyn`` where the
platform keeps the caches of a user. Everything in it can be made again; `clear` is always safe.

Machine code runs with the rights of who loads it, so kernels are signed with a key that only this user can read, and a
file without that signature is never used. A folder that others can write to as well is named in a warning.

Examples
--------
>>> import numbadyn.cache
>>> numbadyn.cache.location().is_absolute()
True
"""

from numbadyn.codegen.cache.files import clear, entries, size
from numbadyn.codegen.cache.folder import location, set_location

__all__ = ["clear", "entries", "location", "set_location", "size"]
