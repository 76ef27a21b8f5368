"""Describers refuse arguments that the class does not take, when they are made."""

import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.errors import HookArgumentError


class Sized(nd.Synapse):
    def __init__(self, n, tau):
        super().__init__(n)
        self.tau = nd.Parameter(tau)


def test_a_misspelt_argument_is_named():
    with pytest.raises(HookArgumentError, match=r"no argument 'tua'") as caught:
        nd.Expon.desc(tua=5 * ms)
    assert "tau" in str(caught.value.cure)
    assert caught.value.where == "Expon.desc(...)"


def test_a_missing_argument_is_named():
    with pytest.raises(HookArgumentError, match=r"needs the argument 'n'") as caught:
        Sized.desc(tau=5 * ms)
    assert "in_size" in str(caught.value.cure)


def test_what_fits_is_taken():
    assert nd.Expon.desc(5 * ms).key == nd.Expon.desc(tau=0.005 * 1000 * ms).key
    assert Sized.desc(3, 5 * ms).make((2,)).in_size == (3,)
