"""Interpolation between samples: the methods, and the registry that users add to.

In: samples counted back from the newest one, a real position among them.  Out: a value.  Must not know: times, traces,
where samples come from.

Every method works with NumPy functions alone, so the same lines serve traced and eager reads.  Where a stencil would
reach past the newest sample it is moved inside, so that polynomials of its order stay exact up to the end; behind the
oldest sample that a delay can ask for, histories keep spare ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from numbadyn.errors import InterpolationError
from numbadyn.model.hooks import takes

__all__ = ["OWN", "STENCIL", "InterpolationRegistry", "Method", "method_of"]

Method = Callable[[Any, tuple[Any, ...], Any, Any], Any]

STENCIL = 3
"""Samples that a method may read behind the position."""


def _nearest(history: Any, indices: tuple[Any, ...], position: Any, length: Any) -> Any:
    return history[(np.floor(position + 0.5).astype(int), *indices)]


def _linear(history: Any, indices: tuple[Any, ...], position: Any, length: Any) -> Any:
    newer = np.floor(position)
    part = position - newer
    slot = newer.astype(int)
    return history[(slot, *indices)] * (1.0 - part) + history[(slot + 1, *indices)] * part


def _weigh(history: Any, indices: tuple[Any, ...], first: Any, weights: list[Any]) -> Any:
    total = history[(first, *indices)] * weights[0]
    for offset, weight in enumerate(weights[1:], 1):
        total = total + history[(first + offset, *indices)] * weight
    return total


def _lagrange(points: int, ahead: int) -> Method:
    """Lagrange's polynomial through some samples, `ahead` of them newer than the position where there are any."""

    def method(history: Any, indices: tuple[Any, ...], position: Any, length: Any) -> Any:
        first = np.maximum(np.floor(position) - ahead, 0.0)
        x = position - first
        weights = []
        for k in range(points):
            weight: Any = 1.0
            for m in range(points):
                if m != k:
                    weight = weight * ((x - float(m)) * (1.0 / (k - m)))
            weights.append(weight)
        return _weigh(history, indices, first.astype(int), weights)

    return method


def _cubic(history: Any, indices: tuple[Any, ...], position: Any, length: Any) -> Any:
    """Hermite's cubic with slopes from central differences; from three samples on one side at the newest end."""
    slot = np.floor(position)
    x = position - slot
    first = np.maximum(slot - 1.0, 0.0).astype(int)
    ends = slot < 1.0  # the interval between the two newest samples
    h00, h10 = (1.0 + 2.0 * x) * (1.0 - x) * (1.0 - x), x * (1.0 - x) * (1.0 - x)
    h01, h11 = x * x * (3.0 - 2.0 * x), x * x * (x - 1.0)
    inner = [-0.5 * h10, h00 - 0.5 * h11, h01 + 0.5 * h10, 0.5 * h11]
    # samples 0, 1, 2: the slope at 0 is (-3 y0 + 4 y1 - y2) / 2, that at 1 is (y2 - y0) / 2
    outer = [h00 - 1.5 * h10 - 0.5 * h11, h01 + 2.0 * h10, 0.5 * h11 - 0.5 * h10, 0.0 * x]
    weights = [np.where(ends, o, i) for o, i in zip(outer, inner, strict=True)]
    return _weigh(history, indices, first, weights)


_STANDARD: dict[str, Method] = {
    "nearest": _nearest,
    "round": _nearest,
    "linear": _linear,
    "linear_interp": _linear,
    "cubic": _cubic,
    "hermite": _cubic,
    "polynomial2": _lagrange(3, 0),
    "polynomial3": _lagrange(4, 1),
}

OWN = frozenset(_STANDARD.values())
"""Methods that are known to read slots that exist."""


