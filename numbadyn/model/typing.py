"""Names for what users may give, in signatures; ``nd.typing``.

In: nothing.  Out: type aliases.  Must not know: who takes them.

Examples
--------
>>> import numbadyn as nd
>>> class Leak(nd.Dynamics):
...     def __init__(self, in_size: nd.typing.SizeLike, tau: nd.typing.ParameterLike) -> None:
...         super().__init__(in_size)
...         self.tau = nd.Parameter(tau)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from numbadyn.model.init import Initialiser
from numbadyn.model.values import Parameter
from numbadyn.units import QuantityLike, SizeLike

__all__ = ["ParameterLike", "QuantityLike", "SizeLike"]

ParameterLike: TypeAlias = QuantityLike | Initialiser | Parameter | Callable[..., Any]
"""A value, one for each element, a distribution from ``nd.init``, a `Parameter`, or a function of the shape."""
