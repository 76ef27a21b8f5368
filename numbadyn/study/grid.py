"""The points of a study: a grid of parameters, laid out, times its seeds.

In: what the user writes down, lists by names or a list of points, and seeds.  Out: points, numbered, in the order in
which they are run, with all seeds of a point of the grid one after the other.  Must not know: networks, how they run.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numbadyn.errors import DimensionError, GridError
from numbadyn.model.init import Distribution
from numbadyn.simulator.checks import check_seed
from numbadyn.study.cells import UntabledValueError, dump, encode
from numbadyn.units import Dimension, describe, is_quantity, split

__all__ = ["Axis", "Grid", "Point", "make_grid"]

_WHERE = "sweep(grid)"


class Point(NamedTuple):
    """One run of a study.

    Parameters
    ----------
    number : int
        Its place in the order of the grid.
    parameters : dict
        What the user gave, by name.
    seed : int
        Of its simulator.
    key : str
        The same for the same parameters and seed, in any process.
    group : str
        The same for the same parameters.
    """

    number: int
    parameters: dict[str, Any]
    seed: int
    key: str
    group: str

    def __str__(self) -> str:
        return ", ".join([f"{name}={show(value)}" for name, value in self.parameters.items()] + [f"seed={self.seed}"])


@dataclass(frozen=True)
class Axis:
    """The values of one parameter, each once, in the order given."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Grid:
    """All points, and the axes that they lie on."""

    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]
    mode: str
    points: tuple[Point, ...]

    def describe(self) -> dict[str, Any]:
        """What decides over the points, for a manifest."""
        axes = [{"name": axis.name, "values": [encode(value) for value in axis.values]} for axis in self.axes]
        described = {"mode": self.mode, "axes": axes, "seeds": list(self.seeds)}
        if self.mode == "product":
            return described
        points = [
            {name: encode(value) for name, value in point.parameters.items()}
            for point in self.points[:: len(self.seeds)]
        ]
        return {**described, "mode": "list", "points": points}


def show(value: Any) -> str:
    """A value of a parameter in a few characters."""
    if is_quantity(value) or isinstance(value, np.ndarray):
        return describe(value)
    return repr(value.item() if isinstance(value, np.generic) else value)


def make_grid(grid: Any, seeds: Any, mode: str) -> Grid:
    """Lay out a grid.

    Parameters
    ----------
    grid : mapping or sequence of mapping
        Lists of values by names, or points one by one.
    seeds : iterable of int
        Seeds of each point of the grid.
    mode : {"product", "zip"}
        All combinations, or the first values together, the second ones, and so on.

    Raises
    ------
    GridError
        It is none.
    DimensionError
        Values of one parameter have units that do not fit.
    TargetError
        A seed that is none.
    """
    chosen = _seeds(seeds)
    if isinstance(grid, Mapping):
        lists = {_name(name): _values(name, values) for name, values in grid.items()}
        combinations = _combine(lists, mode)
    else:
        combinations, mode = _listed(grid), "list"
        lists = {name: [point[name] for point in combinations] for name in combinations[0]}
    axes = tuple(_axis(name, values) for name, values in lists.items())
    coded = {id(value): _code(name, value) for name, values in lists.items() for value in values}
    points, taken = list[Point](), set[str]()
    for parameters in combinations:
        words = dump({name: coded[id(value)] for name, value in parameters.items()})
        if words in taken:
            shown = ", ".join(f"{name}={show(value)}" for name, value in parameters.items())
            raise GridError(
                f"The point {shown} comes twice.",
                where=_WHERE,
                cure="Give each value once; more trials of one point are more seeds, seeds=range(10).",
            )
        taken.add(words)
        for seed in chosen:
            key = f'{words[:-1]}{"," * bool(parameters)}"seed":{seed}}}'
            points.append(Point(len(points), parameters, seed, key, words))
    return Grid(axes, chosen, mode, tuple(points))


def _seeds(seeds: Any) -> tuple[int, ...]:
    if isinstance(seeds, int | np.integer | str) or not isinstance(seeds, Iterable):
        raise GridError(
            f"seeds is {seeds!r}.",
            where="sweep(seeds=...)",
            cure="Give a list of them: range(10) for ten trials of each point, [7] for one with the seed 7.",
            seeds=seeds,
        )
    chosen = tuple(check_seed(seed, "sweep(seeds=...)") for seed in seeds)
    if not chosen or len(set(chosen)) != len(chosen):
        raise GridError(
            "There are no seeds." if not chosen else f"The seed {max(chosen, key=chosen.count)} comes twice.",
            where="sweep(seeds=...)",
            cure="Give each seed once, at least one: seeds=range(10).",
        )
    return chosen


