"""Output models."""

import math

import pytest
from quantities import mV, nS, pA

import numbadyn as nd
from numbadyn.errors import DimensionError, NotInitialisedError


def test_coba():
    out = nd.COBA(E=-80 * mV)
    out.bind_cond(2 * nS)
    assert float(out(-60 * mV).rescale("pA")) == -40.0


@pytest.mark.parametrize(
    ("scale", "bound", "current"), [(None, 3 * pA, 3 * pA), (2.0, 3 * mV, 6 * mV), (5 * mV, 2 * nS, 10 * pA)]
)
def test_cuba(scale, bound, current):
    out = nd.CUBA(scale) if scale is not None else nd.CUBA()
    out.bind_cond(bound)
    assert float((out(-60 * mV) - current).rescale(current.units)) == 0.0


@pytest.mark.parametrize("V", [-80.0, -40.0, 20.0])
def test_magnesium_block(V):
    out = nd.MgBlock(E=5 * mV, cc_Mg=1.0, V_offset=2 * mV)
    out.bind_cond(2 * nS)
    want = 2.0 * (5.0 - V) / (1.0 + math.exp(0.062 * (2.0 - V)) / 3.57)
    assert float(out(V * mV).rescale("pA")) == pytest.approx(want, rel=1e-13)


@pytest.mark.parametrize("out", [nd.COBA(0 * mV), nd.CUBA(), nd.MgBlock()])
def test_unbound_outputs_say_so(out):
    with pytest.raises(NotInitialisedError, match="no conductance is bound") as caught:
        out(-60 * mV)
    assert "bind_cond" in str(caught.value)
    out.bind_cond(1 * nS)
    assert out(-60 * mV) is not None
    out.unbind_cond()
    with pytest.raises(NotInitialisedError, match="no conductance"):
        out(-60 * mV)


def test_wrong_units_are_named():
    with pytest.raises(DimensionError, match=r"E is 0.0 nS"):
        nd.COBA(E=0 * nS)
