"""Whatever users call their states and parameters, they find these names in the generated source."""

import numpy as np
from quantities import ms

import numbadyn as nd
from numbadyn.codegen.expressions import Names

#: Names of the field, and names that generated code once had for itself.
WORDS = [
    "R",
    "I",
    "B",
    "E",
    "C",
    "t",
    "k",
    "i",
    "j",
    "q",
    "step",
    "start",
    "rows",
    "near",
    "first",
    "D",
    "S",
    "N",
]


class Words(nd.Dynamics):
    """A state for each word, and parameters whose names are those of functions."""

    def __init__(self, size):
        super().__init__(size)
        self.dt, self.exp, self.real = (nd.Parameter(value) for value in (0.25, 0.5, 2.0))

    def init_state(self):
        for number, word in enumerate(WORDS):
            setattr(self, word, nd.State(np.linspace(0.0, 1.0 + number, 5)))

    def update(self):
        for word in WORDS:
            state = getattr(self, word)
            state.value = state.value * self.dt + self.exp
        self.R.value = np.exp(-self.R.value / self.real)


def test_users_names_stay_and_mean_what_they_meant():
    found = {}
    for target in ("interpret", "cpu"):
        sim = nd.Simulator(Words(5), dt=0.1 * ms, target=target)
        sim.run(0.5 * ms)
        found[target] = [sim.get(sim.network, word) for word in WORDS]
    np.testing.assert_array_equal(found["cpu"], found["interpret"])
    for word in WORDS:
        assert f" {word}[_i] = " in sim.source
    assert "(R_i * dt) + exp_2" in sim.source  # the function beside it is `exp`


def test_names_that_are_wished_again_get_the_next_number():
    names = Names(["v_3"], "_k5")
    assert [names.new(wish) for wish in ("v", "v", "v_2", "v", "v", "w_k5", "w_k5")] == [
        "v", "v_2", "v_2_2", "v_4", "v_5", "w_k5_2", "w_k5_3",
    ]  # fmt: skip
