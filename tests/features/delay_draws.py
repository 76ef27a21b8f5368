"""Reads of the past, drawn at random: how long ago, which elements, what came before the start.

In: the shape of a value and the step of time.  Out: descriptions of reads, in NumPy's terms and whole microseconds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.features.delay_oracle import numbers

__all__ = ["DTS", "LONGEST", "SHAPES", "Before", "Lags", "Read", "arrays", "delays", "forms", "histories", "late"]

DTS = (70, 100, 250, 300, 1000)
SHAPES = ((4,), (2, 3))
LONGEST = 8  # steps


@dataclass
class Read:
    """One read: by which accessor, of what, how long ago in microseconds, and which elements."""

    accessor: str
    item: str
    delay: Any
    indices: tuple = ()
    init: Any = None
    method: Any = None
    every: Any = None
    strategy: str = "hold"


@dataclass(frozen=True)
class Lags:
    """A delay that changes: a function of the step that gives microseconds, at most `most`, in parts of `unit`."""

    shape: tuple
    unit: int
    most: int

    def parts(self, n):
        """Delays of step n in whole units, one or an array."""
        i = np.arange(int(np.prod(self.shape))).reshape(self.shape) if self.shape else 0
        return numbers(n, i + 11) % (self.most // self.unit + 1)

    def __call__(self, n):
        """The same in microseconds."""
        return self.parts(n) * self.unit


def delays(dt):
    """Times in microseconds: none, whole steps, or anything between."""
    return st.one_of(st.integers(0, LONGEST).map(lambda steps: steps * dt), st.integers(0, LONGEST * dt))


def late(dt):
    """As `delays`, but never zero."""
    return delays(dt).map(lambda delay: delay or dt)


def arrays(of, *shape):
    """Arrays of what is drawn."""
    size = int(np.prod(shape))
    return st.lists(of, min_size=size, max_size=size).map(lambda drawn: np.array(drawn).reshape(shape))


@st.composite
def indices(draw, shape):
    """Elements of a value: all, one, some, in NumPy's ways; and the number of those that are gathered, if they are."""
    how = draw(st.sampled_from(["all", "one", "row", "gathered", "sliced", "masked", "mixed"]))
    if how == "all":
        return (), None
    if how == "one":
        return tuple(draw(st.integers(-size, size - 1)) for size in shape), None
    if how == "row":
        return (draw(st.integers(0, shape[0] - 1)),), None
    if how == "sliced":
        return (slice(draw(st.integers(0, 1)), None, draw(st.integers(1, 2))),), None
    if how == "masked":
        mask = np.zeros(shape, dtype=bool)
        mask.reshape(-1)[draw(st.lists(st.integers(0, mask.size - 1), min_size=1, max_size=3))] = True
        return (mask,), int(mask.sum())
    count = draw(st.integers(1, 5))
    ids = draw(arrays(st.integers(-shape[0], shape[0] - 1), count))
    if how == "mixed" and len(shape) > 1:
        return (ids, slice(0, 2)), count
    return (ids, *(draw(arrays(st.integers(0, size - 1), count)) for size in shape[1:])), count


@st.composite
def forms(draw, shape, dt):
    """A delay, or many, and the elements: one for all, an outer product, or one for each that is gathered."""
    chosen, count = draw(indices(shape))
    how = draw(st.sampled_from(["one", "each", "outer"]))
    if how == "one":
        return draw(delays(dt)), chosen
    if count is None:
        return draw(arrays(delays(dt), draw(st.integers(1, 3)))), chosen
    rows = (draw(st.integers(1, 2)), 1) if how == "outer" else (count,)
    return draw(arrays(delays(dt), *rows)), chosen


@dataclass(frozen=True)
class Before:
    """A history before the start that changes with time: of steps of `dt` microseconds, Boolean or not."""

    shape: tuple
    dt: int
    item: str

    def __call__(self, m):
        """Value of step m < 0."""
        i = np.arange(int(np.prod(self.shape))).reshape(self.shape)
        return (m + i) % 3 == 0 if self.item == "b" else 3 * m + i


def histories(shape, dt, item):
    """What came before the start: nothing said, one value, an array, or one that changes."""
    of = st.booleans() if item == "b" else st.integers(-9, 9)
    return st.one_of(st.none(), of, arrays(of, *shape), st.just(Before(shape, dt, item)))
