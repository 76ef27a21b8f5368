"""Parts of populations: some neurons of one, chosen by NumPy's rules, that stand where a population can stand.

In: a population and an index.  Out: element numbers, references to the chosen neurons.  Must not know: projections,
recordings, targets.

A view holds nothing of its own: states, inputs and synapses are those of the population.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import UnknownStateError, ViewError
from numbadyn.model.delays import Before, OutputDelayAt, Prefetch, PrefetchDelay, PrefetchDelayAt
from numbadyn.model.storing import store_as
from numbadyn.model.variable import resolve
from numbadyn.tracing.traced import Traced
from numbadyn.units import DIMENSIONLESS, is_quantity, join, join_eager, split

if TYPE_CHECKING:
    from numbadyn.model.dynamics import Dynamics

__all__ = ["View", "view_of", "whole_of"]

_SHOWN = 6
"""Neurons that a name lists; of more it gives the number."""


class View:
    """Some neurons of a population, as ``E[:80]``, ``E[[3, 5, 9]]`` or ``E[mask]`` give them.

    Projections take it as source and as target, and so do `PoissonInput`, gap junctions, ``Simulator.record``, ``get``
    and ``set``; rules of connection are made with its `varshape`. It can be viewed again.

    Parameters
    ----------
    population : Dynamics
        Whose neurons.
    elements : ndarray of int
        Their flat numbers in the order of the view; the shape is that of the view.
    text : str
        What stands in the brackets.

    Attributes
    ----------
    population : Dynamics
        As given.
    elements : ndarray of int64, shape (num,)
        Flat numbers of the neurons in C order.

    Raises
    ------
    ViewError
        The index is empty, out of range, names a neuron twice, or is no index.

    Notes
    -----
    Neurons of a view are counted from zero in rules of connection, weights and delays: ``E[20:]`` has the neuron 0
    where the population has 20. What is read back, ``proj.edges()`` and spike indices of the population, are numbers of
    the population.

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> E = nd.LIF(100, name="E")
    >>> excited = E[:80]
    >>> excited.path, len(excited), E[[3, 5, 9]].elements.tolist(), excited[::20].elements.tolist()
    ('E[:80]', 80, [3, 5, 9], [0, 20, 40, 60])
    >>> proj = nd.DeltaProj(E[:80], comm=nd.AllToAll(80, 20, weight=0.1 * mV), post=E[80:])
    """

    __array_ufunc__ = None

    def __init__(self, population: Dynamics, elements: NDArray[np.int64], text: str) -> None:
        self.population = population
        self._numbers = np.array(elements, dtype=np.int64)
        self._text = text
        self.elements: NDArray[np.int64] = self._numbers.reshape(-1)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("population", "elements", "_numbers", "_text"):
            raise UnknownStateError(
                f"{self.path}.{name} is assigned, but a view holds nothing of its own.",
                where=self.path,
                cure=f"Values of some neurons are set by sim.set({self.path}, {name!r}, ...); all else belongs to "
                f"{self.population.path}.",
                name=name,
            )
        object.__setattr__(self, name, value)

    @property
    def path(self) -> str:
        """Name for messages and results: that of the population and the index."""
        return self.population.path + self._text

    @property
    def text(self) -> str:
        """The index, in brackets."""
        return self._text

    @property
    def varshape(self) -> tuple[int, ...]:
        """Shape of the view; one neuron has the shape ``(1,)``."""
        return tuple(self._numbers.shape)

    in_size = out_size = size = varshape

    @property
    def num(self) -> int:
        """Number of neurons in all."""
        return int(self.elements.size)

    @property
    def positions(self) -> Any:
        """Where these neurons are, in the order of the view; None where the population has no positions."""
        places = self.population.positions
        return None if places is None else places[self.elements]

    @property
    def index(self) -> tuple[NDArray[np.int64], ...]:
        """Index by which a value of the population's shape gives that of the view."""
        return tuple(np.unravel_index(self._numbers, self.population.varshape))

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True where a neuron of the population is in the view; of the population's shape."""
        inside = np.zeros(self.population.varshape, dtype=bool)
        inside.reshape(-1)[self.elements] = True
        return inside

    def of(self, values: NDArray[Any], name: str) -> NDArray[Any]:
        """Values of the population at these neurons.

        Raises
        ------
        ViewError
            The values are not one for each neuron.
        """
        if values.shape != self.population.varshape:
            raise ViewError(
                f"{self.path} is asked for {name!r}, which has the shape {values.shape} and is not one value for each "
                "neuron.",
                where=self.path,
                cure=f"Ask the population: {self.population.path}.",
                name=name,
            )
        return np.asarray(values[self.index])

    def put(self, values: NDArray[Any], new: NDArray[Any], name: str) -> NDArray[Any]:
        """Values of the population with new ones at these neurons; what does not fit is refused by name."""
        values[self.index] = store_as(new, self.of(values, name).shape, values.dtype, f"{self.path}.{name}")
        return values

    def same_as(self, other: Any) -> bool:
        """Whether another view has the same neurons of the same population in the same order."""
        return (
            isinstance(other, View)
            and other.population is self.population
            and np.array_equal(self.elements, other.elements)
        )

    def __len__(self) -> int:
        return self.varshape[0]

    def __getitem__(self, key: Any) -> View:
        """A part of it, by NumPy's rules."""
        return choose_view(self.population, self._numbers, key, self._text)

    def __repr__(self) -> str:
        return f"<{type(self.population).__name__} {self.path}>"

    def __array__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError(f"{self.path} is a part of a population, not an array; read E.prefetch('V')[...]")

    def __getattr__(self, name: str) -> Any:
        """Say that a view has no states of its own; names that begin with an underscore are Python's."""
        if name.startswith("_") or "population" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise UnknownStateError(
            f"{self.path} is a view, which has no {name!r}.",
            where=self.path,
            cure=f"Read a state by prefetch({name!r}); hooks and everything else belong to the population, "
            f"{self.population.path}.{name}.",
            name=name,
        )

    def __call__(self) -> Any:
        """The latest output of these neurons."""
        return self.output_delay()()

    def prefetch(self, item: str) -> Prefetch:
        """Reference to a state of these neurons; see `Dynamics.prefetch`."""
        return _PrefetchOfView(self, item)

    def prefetch_delay(self, state: str, *time_and_index: Any, **options: Any) -> PrefetchDelayAt:
        """Reference to a state of these neurons some time ago; see `Dynamics.prefetch_delay`."""
        view, time = self._part(time_and_index)
        made = PrefetchDelayAt(self.population, state, *view._convert_time(time), **options)
        if _one(time):
            made.view, made.whole = view, PrefetchDelayAt(self.population, state, *time, **options)
        return made

    def output_delay(self, *time_and_index: Any, **options: Any) -> OutputDelayAt:
        """Reference to the output of these neurons some time ago; see `Dynamics.output_delay`."""
        view, time = self._part(time_and_index)
        if self.population.out_size != self.population.varshape:
            raise ViewError(
                f"{self.path} is read, but the output of {self.population.path} has the shape "
                f"{self.population.out_size}, which is not that of its neurons, {self.population.varshape}.",
                where=self.path,
                cure="Read the whole output, and index what the reference gives.",
                path=self.path,
                population=self.population.path,
                size=self.population.out_size,
                varshape=self.population.varshape,
            )
        made = OutputDelayAt(self.population, *view._convert_time(time), **options)
        if _one(time):
            made.view, made.whole = view, OutputDelayAt(self.population, *time, **options)
        return made

    def _part(self, time_and_index: tuple[Any, ...]) -> tuple[View, tuple[Any, ...]]:
        """The neurons and the time that a reference means."""
        parts = time_and_index
        if len(parts) == 1 and isinstance(parts[0], tuple | list):
            parts = tuple(parts[0])
        return (self[parts[1:]] if len(parts) > 1 else self), parts[:1]

    def _convert_time(self, time: tuple[Any, ...]) -> tuple[Any, ...]:
        """Time and index as a reference takes them: each of several times reads the whole view."""
        given = time[0] if time else None
        if given is not None and is_quantity(given) and np.ndim(given):
            magnitude, dimension = split(given)
            spread = np.asarray(magnitude).reshape(np.shape(magnitude) + (1,) * len(self.varshape))
            given = join_eager(spread, dimension)
        return given, *self.index

    def align_pre(self, dyn: Any) -> View:
        """A module that is stepped after each update of the population, seen by these neurons."""
        made = self.population.align_pre(dyn)
        return View(made, self._numbers, self._text)

    def add_current_input(self, key: Any, inp: Any, label: str | None = None) -> None:
        """Register a current of these neurons alone; see `Dynamics.add_current_input`.

        Parameters
        ----------
        key, inp, label
            As there. An array has the shape of the view. A callable gets what all callables get, values of the whole
            population, and gives one value, or an array of the shape of the population or of the view.

        Examples
        --------
        >>> import numbadyn as nd
        >>> from quantities import mV, pA
        >>> cells = nd.init_all_states(nd.LIF(4))
        >>> cells[1:3].add_current_input("drive", lambda V: 5 * pA)
        >>> print(cells.sum_current_inputs(0 * pA, cells.V.value))
        [0. 5. 5. 0.] pA
        """
        self.population.add_current_input(key, self._make_spreading(inp), label)

    def add_delta_input(self, key: Any, inp: Any, label: str | None = None) -> None:
        """Register a jump of these neurons alone; see `add_current_input`."""
        self.population.add_delta_input(key, self._make_spreading(inp), label)

    def _make_spreading(self, inp: Any) -> Any:
        if isinstance(inp, Traced) or not callable(inp):
            return self.spread(inp)

        def spreading(*args: Any, **kwargs: Any) -> Any:
            return self.spread(inp(*args, **kwargs))

        return spreading

    def spread(self, value: Any) -> Any:
        """A value of the population's shape: what is given where the view has neurons, zero elsewhere.

        Parameters
        ----------
        value : number, array, quantity or traced value
            One value, or an array of the shape of the view or of the population.
        """
        given = resolve(value)
        given = np.asarray(given) if isinstance(given, list | tuple) else given
        inside = self.mask
        dimension = given.node.dimension if isinstance(given, Traced) else split(given)[1]
        zero = 0.0 if dimension == DIMENSIONLESS else join(0.0, dimension)
        if np.shape(given) in ((), self.population.varshape):
            return np.where(inside, given, zero) if isinstance(given, Traced) else _fill(inside, given, None)
        if np.shape(given) != self.varshape:
            raise ViewError(
                f"An input of {self.path} has the shape {np.shape(given)}, but the view has {self.varshape}.",
                where=self.path,
                cure="Give one value, or one for each neuron of the view.",
                varshape=self.varshape,
            )
        place = np.zeros(self.population.num, dtype=np.int64)
        place[self.elements] = np.arange(self.num)
        back = tuple(np.unravel_index(place.reshape(self.population.varshape), self.varshape))
        return np.where(inside, given[back], zero) if isinstance(given, Traced) else _fill(inside, given, back)


