"""`Parameter` and `State`: the two kinds of values that a model owns.

In: numbers, arrays, quantities or initialisers.  Out: while a step is traced, traced values; else arrays with units.
Both take part in NumPy expressions directly (see `Variable`).  Must not know: lowering, targets.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import (
    DimensionError,
    InvalidParameterError,
    NotInitialisedError,
    NumbadynError,
    ShapeError,
    TracedValueError,
)
from numbadyn.ir.kinds import Kind, kind_of
from numbadyn.ir.nodes import BindContext, ParamSpec, StateSpec
from numbadyn.ir.spaces import Space
from numbadyn.model.domain import Domain, domain_of
from numbadyn.model.first_values import first_values_of_each
from numbadyn.model.following import Bound, binding_of, followed
from numbadyn.model.given_values import Plain, Refused, list_values
from numbadyn.model.held import Held
from numbadyn.model.init import (
    Constant,
    FromFunction,
    Initialiser,
    as_initialiser,
    name_initialiser,
)
from numbadyn.model.init_checks import check_not_nan, name_what_is_too_large
from numbadyn.model.order import note_touch
from numbadyn.model.stepping import find_population_stepped
from numbadyn.model.storing import store_as
from numbadyn.model.streams import stream_of
from numbadyn.model.variable import Variable, resolve
from numbadyn.model.widened import fits, widen
from numbadyn.tracing.agreement import check_rule_may_assign
from numbadyn.tracing.trace import current_trace
from numbadyn.tracing.traced import Traced, as_node
from numbadyn.units import Dimension, describe, join_eager, magnitude_in, split

__all__ = ["Parameter", "State"]


class Parameter(Variable, Bound):
    """A constant of a model: bound at the start of each run, so changing it compiles nothing.

    Parameters
    ----------
    value : number, array, quantities.Quantity, Initialiser or callable
        A single value, an array that fits the owner's `varshape`, a distribution drawn once per element, or a function
        of the shape that gives an array.
    unit : quantities.Quantity, optional
        The unit that the value must be convertible to; a wrong one is reported with the parameter's name.
    positive : bool
        Whether every value must be larger than zero, as time constants and capacitances are.
    negative : bool
        Whether values below zero have a meaning; rates and numbers have none.
    low, high : number or quantities.Quantity, optional
        Smallest and largest value that has a meaning.
    check : callable, optional
        Called as ``check(values, context)`` whenever the values are bound, with a plain array in ms, mV, pA and what
        follows from them, and with ``context.dt`` (ms, 0 where no step is known); raises what is wrong with them.
    shape : tuple of int, optional
        A shape of its own, such as that of a matrix; the owner's `varshape` by default.

    Raises
    ------
    InvalidParameterError
        NaN or infinite values, or values out of the range asked for; of a distribution or a function when it is drawn,
        which is at the first run of a simulator, or on a read of `value`.
    DimensionError
        The value does not convert to `unit`.

    Notes
    -----
    A wrong value is reported when the parameter becomes an attribute of a model, or is used, so that it can be named.

    Examples
    --------
    >>> from quantities import ms
    >>> tau = Parameter(20 * ms)
    >>> tau / 2
    array(10.) * ms
    """

    def __init__(
        self,
        value: Any,
        unit: Any = None,
        *,
        positive: bool = False,
        negative: bool = True,
        low: Any = None,
        high: Any = None,
        check: Callable[[NDArray[Any], BindContext], None] | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self._unit, self._check, self._own_shape = unit, check, shape
        self._bounds = (positive, negative, low, high)
        self._given = value
        try:
            self._recipe = self._accept(value)
        except NumbadynError as error:
            self._recipe = Refused(error)  # type: ignore[assignment]

    def _accept(self, value: Any) -> Initialiser:
        if isinstance(value, Parameter):
            value = value._given
        recipe: Initialiser
        if isinstance(value, Initialiser) or (callable(value) and not isinstance(value, type)):
            recipe = name_initialiser(value, self.path)
        else:
            magnitude, dimension = split(value, where=self.path)
            array = widen(magnitude)
            if array.dtype.kind not in "biuf":
                raise InvalidParameterError(
                    f"{self.path} is {value!r}.",
                    where=self.path,
                    cure="Give a number, an array, a quantity or an nd.init distribution.",
                    value=value,
                )
            recipe = Plain(array, dimension)
        if self._unit is not None:
            wanted = split(self._unit)[1]
            if recipe.dimension != wanted and isinstance(recipe, Plain):
                magnitude_in(value, wanted, what=self.path, where=self.path)
            if recipe.dimension != wanted:
                raise DimensionError(
                    f"{self.path} is {value!r}, which is in {recipe.dimension}, but it must be in {wanted}.",
                    where=self.path,
                    cure=f"Give it in {wanted} or a unit that converts to it.",
                    value=value,
                    wanted=wanted,
                )
        if (listed := list_values(recipe)) is not None:
            self._domain(recipe).check_given(listed, value, recipe.dimension, self.path)
        return recipe

    def _domain(self, recipe: Initialiser) -> Domain:
        return domain_of(*self._bounds, recipe.dimension, self.path)

    def bind(self, owner: Any, name: str) -> None:
        """Remember whose attribute this is, and check the value again under its full name."""
        super().bind(owner, name)
        self._accept(self._given)

    @property
    def dimension(self) -> Dimension:
        """Physical dimension."""
        return self._recipe.dimension

    def _shape(self) -> tuple[int, ...]:
        varshape = tuple(getattr(self.owner, "varshape", ()) if self._own_shape is None else self._own_shape)
        if isinstance(self._recipe, Plain):
            own = self._recipe.array.shape
            if own == () or own == varshape:
                return own
            if varshape and int(np.prod(own)) != 1:
                if not fits(own, varshape):
                    raise ShapeError(
                        f"{self.path} has shape {own}, but its population has shape {varshape}.",
                        where=self.path,
                        cure=f"Give a single value or an array of shape {varshape}, or shape={own} for a matrix.",
                        own=own,
                        varshape=varshape,
                    )
                return varshape
            return () if varshape else own
        if isinstance(self._recipe, Constant):
            return ()
        return varshape

    def fetch(self, context: BindContext, stream: int | None = None) -> NDArray[Any]:
        """Values in the coherent unit system, checked; draws are those of a stream, by default the parameter's own."""
        if (other := context.bound(self)) is not self:
            return other.fetch(context, stream)
        shape, recipe = self._shape(), self._recipe
        if isinstance(recipe, Plain):
            # once more, since an array of the user may have been changed in place
            self._domain(recipe).check_given(recipe.array, self._given, recipe.dimension, self.path)
            array = recipe.array.reshape(()) if shape == () else np.broadcast_to(recipe.array, shape)
        else:
            word = stream_of(self.owner, "value", self.name) if stream is None else stream
            array = np.asarray(recipe.sample(shape, seed=context.seed, stream=word, bits=context.bits))
            self._domain(recipe).check_drawn(array, recipe, recipe.dimension, self.path)
        if self._check is not None:
            self._check(array, context)
        return array

    def decider(self, context: BindContext) -> Parameter | None:
        """What alone decides over the values; None where the rest of the context does, too."""
        other = context.bound(self)
        # a check may tell whether what it has found for one replica holds for all
        in_common = getattr(other._check, "in_common", None)
        alone = other._check is None or (in_common is not None and in_common(context))
        return other if alone and isinstance(other._recipe, Plain | Constant) else None

    def replaced(self, value: Any) -> Parameter:
        """The same parameter with another value, checked; see `BindContext.instead`."""
        other = copy.copy(self)
        other._given, other._recipe = value, self._accept(value)
        if other.dimension != self.dimension:
            raise DimensionError(
                f"{self.path} is in {self.dimension}, but the new value is in {other.dimension}.",
                where=self.path,
                cure=f"Give a value in {self.dimension}.",
                dimension=self.dimension,
            )
        return other

    def _fetch_as(self, shape: tuple[int, ...], kind: Kind, stream: int, context: BindContext) -> NDArray[Any]:
        """Values of the shape and the kind that a step was traced with; refuses what does not fit into them."""
        array = self.fetch(context, stream)
        if array.shape != shape:
            if array.size != 1:
                raise ShapeError(
                    f"{self.path} was a single value when the simulator was built, and is now an array of shape "
                    f"{array.shape}.",
                    where=self.path,
                    cure=f"Make a new nd.Simulator, or give an array from the start: np.full({array.shape}, value).",
                )
            array = np.broadcast_to(array, shape)
        if (
            kind != "real"
            and kind_of(array.dtype) != kind
            and not np.array_equal(array.astype(bool if kind == "bool" else np.int64), array)
        ):
            whole = "true or false" if kind == "bool" else "a whole number"
            now = describe(context.bound(self)._given)
            raise InvalidParameterError(
                f"{self.path} was {whole} when the simulator was built, and is now {now}, which would be cut off.",
                where=self.path,
                cure="Make a new nd.Simulator, or give a real number from the start, such as 1.0 instead of 1.",
                whole=whole,
                now=now,
            )
        return array

    @property
    def value(self) -> Any:
        """Current value: traced while a step is traced, else with its unit."""
        trace = current_trace()
        if trace is not None:
            kind: Kind = kind_of(self._recipe.array.dtype) if isinstance(self._recipe, Plain) else "real"
            shape = self._shape()
            fetch = functools.partial(self._fetch_as, shape, kind, stream_of(self.owner, "value", self.name))
            spec = ParamSpec(self.path, shape, kind, self.dimension, fetch, self.decider)
            return Traced(trace, trace.param(self, spec))
        return join_eager(self.fetch(binding_of(self, self.owner))[()], self.dimension)

    @value.setter
    def value(self, new: Any) -> None:
        trace = current_trace()
        if trace is not None:
            raise TracedValueError(
                f"{self.path} is a Parameter, which a step cannot change.",
                where=str(trace.here),
                cure="Make it a nd.State in init_state, or change it between runs.",
            )
        self._recipe, self._given = self.replaced(new)._recipe, new

    def content(self) -> Any:
        """What was given, for structural comparison."""
        return self._given

    def __repr__(self) -> str:
        return f"Parameter({self._given!r})"


