"""What arrays can be asked besides slices, where that needs all values.

In: something that can load all it stands for.  Out: what the loaded array answers.  Must not know: where values lie.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from numpy.lib.mixins import NDArrayOperatorsMixin

__all__ = ["Loading"]


class Loading(NDArrayOperatorsMixin):
    """Base of arrays that are read when they are asked for: reductions read all values."""

    @abstractmethod
    def load(self) -> Any:
        """All values, in memory."""

    @property
    def T(self) -> Any:
        """All values, transposed."""
        return self.load().T

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        """Mean, as of an array."""
        return self.load().mean(*args, **kwargs)

    def std(self, *args: Any, **kwargs: Any) -> Any:
        """Standard deviation, as of an array."""
        return self.load().std(*args, **kwargs)

    def var(self, *args: Any, **kwargs: Any) -> Any:
        """Variance, as of an array."""
        return self.load().var(*args, **kwargs)

    def sum(self, *args: Any, **kwargs: Any) -> Any:
        """Sum, as of an array."""
        return self.load().sum(*args, **kwargs)

    def min(self, *args: Any, **kwargs: Any) -> Any:
        """Least value, as of an array."""
        return self.load().min(*args, **kwargs)

    def max(self, *args: Any, **kwargs: Any) -> Any:
        """Largest value, as of an array."""
        return self.load().max(*args, **kwargs)
