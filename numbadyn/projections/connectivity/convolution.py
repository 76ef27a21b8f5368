"""Convolution as a rule of connection: one kernel at every place of a line, a plane or a block.

In: a geometry, a kernel.  Out: lists of synapses with their weights.  Must not know: how the table of synapses is
stored, Numba.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbadyn.errors import ConnectivityError, UnknownOptionError
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.projections.connectivity.explicit import Edges
from numbadyn.units import join, split

__all__ = ["Conv"]

Indices = NDArray[np.int64]


class Conv(Edges):
    r"""A kernel that is the same at every place: for rates, images, and spikes alike.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the presynaptic population: one to three axes of space, and a last one of channels if the kernel
        has channels.
    kernel : array_like or Quantity, shape (k, ...) or (k, ..., channels, out_channels)
        Weights. With as many axes as `in_size` it is one window; with one more, it has channels.
    stride, dilation : int, or one for each axis of space
        Distance between neighbouring windows, and between neighbouring entries of a window.
    padding : {"same", "valid", "circular"}
        At the border: outside is zero, and the output has the size of the input over the stride; only windows that are
        inside; or space is a ring or a torus.

    Attributes
    ----------
    out_size : tuple of int
        Geometry of the output, which the postsynaptic population has.

    Raises
    ------
    ConnectivityError
        The kernel does not fit the geometry, an entry is not finite, a number is not positive, or a window is larger
        than the space.
    UnknownOptionError
        `padding` is none of the three.

    Notes
    -----
    As in networks for images, the kernel is not mirrored: :math:`y_p = \sum_k K_k\, x_{s p + d (k - c)}`, with the
    centre c of the window, entry ``(extent - 1) // 2`` (the first one with ``"valid"``). Entries of zero make no
    synapse. As a rule of connection it goes with delays of each synapse, with spikes, which cost only what they reach,
    and with batches.

    Examples
    --------
    A detector of edges:

    >>> rule = Conv((8, 8), [[-1.0, 0.0, 1.0]] * 3, padding="valid")
    >>> rule.out_size, rule.n_synapses
    ((6, 6), 216)

    Two channels to four:

    >>> Conv((8, 8, 2), np.ones((3, 3, 2, 4)), stride=2).out_size
    (4, 4, 4)
    """

    def __init__(
        self,
        in_size: SizeLike,
        kernel: ParameterLike,
        *,
        stride: Any = 1,
        dilation: Any = 1,
        padding: str = "same",
    ) -> None:
        size = self._size("in_size", in_size)
        magnitude, dimension = split(kernel, where=self._place("kernel"))
        entries = np.asarray(magnitude, dtype=np.float64)
        axes = len(size) - (entries.ndim - len(size))
        if entries.ndim not in (len(size), len(size) + 1) or not 1 <= axes <= 3 or 0 in entries.shape:
            raise self._misfit(entries.shape, size)
        if entries.ndim == len(size):
            entries, size_in = entries[..., None, None], (*size, 1)
        else:
            size_in = size
        if entries.shape[axes] != size_in[-1]:
            raise self._misfit(entries.shape, size)
        if padding not in ("same", "valid", "circular"):
            raise UnknownOptionError(
                f"padding is {padding!r}.",
                where=self._place("padding"),
                cure='Give "same", "valid" or "circular".',
                padding=padding,
            )
        self.padding = padding
        self.stride, self.dilation = self._each("stride", stride, axes), self._each("dilation", dilation, axes)
        space = self._space(size_in[:axes], entries.shape[:axes])
        pre, post, weight = _listed(entries, size_in, space, self)
        out = (*space, entries.shape[-1])
        super().__init__(
            size, out if len(size) > axes else space, pre, post, join(weight, dimension) if weight.size else 0.0
        )

    def _each(self, name: str, given: Any, axes: int) -> tuple[int, ...]:
        """One positive number for each axis of space."""
        numbers = tuple(given) if isinstance(given, tuple | list) else (given,) * axes
        checked = tuple(self._count(name, number, most=None, cure="") for number in numbers)
        if len(checked) != axes or min(checked) < 1:
            raise ConnectivityError(
                f"{name} is {given!r}, for {axes} axes of space.",
                where=self._place(name),
                cure="Give a positive integer, or one for each axis.",
                name=name,
                given=given,
            )
        return checked

    def _space(self, size: tuple[int, ...], window: tuple[int, ...]) -> tuple[int, ...]:
        """Number of windows along each axis."""
        spans = [(extent - 1) * by + 1 for extent, by in zip(window, self.dilation, strict=True)]
        if self.padding != "same" and any(span > n for span, n in zip(spans, size, strict=True)):
            raise ConnectivityError(
                f"The window spans {tuple(spans)}, but space has {size}.",
                where=self._place("kernel"),
                cure='Give a smaller kernel or dilation, or padding="same".',
                spans=tuple(spans),
                size=size,
            )
        inside = spans if self.padding == "valid" else [1] * len(size)
        return tuple(-(-(n - span + 1) // by) for n, span, by in zip(size, inside, self.stride, strict=True))

    def _misfit(self, kernel: tuple[int, ...], size: tuple[int, ...]) -> ConnectivityError:
        return ConnectivityError(
            f"The kernel has the shape {kernel}, but in_size is {size}.",
            where=self._place("kernel"),
            cure="Give a window with as many axes as in_size; or, where the last axis of in_size are channels, "
            "the shape (*window, channels, out_channels).",
            kernel=kernel,
            size=size,
        )


def _listed(
    entries: NDArray[np.float64], size: tuple[int, ...], space: tuple[int, ...], rule: Conv
) -> tuple[Indices, Indices, NDArray[np.float64]]:
    """Synapses and their weights, by presynaptic, then by postsynaptic index."""
    axes, outs = len(space), entries.shape[-1]
    place = np.indices(space).reshape(axes, -1)
    limits, by = np.array(size[:axes])[:, None], np.array(rule.stride)[:, None]
    pres, posts, weights = [], [], []
    for window in itertools.product(*map(range, entries.shape[:axes])):
        centre = 0 if rule.padding == "valid" else (np.array(entries.shape[:axes]) - 1) // 2
        shift = ((np.array(window) - centre) * np.array(rule.dilation))[:, None]
        source = place * by + shift
        source = source % limits if rule.padding == "circular" else source
        inside = np.flatnonzero(((source >= 0) & (source < limits)).all(axis=0))
        first = np.ravel_multi_index(tuple(source[:, inside]), size[:axes])
        for a, b in np.argwhere(entries[window]):
            pres.append(first * size[-1] + a)
            posts.append(inside * outs + b)
            weights.append(np.full(inside.size, entries[window][a, b]))
    nothing = [np.empty(0, dtype=np.int64)]
    pre, post = np.concatenate(pres or nothing), np.concatenate(posts or nothing)
    order = np.argsort(pre * math.prod(space) * outs + post, kind="stable")
    return pre[order], post[order], np.concatenate(weights or [np.empty(0)])[order]
