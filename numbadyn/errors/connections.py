"""Mistakes in delays, projections and connectivity.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = [
    "ConnectivityError",
    "DelayEntryError",
    "DelayError",
    "DelayRangeError",
    "InterpolationError",
    "LateDelayError",
    "LeftOutError",
    "NegativeConductanceError",
    "ProjectionTargetError",
    "UnstableCouplingError",
    "UpdateEveryError",
]


class DelayError(NumbadynError, ValueError):
    """A delay is negative, not finite, or of the wrong shape; a delay of a wrong unit is a `DimensionError`.

    Wrong::

        self.E.output_delay(-1.5 * pq.ms)

    Right, zero or a positive time::

        self.E.output_delay(1.5 * pq.ms)
    """


class LateDelayError(NumbadynError, RuntimeError):
    """A delay is registered after the network was built, and the buffers that exist are too short for it.

    Wrong::

        sim = Simulator(net, dt=0.1 * pq.ms); net.E.output_delay(50 * pq.ms)

    Right, name every delay before the simulator is made::

        net.E.output_delay(50 * pq.ms); sim = Simulator(net, dt=0.1 * pq.ms)
    """


class LeftOutError(NumbadynError, RuntimeError):
    """A projection ends on what is simulated, or a step reads a state, but no step runs it: it would be left out.

    Wrong, nothing holds the projection, or only a name that hides it::

        nd.DeltaProj(net.E, comm=comm, post=net.I); net._back = nd.DeltaProj(net.I, comm=comm, post=net.E)

    Right, it stands in an attribute of the network, or in a list, a dictionary or the like there::

        net.E2I = nd.DeltaProj(net.E, comm=comm, post=net.I); net.more = [nd.DeltaProj(net.I, comm=comm, post=net.E)]

    A part is simulated without what ends on it from outside by ``nd.Simulator(net.part, ..., alone=True)``.
    """


class DelayRangeError(NumbadynError, ValueError):
    """A delay is longer than what is remembered, or a delay that changes leaves its range while the network runs.

    Wrong, a delay that grows past what it was declared to reach::

        self.past = self.prefetch_delay("x", lambda: self.tau.value, max_delay=20 * pq.ms)  # tau grows to 25 ms

    Right, declare the longest delay that can occur, or limit it::

        self.past = self.prefetch_delay("x", lambda: np.minimum(self.tau, 20 * pq.ms), max_delay=20 * pq.ms)
    """


class DelayEntryError(NumbadynError, KeyError):
    """An entry of a `Delay` is asked for that was not registered, or registered a second time.

    Wrong::

        delay = nd.Delay(E.V, time=5 * pq.ms); delay.at("late")

    Right, register it first, once::

        delay.register_entry("late", 5 * pq.ms); delay.at("late")
    """


class InterpolationError(NumbadynError, ValueError):
    """A method of interpolation is not known, or cannot be called.

    Wrong::

        E.prefetch_delay("V", 0.25 * pq.ms, interpolation="splines")

    Right, one of ``nd.InterpolationRegistry.list_methods()``, or a function registered there::

        E.prefetch_delay("V", 0.25 * pq.ms, interpolation="cubic")
    """


class UpdateEveryError(NumbadynError, ValueError):
    """The window of `update_every` is no multiple of the time step, or its strategy is not known.

    Wrong, at dt = 0.1 ms::

        E.prefetch_delay("V", 5 * pq.ms, update_every=0.25 * pq.ms)

    Right::

        E.prefetch_delay("V", 5 * pq.ms, update_every=0.3 * pq.ms, update_strategy="mean")
    """


class ProjectionTargetError(NumbadynError, TypeError):
    """A projection ends on something that has no such input.

    Wrong, a generator of spikes takes no current::

        AlignPostProj(pre, comm=comm, syn=syn, out=out, post=PoissonGroup(10, rate))

    Right, a model with current inputs::

        AlignPostProj(pre, comm=comm, syn=syn, out=out, post=LIF(10))
    """


class ConnectivityError(NumbadynError, ValueError):
    """A rule of connection asks for more than the populations can give, or a projection has nothing in it to run.

    Wrong, 20 different partners out of 10 neurons::

        FixedInDegree(10, 10, num=20, multapses=False)

    Right, fewer partners, or several synapses for each pair::

        FixedInDegree(10, 10, num=20, multapses=True)
    """


class NegativeConductanceError(NumbadynError, ValueError):
    """A weight below zero reaches a synapse that is a conductance.

    Wrong, inhibition written as a negative conductance::

        AlignPostProj(I, comm=AllToAll(20, 80, weight=-6 * pq.nS), syn=syn, out=COBA.desc(E=0 * pq.mV), post=E)

    Right, a positive conductance with a reversal potential below rest::

        AlignPostProj(I, comm=AllToAll(20, 80, weight=6 * pq.nS), syn=syn, out=COBA.desc(E=-80 * pq.mV), post=E)

    Right, drawn weights that end at zero::

        comm=AllToAll(20, 80, weight=nd.init.Normal(6 * pq.nS, 3 * pq.nS, low=0 * pq.nS))

    Right, weights of both signs as currents::

        AlignPostProj(I, comm=AllToAll(20, 80, weight=-6 * pq.pA), syn=syn, out=CUBA.desc(), post=E)
    """


class UnstableCouplingError(NumbadynError, ValueError):
    """Gap junctions are so strong, and join so many neurons, that a step of this length would be unstable.

    Wrong, 5,000 neurons in one piece that relax towards their partners within 0.04 ms::

        Simulator(net, dt=0.1 * pq.ms)

    Right, a step that the coupling allows::

        Simulator(net, dt=0.02 * pq.ms)

    Right, coupling within groups of neurons, which is solved for any time step::

        SymmetryGapJunction(cells, "V", pairs_within_columns, weight=50 * pq.nS)
    """
