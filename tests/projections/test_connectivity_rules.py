import numpy as np
import pytest
import quantities as pq

from numbadyn.errors import ConnectivityError, InvalidParameterError, SizeError, UnknownOptionError
from numbadyn.model import init
from numbadyn.projections.connectivity import (
    AllToAll,
    Edges,
    FixedInDegree,
    FixedOutDegree,
    FixedProb,
    FixedTotalNumber,
    Matrix,
    OneToOne,
)
from numbadyn.units import CONDUCTANCE, DIMENSIONLESS


def test_sizes_are_flattened():
    rule = AllToAll((2, 3), np.int64(4))
    assert (rule.n_pre, rule.n_post) == (6, 4)
    assert (rule.in_size, rule.out_size) == ((2, 3), (4,))


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        (AllToAll(4, 3), 12),
        (AllToAll(4, 4, autapses=False), 12),
        (OneToOne(4, 4), 4),
        (FixedProb(4, 4, 0.5), None),
        (FixedInDegree(4, 3, 2, multapses=False), 6),
        (FixedOutDegree(4, 3, 2, multapses=False), 8),
        (FixedTotalNumber(4, 3, 7), 7),
        (Edges(4, 3, [0, 1], [2, 2]), 2),
        (Matrix(np.eye(3)), 3),
    ],
    ids=repr,
)
def test_number_of_synapses(rule, count):
    assert rule.n_synapses == count


def test_weight_dimension_and_structure_key():
    uniform = FixedProb(10, 10, 0.1, weight=0.6 * pq.nS)
    assert uniform.weight_dimension == CONDUCTANCE
    assert AllToAll(2, 2).weight_dimension == DIMENSIONLESS
    assert uniform.structure_key() == FixedInDegree(5, 7, 2, weight=2e-3 * pq.uS, multapses=False).structure_key()
    assert uniform.structure_key() != FixedProb(10, 10, 0.1, weight=0.6 * pq.mV).structure_key()
    drawn = FixedProb(10, 10, 0.1, weight=init.Uniform(0 * pq.nS, 1 * pq.nS))
    assert uniform.structure_key() != drawn.structure_key()
    assert hash(drawn.structure_key()) == hash(FixedProb(9, 9, 0.2, weight=drawn.weight).structure_key())


@pytest.mark.parametrize(
    ("make", "error", "parts"),
    [
        (lambda: AllToAll(0, 3), SizeError, ["in_size is 0", "AllToAll(in_size)"]),
        (lambda: AllToAll(3, -2), SizeError, ["out_size is -2"]),
        (lambda: AllToAll(3.5, 2), SizeError, ["3.5", "integer"]),
        (lambda: AllToAll((), 2), SizeError, ["empty"]),
        (lambda: AllToAll((2, 0), 2), SizeError, ["(2, 0)"]),
        (lambda: AllToAll(True, 2), SizeError, ["True"]),
        (lambda: OneToOne(2**16, (2**16, 2**16)), SizeError, ["4294967295"]),
        (lambda: OneToOne(3, 4), ConnectivityError, ["3", "4", "Edges"]),
        (lambda: FixedProb(3, 3, 1.5), ConnectivityError, ["1.5", "from 0 to 1", "FixedProb(prob)"]),
        (lambda: FixedProb(3, 3, -0.1), ConnectivityError, ["-0.1"]),
        (lambda: FixedProb(3, 3, np.nan), ConnectivityError, ["nan"]),
        (lambda: FixedProb(3, 3, "half"), ConnectivityError, ["half"]),
        (
            lambda: FixedInDegree(10, 5, 11, multapses=False),
            ConnectivityError,
            ["num is 11", "only 10", "multapses=True"],
        ),
        (
            lambda: FixedInDegree(10, 10, 10, autapses=False, multapses=False),
            ConnectivityError,
            ["num is 10", "only 9"],
        ),
        (lambda: FixedInDegree(1, 1, 1, autapses=False, multapses=True), ConnectivityError, ["only 0"]),
        (lambda: FixedInDegree(10, 5, 2.5, multapses=False), ConnectivityError, ["num is 2.5", "integer"]),
        (lambda: FixedInDegree(10, 5, -1, multapses=False), ConnectivityError, ["num is -1"]),
        (lambda: FixedOutDegree(5, 10, 11, multapses=False), ConnectivityError, ["num is 11", "only 10"]),
        (lambda: FixedTotalNumber(3, 4, 13, multapses=False), ConnectivityError, ["num is 13", "only 12"]),
        (lambda: FixedProb(3, 4, 0.5, autapses=False), ConnectivityError, ["autapses=False", "3", "4"]),
        (lambda: AllToAll(3, 4, autapses=False), ConnectivityError, ["autapses=False"]),
        (lambda: AllToAll(3, 3, autapses="no"), ConnectivityError, ["autapses", "'no'"]),
        (lambda: FixedProb(3, 3, 0.5, autapses=None), ConnectivityError, ["autapses", "None"]),
        (lambda: FixedInDegree(3, 3, 2, multapses=2), ConnectivityError, ["multapses", "2"]),
        (lambda: AllToAll(3, 4, weight=np.ones(5)), ConnectivityError, ["(5,)", "(12,)", "(3, 4)"]),
        (lambda: OneToOne(3, 3, weight=np.ones(4)), ConnectivityError, ["(4,)", "(3,)"]),
        (lambda: FixedProb(3, 4, 0.5, weight=np.ones((4, 3))), ConnectivityError, ["(4, 3)", "(3, 4)"]),
        (lambda: AllToAll(3, 4, weight=np.nan * pq.nS), InvalidParameterError, ["nan"]),
        (lambda: AllToAll(1, 2, weight=[1.0, np.inf]), InvalidParameterError, ["inf", "position 1"]),
    ],
)
def test_bad_arguments(make, error, parts):
    with pytest.raises(error) as caught:
        make()
    text = str(caught.value)
    assert "where:" in text
    assert "cure:" in text
    for part in parts:
        assert part in text


def test_more_than_all_partners_are_possible_with_multiple_synapses():
    assert FixedInDegree(3, 2, 10, multapses=True).n_synapses == 20


@pytest.mark.parametrize("spelling", ["autapses", "allow_self", "include_self", "allow_autapses"])
@pytest.mark.parametrize(
    "rule",
    [
        lambda **how: AllToAll(5, 5, **how),
        lambda **how: FixedProb(5, 5, 1.0, **how),
        lambda **how: FixedInDegree(5, 5, 4, **how),
        lambda **how: FixedTotalNumber(5, 5, 20, **how),
    ],
)
def test_spellings_of_other_simulators_mean_the_same(rule, spelling):
    made = rule(**{spelling: False})
    assert made.autapses is False
    assert made.expected_synapses == 20


def test_spellings_are_known_where_a_rule_has_the_argument_only():
    assert FixedOutDegree(3, 3, 2, allow_multi=False).multapses is False
    for call, said in [
        (lambda: AllToAll(3, 3, allow_multi=False), "no argument 'multapses'"),
        (lambda: FixedProb(3, 3, 0.1, allow_self=False, autapses=True), "'allow_self' and 'autapses'"),
    ]:
        with pytest.raises(UnknownOptionError, match=said):
            call()


def test_one_default_for_one_rule():
    for rule in (FixedInDegree(9, 9, 3), FixedOutDegree(9, 9, 3), FixedTotalNumber(9, 9, 3)):
        assert rule.multapses
        assert rule.autapses