class _PrefetchOfView(Prefetch):
    """A `Prefetch` of some neurons."""

    def __init__(self, view: View, item: str) -> None:
        super().__init__(view.population, item)
        self.view, self.whole = view, Prefetch(view.population, item)

    @property
    def delay(self) -> PrefetchDelay:
        """The same item some time ago, still without the delay."""
        return _PrefetchDelayOfView(self.view, self.item)

    def get_item_value(self) -> Any:
        """The attribute's value at these neurons; an attribute of another shape as it is."""
        value = super().get_item_value()
        assert self.view is not None
        return value[self.view.index] if np.shape(value) == self.module.varshape else value

    def before_first(self) -> Before | None:
        """What it would have given before the first step, if it is a state."""
        before, elements = super().before_first(), self.view.elements if self.view is not None else ()
        return None if before is None else lambda context, lag: np.ravel(before(context, lag))[elements]


class _PrefetchDelayOfView(PrefetchDelay):
    """A `PrefetchDelay` of some neurons."""

    def __init__(self, view: View, item: str) -> None:
        super().__init__(view.population, item)
        self._view = view

    def at(self, *time_and_index: Any, **options: Any) -> PrefetchDelayAt:
        """The item some time ago; see `PrefetchDelay.at`."""
        return self._view.prefetch_delay(self.item, *time_and_index, **options)


