"""Mistakes in what a traced step does with its values.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = [
    "AcrossSynapsesError",
    "KindError",
    "MixedSpacesError",
    "TracedValueError",
    "UnsupportedFunctionError",
]


class AcrossSynapsesError(NumbadynError, TypeError):
    """A rule of plasticity asks for other synapses than the one that it is about, or for their number.

    A rule is written for one synapse; how many there are is known when they have been built, and what others are doing
    is not known to a synapse.

    Wrong::

        def on_pre(self, s):
            s.weight = s.weight / np.sum(s.weight)

    Right, keep what all synapses of a neuron need to know in a state of that neuron::

        def on_post(self, s):
            s.weight = s.weight / s.post.total
    """


class KindError(NumbadynError, TypeError):
    """An operation on conditions or whole numbers that NumPy does not have, or whose result is of a narrow type.

    A step computes with conditions, whole numbers of 64 bits and real numbers, as NumPy does in an eager call.

    Wrong::

        change = (self.V.value > self.V_th) - self.was_above.value
        gate = np.exp(self.V.value > self.V_th)

    Right, say what is meant::

        change = (self.V.value > self.V_th) ^ self.was_above.value
        gate = np.exp((self.V.value > self.V_th).astype(float))
    """


class MixedSpacesError(NumbadynError, ValueError):
    """Values of neurons and values of synapses, or of the synapses of two projections, meet in one expression.

    A synapse joins two neurons, so a value of a population has to say which of the two it is about.

    Wrong, as many traces as neurons beside as many weights as synapses::

        def on_pre(self, s):
            s.weight = s.weight - self.rate * self.post.trace

    Right, the trace of each synapse's postsynaptic neuron::

        def on_pre(self, s):
            s.weight = s.weight - self.rate * s.post.trace
    """


class TracedValueError(NumbadynError, TypeError):
    """Python asked a traced value for a number: ``if``, ``float()``, ``int()``, iteration, an index, ``math.exp``.

    While a step is traced, values stand for what they will be in every later step, so they have no number yet.

    Wrong::

        if self.V.value > self.V_th:
            self.V.value = self.V_reset
        gate = math.exp(-self.V.value / self.k)

    Right, choose element by element, and use the NumPy function::

        self.V.value = np.where(self.V.value > self.V_th, self.V_reset, self.V.value)
        gate = np.exp(-self.V.value / self.k)
    """


class UnsupportedFunctionError(NumbadynError, TypeError):
    """A NumPy function with no rule for traced values was called inside an update.

    Wrong::

        np.linalg.svd(self.V.value)

    Right, compose the functions that have a rule, or compute it once outside of ``update``::

        np.maximum(self.V.value, self.V_min)
    """
