import numpy as np
import pytest
import quantities as pq
from scipy import sparse

from numbadyn.errors import ConnectivityError, DimensionError, InvalidParameterError
from numbadyn.projections.connectivity import Edges, Matrix
from numbadyn.units import CONDUCTANCE

DENSE = np.array([[0.0, 2.0, 0.0], [3.0, 0.0, -1.0]])


def test_edges_copy_and_compact_the_indices():
    pre = np.array([1, 0])
    rule = Edges(2, 3, pre, [2, 1])
    pre[0] = 0
    assert rule.pre.tolist() == [1, 0]
    assert rule.pre.dtype == rule.post.dtype == np.uint32
    assert Edges(2, 3, [], []).n_synapses == 0


def test_dense_matrix_with_unit():
    rule = Matrix(DENSE * 1e-3 * pq.uS)
    assert rule.weight_dimension == CONDUCTANCE
    assert rule.indptr.tolist() == [0, 1, 3]
    assert rule.indices.tolist() == [1, 0, 2]
    np.testing.assert_allclose(rule.weight.values, [2.0, 3.0, -1.0], rtol=1e-15)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array, sparse.lil_array])
def test_sparse_matrix(form):
    matrix = form(DENSE)
    rule = Matrix(matrix, unit=pq.nS)
    assert rule.weight_dimension == CONDUCTANCE
    assert rule.indptr.tolist() == [0, 1, 3]
    assert rule.indices.tolist() == [1, 0, 2]
    assert rule.weight.values.tolist() == [2.0, 3.0, -1.0]
    assert matrix.nnz == 3


def test_sparse_matrix_with_repeated_and_stored_zero_entries():
    matrix = sparse.coo_array(([1.0, 2.0, 0.0], ([0, 0, 1], [1, 1, 2])), shape=(2, 3))
    rule = Matrix(matrix)
    assert rule.indices.tolist() == [1]
    assert rule.weight.values.tolist() == [3.0]
    assert matrix.nnz == 3


def test_other_weights_replace_the_entries():
    rule = Matrix(DENSE, weight=0.5 * pq.nS, in_size=(2, 1))
    assert rule.uniform_weight
    assert rule.in_size == (2, 1)
    assert rule.n_synapses == 3


@pytest.mark.parametrize(
    ("make", "error", "parts"),
    [
        (lambda: Edges(3, 3, [0, 3], [0, 1]), ConnectivityError, ["pre[1] is 3", "3 neurons", "0 to 2"]),
        (lambda: Edges(3, 3, [0, 1], [-1, 1]), ConnectivityError, ["post[0] is -1", "Edges(post)"]),
        (lambda: Edges(3, 3, [0, 1], [1]), ConnectivityError, ["2 presynaptic", "1 postsynaptic"]),
        (lambda: Edges(3, 3, [0.0, 1.0], [1, 1]), ConnectivityError, ["float64", "integers"]),
        (lambda: Edges(3, 3, [[0]], [[1]]), ConnectivityError, ["(1, 1)"]),
        (lambda: Edges(3, 3, [0, 1], [1, 1], weight=[1.0, 2.0, 3.0]), ConnectivityError, ["(3,)", "(2,)"]),
        (lambda: Matrix(np.ones(3)), ConnectivityError, ["(3,)", "two axes"]),
        (lambda: Matrix([[1.0, 2.0], [3.0]]), InvalidParameterError, ["not a real number", "Matrix(matrix)"]),
        (lambda: Matrix([[1.0] * pq.nS, [2.0, 3.0] * pq.nS]), InvalidParameterError, ["Matrix(matrix)"]),
        (lambda: Matrix(DENSE, in_size=3), ConnectivityError, ["(2, 3)", "(3, 3)"]),
        (lambda: Matrix([[0.0, np.nan]]), InvalidParameterError, ["[0, 1]", "nan", "Matrix(matrix)"]),
        (lambda: Matrix(sparse.csr_array([[0.0], [np.inf]])), InvalidParameterError, ["[1, 0]", "inf"]),
        (lambda: Matrix([[1.0]] * pq.nS, unit=pq.nS), DimensionError, ["nS already", "Matrix(unit)"]),
        (lambda: Matrix([[1.0, 1.0]], weight=[1.0, 2.0, 3.0]), ConnectivityError, ["(3,)", "(2,)"]),
    ],
)
def test_bad_arguments(make, error, parts):
    with pytest.raises(error) as caught:
        make()
    text = str(caught.value)
    assert "cure:" in text
    for part in parts:
        assert part in text
