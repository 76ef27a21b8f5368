"""Sweeps: what was measured over the parameters, as a heat map or as lines with bands.

In: a table of any kind, names of its columns.  Out: meshes and lines on axes.  Must not know: how a study is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.io.plot.canvas import axes_of, colour, label_of
from numbadyn.model.nearest import nearest_first

__all__ = ["sweep_lines", "sweep_map"]


def sweep_map(table: Any, x: str, y: str, value: str, *, colorbar: bool = True, ax: Any = None, **options: Any) -> Any:
    """Draw what was measured over two parameters as a heat map; repetitions, such as seeds, are averaged.

    Parameters
    ----------
    table : Study, pandas.DataFrame, xarray.Dataset, structured array or mapping
        Points, with a column for each parameter and each measure.
    x, y : str
        Parameters to the right and upwards.
    value : str
        The measure.
    colorbar : bool
        Whether the colours are explained beside the map.
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    **options
        For ``ax.pcolormesh``, such as ``cmap`` or ``vmax``.

    Returns
    -------
    matplotlib.axes.Axes
        Its mesh is ``ax.collections[0]``. Points that are missing are left white.

    Raises
    ------
    InvalidParameterError
        There is no such column, or it does not hold numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import numbadyn as nd
    >>> g, eta = np.meshgrid([3.0, 4.0, 5.0], [1.0, 2.0])
    >>> ax = nd.plot.sweep_map({"g": g.ravel(), "eta": eta.ravel(), "rate": (eta / g).ravel()}, "g", "eta", "rate")
    >>> ax.get_xlabel(), ax.collections[-1].get_array().shape
    ('g', (2, 3))
    """
    columns, units = _read(table, [x, y, value])
    (across, column), (upwards, row) = (np.unique(columns[name], return_inverse=True) for name in (x, y))
    grid = _means(row * across.size + column, columns[value], upwards.size * across.size)
    axes = axes_of(ax, (5.5, 4.2))
    chosen = {"shading": "nearest", "cmap": "viridis", **options}
    mesh = axes.pcolormesh(across, upwards, np.ma.masked_invalid(grid.reshape(upwards.size, across.size)), **chosen)
    axes.set_xlabel(label_of(x, units[x]))
    axes.set_ylabel(label_of(y, units[y]))
    if colorbar:
        axes.figure.colorbar(mesh, ax=axes, label=label_of(value, units[value]))
    return axes


def sweep_lines(
    table: Any, x: str, value: str, *, by: str | None = None, band: Literal["std", "sem"] | None = "std", ax: Any = None
) -> Any:
    """Draw what was measured over one parameter: the mean over repetitions as a line, their spread as a band.

    Parameters
    ----------
    table
        As of `sweep_map`.
    x : str
        The parameter to the right.
    value : str
        The measure.
    by : str, optional
        A parameter that has a line for each of its values.
    band : {"std", "sem"} or None
        Half of the band's width: the standard deviation of the repetitions, that of their mean, or no band.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Lines are ``ax.lines``, bands ``ax.collections``.

    Raises
    ------
    InvalidParameterError
        There is no such column, or it does not hold numbers; or the band is none of these.
    """
    if band not in ("std", "sem", None):
        raise InvalidParameterError(
            f"band is {band!r}.", where="nd.plot.sweep_lines", cure='Give "std", "sem" or None.', band=band
        )
    columns, units = _read(table, [x, value, *([] if by is None else [by])])
    axes = axes_of(ax, (5.5, 4.0))
    groups = [None] if by is None else list(np.unique(columns[by]))
    for number, group in enumerate(groups):
        chosen = np.ones(columns[x].size, bool) if group is None or by is None else columns[by] == group
        at, place = np.unique(columns[x][chosen], return_inverse=True)
        mean, spread, times = _spread(place, columns[value][chosen], at.size)
        text = None if by is None else f"{by} = {group:g} {units[by]}".rstrip()
        axes.plot(at, mean, "o-", ms=3.5, lw=1.2, color=colour(number), label=text)
        if band is not None and times.max(initial=0) > 1:
            half = spread if band == "std" else spread / np.sqrt(np.maximum(times, 1))
            axes.fill_between(at, mean - half, mean + half, color=colour(number), alpha=0.2, lw=0)
    axes.set_xlabel(label_of(x, units[x]))
    axes.set_ylabel(label_of(value, units[value]))
    if by is not None:
        axes.legend(frameon=False)
    return axes


def _means(place: NDArray[Any], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Mean of the finite values in each place; NaN where there is none."""
    mean: NDArray[np.float64] = _spread(place, values, size)[0]
    return mean


def _spread(place: NDArray[Any], values: NDArray[np.float64], size: int) -> tuple[Any, Any, Any]:
    """Mean, standard deviation and number of the finite values in each place."""
    finite = np.isfinite(values)
    where, what = np.asarray(place).reshape(-1)[finite], values[finite]
    times = np.bincount(where, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(where, what, size) / times
        variance = np.bincount(where, (what - mean[where]) ** 2, size) / np.where(times > 1, times - 1, 1)
    return mean, np.where(times > 0, np.sqrt(variance), np.nan), times


def _read(table: Any, names: list[str]) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    """Columns of a table as plain numbers, and their units."""
    table = getattr(table, "table", table)  # a study
    units = {name: _unit(table, name) for name in names}
    if hasattr(table, "to_dataframe"):  # a dataset of xarray: everything over the grid
        known = [*map(str, table.coords), *map(str, table.data_vars)]
        _check(names, known)
        table = table[[name for name in names if name in table.data_vars]].to_dataframe().reset_index()
    known = list(map(str, getattr(getattr(table, "dtype", None), "names", None) or _names(table)))
    _check(names, known)
    columns = {}
    for name in names:
        try:
            columns[name] = np.asarray(_bare(table[name]), dtype=np.float64).reshape(-1)
        except (TypeError, ValueError):
            raise InvalidParameterError(
                f"{name!r} does not hold numbers.",
                where="nd.plot",
                cure="Name a parameter or a measure with one number for each point.",
                name=name,
            ) from None
    return columns, units


def _names(table: Any) -> Any:
    """Names of the columns of a mapping or a data frame."""
    if not isinstance(table, Mapping) and not hasattr(table, "columns"):
        raise InvalidParameterError(
            f"A {type(table).__name__} is no table.",
            where="nd.plot",
            cure="Give a study, a pandas.DataFrame, an xarray.Dataset, a structured array or a dict of columns.",
        )
    return table


def _bare(column: Any) -> Any:
    return getattr(column, "magnitude", column)


def _check(names: list[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            near = ", ".join(map(repr, nearest_first(name, known)[:5]))
            raise InvalidParameterError(
                f"The table has no column {name!r}.", where="nd.plot", cure=f"It has, among others: {near}.", name=name
            )


def _unit(table: Any, name: str) -> str:
    """Unit of a column, wherever the table keeps it."""
    if hasattr(table, "to_dataframe"):
        return str(table[name].attrs.get("units", "")) if name in table.variables else ""
    units = getattr(table, "attrs", {}).get("units", {})
    if not units and isinstance(table, Mapping) and hasattr(table.get(name), "dimensionality"):
        return str(table[name].dimensionality)
    return str(units.get(name, ""))
