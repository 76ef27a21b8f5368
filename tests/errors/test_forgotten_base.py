"""A network class whose `__init__` forgets that of its base is told what to write."""

import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.errors import NotInitialisedError


def test_a_network_that_forgets_its_base_class_is_told_so():
    class Forgetful(nd.DynamicsGroup):
        def __init__(self):
            self.neurons = nd.LIF(3)

    with pytest.raises(NotInitialisedError, match=r"Forgetful") as caught:
        nd.Simulator(Forgetful(), dt=0.1 * ms)
    assert "super().__init__()" in str(caught.value)