class InterpolationRegistry:
    """Methods of interpolation by name.

    A method is called as ``method(history, indices, position, length)``: ``history[(slot, *indices)]`` gives the value
    of a slot, an integer or an array of integers, where slot 0 is the newest sample that the delay rule allows and slot
    k the one k steps earlier; ``position`` is the real-valued slot asked for, one number or one for each element of the
    result; ``length`` is the number of slots. It is written with NumPy functions and is traced like an `update`. Slots
    are whole numbers from 0 to ``length - 1``: one that stands in the method as a number must exist, and those that it
    computes are limited to that range, in eager calls and on every target alike.

    Notes
    -----
    Between samples, with y_k the value k steps ago and x the part of a step behind slot k:

    =============================  =============================================================================
    ``nearest``, ``round``         the nearer sample, the older of two at the same distance
    ``linear``, ``linear_interp``  y_k + x (y_{k+1} - y_k)
    ``cubic``, ``hermite``         cubic through y_k and y_{k+1}, slopes from central differences (Catmull and Rom)
    ``polynomial2``                parabola through three samples
    ``polynomial3``                cubic through four samples (Lagrange)
    =============================  =============================================================================

    The first keeps Booleans and integers; the others give reals. At the newest end the stencils lie on one side, so
    that ``linear`` is exact for straight lines, ``cubic`` and ``polynomial2`` for parabolas, and ``polynomial3`` for
    cubics, everywhere in the window.

    References
    ----------
    Catmull, E. and Rom, R. (1974). A class of local interpolating splines. In: Computer Aided Geometric Design,
    317-326. doi:10.1016/B978-0-12-079050-0.50020-5

    Examples
    --------
    >>> import numbadyn as nd
    >>> def older(history, indices, position, length):
    ...     return history[(np.ceil(position).astype(int), *indices)]
    >>> nd.InterpolationRegistry.register("older", older)
    >>> nd.InterpolationRegistry.get("older") is older
    True
    >>> nd.InterpolationRegistry.unregister("older")
    """

    _methods: ClassVar[dict[str, Method]] = dict(_STANDARD)

    @classmethod
    def register(cls, name: Any, method: Any) -> None:
        """Add a method, or replace the one of this name.

        Parameters
        ----------
        name : str
            Name for ``interpolation=``.
        method : callable
            See the class.

        Raises
        ------
        InterpolationError
            The name is no text, or the method cannot be called with four arguments.

        Examples
        --------
        >>> InterpolationRegistry.register("newest", lambda history, indices, position, length: history[(0, *indices)])
        >>> "newest" in InterpolationRegistry.list_methods()
        True
        >>> InterpolationRegistry.unregister("newest")
        """
        if not isinstance(name, str) or not callable(method):
            raise InterpolationError(
                f"A method of interpolation {name!r} is given as {method!r}.",
                where="InterpolationRegistry.register",
                cure="Give a name and a function of (history, indices, position, length).",
                name=name,
                method=method,
            )
        cls._methods[name] = _check_method(method, f"InterpolationRegistry.register({name!r}, ...)")

    @classmethod
    def unregister(cls, name: str) -> None:
        """Take a method away again.

        Parameters
        ----------
        name : str
            Its name.

        Raises
        ------
        InterpolationError
            There is none of this name.

        Examples
        --------
        >>> InterpolationRegistry.register("newest", lambda history, indices, position, length: history[(0, *indices)])
        >>> InterpolationRegistry.unregister("newest")
        """
        cls.get(name)
        del cls._methods[name]

    @classmethod
    def get(cls, name: str) -> Method:
        """The method of this name.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        callable
            ``method(history, indices, position, length)``; see the class.

        Raises
        ------
        InterpolationError
            There is none; the message lists those that there are.

        Examples
        --------
        >>> linear = InterpolationRegistry.get("linear")
        >>> float(linear(np.array([10.0, 20.0, 30.0]), (), 0.5, 3))
        15.0
        """
        if name not in cls._methods:
            raise InterpolationError(
                f"There is no method of interpolation {name!r}.",
                where="InterpolationRegistry",
                cure=f"Choose one of {', '.join(cls._methods)}, or register it.",
                name=name,
            )
        return cls._methods[name]

    @classmethod
    def list_methods(cls) -> list[str]:
        """Names of all methods.

        Returns
        -------
        list of str
            In the order of their registration.

        Examples
        --------
        >>> InterpolationRegistry.list_methods()[:3]
        ['nearest', 'round', 'linear']
        """
        return list(cls._methods)


def method_of(interpolation: Any, where: str) -> Method | None:
    """The method of an ``interpolation=`` argument; None where whole steps are read.

    Raises
    ------
    InterpolationError
        It is neither None, nor a known name, nor a function of four arguments.
    """
    if interpolation is None:
        return None
    if isinstance(interpolation, str):
        return InterpolationRegistry.get(interpolation)
    if not callable(interpolation):
        raise InterpolationError(
            f"interpolation is {interpolation!r}.",
            where=where,
            cure=f"Choose one of {', '.join(InterpolationRegistry.list_methods())}, or give a function.",
            interpolation=interpolation,
        )
    return _check_method(interpolation, where)


def _check_method(method: Any, where: str) -> Method:
    """The method, if it takes the arguments that it is called with."""
    if not takes(method, (None, (), 0.0, 1), {}):
        raise InterpolationError(
            f"The method of interpolation {method!r} does not take the four arguments that it is called with.",
            where=where,
            cure="Write it as a function of (history, indices, position, length).",
            method=method,
        )
    checked: Method = method
    return checked
