"""Units in and out: exact factors, round trips, refusals, messages."""

import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from numbadyn.errors import DimensionError, InvalidParameterError, UnitExpectedError
from numbadyn.units import (
    DIMENSIONLESS,
    TIME,
    VOLTAGE,
    Dimension,
    describe,
    is_quantity,
    join,
    magnitude_in,
    split,
    unit_of,
)

TABLE: list[tuple[Any, float, str]] = [
    (pq.s, 1e3, "ms"),
    (pq.ms, 1.0, "ms"),
    (pq.us, 1e-3, "ms"),
    (pq.ns, 1e-6, "ms"),
    (pq.minute, 6e4, "ms"),
    (pq.V, 1e3, "mV"),
    (pq.mV, 1.0, "mV"),
    (pq.uV, 1e-3, "mV"),
    (pq.A, 1e12, "pA"),
    (pq.mA, 1e9, "pA"),
    (pq.uA, 1e6, "pA"),
    (pq.nA, 1e3, "pA"),
    (pq.pA, 1.0, "pA"),
    (pq.S, 1e9, "nS"),
    (pq.siemens, 1e9, "nS"),
    (pq.mS, 1e6, "nS"),
    (pq.uS, 1e3, "nS"),
    (pq.nS, 1.0, "nS"),
    (pq.pS, 1e-3, "nS"),
    (pq.F, 1e12, "pF"),
    (pq.uF, 1e6, "pF"),
    (pq.nF, 1e3, "pF"),
    (pq.pF, 1.0, "pF"),
    (pq.fF, 1e-3, "pF"),
    (pq.ohm, 1e-9, "GOhm"),
    (pq.kOhm, 1e-6, "GOhm"),
    (pq.MOhm, 1e-3, "GOhm"),
    (1e9 * pq.ohm, 1.0, "GOhm"),
    (pq.Hz, 1e-3, "kHz"),
    (pq.kHz, 1.0, "kHz"),
    (1 / pq.ms, 1.0, "kHz"),
    (1 / pq.s, 1e-3, "kHz"),
    (pq.C, 1e15, "fC"),
    (1e-15 * pq.C, 1.0, "fC"),
    (pq.m, 1e6, "um"),
    (pq.cm, 1e4, "um"),
    (pq.mm, 1e3, "um"),
    (pq.um, 1.0, "um"),
    (pq.nm, 1e-3, "um"),
    (pq.M, 1e3, "mM"),
    (pq.mM, 1.0, "mM"),
    (pq.uM, 1e-3, "mM"),
    (pq.mol / pq.L, 1e3, "mM"),
    (pq.mol / pq.m**3, 1.0, "mM"),
    (pq.mol, 1e18, "amol"),
    (pq.K, 1.0, "K"),
    (pq.kg, 1e12, "ng"),
    (pq.uF / pq.cm**2, 1e-2, "pF/um^2"),
    (pq.CompoundUnit("uF/cm**2"), 1e-2, "pF/um^2"),
    (pq.mS / pq.cm**2, 1e-2, "nS/um^2"),
    (pq.uA / pq.cm**2, 1e-2, "pA/um^2"),
    (pq.ohm * pq.cm, 1e-5, "GOhm*um"),
    (pq.nA / pq.nF, 1.0, "mV/ms"),
    (pq.V / pq.s, 1.0, "mV/ms"),
    (pq.nS * pq.mV, 1.0, "pA"),
    (pq.W, 1e15, "mV*pA"),
    (pq.mV / pq.ms**0.5, 1.0, "mV/ms^(1/2)"),
    (pq.mV * pq.Hz, 1e-3, "mV/ms"),
    (pq.radian, 1.0, "dimensionless"),
    (pq.degree, np.pi / 180, "dimensionless"),
    (pq.percent, 1e-2, "dimensionless"),
    (pq.count, 1.0, "dimensionless"),
    (pq.dimensionless, 1.0, "dimensionless"),
    (pq.mV / pq.V, 1e-3, "dimensionless"),
    (pq.ms * pq.kHz, 1.0, "dimensionless"),
]

