"""Choices whose first value is wanted seldom have the same bits on every target, however they hang together."""

import numpy as np
from quantities import ms, mV

import numbadyn as nd
from numbadyn.model.seldom import choose_seldom
from tests.features.both import assert_targets_agree


class Jumping(nd.Dynamics):
    """Functions that cost much on both sides, two conditions, a choice that follows from another one, short forms."""

    def init_state(self):
        self.x = nd.State(np.linspace(0.0, 3.0, self.num))
        self.y = nd.State(np.linspace(-1.0, 1.0, self.num))
        self.w = nd.State(np.linspace(-1.0, 2.0, self.num) * mV)

    def update(self):
        x, y, w = self.x.value, self.y.value, self.w.value
        moved = nd.exp_euler_step(lambda x: (np.exp(-x) - x * x * x) / (5 * ms), x)
        high, low = moved > 2.5 * np.cos(moved), y < -0.4
        first = choose_seldom(high, np.sqrt(np.abs(np.sin(x) * y)) + np.log(1.0 + x * x), moved + np.tanh(y))
        second = choose_seldom(low, np.exp(first) - x, np.sin(first) + y)
        third = choose_seldom(high, second * np.exp(y), second)
        self.x.value = 0.9 * first - 0.1 * third
        self.y.value = 0.5 * (second - np.exp(-x * x)) + 0.1
        self.w.value = choose_seldom(low, w + np.exp(y) * mV, 0.9 * w)


def test_targets_agree():
    _, result = assert_targets_agree(lambda: Jumping(700), 0.1 * ms, 1 * ms)
    x = np.asarray(result["Jumping"].x)
    assert len(np.unique(x[-1])) > 100


def test_it_is_a_choice():
    assert choose_seldom(np.array([True, False]), [1, 2] * mV, [3, 4] * mV).tolist() == [1.0, 4.0]
