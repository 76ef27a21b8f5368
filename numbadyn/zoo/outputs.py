"""Output models: what current a conductance makes at a membrane potential.

In: a conductance that is bound in each step, and V.  Out: a current.  Must not know: synapses, projections, targets.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import HookArgumentError, NotInitialisedError
from numbadyn.model.describe import Describer
from numbadyn.model.hooks import takes
from numbadyn.model.module import Module
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.zoo.units import mM, mV

__all__ = ["COBA", "CUBA", "MgBlock", "SynOut"]


class SynOut(Module):
    """Base class of output models.

    Parameters
    ----------
    name : str, optional
        Name for messages and results.

    Attributes
    ----------
    conducts : bool
        Whether what is bound is a conductance, so that weights below zero have no meaning and are refused; False unless
        a class says so.

    Notes
    -----
    In each step a projection binds what has arrived, then the target calls the model with its membrane potential, from
    inside the right-hand side of its equation: a class gives that current by ``update(self, V)``, with
    ``self.conductance``, or by ``update(self, conductance, V)``.
    """

    conducts: ClassVar[bool] = False

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.varshape: tuple[int, ...] = ()
        self._bound: Any = None
        self._drivers: list[Module] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The current; `update` is given the conductance too, where it takes two arguments.

        Raises
        ------
        HookArgumentError
            `update` takes neither the potential alone nor both.
        """
        if _takes_conductance(type(self).update):
            args = (self.conductance, *args)
        if not takes(self.update, args, kwargs):
            raise HookArgumentError(
                f"The update of {self.path} takes the arguments {inspect.signature(self.update)}.",
                where=f"{self.path}.update",
                cure="Write it as update(self, V), with self.conductance, or as update(self, conductance, V).",
                signature=str(inspect.signature(self.update)),
            )
        return super().__call__(*args, **kwargs)

    def add_driver(self, projection: Module) -> None:
        """Remember a projection that binds the conductance, so that messages can name it."""
        self._drivers.append(projection)

    def bind_cond(self, conductance: Any) -> None:
        """Set the conductance of this step."""
        self._bound = conductance

    def unbind_cond(self) -> None:
        """Forget the conductance."""
        self._bound = None

    @property
    def conductance(self) -> Any:
        """What is bound.

        Raises
        ------
        NotInitialisedError
            Nothing is.
        """
        if self._bound is None:
            names = ", ".join(projection.path for projection in self._drivers)
            raise NotInitialisedError(
                f"{self.path} is asked for a current, but no conductance is bound to it.",
                where=self.path,
                cure=f"It is driven by {names}: in an update written by hand, call that before its target; and if it "
                "lies outside of the part that is explained or simulated, take the network that holds both."
                if names
                else "Call bind_cond(g) first, in each step.",
                path=self.path,
            )
        return self._bound

    @classmethod
    def desc(cls, *args: Any, **kwargs: Any) -> Describer:
        """Describe an instance that a projection will make, so that equal ones are made once.

        Parameters
        ----------
        *args, **kwargs
            Those of the class.

        Returns
        -------
        Describer
        """
        return Describer(cls, args, kwargs)