NEURAL_UNITS = [pq.s, pq.ms, pq.us, pq.V, pq.mV, pq.nA, pq.uS, pq.pF, pq.MOhm, pq.Hz, pq.mM, pq.mV / pq.ms, pq.percent]


@pytest.mark.parametrize(("unit", "factor", "name"), TABLE)
def test_unit_has_the_exact_factor(unit: Any, factor: float, name: str) -> None:
    magnitude, dimension = split(unit)
    assert type(magnitude) is float
    assert magnitude == factor
    assert dimension.name == name


@pytest.mark.parametrize(
    ("value", "magnitude"),
    [
        (0.1 * pq.ms, 0.1),
        (1 * pq.s, 1000.0),
        (10 * pq.Hz, 0.01),
        (3 * pq.us, 0.003),
        (7 * pq.pS, 0.007),
        (-65 * pq.mV, -65.0),
        (-0.065 * pq.V, -65.0),
        (0.2 * pq.nF, 200.0),
        (1 * pq.uF / pq.cm**2, 0.01),
        (200 * pq.MOhm, 0.2),
        (np.inf * pq.mV, np.inf),
        (pq.Quantity(np.float32(0.5), "s"), 500.0),
        (pq.Quantity(3, "ms", dtype=int), 3.0),
        (0 * pq.s, 0.0),
    ],
)
def test_values_are_the_ones_that_a_modeller_expects(value: Any, magnitude: float) -> None:
    found = split(value)[0]
    assert type(found) is float
    assert found == magnitude


@given(st.integers(-(10**6), 10**6), st.sampled_from([(pq.us, -3), (pq.Hz, -3), (pq.pS, -3), (pq.s, 3), (pq.nA, 3)]))
def test_whole_numbers_convert_to_the_nearest_float(number: int, unit: tuple[Any, int]) -> None:
    assert split(number * unit[0])[0] == float(Decimal(number).scaleb(unit[1]))


@pytest.mark.parametrize(
    ("value", "kind", "dtype"),
    [
        (True, bool, None),
        (3, int, None),
        (2.5, float, None),
        (np.float32(0.5), float, None),
        (np.int8(3), int, None),
        (np.bool_(True), bool, None),
        (np.array(2.5), float, None),
        (pq.Quantity(2, ""), int, None),
        ([1, 2], np.ndarray, np.int64),
        ((1, 2.5), np.ndarray, np.float64),
        ([], np.ndarray, np.float64),
        (np.array([True, False]), np.ndarray, np.bool_),
        (np.arange(3, dtype=np.uint8), np.ndarray, np.int64),
        (np.ones(3, dtype=np.float32), np.ndarray, np.float64),
        (pq.Quantity([True, False]), np.ndarray, np.bool_),
    ],
)
def test_plain_numbers_keep_their_kind(value: Any, kind: type, dtype: Any) -> None:
    magnitude, dimension = split(value)
    assert dimension == DIMENSIONLESS
    assert type(magnitude) is kind
    assert dtype is None or magnitude.dtype == dtype
    np.testing.assert_array_equal(magnitude, np.asarray(value))


@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3), (0,)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32])
def test_arrays_become_float64_of_the_same_shape(shape: tuple[int, ...], dtype: Any) -> None:
    magnitude, dimension = split(np.ones(shape, dtype=dtype) * pq.nA)
    assert isinstance(magnitude, np.ndarray)
    assert type(magnitude) is np.ndarray
    assert (magnitude.dtype, magnitude.shape, dimension.name) == (np.float64, shape, "pA")
    assert np.all(magnitude == 1000.0)


def test_coherent_array_is_not_copied() -> None:
    data = np.arange(3.0)
    assert np.shares_memory(split(pq.Quantity(data, "mV"))[0], data)
    assert np.shares_memory(join(data, VOLTAGE), data)


def test_integers_with_a_unit_become_floats() -> None:
    magnitude, _ = split(pq.Quantity([1, 2], "ms"))
    assert isinstance(magnitude, np.ndarray)
    assert magnitude.dtype == np.float64


