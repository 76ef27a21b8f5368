"""Updates with many intermediate values, which have rows of scratch memory each."""

import pytest
from quantities import ms

import numbadyn as nd
from tests.features.both import assert_targets_agree


class Many(nd.Dynamics):
    """As many exponentials as wanted, each of which needs a guard and is used behind all guards."""

    def __init__(self, size, count):
        super().__init__(size)
        self.count = count

    def init_state(self):
        self.x = nd.State(nd.init.Uniform(-1.0, 1.0))

    def update(self):
        x = self.x.value
        parts = [nd.exprel(x * (0.01 * (k + 1))) for k in range(self.count)]
        self.x.value = sum(part * part for part in parts) / self.count - 1.0


@pytest.mark.parametrize("count", [40, 130])
def test_any_number_of_rows(count):
    assert_targets_agree(lambda: Many(700, count), 1 * ms, 3 * ms)
