"""Convolution, and its transpose, as rules of connection: one kernel at every place of a line, a plane or a block.

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

__all__ = ["Conv", "ConvTranspose"]

Indices = NDArray[np.int64]


class _Kernel(Edges):
    """What a convolution and its transpose share: which entry of the kernel joins which places, and by which weight."""

    #: Where the transposed one has its input, a convolution has its output.
    transposed = False

    def __init__(
        self,
        in_size: SizeLike,
        kernel: ParameterLike,
        stride: Any,
        dilation: Any,
        padding: str,
        groups: int,
        out_size: SizeLike | None,
    ) -> None:
        size = self._size("in_size", in_size)
        magnitude, dimension = split(kernel, where=self._place("kernel"))
        entries = np.asarray(magnitude, dtype=np.float64)
        axes = len(size) - (entries.ndim - len(size))
        if entries.ndim not in (len(size), len(size) + 1) or not 1 <= axes <= 3 or 0 in entries.shape:
            raise self._misfit(entries.shape, size)
        has_channels = entries.ndim > len(size)
        if not has_channels:
            entries = entries[..., None, None]
        space, channels = size[:axes], size[-1] if has_channels else 1
        self.groups = self._check_groups(groups, entries.shape, size, channels)
        if padding not in ("same", "valid", "circular"):
            raise UnknownOptionError(
                f"padding is {padding!r}.",
                where=self._place("padding"),
                cure='Give "same", "valid" or "circular".',
                padding=padding,
            )
        self.padding = padding
        self.stride, self.dilation = self._each("stride", stride, axes), self._each("dilation", dilation, axes)
        spans = [(extent - 1) * by + 1 for extent, by in zip(entries.shape, self.dilation, strict=False)]
        reached = self._reached(space, spans, out_size, has_channels)
        wide, narrow = (reached, space) if self.transposed else (space, reached)
        self._check_spans(spans, wide)
        at_wide, at_narrow, weight = _listed(_grouped(entries, self.groups, channels), wide, narrow, self)
        pre, post = (at_narrow, at_wide) if self.transposed else (at_wide, at_narrow)
        order = np.argsort(pre * math.prod(reached) * entries.shape[-1] + post, kind="stable")
        super().__init__(
            size,
            (*reached, entries.shape[-1]) if has_channels else reached,
            pre[order],
            post[order],
            join(weight[order], dimension) if weight.size else 0.0,
        )

    def _reached(
        self, space: tuple[int, ...], spans: list[int], out_size: SizeLike | None, has_channels: bool
    ) -> tuple[int, ...]:
        """Extents of the output along the axes of space."""
        raise NotImplementedError

    def _check_groups(self, groups: Any, kernel: tuple[int, ...], size: tuple[int, ...], channels: int) -> int:
        """Number of groups of channels that see only each other; refused where it divides them not."""
        number = self._count("groups", groups, most=channels, cure="Give a number of groups that divides the channels.")
        if number < 1 or channels % number or kernel[-1] % number:
            raise ConnectivityError(
                f"groups is {groups}, for {channels} channels and {kernel[-1]} of the output.",
                where=self._place("groups"),
                cure="Give a number that divides both.",
                groups=groups,
                channels=channels,
                out_channels=kernel[-1],
            )
        if kernel[-2] * number != channels:
            raise self._misfit(kernel, size)
        return number

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

    def _check_spans(self, spans: list[int], wide: tuple[int, ...]) -> None:
        """Refuse a window that is larger than the space that it moves in."""
        if self.padding != "same" and any(span > n for span, n in zip(spans, wide, strict=True)):
            raise ConnectivityError(
                f"The window spans {tuple(spans)}, but space has {wide}.",
                where=self._place("kernel"),
                cure='Give a smaller kernel or dilation, or padding="same".',
                spans=tuple(spans),
                size=wide,
            )

    def _windows(self, space: tuple[int, ...], spans: list[int]) -> tuple[int, ...]:
        """Number of windows along each axis."""
        inside = spans if self.padding == "valid" else [1] * len(space)
        return tuple(-(-(n - span + 1) // by) for n, span, by in zip(space, inside, self.stride, strict=True))

    def _misfit(self, kernel: tuple[int, ...], size: tuple[int, ...]) -> ConnectivityError:
        return ConnectivityError(
            f"The kernel has the shape {kernel}, but in_size is {size}.",
            where=self._place("kernel"),
            cure="Give a window with as many axes as in_size; or, where the last axis of in_size are channels, "
            "the shape (*window, channels / groups, out_channels).",
            kernel=kernel,
            size=size,
        )


class Conv(_Kernel):
    r"""A kernel that is the same at every place: for rates, images, and spikes alike.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the presynaptic population: one to three axes of space, and a last one of channels if the kernel
        has channels.
    kernel : array_like or Quantity, shape (k, ...) or (k, ..., channels / groups, out_channels)
        Weights. With as many axes as `in_size` it is one window; with one more, it has channels.
    stride, dilation : int, or one for each axis of space
        Distance between neighbouring windows, and between neighbouring entries of a window.
    padding : {"same", "valid", "circular"}
        At the border: outside is zero, and the output has the size of the input over the stride; only windows that are
        inside; or space is a ring or a torus.
    groups : int
        Number of groups that the channels of input and output are cut into, in their order; an output sees the inputs
        of its own group only. As many groups as channels are a depthwise convolution.

    Attributes
    ----------
    out_size : tuple of int
        Geometry of the output, which the postsynaptic population has.

    Raises
    ------
    ConnectivityError
        The kernel does not fit the geometry, an entry is not finite, a number is not positive, groups do not divide the
        channels, or a window is larger than the space.
    UnknownOptionError
        `padding` is none of the three.

    See Also
    --------
    ConvTranspose : the way back.

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

    Two channels to four, and each of two by itself to two:

    >>> Conv((8, 8, 2), np.ones((3, 3, 2, 4)), stride=2).out_size
    (4, 4, 4)
    >>> Conv((8, 8, 2), np.ones((3, 3, 1, 4)), groups=2).n_synapses
    1936
    """

    def __init__(
        self,
        in_size: SizeLike,
        kernel: ParameterLike,
        *,
        stride: Any = 1,
        dilation: Any = 1,
        padding: str = "same",
        groups: int = 1,
    ) -> None:
        super().__init__(in_size, kernel, stride, dilation, padding, groups, None)

    def _reached(
        self, space: tuple[int, ...], spans: list[int], out_size: SizeLike | None, has_channels: bool
    ) -> tuple[int, ...]:
        self._check_spans(spans, space)
        return self._windows(space, spans)


class ConvTranspose(_Kernel):
    r"""The transpose of a convolution: each place sends a kernel to the places around it, for decoders and feedback.

    Parameters
    ----------
    in_size : int or tuple of int
        Geometry of the presynaptic population, as of `Conv`.
    kernel : array_like or Quantity, shape (k, ...) or (k, ..., channels / groups, out_channels)
        Weights, as of `Conv`: channels are those of the presynaptic population.
    stride : int, or one for each axis of space
        Distance between the windows of neighbouring places in the output, which so becomes larger.
    dilation : int, or one for each axis of space
        Distance between neighbouring entries of a window.
    padding : {"same", "valid", "circular"}
        What the convolution does at its border of which this is the transpose. By default the output has the size of
        the input times the stride; with ``"valid"`` whole windows fit into it.
    groups : int
        See `Conv`.
    out_size : int or tuple of int, optional
        Geometry of the output, where another one than the default has the input as that of its convolution: with a
        stride of 2, outputs of 7 and of 8 places have 4 windows.

    Attributes
    ----------
    out_size : tuple of int
        Geometry of the output, which the postsynaptic population has.

    Raises
    ------
    ConnectivityError
        As of `Conv`; or `out_size` is not the size of an input from which the convolution gives `in_size`.
    UnknownOptionError
        `padding` is none of the three.

    Notes
    -----
    :math:`y_{s p + d (k - c)}` gets :math:`K_k\, x_p` from each place p. As matrices, `Conv` of the same window with
    channels exchanged and `ConvTranspose` are each other's transposes.

    Examples
    --------
    >>> ConvTranspose((4, 4, 8), np.ones((3, 3, 8, 2)), stride=2).out_size
    (8, 8, 2)
    >>> ConvTranspose(4, np.ones(3), stride=2, out_size=7).n_synapses
    10
    """

    transposed = True

    def __init__(
        self,
        in_size: SizeLike,
        kernel: ParameterLike,
        *,
        stride: Any = 1,
        dilation: Any = 1,
        padding: str = "same",
        groups: int = 1,
        out_size: SizeLike | None = None,
    ) -> None:
        super().__init__(in_size, kernel, stride, dilation, padding, groups, out_size)

    def _reached(
        self, space: tuple[int, ...], spans: list[int], out_size: SizeLike | None, has_channels: bool
    ) -> tuple[int, ...]:
        if out_size is None:
            more = spans if self.padding == "valid" else self.stride
            return tuple((n - 1) * by + least for n, by, least in zip(space, self.stride, more, strict=True))
        given = self._size("out_size", out_size)
        reached = given[: len(space)]
        windows = self._windows(reached, spans) if len(given) == len(space) + has_channels else None
        if windows != space:
            raise ConnectivityError(
                f"out_size is {given}"
                + (f", of which a convolution makes {windows} windows" if windows else ", which has other axes")
                + f", but in_size has {space} places.",
                where=self._place("out_size"),
                cure="Leave it out, or give a size of which so many windows are made.",
                out_size=given,
                space=space,
            )
        return reached


def _grouped(entries: NDArray[np.float64], groups: int, channels: int) -> NDArray[np.float64]:
    """The kernel with all channels, zero between groups."""
    if groups == 1:
        return entries
    full = np.zeros((*entries.shape[:-2], channels, entries.shape[-1]))
    each_in, each_out = channels // groups, entries.shape[-1] // groups
    for group in range(groups):
        outs = slice(group * each_out, (group + 1) * each_out)
        full[..., group * each_in : (group + 1) * each_in, outs] = entries[..., outs]
    return full


def _listed(
    entries: NDArray[np.float64], wide: tuple[int, ...], narrow: tuple[int, ...], rule: _Kernel
) -> tuple[Indices, Indices, NDArray[np.float64]]:
    """Neurons at places where windows move, neurons of the windows, and weights, in no order."""
    axes = len(narrow)
    ins, outs = entries.shape[-2:]
    at_wide, at_narrow = (outs, ins) if rule.transposed else (ins, outs)
    place = np.indices(narrow).reshape(axes, -1)
    limits, by = np.array(wide)[:, None], np.array(rule.stride)[:, None]
    nothing = np.empty(0, dtype=np.int64)
    wides, narrows, weights = [nothing], [nothing], [np.empty(0)]
    for window in itertools.product(*map(range, entries.shape[:axes])):
        centre = 0 if rule.padding == "valid" else (np.array(entries.shape[:axes]) - 1) // 2
        shift = ((np.array(window) - centre) * np.array(rule.dilation))[:, None]
        there = place * by + shift
        there = there % limits if rule.padding == "circular" else there
        inside = np.flatnonzero(((there >= 0) & (there < limits)).all(axis=0))
        first = np.ravel_multi_index(tuple(there[:, inside]), wide)
        for a, b in np.argwhere(entries[window]):
            of_wide, of_narrow = (b, a) if rule.transposed else (a, b)
            wides.append(first * at_wide + of_wide)
            narrows.append(inside * at_narrow + of_narrow)
            weights.append(np.full(inside.size, entries[window][a, b]))
    return np.concatenate(wides), np.concatenate(narrows), np.concatenate(weights)