def test_list_of_quantities_is_read_element_by_element() -> None:
    magnitude, dimension = split([[1 * pq.ms, 2 * pq.s], [3 * pq.us, 4 * pq.ms]])
    np.testing.assert_array_equal(magnitude, [[1.0, 2000.0], [0.003, 4.0]])
    assert dimension == TIME


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(allow_nan=False)),
    st.sampled_from(NEURAL_UNITS),
)
def test_join_undoes_split(values: np.ndarray[Any, Any], unit: Any) -> None:
    coherent = split(unit)[1]
    again, dimension = split(join(values, coherent))
    assert dimension == coherent
    np.testing.assert_array_equal(again, values)


@given(st.floats(-1e6, 1e6), st.sampled_from(NEURAL_UNITS))
def test_split_and_join_mean_what_was_given(number: float, unit: Any) -> None:
    magnitude, dimension = split(number * unit)
    back = pq.Quantity(join(magnitude, dimension), unit_of(dimension)).rescale(unit)
    assert float(back.magnitude) == pytest.approx(number, rel=1e-14)


@pytest.mark.parametrize("value", [True, 3, 2.5])
def test_join_leaves_plain_scalars_alone(value: Any) -> None:
    assert join(value, DIMENSIONLESS) is value


def test_join_leaves_plain_arrays_alone() -> None:
    spikes = np.array([True, False])
    assert join(spikes, DIMENSIONLESS) is spikes


def test_join_gives_the_unit_of_a_modeller() -> None:
    result = join(np.array([1.0, 2.0]), split(1 * pq.nA / pq.mV)[1])
    assert result.dimensionality.string == "nS"


@pytest.mark.parametrize("name", ["GOhm", "fC", "ng", "amol"])
def test_units_that_quantities_lacks_are_made(name: str) -> None:
    dimension = {
        "GOhm": VOLTAGE / Dimension(current=1),
        "fC": Dimension(current=1, time=1),
        "ng": Dimension(mass=1),
        "amol": Dimension(amount=1),
    }[name]
    assert unit_of(dimension).dimensionality.string == name
    assert split(2.0 * unit_of(dimension)) == (2.0, dimension)


def test_unit_survives_pickle() -> None:
    value = pickle.loads(pickle.dumps(np.arange(3.0) * pq.nS))
    magnitude, dimension = split(value)
    np.testing.assert_array_equal(magnitude, [0.0, 1.0, 2.0])
    assert dimension.name == "nS"


def test_is_quantity() -> None:
    assert is_quantity(pq.ms)
    assert is_quantity(np.ones(3) * pq.mV)
    assert not is_quantity(3.0)
    assert not is_quantity(np.ones(3))


@pytest.mark.parametrize("unit", [pq.degC, pq.degF, pq.mV / pq.degC])
def test_offset_temperature_is_refused(unit: Any) -> None:
    with pytest.raises(DimensionError) as caught:
        split(36 * unit, where="Net.E.T")
    text = str(caught.value)
    assert "counts from a zero of its own" in text
    assert "  where: Net.E.T" in text
    assert "309.15 * pq.K" in text


def test_unit_outside_the_si_is_refused() -> None:
    with pytest.raises(DimensionError, match="The unit bit has no place"):
        split(8 * pq.byte)


@pytest.mark.parametrize(
    "value",
    [
        "20 ms",
        None,
        1 + 1j,
        [[1, 2], [3]],
        np.array([object()]),
        np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        np.array([2**63], dtype=np.uint64),
        np.array([1j]) * pq.mV,
    ],
)
def test_what_is_no_real_number_is_refused(value: Any) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        split(value, where="Net.E.tau")
    assert "is not a real number or an array of real numbers" in str(caught.value)
    assert "  where: Net.E.tau" in str(caught.value)


def test_uncertain_quantity_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="uncertainty"):
        split(pq.UncertainQuantity(1.0, pq.ms, 0.1))


