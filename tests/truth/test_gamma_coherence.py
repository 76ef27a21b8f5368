"""Wang and Buzsaki (1996): interneurons that inhibit each other fire together, as long as they are alike."""

import pytest

from tests.examples.test_examples import load


@pytest.mark.exhaustive
def test_coherence_falls_with_the_spread_of_currents():
    """100 neurons at 1 uA/cm2: 35 to 40 Hz; complete coherence of equal ones, none (bins are a tenth) beyond 0.1."""
    gamma = load("gamma")
    found = {spread: gamma.run(spread=spread, duration=1000)[1:] for spread in (0.0, 0.03, 0.1)}
    assert all(33 < rate < 41 for rate, _ in found.values())
    assert found[0.0][1] > 0.95
    assert 0.35 < found[0.03][1] < 0.9
    assert found[0.1][1] < 0.15
    rate, alone = gamma.run(spread=0.03, g=0.0, duration=500)[1:]
    assert alone < 0.2
    assert rate > 50  # 59 Hz without inhibition
