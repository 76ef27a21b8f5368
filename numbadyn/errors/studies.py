"""Mistakes in studies: grids, what is measured, stores, workers.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = [
    "DamagedStoreWarning",
    "GridError",
    "MeasureError",
    "StoreBusyError",
    "StoreError",
    "StoreMismatchError",
    "StoreWriteError",
    "StudyError",
    "WorkerLostError",
]


class GridError(NumbadynError, ValueError):
    """A grid of parameters that cannot be laid out: no values, values given twice, or lists that do not fit together.

    Wrong, two lists of different length that are to go together::

        nd.sweep(build, {"tau": [10, 20] * ms, "g": [4, 5, 6]}, mode="zip", ...)

    Right::

        nd.sweep(build, {"tau": [10, 20, 30] * ms, "g": [4, 5, 6]}, mode="zip", ...)

    Wrong, an object of which nobody can say later what it was::

        nd.sweep(build, {"model": [nd.LIF, nd.HH]}, ...)

    Right, a name, and a function that knows what it means::

        nd.sweep(build, {"model": ["LIF", "HH"]}, ...)
    """


class MeasureError(NumbadynError, TypeError):
    """A function that measures gives what cannot stand in a table.

    A table holds numbers, truth values, texts and arrays of numbers, with or without units, by names. The names are the
    same at all points.

    Wrong, an object::

        def measure(result):
            return result["E"]

    Right, numbers with names::

        def measure(result):
            return {"rate": result["E"].spikes.rate, "cv": result["E"].spikes.cv_isi()}
    """


class StudyError(NumbadynError, RuntimeError):
    """Something is asked of a study that it cannot do: to run again without its functions, or to run without a store.

    Wrong, points are to be run again by a study that was read from a store, which keeps no code::

        nd.Study.open("study").retry()

    Right, the functions come with the call, and what is finished is kept::

        nd.sweep(build, grid, ..., store="study").retry()
    """


class StoreError(NumbadynError, ValueError):
    """A folder is no store of a study, its manifest is damaged, or a newer version has written it.

    Wrong, a folder that holds other files::

        nd.sweep(build, grid, ..., store="results")

    Right, a folder of its own::

        nd.sweep(build, grid, ..., store="results/brunel")
    """


class StoreMismatchError(NumbadynError, ValueError):
    """A store belongs to another study; the message says what differs.

    What is finished would not be what the new study computes: another grid, another duration, a changed function. A
    study may grow: more values and more seeds, with all that there were before.

    Wrong, a store that was written with another duration::

        nd.sweep(build, grid, duration=2 * s, ..., store="study")  # before: duration=1 * s

    Right, a store for each study::

        nd.sweep(build, grid, duration=2 * s, ..., store="study-2s")
    """


class StoreBusyError(NumbadynError, RuntimeError):
    """Another process, or this one, runs a study in the same store at this time.

    Wrong, two jobs of a queue with one store::

        python -m numbadyn sweep study.py --store study &
        python -m numbadyn sweep study.py --store study &

    Right, one job with more workers, or with the workers of a cluster::

        python -m numbadyn sweep study.py --store study --workers 2
    """


class StoreWriteError(NumbadynError, OSError):
    """A store cannot be written: the disk is full, or the folder must not be written.

    All points that were finished before are in the store, intact. The error's ``.result`` is the study, with the points
    that are in the store.

    Wrong, a file system without room::

        nd.sweep(build, grid, ..., store="/full/study")

    Right, free some room and call it again: it goes on with what is missing.
    """


class WorkerLostError(NumbadynError, RuntimeError):
    """The process that ran a point has died, twice where it ran nothing else: it was killed, or ran out of memory.

    Wrong, more workers than fit into memory::

        nd.sweep(build, grid, ..., workers=64)

    Right, fewer; ``nd.sweep(..., plan=True)`` says what each of them needs::

        nd.sweep(build, grid, ..., workers=8)
    """


class DamagedStoreWarning(UserWarning):
    """Records of a store are damaged; their points count as not done, and run again.

    Records are told from their checksums. The last record of a file may be cut off where a process was killed while it
    wrote; this is expected, and not worth a warning.
    """
