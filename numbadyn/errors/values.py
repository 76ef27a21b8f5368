"""Mistakes in values: units, parameters, sizes, shapes.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = [
    "DimensionError",
    "InvalidParameterError",
    "LookupRangeError",
    "RateError",
    "ShapeError",
    "SizeError",
    "UnitExpectedError",
]


class DimensionError(NumbadynError, TypeError):
    """Two physical dimensions that do not fit meet: a sum, a comparison, a parameter, a weight, a delay.

    Wrong, a voltage plus a time::

        self.V.value + self.tau

    Right, first make a rate of change, then multiply by the time::

        self.V.value + (self.V_rest - self.V.value) / self.tau * dt
    """


class UnitExpectedError(NumbadynError, TypeError):
    """A bare number stands where a quantity with a unit is needed; zero needs its unit too.

    Wrong::

        LIF(100, tau=20)

    Right::

        LIF(100, tau=20 * pq.ms)
    """


class InvalidParameterError(NumbadynError, ValueError):
    """A parameter is NaN, infinite, or outside the values that have a meaning.

    Wrong::

        LIF(100, tau=float("nan") * pq.ms)

    Right::

        LIF(100, tau=20 * pq.ms)
    """


class RateError(InvalidParameterError):
    """A rate of spikes is higher than a step can carry.

    Wrong, at most one spike a step of 0.1 ms, which is 10 kHz::

        PoissonGroup(100, rates=20 * pq.kHz)

    Right, a shorter step, or many sources that are counted::

        Simulator(net, dt=0.05 * pq.ms)
        PoissonInput(E, num_input=100, freq=200 * pq.Hz, weight=0.1 * pq.mV)
    """


class SizeError(NumbadynError, ValueError):
    """The size of a population is empty, negative, or not an integer.

    Wrong::

        LIF(100.5); LIF(0); LIF(())

    Right, an integer or a tuple of positive integers::

        LIF(100); LIF((10, 10))
    """


class LookupRangeError(NumbadynError, IndexError):
    """An index that the step computes is outside of the array that it is used on; the run ends where that happens.

    Wrong, once more steps have run than the table has rows::

        drive = np.take(table, nd.environ.get("i"), axis=0)

    Right, say what comes after the end: repeat, or hold the last row::

        drive = np.take(table, nd.environ.get("i") % len(table), axis=0)
        drive = nd.TimedArray(table, dt=0.1 * pq.ms)(nd.environ.get("t"))
    """


class ShapeError(NumbadynError, ValueError):
    """Shapes of arrays, states or inputs do not broadcast to the shape that is needed.

    Wrong, eleven thresholds for ten neurons::

        LIF(10, V_th=np.full(11, -50.0) * pq.mV)

    Right, one value, or one for each neuron::

        LIF(10, V_th=np.full(10, -50.0) * pq.mV)
    """
