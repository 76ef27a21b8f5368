"""Mistakes in equations that are given as text.

In: three sentences.  Out: named errors.  Must not know: the rest of the package.
"""

from numbadyn.errors.base import NumbadynError

__all__ = [
    "CyclicEquationsError",
    "DuplicateNameError",
    "EquationSyntaxError",
    "IntegrationMethodError",
    "MissingEquationError",
    "UnknownNameError",
]


class EquationSyntaxError(NumbadynError, ValueError):
    """A line of a text of equations cannot be read.

    Wrong, without a unit::

        nd.equations("dv/dt = -v/tau", tau=10 * ms)

    Right::

        nd.equations("dv/dt = -v/tau : volt", tau=10 * ms)
    """


class UnknownNameError(NumbadynError, NameError):
    """A text of equations uses a name that nothing gives a meaning.

    Wrong::

        nd.equations("dv/dt = -v/tau_m : volt", tau=10 * ms)

    Right, a declared name, or a constant given by this name::

        nd.equations("dv/dt = -v/tau_m : volt", tau_m=10 * ms)
    """


class MissingEquationError(NumbadynError, NameError):
    r"""A reset changes something that has no equation and is no parameter.

    Wrong::

        nd.equations("dv/dt = -v/tau : volt", threshold="v > 1*mV", reset="w += 1", tau=10 * ms)

    Right::

        nd.equations("dv/dt = -v/tau : volt\\nw : 1", threshold="v > 1*mV", reset="w += 1", tau=10 * ms)
    """


class DuplicateNameError(NumbadynError, ValueError):
    r"""A text of equations gives a name two meanings.

    Wrong::

        nd.equations("dv/dt = -v/tau : volt\\nv : volt", tau=10 * ms)

    Right, one of them::

        nd.equations("dv/dt = -v/tau : volt", tau=10 * ms)
    """


class CyclicEquationsError(NumbadynError, ValueError):
    r"""Subexpressions of a text of equations stand for each other.

    Wrong::

        nd.equations("dv/dt = a/tau : 1\\na = b : 1\\nb = a + v : 1", tau=10 * ms)

    Right, one of them from states and parameters alone::

        nd.equations("dv/dt = a/tau : 1\\na = b : 1\\nb = -v : 1", tau=10 * ms)
    """


class IntegrationMethodError(NumbadynError, ValueError):
    """A method of integration is not known, or cannot advance the equations that it is given.

    Wrong, not linear::

        nd.equations("dv/dt = v**2/ms : 1", method="exact")

    Right::

        nd.equations("dv/dt = v**2/ms : 1", method="rk4")
    """
