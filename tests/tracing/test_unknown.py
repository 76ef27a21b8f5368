"""The dimension that is not known yet."""

from numbadyn.tracing.unknown import ANY, UnknownDimension
from numbadyn.units import DIMENSIONLESS, VOLTAGE


def test_it_is_equal_to_itself_only():
    assert ANY == ANY
    assert all(other != ANY for other in (DIMENSIONLESS, VOLTAGE, UnknownDimension()))
    assert len({ANY, DIMENSIONLESS}) == 2


def test_messages_say_what_it_is():
    assert str(ANY) == "a unit not known yet"
    assert not ANY.is_dimensionless
