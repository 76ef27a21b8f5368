"""Mistakes with results that are written to files or read from them.

In: a sentence about the mistake, the place and the cure.  Out: an exception.  Must not know: anything else of the
package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = ["ExportError", "OutputPathError", "ResultFileError"]


class ExportError(NumbadynError, ValueError):
    """A result cannot be written in a format, which has no place for what is in it.

    Wrong, a batch in a file that holds one trial::

        sim = nd.Simulator(net, dt, batch=8)
        sim.run(1 * s).to_sonata("spikes.h5")

    Right::

        result = sim.run(1 * s)
        result.replica(3).to_sonata("spikes_3.h5")
    """


class OutputPathError(NumbadynError, OSError):
    """A file of results cannot be written where it was asked for; nothing was left there.

    Wrong, a folder that is not there::

        result.to_npz("no/such/folder/run.npz")

    Right::

        Path("results").mkdir(exist_ok=True)
        result.to_npz("results/run.npz")
    """


class ResultFileError(NumbadynError, ValueError):
    """A file holds no result, is damaged, or was written by a later version.

    Wrong, a file of something else::

        nd.Result.from_npz("weights.npz")

    Right::

        result.to_npz("run.npz")
        nd.Result.from_npz("run.npz")
    """