def _one(time: tuple[Any, ...]) -> bool:
    """Whether a reference reads its view as a whole, at one time that does not change."""
    return not time or time[0] is None or (is_quantity(time[0]) and np.ndim(time[0]) == 0)


def _fill(inside: NDArray[np.bool_], given: Any, back: Any) -> Any:
    magnitude, dimension = split(given)
    values = np.asarray(magnitude)
    return join_eager(np.where(inside, values if back is None else values[back], 0), dimension)


def view_of(given: Any) -> View | None:
    """The view that something is, or that a reference reads; None for everything else."""
    if isinstance(given, View):
        return given
    known = hasattr(type(given), "view") or "view" in getattr(given, "__dict__", ())
    return getattr(given, "view", None) if known else None  # a module that has none would look for names near it


def whole_of(given: Any) -> Any:
    """The population of a view, or the reference that reads all of it; everything else as it is."""
    if isinstance(given, View):
        return given.population
    return given.whole if view_of(given) is not None else given


def choose_view(population: Dynamics, numbers: NDArray[np.int64], key: Any, before: str = "") -> View:
    """Make the view that an index means.

    Parameters
    ----------
    population : Dynamics
        Whose neurons.
    numbers : ndarray of int
        What is indexed: flat numbers of neurons.
    key : int, slice, array or tuple of them
        By NumPy's rules.
    before : str
        Brackets that came before.

    Raises
    ------
    ViewError
        As of `View`.
    """
    parts = tuple(_part(part, population, key) for part in (key if isinstance(key, tuple) else (key,)))
    where = population.path + before
    _check_slices(parts, numbers.shape, where)
    try:
        found = np.atleast_1d(numbers[parts])
    except (IndexError, ValueError) as error:
        raise ViewError(
            f"{_show(key)} does not fit {where}, which has the shape {numbers.shape}: {error}.",
            where=where,
            cure="Give whole numbers below its size, a slice, or a mask of its shape.",
            key=_show(key),
            place=where,
            shape=numbers.shape,
            reason=str(error),
        ) from None
    if not found.size:
        raise ViewError(
            f"{_show(key)} of {where} holds no neuron.",
            where=where,
            cure="Choose at least one neuron.",
            key=_show(key),
            place=where,
        )
    values, counts = np.unique(found, return_counts=True)
    if values.size != found.size:
        raise ViewError(
            f"{_show(key)} of {where} names neuron {values[counts > 1][0]} more than once.",
            where=where,
            cure="Name each neuron once.",
            key=_show(key),
            place=where,
            neuron=values[counts > 1][0],
        )
    return View(population, found, before + _text(parts, found))


