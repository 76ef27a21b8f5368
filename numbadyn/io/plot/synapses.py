"""Synapses: histograms of weights and delays, and who is connected to whom.

In: a projection, its list of synapses, or values.  Out: bars and images on axes.  Must not know: how synapses are drawn
at random or delivered.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import InvalidParameterError
from numbadyn.io.plot.canvas import COLOURS, axes_of, label_of
from numbadyn.model.module import Module
from numbadyn.model.synonyms import known_as
from numbadyn.projections.base import SynapticProjection
from numbadyn.projections.connectivity import EdgeList
from numbadyn.units import TIME, Dimension, split

__all__ = ["connectivity", "delays", "weights"]

_MOST_CELLS = 400


def weights(source: Any, *, bins: Any = 50, ax: Any = None) -> Any:
    """Draw a histogram of the weights of a projection.

    Parameters
    ----------
    source : SynapticProjection, EdgeList, Quantity or array
        A projection, whose synapses follow from the seed of its simulator; what ``projection.edges()`` gives; or
        weights, such as those that a simulator has now: ``sim.get(net.E2I, "weight")``.
    bins : int or sequence
        As of `numpy.histogram`.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numbadyn as nd
    >>> from quantities import mV
    >>> E = nd.LIF(10)
    >>> proj = nd.DeltaProj(E, comm=nd.AllToAll(10, 10, weight=nd.init.Uniform(0 * mV, 1 * mV)), post=E)
    >>> ax = nd.plot.weights(proj, bins=10)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('weight (mV)', 'synapses')
    """
    edges = _edges(source)
    return _histogram(source if edges is None else edges.weight, "weight", bins, ax)


def delays(source: Any, *, bins: Any = None, ax: Any = None) -> Any:
    """Draw a histogram of the delays of a projection.

    Parameters
    ----------
    source : SynapticProjection, EdgeList or Quantity
        As of `weights`.
    bins : int or sequence, optional
        As of `numpy.histogram`; by default a bar for each delay that there is, if these are not more than 100.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    edges = _edges(source)
    values, dimension = _plain(source if edges is None else edges.delay)
    different = np.unique(values)
    if bins is None and 1 < different.size <= 100:
        steps = np.diff(different)
        width = steps.min()
        bins = np.append(different, different[-1] + width) - width / 2
    return _histogram(values, "delay", 50 if bins is None else bins, ax, dimension if edges is None else TIME)


def _edges(source: Any) -> EdgeList | None:
    """The synapses of a projection; None for values."""
    if isinstance(source, EdgeList):
        return source
    if isinstance(source, Module) and not isinstance(source, SynapticProjection):
        raise InvalidParameterError(
            f"{source.path} has no list of synapses.",
            where="nd.plot",
            cure="Give a projection with a rule of connection as comm, or projection.edges().",
            source=source.path,
        )
    return source.edges() if isinstance(source, SynapticProjection) else None


def _plain(values: Any) -> tuple[NDArray[Any], Dimension]:
    magnitude, dimension = split(values)
    return np.asarray(magnitude, dtype=float).reshape(-1), dimension


def _histogram(given: Any, name: str, bins: Any, ax: Any, known: Dimension | None = None) -> Any:
    """Draw how often each value comes."""
    values, dimension = _plain(given)
    dimension = dimension if known is None else known
    counts, borders = np.histogram(values, bins)
    axes = axes_of(ax, (5.0, 3.5))
    axes.stairs(counts, borders, fill=True, color=COLOURS[0], alpha=0.85)
    axes.set_xlabel(label_of(name, "" if dimension.is_dimensionless else dimension.name))
    axes.set_ylabel("synapses")
    axes.set_ylim(bottom=0)
    return axes


def connectivity(
    source: Any,
    *,
    value: Literal["number", "weight", "w"] = "number",
    shape: tuple[int, int] | None = None,
    colorbar: bool = True,
    ax: Any = None,
) -> Any:
    """Draw the matrix of connections: presynaptic neurons downwards, postsynaptic ones to the right.

    Parameters
    ----------
    source : SynapticProjection or EdgeList
        As of `weights`.
    value : {"number", "weight"}
        What is shown: the number of synapses of a pair, or the sum of their weights. Of more than 400 neurons on a
        side, cells stand for several neurons and show the mean of their pairs.
    shape : tuple of int, optional
        Numbers of presynaptic and postsynaptic neurons; those of the projection, or those that have synapses.
    colorbar : bool
        Whether the colours are explained beside the image.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Its image is ``ax.images[0]``.

    Raises
    ------
    InvalidParameterError
        `source` or `value` is none of these.

    Examples
    --------
    >>> import numbadyn as nd
    >>> E = nd.LIF(3)
    >>> ax = nd.plot.connectivity(nd.DeltaProj(E, comm=nd.OneToOne(3, 3), post=E))
    >>> ax.images[-1].get_array().tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    edges = _edges(source)
    value = known_as(value, ("number", "weight"))  # type: ignore[assignment]
    if edges is None or value not in ("number", "weight"):
        raise InvalidParameterError(
            f"source is {type(source).__name__}, value is {value!r}.",
            where="nd.plot.connectivity",
            cure='Give a projection, or projection.edges(); and value="number" or "weight".',
            value=value,
        )
    if shape is None:
        rule = getattr(source, "comm", None)
        shape = _extent(edges.pre, getattr(rule, "n_pre", 0)), _extent(edges.post, getattr(rule, "n_post", 0))
    magnitude, dimension = _plain(edges.weight)
    matrix = _matrix(edges, shape, magnitude if value == "weight" else np.ones(edges.pre.size))
    axes = axes_of(ax, (5.0, 4.2))
    signed = matrix.size and matrix.min() < 0
    most = float(np.abs(matrix).max(initial=0.0)) or 1.0
    colours = (
        {"cmap": "RdBu_r", "vmin": -most, "vmax": most} if signed else {"cmap": "Blues", "vmin": 0.0, "vmax": most}
    )
    extent = (-0.5, shape[1] - 0.5, shape[0] - 0.5, -0.5)
    image = axes.imshow(matrix, extent=extent, aspect="auto", interpolation="nearest", **colours)
    axes.set_xlabel("postsynaptic neuron")
    axes.set_ylabel("presynaptic neuron")
    if colorbar:
        unit = "" if dimension.is_dimensionless or value == "number" else dimension.name
        axes.figure.colorbar(image, ax=axes, label=label_of("synapses" if value == "number" else "weight", unit))
    return axes


def _extent(ends: NDArray[Any], known: int) -> int:
    """Neurons on a side: at least those that have synapses."""
    return max(known, int(np.max(ends, initial=-1)) + 1, 1)


def _matrix(edges: EdgeList, shape: tuple[int, ...], of_each: NDArray[Any]) -> NDArray[np.float64]:
    """Sums over the synapses of each pair; of large populations means over the pairs of a cell."""
    cells = [max(1, min(size, _MOST_CELLS)) for size in shape]
    places = [
        np.asarray(end, dtype=np.int64) * count // max(1, size)
        for end, count, size in zip((edges.pre, edges.post), cells, shape, strict=True)
    ]
    flat = places[0] * cells[1] + places[1]
    sums = np.bincount(flat, of_each, cells[0] * cells[1]).reshape(cells)
    neurons = [
        np.bincount(np.arange(size) * count // size, minlength=count) for size, count in zip(shape, cells, strict=True)
    ]
    pairs: NDArray[np.float64] = sums / np.outer(*neurons)
    return pairs
