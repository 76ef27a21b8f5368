"""Networks drawn at random: expression trees over states, parameters and draws, in one to three populations."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from quantities import ms

import numbadyn as nd

__all__ = ["RandomNetwork", "networks"]

UNARY = {
    "neg": lambda a: -a,
    "abs": np.abs,
    "exp": lambda a: np.exp(np.clip(a, -20.0, 5.0)),
    "expm1": lambda a: np.expm1(np.minimum(a, 3.0)),
    "log": lambda a: np.log(1.0 + np.abs(a)),
    "tanh": np.tanh,
    "sin": np.sin,
    "sqrt": lambda a: np.sqrt(np.abs(a)),
    "floor": np.floor,
    "square": lambda a: a * a / (1.0 + a * a),
    "power": lambda a: np.power(1.0 + np.abs(a), 0.7),
}
BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / (1.0 + np.abs(b)),
    "min": np.minimum,
    "max": np.maximum,
    "where": lambda a, b: np.where(a > b, a, 0.5 * b),
    "both": lambda a, b: np.where((a > 0.0) & np.logical_not(b > 0.5), 1.0, b),
}
LEAVES = ["x", "y", "n", "p", "q", "dt", "uniform", "normal", "poisson", "old", "input", 0.0, 1.0, -0.75, 2.0]
TREES = st.recursive(
    st.sampled_from(LEAVES),
    lambda below: st.one_of(
        st.tuples(st.sampled_from(sorted(UNARY)), below),
        st.tuples(st.sampled_from(sorted(BINARY)), below, below),
    ),
    max_leaves=8,
)


@dataclass(frozen=True)
class Population:
    """Size and the two trees that give the slopes of x and y."""

    size: int
    trees: tuple[Any, Any]


@dataclass(frozen=True)
class Coupling:
    """From one population to another: kind, connection probability, delay in steps, kind of weights."""

    pre: int
    post: int
    kind: str
    prob: float
    delay: int
    drawn: bool


class Drawn(nd.Neuron):
    """Two real states and a counter; what the trees say, kept within bounds."""

    def __init__(self, population: Population):
        super().__init__(population.size)
        self.trees = population.trees
        self.p, self.q = nd.Parameter(0.3), nd.Parameter(np.linspace(-1.0, 1.0, population.size))
        self.past = self.prefetch_delay("x", 0.3 * ms)

    def init_state(self) -> None:
        self.x = nd.State(nd.init.Normal(0.0, 1.0))
        self.y = nd.State(nd.init.Uniform(-1.0, 1.0))
        self.n = nd.State(0)

    def grow(self, tree: Any, coming: Any) -> Any:
        if isinstance(tree, tuple):
            name, *below = tree
            return {**UNARY, **BINARY}[name](*(self.grow(part, coming) for part in below))
        leaves = {
            "x": lambda: self.x.value,
            "y": lambda: self.y.value,
            "n": lambda: self.n.value,
            "p": lambda: self.p.value,
            "q": lambda: self.q.value,
            "dt": lambda: nd.environ.get_dt() / ms,
            "uniform": nd.random.uniform,
            "normal": nd.random.normal,
            "poisson": lambda: nd.random.poisson(0.8),
            "old": self.past,
            "input": lambda: coming,
        }
        return leaves[tree]() if isinstance(tree, str) else tree

    def update(self) -> Any:
        coming = self.sum_current_inputs(0.0, self.x.value) + self.sum_delta_inputs(0.0)
        for state, tree in zip((self.x, self.y), self.trees, strict=True):
            state.value = np.clip(0.9 * state.value + 0.2 * self.grow(tree, coming) + 0.05 * coming, -4.0, 4.0)
        spike = self.x.value + 0.3 * nd.random.normal() > 0.8
        self.n.value = np.where(spike, self.n.value + 1, self.n.value)
        return spike


class RandomNetwork(nd.DynamicsGroup):
    """Populations and couplings as drawn."""

    def __init__(self, populations: Any, couplings: Any):
        super().__init__()
        cells = []
        for number, population in enumerate(populations):
            setattr(self, f"P{number}", Drawn(population))
            cells.append(getattr(self, f"P{number}"))
        for number, c in enumerate(couplings):
            pre, post = cells[c.pre % len(cells)], cells[c.post % len(cells)]
            weight = nd.init.Normal(0.1, 0.3) if c.drawn else 0.2
            comm = nd.FixedProb(pre.varshape, post.varshape, prob=c.prob, weight=weight)
            setattr(self, f"c{number}", self.couple(c, pre, post, comm, c.delay * 0.1 * ms))

    @staticmethod
    def couple(c: Coupling, pre: Any, post: Any, comm: Any, delay: Any) -> Any:
        if c.kind == "delta":
            return nd.DeltaProj(pre, comm=comm, post=post, delay=delay)
        if c.kind == "graded":
            return nd.CurrentProj(pre.prefetch("y"), comm=comm, out=nd.CUBA.desc(), post=post, delay=delay)
        syn, out = nd.Expon.desc(tau=2 * ms), nd.CUBA.desc()
        if c.kind == "align post":
            return nd.AlignPostProj(pre, comm=comm, syn=syn, out=out, post=post, delay=delay)
        return nd.AlignPreProj(pre, syn=syn, comm=comm, out=out, post=post, delay=delay)


POPULATIONS = st.builds(Population, st.sampled_from([1, 3, 8, 17]), st.tuples(TREES, TREES))
COUPLINGS = st.builds(
    Coupling,
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from(["delta", "graded", "align post", "align pre"]),
    st.sampled_from([0.3, 1.0]),
    st.sampled_from([0, 1, 4]),
    st.booleans(),
)


def networks() -> Any:
    """What `RandomNetwork` takes."""
    return st.tuples(st.lists(POPULATIONS, min_size=1, max_size=3), st.lists(COUPLINGS, min_size=0, max_size=4))