def _name(name: Any) -> str:
    if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")) or name == "seed":
        cure = "Give seeds=range(10)" if name == "seed" else "Name an argument of build, or a parameter such as 'E.tau'"
        raise GridError(f"The grid names {name!r}.", where=_WHERE, cure=f"{cure}.", name=name)
    return name


def _values(name: str, values: Any) -> list[Any]:
    """The values of a parameter, one after the other."""
    listed = bool(np.shape(values)) if is_quantity(values) else isinstance(values, Iterable)
    if not listed or isinstance(values, str):
        raise GridError(
            f"The values of {name!r} are {show(values)}, which is no list.",
            where=f"{_WHERE}[{name!r}]",
            cure=f"Give a list, with one value for what stays the same: {{{name!r}: [{show(values)}]}}.",
            name=name,
        )
    found = [values[number] for number in range(len(values))] if is_quantity(values) else list(values)
    if not found:
        raise GridError(
            f"{name!r} has no values.",
            where=f"{_WHERE}[{name!r}]",
            cure="Give one at least, or leave it out.",
            name=name,
        )
    return found


def _combine(lists: dict[str, list[Any]], mode: str) -> list[dict[str, Any]]:
    if mode == "product":
        return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
    if mode != "zip":
        raise GridError(
            f"mode is {mode!r}.",
            where="sweep(mode=...)",
            cure="Choose 'product' or 'zip'; a list of points is given in place of the grid: [{'tau': 10*ms}, ...].",
            mode=mode,
        )
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise GridError(
            "Lists that are to go together differ in length: "
            + ", ".join(f"{name!r} has {length} values" for name, length in lengths.items())
            + ".",
            where="sweep(mode='zip')",
            cure="Give lists of one length, or mode='product' for all combinations.",
            lengths=tuple(lengths.values()),
        )
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)] or [{}]


def _listed(grid: Any) -> list[dict[str, Any]]:
    """Points that were given one by one."""
    points = list(grid) if isinstance(grid, Sequence) and not isinstance(grid, str) else []
    if not points or not all(isinstance(point, Mapping) for point in points):
        raise GridError(
            f"The grid is a {type(grid).__name__}" + (" without points." if isinstance(grid, Sequence) else "."),
            where=_WHERE,
            cure="Give lists by names, {'tau': [10, 20]*ms}, or a list of points, [{'tau': 10*ms}, {'tau': 20*ms}].",
        )
    for number, point in enumerate(points):
        if set(point) != set(points[0]):
            raise GridError(
                f"Point {number} names {', '.join(map(repr, point)) or 'nothing'}, but the first one "
                f"{', '.join(map(repr, points[0])) or 'nothing'}.",
                where=_WHERE,
                cure="Name the same parameters at all points.",
                number=number,
            )
    return [{_name(name): point[name] for name in points[0]} for point in points]


def _axis(name: str, values: list[Any]) -> Axis:
    """The distinct values of a parameter, whose units must fit."""
    first, codes = values[0], [dump(_code(name, value)) for value in values]
    for value in values:
        if _dimension(value) != _dimension(first):
            raise DimensionError(
                f"The values of {name!r} are in different units: {show(first)} and {show(value)}.",
                where=f"{_WHERE}[{name!r}]",
                cure="Give all values of a parameter in units that convert to each other.",
                name=name,
            )
    return Axis(name, tuple(dict(zip(codes, values, strict=True)).values()))


def _dimension(value: Any) -> Dimension | None:
    """What a value measures; None of one that has no unit."""
    if isinstance(value, Distribution):
        return None if value.dimension.is_dimensionless else value.dimension
    return split(value)[1] if is_quantity(value) else None


def _code(name: str, value: Any) -> Any:
    """A value as it stands in a store."""
    try:
        return encode(value)
    except UntabledValueError as error:
        raise GridError(
            f"A value of {name!r} is {error}, of which a store cannot say what it was.",
            where=f"{_WHERE}[{name!r}]",
            cure="Give numbers, texts, truth values, arrays or nd.init.Uniform, Normal and LogNormal, with or without "
            "units; build can look objects up by name.",
            name=name,
        ) from error
