"""Mistakes with checkpoints: files that cannot be written, that are damaged, that belong to something else.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = [
    "CheckpointDamagedError",
    "CheckpointFolderError",
    "CheckpointMismatchError",
    "CheckpointMissingError",
    "CheckpointReadError",
    "CheckpointWarning",
    "CheckpointWriteError",
]


class CheckpointWriteError(NumbadynError, OSError):
    """A checkpoint cannot be written: no such folder, no permission, a full disk.

    A path that cannot be written is refused before the run. Where writing fails later, the run ends: what was recorded
    is in the error's ``.result``, the checkpoint before is whole, and `Simulator.run` can be called again to go on.

    Wrong, a folder that is not there::

        sim.run(1 * pq.h, checkpoint="no/such/folder/run.checkpoint")

    Right::

        sim.run(1 * pq.h, checkpoint="run.checkpoint")
    """


class CheckpointReadError(NumbadynError, OSError):
    """A checkpoint is there, but the system does not let it be read: no permission, a disk that fails.

    Wrong, a file of somebody else::

        nd.Simulator.load("/home/ada/run.checkpoint", net)

    Right, a copy that may be read::

        nd.Simulator.load("run.checkpoint", net)
    """


class CheckpointMissingError(CheckpointReadError, FileNotFoundError):
    """There is no checkpoint of this name.

    `Simulator.load` goes on from a file that is there; a run with ``checkpoint=`` begins anew where there is none.

    Wrong, a name that was never given to `Simulator.save`::

        nd.Simulator.load("rum.checkpoint", net)

    Right::

        nd.Simulator.load("run.checkpoint", net)
    """


class CheckpointFolderError(CheckpointReadError, IsADirectoryError):
    """A folder was given for a checkpoint, which is a file.

    Wrong, the folder of what a run has recorded::

        nd.Simulator.load("run.checkpoint.recorded", net)

    Right, the file beside it::

        nd.Simulator.load("run.checkpoint", net)
    """


class CheckpointDamagedError(NumbadynError, ValueError):
    """A file is no whole checkpoint: cut off, changed, of another kind, or of a newer version of the package.

    Wrong, a file that was copied half::

        nd.Simulator.load("run.checkpoint", net)

    Right, the checkpoint before it, which `Simulator.run` leaves beside the last one::

        nd.Simulator.load("run.checkpoint.before", net)
    """


class CheckpointMismatchError(NumbadynError, ValueError):
    """A checkpoint belongs to something else: another network, other numbers, another run.

    The message names what differs first.

    Wrong, a network of another size::

        nd.Simulator(Net(100), dt=dt).save("net.checkpoint")
        nd.Simulator.load("net.checkpoint", Net(200))

    Right::

        nd.Simulator.load("net.checkpoint", Net(100))
    """


class CheckpointWarning(UserWarning):
    """The last checkpoint of a run is damaged, so that the run goes on from the one before.

    Wrong, a disk that loses what was written.

    Right, nothing to be done: what is lost is the time between the two checkpoints.
    """
