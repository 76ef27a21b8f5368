"""Mistakes in where recordings go, and what keeps them from going there.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = ["DiskFullError", "MemoryBudgetError", "SpillFolderError"]


class MemoryBudgetError(NumbadynError, ValueError):
    """The memory that a run may take is no amount of memory, or is less than the network itself takes.

    Wrong::

        sim.run(10 * pq.s, memory="2 GBit")

    Right, a text, a quantity, or a whole number of bytes::

        sim.run(10 * pq.s, memory="2 GiB")
        sim.run(10 * pq.s, memory=2 * pq.GiB)
    """


class SpillFolderError(NumbadynError, OSError):
    """The folder for recordings that do not fit into memory cannot be made or written; said before the run.

    Wrong, a file, or a folder of somebody else::

        sim.run(10 * pq.s, memory="2 GiB", spill="/etc/passwd")

    Right, a folder that exists or can be made, with enough room::

        sim.run(10 * pq.s, memory="2 GiB", spill="recordings")
    """


class DiskFullError(NumbadynError, OSError):
    """What is recorded could not be written during a run: the disk is full, or the file system failed.

    The run has stopped between two steps. Everything that was recorded so far is in the error's ``.result``, and the
    next ``sim.run(...)`` goes on from there.

    Wrong, an hour of every neuron on a small disk::

        sim.run(3600 * pq.s, memory="1 GiB")

    Right, keep what there is, make room, and go on::

        try:
            first = sim.run(3600 * pq.s, memory="1 GiB")
        except nd.errors.DiskFullError as error:
            first = error.result
        second = sim.run(3600 * pq.s - first.duration, memory="1 GiB", spill="/elsewhere")
    """