@pytest.mark.parametrize("values", [[1 * pq.ms, 2 * pq.mV], [1 * pq.ms, 2]])
def test_list_of_mixed_units_is_refused(values: Any) -> None:
    with pytest.raises(DimensionError, match=r"element 0 is in ms, element 1 is in"):
        split(values)


def test_magnitude_in_converts() -> None:
    assert magnitude_in(0.02 * pq.s, TIME, what="tau") == 20.0
    assert magnitude_in(0.5, DIMENSIONLESS, what="prob") == 0.5
    assert magnitude_in(50 * pq.percent, DIMENSIONLESS, what="prob") == 0.5


@pytest.mark.parametrize(
    ("value", "dimension", "error", "text"),
    [
        (
            20 * pq.mV,
            TIME,
            DimensionError,
            (
                "tau is 20.0 mV, but it must be in ms.\n"
                "  where: Net.E.tau\n"
                "  cure: Give tau in ms or any unit that converts to it."
            ),
        ),
        (
            np.ones((2, 3)) * pq.V,
            TIME,
            DimensionError,
            (
                "tau is an array of shape (2, 3) in V, but it must be in ms.\n"
                "  where: Net.E.tau\n"
                "  cure: Give tau in ms or any unit that converts to it."
            ),
        ),
        (
            1 * pq.s,
            DIMENSIONLESS,
            DimensionError,
            (
                "tau is 1.0 s, but it must be a plain number.\n"
                "  where: Net.E.tau\n"
                "  cure: Divide tau by a reference value in ms to get a plain number."
            ),
        ),
        (
            2 * pq.dimensionless,
            TIME,
            DimensionError,
            (
                "tau is 2.0 dimensionless, but it must be in ms.\n"
                "  where: Net.E.tau\n"
                "  cure: Give tau in ms or any unit that converts to it."
            ),
        ),
        (
            0,
            TIME,
            UnitExpectedError,
            (
                "tau is 0 without a unit, but it needs a unit such as ms.\n"
                "  where: Net.E.tau\n"
                "  cure: Write the unit out, for example 0 * pq.ms."
            ),
        ),
        (
            np.zeros(3),
            VOLTAGE / TIME,
            UnitExpectedError,
            (
                "tau is an array of shape (3,) without a unit, but it needs a unit such as mV/ms.\n"
                "  where: Net.E.tau\n"
                "  cure: Write the unit out, for example value * pq.mV / pq.ms."
            ),
        ),
        (
            float("inf"),
            TIME,
            UnitExpectedError,
            (
                "tau is inf without a unit, but it needs a unit such as ms.\n"
                "  where: Net.E.tau\n"
                "  cure: Write the unit out, for example value * pq.ms."
            ),
        ),
    ],
)
def test_message_names_both_units_place_and_cure(
    value: Any, dimension: Dimension, error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        magnitude_in(value, dimension, what="tau", where="Net.E.tau")
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5 * pq.mV, "5.0 mV"),
        (pq.ms, "1.0 ms"),
        (3, "3"),
        (np.float64(2.5), "2.5"),
        (np.array(2.5), "2.5"),
        ([1, 2], "an array of shape (2,)"),
        ("abc", "'abc'"),
        (None, "None"),
    ],
)
def test_describe(value: Any, text: str) -> None:
    assert describe(value) == text


@pytest.mark.parametrize(
    ("dimension", "example", "value"),
    [
        (VOLTAGE / Dimension(current=1), "2 * (1e+09 * pq.ohm)", 2.0),
        (DIMENSIONLESS / TIME, "2 * pq.Hz", 0.002),  # nobody means a bare rate in kHz
        (VOLTAGE**-2, "2 / pq.mV**2", 2.0),
        (VOLTAGE / TIME**0.5, "2 * pq.mV / pq.ms**(1/2)", 2.0),
    ],
)
def test_cure_can_be_copied_into_a_program(dimension: Dimension, example: str, value: float) -> None:
    with pytest.raises(UnitExpectedError) as caught:
        magnitude_in(2, dimension, what="x")
    assert caught.value.cure == f"Write the unit out, for example {example}."
    assert magnitude_in(eval(example, {"pq": pq}), dimension, what="x") == value
