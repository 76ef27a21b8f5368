"""Parameters of rules of plasticity: a value for all synapses, for each neuron of a side, or for each synapse.

In: what a user writes.  Out: a parameter that rules read as any other.  Must not know: rules, targets.

One value for all is a plain `Parameter`.  Of an array of shape ``(n_pre, 1)`` or ``(1, n_post)`` each synapse finds the
value of the neuron on that side.  What differs from synapse to synapse is kept as a state of synapses that no rule may
change: so it is drawn, set, read, recorded, varied in a batch and kept in checkpoints as those are.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import FixedAttributeError, ShapeError
from numbadyn.ir.nodes import BindContext
from numbadyn.ir.synapses import mapped, to_rule
from numbadyn.model.domain import domain_of
from numbadyn.model.given_values import Plain
from numbadyn.model.init import Constant, Initialiser
from numbadyn.model.streams import stream_of
from numbadyn.model.typing import ParameterLike
from numbadyn.model.values import Parameter
from numbadyn.projections.synapse_state import SynapseState
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import split

__all__ = ["SideParameter", "SynapseParameter", "is_common", "synapse_parameter", "values_at"]

_VALUE: Any = Parameter.value


def synapse_parameter(
    value: ParameterLike,
    unit: Any = None,
    *,
    positive: bool = False,
    negative: bool = True,
    check: Any = None,
) -> Any:
    """Make a parameter of a rule of plasticity, of which synapses may have different values.

    Parameters
    ----------
    value : number, quantity, array, Initialiser or callable
        One value for all synapses; an array of shape ``(n_pre, 1)`` or ``(1, n_post)``, with a value for each neuron of
        a side; of shape ``(n_synapses,)`` in the order of the projection's ``edges()``, or ``(n_pre, n_post)``, of
        which each synapse has the entry of its pair; a distribution that is drawn for each synapse; or a function of
        both ends, ``lambda i, j: ...``. Between parts of populations, neurons are numbered as in ``edges()``, in the
        whole populations.
    unit : quantities.Quantity, optional
        The unit that it must be convertible to.
    positive, negative, check
        As of `Parameter`; `check` is for one value for all.

    Returns
    -------
    Parameter, SideParameter or SynapseParameter
        To be assigned in the ``__init__`` of a projection, and read in its rules.

    Examples
    --------
    >>> import numpy as np
    >>> import numbadyn as nd
    >>> class Learning(nd.PlasticProj):
    ...     def __init__(self, *modules, rate=0.1, **options):
    ...         super().__init__(*modules, **options)
    ...         self.rate = nd.synapse_parameter(rate)
    ...     def on_pre(self, s):
    ...         s.weight = s.weight * (1 - self.rate)
    >>> pre, post = nd.LIF(3), nd.LIF(2)
    >>> rates = np.array([0.1, 0.2, 0.3])[:, None]
    >>> Learning(pre, comm=nd.AllToAll(3, 2, weight=1.0), post=post, rate=rates).rate.side
    'pre'
    """
    domain = {"positive": positive, "negative": negative}
    if isinstance(value, Parameter | SynapseState):
        value = value._given
    several = callable(value) or (isinstance(value, Initialiser) and not isinstance(value, Constant))
    shape = () if several or isinstance(value, Initialiser) else np.shape(split(value)[0])
    if len(shape) == 2 and 1 in shape and shape != (1, 1):
        return SideParameter(value, unit, "pre" if shape[1] == 1 else "post", **domain)
    if several or (shape and np.prod(shape) != 1):
        return SynapseParameter(value, unit, **domain)
    return Parameter(value, unit=unit, shape=(), check=check, **domain)


class SideParameter(Parameter):
    """A parameter with a value for each neuron on a side of the synapses; see `synapse_parameter`.

    Parameters
    ----------
    value : array or Quantity, shape (n_pre, 1) or (1, n_post)
        The values.
    unit : quantities.Quantity, optional
        The unit that they must be convertible to.
    side : {"pre", "post"}
        Whose values they are.
    positive, negative
        As of `Parameter`.
    """

    def __init__(self, value: Any, unit: Any, side: Literal["pre", "post"], **domain: Any) -> None:
        self._side = side
        super().__init__(value, unit, **domain)

    @property
    def side(self) -> Literal["pre", "post"]:
        """Whose values they are."""
        return self._side

    def _accept(self, value: Any) -> Initialiser:
        recipe = super()._accept(value)
        if not isinstance(recipe, Plain):
            return recipe
        shape = self._shape_of_side()
        if shape is not None and recipe.array.size not in (1, np.prod(shape)):
            wanted = "(n_pre, 1)" if self._side == "pre" else "(1, n_post)"
            raise ShapeError(
                f"{self.path} has {recipe.array.size} values, but there are {int(np.prod(shape))} neurons on the "
                f"{self._side}synaptic side.",
                where=self.path,
                cure=f"Give one for each of them, an array of shape {wanted}.",
                shape=recipe.array.shape,
            )
        many = np.broadcast_to(recipe.array, shape) if recipe.array.size == 1 and shape is not None else recipe.array
        return Plain(many.reshape(-1 if shape is None else shape), recipe.dimension)

    def _shape_of_side(self) -> tuple[int, ...] | None:
        owner: Any = self.owner
        if owner is None:
            return None
        return tuple(owner.signal_shape if self._side == "pre" else owner.post.varshape)

    def bind(self, owner: Any, name: str) -> None:
        """Remember whose attribute this is, and how many neurons there are."""
        super().bind(owner, name)
        self._own_shape = self._shape_of_side()
        self._recipe = self._accept(self._given)

    @property
    def value(self) -> Any:
        """Current value: in a rule one for each synapse that it is about, else one for each neuron of the side."""
        found, trace = super().value, current_trace()
        if trace is None or trace.synapses is None:
            return found
        node = trace.node(as_node(trace, found))
        args, kind = (as_node(trace, found),), node.kind
        label = f"{self.name}_{self._side}"
        return Traced(trace, trace.source(f"{self._side}_of", args, trace.synapses, kind, node.dimension, label=label))

    @value.setter
    def value(self, new: Any) -> None:
        _VALUE.__set__(self, new)


class SynapseParameter(SynapseState):
    """A parameter with a value for each synapse; see `synapse_parameter`.

    Parameters
    ----------
    value : array, Quantity, Initialiser or callable
        The values, as `synapse_parameter` takes them.
    unit : quantities.Quantity, optional
        The unit that they must be convertible to.
    positive, negative
        As of `Parameter`.
    """

    def __init__(self, value: Any, unit: Any = None, *, positive: bool = False, negative: bool = True) -> None:
        super().__init__(value if callable(value) else _as_reals(value), unit)
        self._bounds = (positive, negative, None, None)

    def _first(self, table: Any, context: BindContext, stream: int | None) -> NDArray[Any]:
        values = super()._first(table, context, stream)
        domain = domain_of(*self._bounds, self.dimension, self.path)
        other = context.bound(self)
        recipe = other._recipe(context)
        if isinstance(recipe, Plain):
            domain.check_given(values, other._given, self.dimension, self.path)
        else:
            domain.check_drawn(values, recipe, self.dimension, self.path)
        return values

    def write(self, new: Any) -> None:
        """Refuse to be changed by a rule."""
        trace = current_trace()
        raise FixedAttributeError(
            f"{self.path} is assigned in a rule, but it is a parameter.",
            where=str(trace.here if trace is not None else self.path),
            cure=f"Keep what rules change in a state of the synapses: self.{self.name} = nd.SynapseState(...).",
            name=self.name,
        )

    def __repr__(self) -> str:
        return f"SynapseParameter({self._given!r})"


def _as_reals(value: Any) -> Any:
    """Whole numbers as real ones, which they may be added to."""
    return value if isinstance(value, Initialiser) else 1.0 * (np.asarray(value) if isinstance(value, list) else value)


def is_common(parameter: Any) -> bool:
    """Whether a parameter of a rule has one value for all synapses."""
    return not isinstance(parameter, SideParameter | SynapseState)


def values_at(parameter: Any, table: Any, context: BindContext) -> NDArray[Any]:
    """Values of a parameter of a rule, one for all or one for each synapse in the order of the rule.

    Parameters
    ----------
    parameter : Parameter or SynapseParameter
        From `synapse_parameter`.
    table : SynapseTable
        The synapses.
    context : BindContext
        What they are bound to.
    """
    if isinstance(parameter, SynapseState):
        stored = parameter._stored_values(table, stream_of(parameter.owner, "value", parameter.name), context)
        return to_rule(table, stored)
    values: NDArray[Any] = parameter.fetch(context)
    if isinstance(parameter, SideParameter) and values.ndim:
        return to_rule(table, mapped(f"{parameter.side}_of", table, values))
    return values
