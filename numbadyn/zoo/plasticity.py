"""Short-term plasticity: how much of its weight a synapse still transmits, spike after spike.

In: the spikes of this step.  Out: a graded signal, zero where nobody spikes.  Must not know: connectivity, projections,
lowering, targets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numbadyn.model import environ
from numbadyn.model.dynamics import Synapse
from numbadyn.model.init import Initialiser
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.model.values import Parameter, State
from numbadyn.zoo.units import ms

__all__ = ["STD", "STP"]


class STP(Synapse):
    r"""Short-term plasticity with facilitation and depression, as a stage that spikes pass through.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the presynaptic population.
    U : float or array
        Jump of the utilisation at a spike, as a fraction of what is left (0 to 1); one value or one for each neuron.
    tau_f : quantities.Quantity
        Time constant with which the facilitation fades (ms).
    tau_d : quantities.Quantity
        Time constant with which the resources recover from depression (ms).
    u_initializer : Initialiser, number or array, optional
        First values of u; 0 by default, that of a synapse at rest, whose first spike releases the fraction `U`.
    x_initializer : Initialiser, number or array
        First values of x; all resources are available by default.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    u : State
        Utilisation: the fraction of the resources that the last spike released, faded since.
    x : State
        Fraction of the resources that is available.

    Raises
    ------
    InvalidParameterError
        `U` is below 0 or above 1, or a time constant is not positive.

    Notes
    -----
    .. math::

        \frac{du}{dt} = -\frac{u}{\tau_f}, \qquad \frac{dx}{dt} = \frac{1 - x}{\tau_d}

    and at a spike, in this order,

    .. math:: u \leftarrow u + U (1 - u), \qquad \text{release } r = u x, \qquad x \leftarrow x - r .

    A step first lets u and x recover, exactly, then applies the jumps to the recovered values. The output is r where a
    neuron spikes and 0 elsewhere: a factor of the weight. A graded signal s scales all three, with r = s u x.

    An instance has one signal and is stepped once in a step. Projections of one population that should share it read it
    from there: ``stp = E.align_pre(nd.STP.desc(U=0.2))``, then ``nd.AlignPostProj(stp, comm=...)``.

    References
    ----------
    Tsodyks, M., Pawelzik, K. and Markram, H. (1998), Neural networks with dynamic synapses, Neural Computation 10,
    821-835, doi:10.1162/089976698300017502.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> stp = nd.init_all_states(nd.STP(1, U=0.5, tau_f=20 * ms, tau_d=200 * ms))
    >>> with nd.environ.context(dt=10 * ms):
    ...     [float(stp([True]).round(4)[0]) for spike in range(3)]
    [0.5, 0.3417, 0.1552]
    """

    def __init__(
        self,
        in_size: SizeLike,
        U: ParameterLike = 0.15,
        tau_f: ParameterLike = 1500.0 * ms,
        tau_d: ParameterLike = 200.0 * ms,
        u_initializer: ParameterLike | None = None,
        x_initializer: ParameterLike = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.U = Parameter(U, low=0.0, high=1.0)
        self.tau_f = Parameter(tau_f, unit=ms, positive=True)
        self.tau_d = Parameter(tau_d, unit=ms, positive=True)
        self.u_initializer = u_initializer
        self.x_initializer = x_initializer

    def init_state(self) -> None:
        """Make the utilisation and the resources."""
        self.u = State(_real(0.0 if self.u_initializer is None else self.u_initializer))
        self.x = State(_real(self.x_initializer))

    def update(self, x: Any) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : array of bool, or of numbers
            The spikes of this step.

        Returns
        -------
        array
            Released fraction of the resources, shape `varshape`.
        """
        dt = environ.get_dt()
        u = self.u.value * np.exp(-dt / self.tau_f)
        available = 1.0 - (1.0 - self.x.value) * np.exp(-dt / self.tau_d)
        u = u + x * (self.U * (1.0 - u))
        released = x * (u * available)
        self.u.value = u
        self.x.value = available - released
        return released


class STD(Synapse):
    r"""Short-term depression, as a stage that spikes pass through.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the presynaptic population.
    tau : quantities.Quantity
        Time constant with which the resources recover (ms), one value or one for each neuron.
    U : float or array
        Fraction of the resources that a spike uses up (0 to 1).
    x_initializer : Initialiser, number or array
        First values of x.
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    x : State
        Fraction of the resources that is available.

    Raises
    ------
    InvalidParameterError
        `U` is below 0 or above 1, or `tau` is not positive.

    Notes
    -----
    .. math:: \frac{dx}{dt} = \frac{1 - x}{\tau}, \qquad x \leftarrow x - U x \text{ at a spike}

    A step first lets x recover, exactly, then applies the jump to the recovered value. The output is the x of before
    the jump where a neuron spikes and 0 elsewhere: a factor of the weight, 1 for the first spike. For sharing see
    `STP`.

    References
    ----------
    Abbott, L. F., Varela, J. A., Sen, K. and Nelson, S. B. (1997), Synaptic depression and cortical gain control,
    Science 275, 221-224, doi:10.1126/science.275.5297.221.

    Tsodyks, M., Pawelzik, K. and Markram, H. (1998), Neural networks with dynamic synapses, Neural Computation 10,
    821-835, doi:10.1162/089976698300017502.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import ms
    >>> std = nd.init_all_states(nd.STD(1, tau=200 * ms, U=0.5))
    >>> with nd.environ.context(dt=10 * ms):
    ...     [float(std([True]).round(4)[0]) for spike in range(3)]
    [1.0, 0.5244, 0.2982]
    """

    def __init__(
        self,
        in_size: SizeLike,
        tau: ParameterLike = 200.0 * ms,
        U: ParameterLike = 0.07,
        x_initializer: ParameterLike = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(in_size, name=name)
        self.tau = Parameter(tau, unit=ms, positive=True)
        self.U = Parameter(U, low=0.0, high=1.0)
        self.x_initializer = x_initializer

    def init_state(self) -> None:
        """Make the resources."""
        self.x = State(_real(self.x_initializer))

    def update(self, x: Any) -> Any:
        """Advance by one step.

        Parameters
        ----------
        x : array of bool, or of numbers
            The spikes of this step.

        Returns
        -------
        array
            Resources that the spikes find, shape `varshape`.
        """
        available = 1.0 - (1.0 - self.x.value) * np.exp(-environ.get_dt() / self.tau)
        released = x * available
        self.x.value = available - self.U * released
        return released


def _real(value: Any) -> Any:
    """First values as real numbers, so that a state that starts at 1 is not one of integers."""
    if isinstance(value, Initialiser) or callable(value):
        return value
    return 1.0 * (np.asarray(value) if isinstance(value, list | tuple) else value)