@functools.cache
def _takes_conductance(update: Callable[..., Any]) -> bool:
    """Whether an update takes the conductance in front of the potential."""
    given = list(inspect.signature(update).parameters.values())[1:]
    required = [p for p in given if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(required) == 2


class COBA(SynOut):
    r"""Conductance-based output.

    Parameters
    ----------
    E : quantities.Quantity
        Reversal potential (mV), one value or one for each target neuron.
    name : str, optional
        Name for messages and results.

    Notes
    -----
    :math:`I = g\,(E - V)`, in pA where g is in nS. Conductances are positive: a synapse inhibits because E lies below
    rest. A projection with a negative weight is refused.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, nS
    >>> out = nd.COBA(E=0 * mV)
    >>> out.bind_cond(2 * nS)
    >>> print(out(-60 * mV).rescale("pA"))
    120.0 pA
    """

    conducts: ClassVar[bool] = True

    def __init__(self, E: ParameterLike, name: str | None = None) -> None:
        super().__init__(name)
        self.E = Parameter(E, unit=mV)

    def update(self, V: Any) -> Any:
        """Give the current at a membrane potential; see `SynOut.update`."""
        return self.conductance * (self.E - V)


class CUBA(SynOut):
    r"""Current-based output: independent of the membrane potential.

    Parameters
    ----------
    scale : number or quantities.Quantity, optional
        Factor; none by default.
    name : str, optional
        Name for messages and results.

    Notes
    -----
    :math:`I = g \cdot scale`. Without a scale the weights are in the unit that the target sums: pA for a `LIF` with its
    default resistance, mV for a `LIF` with R = 1. Weights in nS take a scale in mV.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, pA
    >>> out = nd.CUBA()
    >>> out.bind_cond(2 * pA)
    >>> print(out(-60 * mV))
    2.0 pA
    """

    def __init__(self, scale: ParameterLike | None = None, name: str | None = None) -> None:
        super().__init__(name)
        self.scale = None if scale is None else Parameter(scale)

    def update(self, V: Any) -> Any:
        """Give the current; see `SynOut.update`."""
        return self.conductance if self.scale is None else self.conductance * self.scale


class MgBlock(SynOut):
    r"""Output of NMDA receptors, which magnesium blocks at low membrane potentials.

    Parameters
    ----------
    E : quantities.Quantity
        Reversal potential (mV).
    cc_Mg : quantities.Quantity or number
        Concentration of magnesium (mM); a plain number counts in mM.
    alpha : quantities.Quantity
        Steepness (1/mV).
    beta : quantities.Quantity or number
        Concentration of half block at V_offset (mM); a plain number counts in mM.
    V_offset : quantities.Quantity
        Potential that the block counts from (mV).
    name : str, optional
        Name for messages and results.

    Raises
    ------
    DimensionError
        A parameter has another unit.
    InvalidParameterError
        A concentration is negative, or `beta` is zero.

    Notes
    -----
    .. math:: I = g\, \frac{E - V}{1 + \frac{[Mg]}{\beta}\, e^{\alpha (V_{offset} - V)}}

    References
    ----------
    Jahr, C. E. and Stevens, C. F. (1990), Voltage dependence of NMDA-activated macroscopic conductances predicted by
    single-channel kinetics, Journal of Neuroscience 10, 3178-3182, doi:10.1523/JNEUROSCI.10-09-03178.1990.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV, nS
    >>> out = nd.MgBlock()
    >>> out.bind_cond(1 * nS)
    >>> print(out(-60 * mV).rescale("pA").round(3))
    4.035 pA
    """

    conducts: ClassVar[bool] = True

    def __init__(
        self,
        E: ParameterLike = 0.0 * mV,
        cc_Mg: ParameterLike = 1.2 * mM,
        alpha: ParameterLike = 0.062 / mV,
        beta: ParameterLike = 3.57 * mM,
        V_offset: ParameterLike = 0.0 * mV,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.E = Parameter(E, unit=mV)
        self.cc_Mg = Parameter(_concentration(cc_Mg), unit=mM, negative=False)
        self.alpha = Parameter(alpha, unit=1.0 / mV)
        self.beta = Parameter(_concentration(beta), unit=mM, positive=True)
        self.V_offset = Parameter(V_offset, unit=mV)

    def update(self, V: Any) -> Any:
        """Give the current at a membrane potential; see `SynOut.update`."""
        blocked = self.cc_Mg / self.beta * np.exp(self.alpha * (self.V_offset - V))
        return self.conductance * (self.E - V) / (1.0 + blocked)


def _concentration(value: Any) -> Any:
    """Give plain numbers the unit that they are meant in."""
    plain = isinstance(value, int | float | list | tuple | np.number) or type(value) is np.ndarray
    return np.asarray(value) * mM if plain else value
