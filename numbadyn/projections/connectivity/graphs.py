"""Random graphs as rules of connection: small worlds, scale-free networks, block models; and graphs that exist.

In: sizes, degrees, probabilities; a graph of networkx.  Out: lists of synapses.  Must not know: how the table of
synapses is stored, Numba, networkx (a graph is recognised by its methods).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numbadyn.errors import ConnectivityError
from numbadyn.ir.elementary import numpy_functions
from numbadyn.model.typing import ParameterLike, SizeLike
from numbadyn.projections.connectivity.base import Connectivity, check_flag
from numbadyn.projections.connectivity.explicit import Edges
from numbadyn.projections.connectivity.spellings import spelled

__all__ = ["BlockModel", "Graph", "ScaleFree", "SmallWorld"]

Indices = NDArray[np.int64]


def uniforms(rng: np.random.Generator, number: int) -> NDArray[np.float64]:
    """Numbers in [0, 1), from the raw words of the generator, which are the same with every version of NumPy."""
    words: NDArray[np.uint64] = rng.bit_generator.random_raw(number)
    return np.asarray((words >> np.uint64(11)).astype(np.float64) * 2.0**-53)


class _OnePopulation(Connectivity):
    """What graphs on the neurons of one population share: no autapses, no multapses, sorted lists."""

    #: A neuron has no synapse onto itself.
    autapses = False

    def __init__(self, in_size: SizeLike, out_size: SizeLike, weight: ParameterLike, directed: bool) -> None:
        super().__init__(in_size, out_size, weight)
        self.directed = check_flag(directed, "directed", type(self).__name__)
        if self.n_pre != self.n_post:
            raise ConnectivityError(
                f"{type(self).__name__} is a graph on one population, but in_size is {self._show(self.in_size)} and "
                f"out_size is {self._show(self.out_size)}.",
                where=self._place("in_size, out_size"),
                cure="Give the size of one population twice.",
                in_size=self.in_size,
                out_size=self.out_size,
            )

    @property
    def may_repeat(self) -> bool:
        """Whether a pair of neurons may have more than one synapse: no."""
        return False

    def _listed(self, pre: Indices, post: Indices) -> tuple[Indices, Indices]:
        """Both directions of each edge, unless the graph is directed, by presynaptic, then by postsynaptic index."""
        pair = pre * self.n_post + post
        if not self.directed:
            pair = np.concatenate([pair, post * self.n_post + pre])
        pair.sort()
        return pair // self.n_post, pair % self.n_post


class SmallWorld(_OnePopulation):
    r"""A ring of neighbours, some of whose synapses are rewired to anywhere (Watts and Strogatz).

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`; they must be equal. Neurons stand on the ring in the order of their flat indices.
    neighbours : int
        Number of neighbours that each neuron is joined with, even: half of them on either side.
    rewire : float
        Probability that an edge keeps its first end and gets another second one, drawn from all neurons that the first
        is not joined with.
    weight
        See `Connectivity`.
    directed : bool
        False: edges are rewired as a whole and carry synapses in both directions, as in the paper. True: each neuron
        has `neighbours` synapses onto others, each rewired by itself, so that out-degrees stay equal.

    Raises
    ------
    ConnectivityError
        The sizes differ, `neighbours` is odd or above half of the neurons, or `rewire` is no probability.

    Notes
    -----
    With k neighbours, the clustering coefficient of the ring is :math:`3 (k - 2) / 4 (k - 1)`; at a probability of
    rewiring p it is about :math:`(1 - p)^3` of that.

    References
    ----------
    D. J. Watts, S. H. Strogatz, Collective dynamics of "small-world" networks. Nature 393 (1998) 440.
    https://doi.org/10.1038/30918

    Examples
    --------
    >>> SmallWorld(100, 100, neighbours=6, rewire=0.1).n_synapses
    600
    """

    def __init__(
        self,
        in_size: SizeLike,
        out_size: SizeLike,
        neighbours: int,
        rewire: float,
        weight: ParameterLike = 1.0,
        directed: bool = False,
    ) -> None:
        super().__init__(in_size, out_size, weight, directed)
        cure = "Give an even number, at most half of the neurons."
        self.neighbours = self._count("neighbours", neighbours, most=self.n_pre // 2, cure=cure)
        if self.neighbours % 2:
            raise ConnectivityError(
                f"neighbours is {neighbours}, which is odd.",
                where=self._place("neighbours"),
                cure=cure,
                number=neighbours,
            )
        self.rewire = self._probability("rewire", rewire)
        self.check_weight_shape(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.neighbours * self.n_pre

    def edges(self, rng: np.random.Generator) -> tuple[Indices, Indices]:
        """List the synapses; see `Connectivity.edges`."""
        n, half = self.n_pre, self.neighbours // 2
        away = np.arange(1, half + 1)
        away = np.concatenate([away, -away]) if self.directed else away
        pre = np.repeat(np.arange(n), away.size)
        post = (pre + np.tile(away, n)) % n
        moved = np.flatnonzero(uniforms(rng, pre.size) < self.rewire)
        taken = np.sort(self._keys(np.delete(pre, moved), np.delete(post, moved)))
        while moved.size:
            drawn = (uniforms(rng, moved.size) * n).astype(np.int64)
            keys = self._keys(pre[moved], drawn)
            fits = (drawn != pre[moved]) & ~_among(keys, taken)
            first = np.zeros(moved.size, dtype=bool)  # of equal ones that were drawn at once, one stays
            first[np.unique(keys, return_index=True)[1]] = True
            fits &= first
            if not fits.any():
                fits, drawn, keys = self._place_one(moved, pre, taken)
            post[moved[fits]] = drawn[fits]
            taken = np.sort(np.concatenate([taken, np.sort(keys[fits])]), kind="stable")  # merges two sorted runs
            moved = moved[~fits]
        return self._listed(pre, post)

    def _keys(self, pre: Indices, post: Indices) -> Indices:
        """One number for each edge, whatever its direction where that does not count."""
        if self.directed:
            return pre * self.n_pre + post
        return np.minimum(pre, post) * self.n_pre + np.maximum(pre, post)

    def _place_one(self, moved: Indices, pre: Indices, taken: Indices) -> tuple[NDArray[np.bool_], Indices, Indices]:
        """The first of the edges that nothing drawn fits: at the first free place; where there is none, elsewhere."""
        everybody = np.arange(self.n_pre)
        for source in [pre[moved[0]], *everybody]:
            keys = self._keys(np.full(self.n_pre, source), everybody)
            free = np.flatnonzero((everybody != source) & ~_among(keys, taken))
            if free.size:
                break
        pre[moved[0]] = source
        fits = np.zeros(moved.size, dtype=bool)
        fits[0] = True
        return fits, np.full(moved.size, free[0]), np.full(moved.size, keys[free[0]])


def _among(keys: Indices, taken: Indices) -> NDArray[np.bool_]:
    """Which of some keys are among the sorted ones."""
    place = np.minimum(np.searchsorted(taken, keys), max(taken.size - 1, 0))
    return taken[place] == keys if taken.size else np.zeros(keys.size, dtype=bool)


class ScaleFree(_OnePopulation):
    r"""A network that grows by preferential attachment (Barabási and Albert).

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`; they must be equal. Neurons of low index are the oldest, and become the hubs.
    num : int
        Number of edges that each new neuron makes, with different older ones; an older one is drawn with a probability
        that is proportional to the number of its edges.
    weight
        See `Connectivity`.
    directed : bool
        False: edges carry synapses in both directions, as in the paper. True: from the newer onto the older neuron
        only, so that in-degrees are scale-free.

    Raises
    ------
    ConnectivityError
        The sizes differ, or `num` is not from 1 to one below the number of neurons.

    Notes
    -----
    The first ``num + 1`` neurons are a star. For large networks, a neuron has k edges with the probability
    :math:`2 m (m + 1) / k (k + 1) (k + 2)`, which falls off as :math:`k^{-3}`; m is `num`.

    References
    ----------
    A.-L. Barabási, R. Albert, Emergence of scaling in random networks. Science 286 (1999) 509.
    https://doi.org/10.1126/science.286.5439.509

    Examples
    --------
    >>> ScaleFree(100, 100, num=3).n_synapses
    582
    """

    def __init__(
        self, in_size: SizeLike, out_size: SizeLike, num: int, weight: ParameterLike = 1.0, directed: bool = False
    ) -> None:
        super().__init__(in_size, out_size, weight, directed)
        cure = "Give a number from 1 to one below the number of neurons."
        self.num = self._count("num", num, most=self.n_pre - 1, cure=cure)
        if self.num < 1:
            raise ConnectivityError("num is 0.", where=self._place("num"), cure=cure, number=num)
        self.check_weight_shape(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.num * (self.n_pre - self.num) * (1 if self.directed else 2)

    def edges(self, rng: np.random.Generator) -> tuple[Indices, Indices]:
        """List the synapses; see `Connectivity.edges`."""
        m, n = self.num, self.n_pre
        old = np.empty(m * (n - m), dtype=np.int64)  # the older ends
        old[:m] = np.arange(m)
        new = m + np.arange(old.size) // m
        ends = np.empty(2 * old.size, dtype=np.int64).tolist()  # a neuron stands here once for each of its edges
        ends[: 2 * m] = [*range(m), *[m] * m]
        drawn: list[float] = []
        for neuron in range(m + 1, n):
            partners: dict[int, None] = {}
            there = 2 * m * (neuron - m)
            while len(partners) < m:
                if not drawn:
                    drawn = uniforms(rng, 1 << 14).tolist()
                partners[ends[int(drawn.pop() * there)]] = None
            ends[there : there + 2 * m] = [*partners, *[neuron] * m]
            old[(neuron - m) * m : (neuron - m + 1) * m] = list(partners)
        return self._listed(new, old)


class BlockModel(Connectivity):
    """A stochastic block model: groups of neurons, and a probability of a synapse for each pair of groups.

    Parameters
    ----------
    in_size, out_size : int or tuple of int
        See `Connectivity`.
    blocks : sequence of int
        Numbers of neurons of the groups, in the order of flat indices; their sum is the number of presynaptic neurons.
    prob : array_like of float, shape (n_blocks, n_post_blocks)
        Probability of a synapse from a neuron of group a onto one of group b at ``prob[a][b]``.
    weight
        See `Connectivity`.
    post_blocks : sequence of int, optional
        Groups of the postsynaptic neurons; by default `blocks`.
    autapses : bool
        Whether a neuron of a population that projects onto itself may connect to itself.

    Attributes
    ----------
    block_of_pre, block_of_post : ndarray of int64, shape (n_pre,) and (n_post,)
        Group of each neuron, for weights that depend on it: ``lambda i, j: W[comm.block_of_pre[i], ...]``.

    Raises
    ------
    ConnectivityError
        Groups do not add up to the population, the shape of `prob` does not fit the groups, or an entry is no
        probability.

    Notes
    -----
    Synapses are found by geometric skips in each pair of groups, so the cost is in the synapses, not in the pairs.

    References
    ----------
    P. W. Holland, K. B. Laskey, S. Leinhardt, Stochastic blockmodels: first steps. Social Networks 5 (1983) 109.
    https://doi.org/10.1016/0378-8733(83)90021-7

    Examples
    --------
    Two assemblies of 50 neurons, dense inside and sparse between:

    >>> BlockModel(100, 100, blocks=[50, 50], prob=[[0.4, 0.02], [0.02, 0.4]]).expected_synapses
    2100.0
    """

    @spelled
    def __init__(
        self,
        in_size: SizeLike,
        out_size: SizeLike,
        blocks: ArrayLike,
        prob: ArrayLike,
        weight: ParameterLike = 1.0,
        post_blocks: ArrayLike | None = None,
        autapses: bool = True,
    ) -> None:
        super().__init__(in_size, out_size, weight)
        self.block_of_pre = self._groups("blocks", blocks, self.n_pre)
        self.block_of_post = (
            self._groups("blocks", blocks, self.n_post)
            if post_blocks is None
            else self._groups("post_blocks", post_blocks, self.n_post)
        )
        self.autapses = check_flag(autapses, "autapses", type(self).__name__)
        if not self.autapses:
            self._need_equal_sizes("autapses")
        shape = int(self.block_of_pre[-1]) + 1, int(self.block_of_post[-1]) + 1
        if np.shape(prob) != shape:
            raise ConnectivityError(
                f"prob has the shape {np.shape(prob)}, for {shape[0]} and {shape[1]} groups.",
                where=self._place("prob"),
                cure=f"Give an array of the shape {shape}: a row for each presynaptic group.",
                shape=np.shape(prob),
                groups=shape,
            )
        self.prob = np.array([[self._probability("prob", each) for each in row] for row in np.asarray(prob).tolist()])
        self.check_weight_shape(None)

    @property
    def n_synapses(self) -> None:
        """None, because chance decides it."""
        return

    @property
    def expected_synapses(self) -> float:
        """Mean number of synapses."""
        pairs = np.outer(np.bincount(self.block_of_pre), np.bincount(self.block_of_post))
        loops = 0.0 if self.autapses else float(self.prob[self.block_of_pre, self.block_of_post].sum())
        return float((self.prob * pairs).sum()) - loops

    @property
    def may_repeat(self) -> bool:
        """Whether a pair of neurons may have more than one synapse: no."""
        return False

    def edges(self, rng: np.random.Generator) -> tuple[Indices, Indices]:
        """List the synapses; see `Connectivity.edges`."""
        sizes, post_sizes = np.bincount(self.block_of_pre), np.bincount(self.block_of_post)
        starts, post_starts = np.cumsum(sizes) - sizes, np.cumsum(post_sizes) - post_sizes
        found = [np.empty(0, dtype=np.int64)]
        for a, b in np.ndindex(self.prob.shape):
            place = _chosen(rng, float(self.prob[a, b]), int(sizes[a] * post_sizes[b]))
            found.append((starts[a] + place // post_sizes[b]) * self.n_post + post_starts[b] + place % post_sizes[b])
        pair = np.concatenate(found)
        pair.sort()
        pre, post = pair // self.n_post, pair % self.n_post
        others = slice(None) if self.autapses else pre != post
        return pre[others], post[others]

    def _groups(self, name: str, sizes: Any, number: int) -> Indices:
        """Group of each neuron."""
        counts = np.asarray(sizes)
        if counts.ndim != 1 or counts.dtype.kind not in "iu" or (counts < 1).any() or counts.sum() != number:
            raise ConnectivityError(
                f"{name} is {sizes!r}, for {number} neurons.",
                where=self._place(name),
                cure="Give the numbers of neurons of all groups; their sum is the number of neurons.",
                sizes=sizes,
                number=number,
            )
        return np.repeat(np.arange(counts.size), counts)


def _chosen(rng: np.random.Generator, prob: float, number: int) -> Indices:
    """Numbers below `number`, ascending, each chosen with a probability, by geometric skips."""
    if prob in (0.0, 1.0):
        return np.arange(number if prob else 0)
    log1p = numpy_functions(64)["log1p"]
    parts, last = [np.empty(0, dtype=np.int64)], -1
    while last < number - 1:
        expected = prob * (number - 1 - last)
        drawn = uniforms(rng, int(expected + 4.0 * expected**0.5 + 8.0))
        jumps = np.minimum(log1p(-drawn) / log1p(-prob), float(number))
        places = last + np.cumsum(1 + jumps.astype(np.int64))
        parts.append(places[places < number])
        last = int(places[-1])
    return np.concatenate(parts)


class Graph(Edges):
    """The edges of a graph of networkx, whose generators make any kind of random graph.

    Parameters
    ----------
    graph : networkx.Graph or another of its classes
        Neurons are its nodes in their order, ``list(graph)``. An edge of an undirected graph is a synapse in both
        directions, one in a loop a single autapse; parallel edges are several synapses.
    weight : str, or as of `Connectivity`
        Weights; or the name of the attribute of edges that holds them. Arrays of one value for each synapse are in the
        order of `edges`.
    unit : Quantity, optional
        Unit of the attribute.
    in_size, out_size : int or tuple of int, optional
        Sizes with several axes; by default the number of nodes.

    Raises
    ------
    ConnectivityError
        It is no graph, has no nodes, or edges lack the attribute.

    Examples
    --------
    >>> import networkx
    >>> Graph(networkx.cycle_graph(5), weight=0.5).n_synapses
    10
    """

    def __init__(
        self,
        graph: Any,
        weight: ParameterLike | str = 1.0,
        *,
        unit: Any = None,
        in_size: SizeLike | None = None,
        out_size: SizeLike | None = None,
    ) -> None:
        if not hasattr(graph, "is_directed") or not hasattr(graph, "edges") or not len(graph):
            raise ConnectivityError(
                f"{graph!r} is no graph with nodes.",
                where="Graph(graph)",
                cure="Give a graph of networkx, such as networkx.barabasi_albert_graph(100, 3, seed=1).",
                graph=graph,
            )
        number = {node: place for place, node in enumerate(graph)}
        named = isinstance(weight, str)
        listed = list(graph.edges(data=weight)) if named else [(*pair, 1.0) for pair in graph.edges()]
        ends = np.array([(number[i], number[j]) for i, j, _ in listed], dtype=np.int64).reshape(-1, 2)
        pre, post = ends[:, 0], ends[:, 1]
        both = np.zeros(len(ends), dtype=bool) if graph.is_directed() else pre != post
        values = np.array([value for *_, value in listed], dtype=object)
        if named and not all(isinstance(value, int | float | np.number) for value in values):
            raise ConnectivityError(
                f"Not every edge has a number as its attribute {weight!r}.",
                where="Graph(weight)",
                cure="Give all edges one, or give weights as of other rules.",
                weight=weight,
            )
        if named:
            weight = np.concatenate([values, values[both]]).astype(np.float64) * (1.0 if unit is None else unit)
        super().__init__(
            len(number) if in_size is None else in_size,
            len(number) if out_size is None else out_size,
            np.concatenate([pre, post[both]]),
            np.concatenate([post, pre[both]]),
            weight,
        )