class State(Held):
    """A variable of a model that a step changes.

    Parameters
    ----------
    initial : number, array, quantities.Quantity, Initialiser or callable
        Where the first values come from; a callable gets the shape.
    shape : tuple of int, optional
        Shape, the owner's `varshape` by default.
    unit : quantities.Quantity, optional
        The unit that the values must be convertible to.

    Notes
    -----
    The kind follows the initial values: Booleans and integers stay what they are. A value that is assigned between
    `init_all_states` and the making of a `Simulator` (``net.E.V.value = ...``) takes the place of the initial one. Once
    a simulator is made, runs or is reset, `value` is that of the simulator, and assigning to it is ``sim.set``.

    Examples
    --------
    >>> from quantities import mV
    >>> V = State(-60 * mV, shape=(3,))
    >>> V.value
    array([-60., -60., -60.]) * mV
    """

    def __init__(
        self, initial: Any, shape: Sequence[int] | int | np.integer[Any] | None = None, unit: Any = None
    ) -> None:
        super().__init__()
        self._given = initial
        axes = (shape,) if isinstance(shape, int | np.integer) else shape
        self._own_shape = None if axes is None else tuple(int(axis) for axis in axes)
        self._unit = unit
        self._value: Any = None
        self._assigned = False

    def _recipe(self, context: BindContext | None = None) -> Initialiser:
        return self._recipe_of(followed(self._given, context, self._own_shape))

    def _recipe_of(self, given: Any) -> Initialiser:
        if not isinstance(given, Initialiser) and not callable(given):
            magnitude, dimension = split(given, where=self.path)
            array = widen(magnitude)
            recipe: Initialiser = Plain(array, dimension)
        else:
            recipe = as_initialiser(given)
        if self._unit is not None:
            wanted = split(self._unit)[1]
            if recipe.dimension != wanted:
                raise DimensionError(
                    f"The initial value of {self.path} is {given!r}, which is in {recipe.dimension}, but it must be in "
                    f"{wanted}.",
                    where=self.path,
                    cure=f"Give it in {wanted} or a unit that converts to it.",
                    given=given,
                    wanted=wanted,
                )
        return recipe

    @property
    def varshape(self) -> tuple[int, ...]:
        """Shape of the state."""
        if self._own_shape is not None:
            return self._own_shape
        if hasattr(self.owner, "varshape") or callable(self._given):
            return tuple(getattr(self.owner, "varshape", ()))
        return np.shape(split(self._given.value if isinstance(self._given, Parameter) else self._given)[0])

    def initial(self, context: BindContext, stream: int | None = None) -> NDArray[Any]:
        """First values, in the coherent unit system: what the user has assigned, or a draw of the initialiser.

        Draws are those of a stream, the state's own by default.
        """
        return (
            context.first[id(self)] if id(self) in context.first else self.draw_values(context, stream, self.varshape)
        )

    def draw_values(self, context: BindContext, stream: int | None, shape: tuple[int, ...]) -> NDArray[Any]:
        """First values of a shape, unless a simulator has set others."""
        if (other := context.bound(self)) is not self:
            return other.draw_values(context, stream, shape)
        if self._assigned:
            check_not_nan(np.asarray(self._value), self.path)
            return np.array(self._value)
        recipe = self._recipe(context)
        try:
            word = stream_of(self.owner, "value", self.name) if stream is None else stream
            values = np.asarray(recipe.sample(shape, seed=context.seed, stream=word, bits=context.bits))
            values = np.broadcast_to(values, shape)
        except InvalidParameterError as error:
            raise InvalidParameterError(
                f"The first values of {self.path} cannot be used. {error.what}", where=self.path, cure=error.cure
            ) from error
        except ValueError as error:
            if isinstance(recipe, FromFunction) and not isinstance(error, ShapeError):
                raise  # the function's own
            raise self._misfit(recipe, shape) from error
        check_not_nan(values, self.path)
        return values

    def beginning_with(self, given: Any) -> State:
        """The same state with other first values, checked; see `BindContext.instead`."""
        other = copy.copy(self)
        other._given, other._assigned = given, False
        if other.dimension != self.dimension:
            raise DimensionError(
                f"{self.path} is in {self.dimension}, but the first values given are in {other.dimension}.",
                where=self.path,
                cure=f"Give values in {self.dimension}.",
                dimension=self.dimension,
            )
        if not np.can_cast(other._dtype(), self._dtype(), "same_kind"):
            raise InvalidParameterError(
                f"{self.path} holds {self._dtype().name} values, but the first values given are {other._dtype().name}.",
                where=self.path,
                cure=f"Convert them: values.astype({self._dtype().name!r}).",
            )
        recipe = other._recipe()
        if isinstance(recipe, Plain):
            other._require_fit(recipe)
        return other

    def _require_fit(self, recipe: Plain) -> None:
        """Refuse first values of another shape than that of the owner."""
        try:
            np.broadcast_to(recipe.array, self.varshape)
        except ValueError as error:
            raise self._misfit(recipe, self.varshape) from error

    def _misfit(self, recipe: Initialiser, shape: tuple[int, ...]) -> ShapeError:
        """The error for first values that do not fit the owner."""
        given = f" of shape {recipe.array.shape}" if isinstance(recipe, Plain) else ""
        origin = f", which is {self._given.path}," if isinstance(self._given, Parameter) else ""
        return ShapeError(
            f"The initial value{given} of {self.path}{origin} does not fit the shape {shape}.",
            where=self.path,
            cure=f"Give a single value or an array of shape {shape}.",
            given=given,
            origin=origin,
            shape=shape,
        )

    @property
    def dimension(self) -> Dimension:
        """Physical dimension."""
        return self._recipe().dimension

    def _dtype(self) -> np.dtype[Any]:
        recipe = self._recipe()
        return recipe.array.dtype if isinstance(recipe, Plain) else np.dtype(np.float64)

    def spec(self) -> StateSpec:
        """What the IR knows of the state."""
        stream = stream_of(self.owner, "value", self.name)
        initial, kind = functools.partial(self.initial, stream=stream), kind_of(self._dtype())
        each = functools.partial(first_values_of_each, self, stream)
        return StateSpec(self.path, Space(self.varshape), kind, self.dimension, initial, self, together=each)

    def reset(self, seed: int = 0) -> None:
        """Set the eager value to the first values of the initialiser."""
        self._assigned = False
        self.hold(None)
        with name_what_is_too_large(self.path, self.varshape):
            self._value = np.array(self.initial(BindContext(0.0, seed)), dtype=self._dtype())

    @property
    def value(self) -> Any:
        """Latest version: traced while a step is traced, else with its unit."""
        note_touch(self.owner, self.name)
        trace = current_trace()
        if trace is not None:
            return Traced(trace, trace.read(trace.state_index(self, self.spec)))
        holder = self.holder()
        if holder is not None:
            found = holder.get(self.owner, self.name)  # in a list where replicas have more or fewer synapses
            return found if isinstance(found, list) else join_eager(*split(found))
        return join_eager(self.array().copy(), self.dimension)  # a copy, since a traced value never changes either

    @value.setter
    def value(self, new: Any) -> None:
        note_touch(self.owner, self.name, writes=True)
        trace = current_trace()
        if trace is not None:
            check_rule_may_assign(self.path, self.spec, trace.synapses, lambda: trace.here)
            trace.write(trace.state_index(self, self.spec), as_node(trace, new))
            return
        holder = self.living_holder()
        if holder is not None:
            holder.set(self.owner, self.name, resolve(new))
            return
        self.hold(None)
        magnitude, dimension = split(resolve(new), where=self.path)
        if dimension != self.dimension:
            raise DimensionError(
                f"{self.path} is in {self.dimension}, but a value in {dimension} is written to it.",
                where=self.path,
                cure=f"Write a value in {self.dimension}.",
                dimension=self.dimension,
            )
        self._value = store_as(np.asarray(magnitude), self.varshape, self.array().dtype, self.path)
        self._assigned = self._assigned or find_population_stepped() is None

    def array(self) -> NDArray[Any]:
        """Eager value in the coherent unit system; drawn on first use."""
        if self._value is None:
            if self.owner is None and self._own_shape is None:
                raise NotInitialisedError(
                    "A state without an owner has no shape.",
                    where=self.path,
                    cure="Assign it to an attribute of a Dynamics (self.V = nd.State(...)) or give shape=.",
                )
            self.reset(getattr(self.owner, "seed_of_build", 0))
        result: NDArray[Any] = self._value
        return result

    def __repr__(self) -> str:
        return f"State({self._given!r})"
