"""Mistakes in batches of replicas, and in what is varied.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError
from numbadyn.errors.values import ShapeError

__all__ = [
    "BatchLengthError",
    "CoordinateError",
    "NoBatchError",
    "NoEffectError",
    "StructureError",
    "UnknownPathError",
]


class UnknownPathError(NumbadynError, KeyError):
    """A path names nothing in the network whose value may be varied; those that look most like it are listed.

    Wrong::

        sim.batch["E.taus"] = [10, 20] * pq.ms

    Right::

        sim.batch["E.tau"] = [10, 20] * pq.ms
    """


class BatchLengthError(ShapeError):
    """There is not one value for each replica of a batch.

    Wrong::

        sim = nd.Simulator(net, dt=0.1 * pq.ms, batch=3)
        sim.batch["E.tau"] = [10, 20] * pq.ms

    Right::

        sim.batch["E.tau"] = [10, 15, 20] * pq.ms
    """


class StructureError(NumbadynError, ValueError):
    """Replicas of one batch would differ in their structure: in a size, a kind of neuron, who projects to whom.

    Wrong::

        sim.batch["E.in_size"] = [100, 200]

    Right, a simulator for each structure, which a sweep makes by itself::

        sims = [nd.Simulator(build(size), dt=0.1 * pq.ms) for size in (100, 200)]
    """


class NoBatchError(NumbadynError, RuntimeError):
    """Something is asked of the replicas of a simulator or of a result that has no batch.

    Wrong::

        nd.Simulator(net, dt=0.1 * pq.ms).batch["E.tau"] = [10, 20] * pq.ms

    Right::

        nd.Simulator(net, dt=0.1 * pq.ms, batch=2).batch["E.tau"] = [10, 20] * pq.ms
    """


class NoEffectError(NumbadynError, ValueError):
    """Values are given for something that no step reads, so that all replicas would be the same.

    Wrong, a stimulus that no update calls::

        net.drive = nd.TimedArray(rows, dt=1 * pq.ms)
        sim.batch["drive"] = [rows, 2 * rows]

    Right::

        class Driven(nd.LIF):
            def update(self, x=0 * pq.pA):
                return super().update(x + self.drive(nd.environ.get("t")))
    """


class CoordinateError(NumbadynError, KeyError):
    """A result has no coordinate of a name, or no replica with a value of it.

    Wrong::

        result.sel(taus=10 * pq.ms)

    Right, a name of `Result.coords`, or its last part, and a value that a replica has::

        result.sel(tau=10 * pq.ms)
    """
