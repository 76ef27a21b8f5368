"""Connections that the user has already: lists of pairs, dense matrices, SciPy sparse matrices.

In: index arrays or a matrix.  Out: a checked specification with compact arrays.  Must not know: how the table of
synapses is stored, Numba, SciPy (a sparse matrix is recognised by its methods).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numbadyn.errors import ConnectivityError, DimensionError, InvalidParameterError
from numbadyn.model.hooks import takes
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.projections.connectivity.base import Connectivity
from numbadyn.units import join, split

__all__ = ["Edges", "Matrix", "list_edges"]


class Edges(Connectivity):
    """The synapses that two arrays of indices name.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    pre, post : array_like of int, shape (n_synapses,)
        Presynaptic and postsynaptic index of each synapse, in any order; a pair may occur several times.
    weight
        See `Connectivity`. Arrays of one value for each synapse, weights and delays, are in the order of `pre` and
        `post`, and are read back in that order.

    Raises
    ------
    ConnectivityError
        If the arrays differ in length, are not one-dimensional or not integers, or name a neuron that does not exist.

    Examples
    --------
    >>> Edges(3, 3, pre=[2, 0], post=[0, 1], weight=[0.5, 1.5]).n_synapses
    2
    """

    def __init__(
        self, in_size: SizeLike, out_size: SizeLike, pre: ArrayLike, post: ArrayLike, weight: ParameterLike = 1.0
    ) -> None:
        super().__init__(in_size, out_size, weight)
        self.pre = self._indices("pre", pre, self.n_pre)
        self.post = self._indices("post", post, self.n_post)
        if self.pre.shape != self.post.shape:
            raise ConnectivityError(
                f"There are {self.pre.size} presynaptic but {self.post.size} postsynaptic indices.",
                where=self._place("pre, post"),
                cure="Give two arrays of equal length, one entry for each synapse.",
                pre_size=self.pre.size,
                post_size=self.post.size,
            )
        self.check_weight_shape(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return int(self.pre.size)

    @property
    def lists_synapses(self) -> bool:
        """Whether the user lists the synapses: yes."""
        return True

    def _indices(self, name: str, given: Any, count: int) -> NDArray[np.uint32]:
        """Check indices and give them as 32-bit numbers."""
        try:
            indices = np.asarray(given)
        except ValueError:  # a list of lists of different lengths
            indices = np.empty(0, dtype=object).reshape(0, 0)
        if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
            raise ConnectivityError(
                f"{name} has the type {indices.dtype} and the shape {indices.shape}.",
                where=self._place(name),
                cure="Give a one-dimensional array of integers.",
                name=name,
            )
        outside = np.flatnonzero((indices < 0) | (indices >= count)) if indices.size else np.empty(0, np.int64)
        if outside.size:
            raise ConnectivityError(
                f"{name}[{outside[0]}] is {indices[outside[0]]}, but there are only {count} neurons "
                f"(0 to {count - 1}); {outside.size} of {indices.size} indices are outside.",
                where=self._place(name),
                cure="Name neurons that exist, or enlarge the population.",
                name=name,
                count=count,
            )
        return np.array(indices, dtype=np.uint32)


def list_edges(rule: Connectivity, key: tuple[int, int]) -> Edges:
    """Ask a rule of the user's for its synapses.

    Parameters
    ----------
    rule : Connectivity
        A rule with a method `edges`.
    key : tuple of int
        Seed and stream of its random numbers.

    Returns
    -------
    Edges
        The list, without weights.

    Raises
    ------
    ConnectivityError
        There is no such method, or it gives something else than two arrays of indices.

    Examples
    --------
    >>> class Chain(Connectivity):
    ...     def edges(self, rng):
    ...         return np.arange(self.n_pre - 1), np.arange(1, self.n_pre)
    >>> list_edges(Chain(4, 4, 1.0), (1, 0)).post
    array([1, 2, 3], dtype=uint32)
    """
    place = f"{type(rule).__name__}.edges"
    if not takes(rule.edges, (None,), {}):
        raise ConnectivityError(
            f"{place} cannot be called with one argument, a generator of random numbers.",
            where=place,
            cure="Write it as edges(self, rng), even if it draws nothing.",
            place=place,
        )
    pairs: Any = rule.edges(np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64))))
    if not isinstance(pairs, tuple | list) or len(pairs) != 2:
        raise ConnectivityError(
            f"{place} gives {pairs!r}.",
            where=place,
            cure="Return two arrays: presynaptic and postsynaptic index of each synapse.",
            pairs=pairs,
        )
    try:
        return Edges(rule.in_size, rule.out_size, *pairs)
    except ConnectivityError as error:
        raise ConnectivityError(
            f"{place} gives a wrong list. {error.what}", where=place, cure=error.cure, place=place, reason=error.what
        ) from None


class Matrix(Connectivity):
    """The synapses that a matrix of weights has an entry for.

    Parameters
    ----------
    matrix : array_like, Quantity, or scipy.sparse matrix or array, shape (n_pre, n_post)
        Entries are weights; where the entry is zero, stored or not, there is no synapse. Repeated entries of a sparse
        matrix are added.
    weight : float, Quantity, array or Initialiser, optional
        Weights that replace the entries; then the matrix only says which pairs are connected. See `Connectivity`.
    unit : Quantity, optional
        Unit of the entries, for a sparse matrix, which cannot carry one.
    in_size, out_size : int or tuple of int, optional
        Sizes with several axes; by default the numbers of rows and columns.

    Raises
    ------
    ConnectivityError
        If there are not two axes, or the sizes do not fit the matrix.
    DimensionError
        If a unit is given and the matrix has one already.
    InvalidParameterError
        If an entry is NaN or infinite.

    Examples
    --------
    >>> Matrix([[0.0, 2.0], [3.0, 0.0]]).n_synapses
    2
    """

    def __init__(
        self,
        matrix: Any,
        weight: ParameterLike | None = None,
        *,
        unit: Any = None,
        in_size: SizeLike | None = None,
        out_size: SizeLike | None = None,
    ) -> None:
        sparse = hasattr(matrix, "tocsr")
        shape = tuple(matrix.shape) if sparse else np.shape(split(matrix, where=self._place("matrix"))[0])
        if len(shape) != 2:
            raise ConnectivityError(
                f"A matrix of weights has the shape {shape}.",
                where=self._place("matrix"),
                cure="Give two axes: presynaptic neurons, postsynaptic neurons.",
                shape=shape,
            )
        self.indptr, self.indices, entries = _sparse_rows(matrix) if sparse else _dense_rows(matrix)
        self._check_entries(entries)
        if unit is not None:
            self._need_plain(entries)
            entries = entries * unit
        super().__init__(
            shape[0] if in_size is None else in_size,
            shape[1] if out_size is None else out_size,
            entries if weight is None else weight,
        )
        if shape != (self.n_pre, self.n_post):
            raise ConnectivityError(
                f"A matrix of weights has the shape {shape}, but in_size {self._show(self.in_size)} and out_size "
                f"{self._show(self.out_size)} make {(self.n_pre, self.n_post)}.",
                where=self._place("matrix"),
                cure="Give sizes with as many neurons as the matrix has rows and columns, or leave them out.",
                shape=shape,
            )
        self.check_weight_shape(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return int(self.indices.size)

    def _need_plain(self, entries: Any) -> None:
        """Refuse a second unit."""
        dimension = split(entries)[1]
        if not dimension.is_dimensionless:
            raise DimensionError(
                f"The matrix of weights is in {dimension} already, but a unit is given as well.",
                where=self._place("unit"),
                cure="Leave the unit out; it is meant for sparse matrices, which cannot carry one.",
                dimension=dimension,
            )

    def _check_entries(self, entries: Any) -> None:
        """Refuse entries that are no numbers, also where other weights replace them."""
        magnitude = np.asarray(split(entries)[0])
        bad = np.flatnonzero(~np.isfinite(magnitude))
        if bad.size:
            row = int(np.searchsorted(self.indptr, bad[0], side="right")) - 1
            raise InvalidParameterError(
                f"The entry [{row}, {self.indices[bad[0]]}] of a matrix of weights is {magnitude[bad[0]]}.",
                where=self._place("matrix"),
                cure="Give finite entries; zero means that there is no synapse.",
                row=row,
            )


def _dense_rows(matrix: Any) -> tuple[NDArray[np.int64], NDArray[np.uint32], Any]:
    """Give offsets of rows, columns and entries of a dense matrix; the entries with their unit."""
    magnitude, dimension = split(matrix)
    dense = np.asarray(magnitude, dtype=np.float64)
    there = dense != 0.0
    indptr = np.zeros(dense.shape[0] + 1, dtype=np.int64)
    np.cumsum(np.count_nonzero(there, axis=1), out=indptr[1:])
    columns = np.nonzero(there)[1].astype(np.uint32)
    return indptr, columns, join(dense[there], dimension)


def _sparse_rows(matrix: Any) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]:
    """Give offsets of rows, columns and entries of a SciPy matrix; the user's object stays as it is."""
    rows = matrix.tocsr(copy=True)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    rows.sort_indices()
    return (
        np.array(rows.indptr, dtype=np.int64),
        np.array(rows.indices, dtype=np.uint32),
        np.array(rows.data, dtype=np.float64),
    )