def _part(part: Any, population: Dynamics, key: Any) -> Any:
    """One part of an index, a list as an array."""
    whole = isinstance(part, slice) and all(
        bound is None or hasattr(bound, "__index__") for bound in (part.start, part.stop, part.step)
    )
    if whole or part is Ellipsis:
        return part
    array = np.empty(0, object) if part is None or is_quantity(part) or isinstance(part, Traced) else np.asarray(part)
    if isinstance(part, list) and not part:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub" or (array.dtype.kind == "b" and array.ndim == 0):
        name = "state" if isinstance(part, str) else "index"
        raise ViewError(
            f"{population.path}[{_show(key)}] is asked for, but {_show(part)} is no index of neurons.",
            where=population.path,
            cure=f"Read the {name} by {population.path}.prefetch({part!r})."
            if isinstance(part, str)
            else "Give whole numbers, a slice, or a mask: E[:80], E[[3, 5, 9]], E[mask].",
            population=population.path,
            key=_show(key),
            part=_show(part),
        )
    return array if array.ndim else int(array)


def _check_slices(parts: tuple[Any, ...], shape: tuple[int, ...], where: str) -> None:
    """Refuse a slice that reaches beyond the neurons: NumPy cuts it off in silence."""
    if any(part is Ellipsis or getattr(part, "ndim", 0) for part in parts):
        return
    for part, size in zip(parts, shape, strict=False):
        if not isinstance(part, slice):
            continue
        for bound in (part.start, part.stop):
            if bound is not None and not -size <= bound <= size:
                raise ViewError(
                    f"{_show(part)} reaches beyond {where}, which has {size} neurons"
                    + (" along this axis." if len(shape) > 1 else "."),
                    where=where,
                    cure=f"Keep the bounds between 0 and {size}, or leave one out.",
                    size=size,
                )


def _text(parts: tuple[Any, ...], found: NDArray[np.int64]) -> str:
    """Brackets with the index; of long arrays the number of neurons and a mark of which they are."""
    if any(
        getattr(part, "size", 0) > _SHOWN or getattr(getattr(part, "dtype", None), "kind", "") == "b" for part in parts
    ):
        mark = hashlib.sha256(np.ascontiguousarray(found).tobytes()).hexdigest()[:6]
        return f"[{found.size} neurons, {mark}]"
    return f"[{', '.join(_show(part) for part in parts)}]"


def _show(part: Any) -> str:
    """An index as it is written."""
    if isinstance(part, slice):
        bounds = [part.start, part.stop, *([] if part.step is None else [part.step])]
        return ":".join("" if bound is None else str(bound) for bound in bounds)
    if part is Ellipsis:
        return "..."
    if isinstance(part, tuple):
        return ", ".join(map(_show, part))
    if isinstance(part, np.ndarray | list):
        array = np.asarray(part)
        return str(array.tolist()) if array.size <= _SHOWN else f"an array of shape {array.shape}"
    return repr(part)
