import subprocess
import sys

import numpy as np
import pytest
import quantities as pq

from numbadyn.projections.connectivity import SynapseTable, edge_list
from numbadyn.units import CONDUCTANCE


def table(**changes):
    arrays = {
        "delays": np.array([1, 4], np.int32),
        "offsets": np.array([0, 1, 3, 3, 4]),
        "targets": np.array([2, 0, 1, 0], np.uint32),
        "weights": np.array([1.0, 2.0, 3.0, 4.0]),
    }
    return SynapseTable(2, 3, **{**arrays, **changes})


def test_edges_come_in_canonical_order():
    pre, post, weight, delay = table().edges(0.5)
    assert pre.tolist() == [0, 0, 0, 1]
    assert post.tolist() == [0, 1, 2, 0]
    assert weight.tolist() == [2.0, 3.0, 1.0, 4.0]
    assert delay.tolist() == [2.0, 2.0, 0.5, 2.0]
    assert table().positions().tolist() == [2, 0, 1, 3]


def test_a_kept_order_wins():
    pre, post, weight, _ = table(order=np.array([3, 2, 1, 0])).edges(0.5)
    assert pre.tolist() == [1, 0, 0, 0]
    assert post.tolist() == [0, 1, 0, 2]
    assert weight.tolist() == [4.0, 3.0, 2.0, 1.0]


def test_one_weight_for_all_and_memory():
    one = table(weights=np.array([0.5], np.float32))
    assert one.edges(0.5)[2].tolist() == [0.5] * 4
    assert one.nbytes == 2 * 4 + 5 * 8 + 4 * 4 + 4
    assert (one.n_synapses, one.n_delays) == (4, 2)


def test_read_back_with_units():
    edges = edge_list(table(), 0.5, CONDUCTANCE)
    assert edges.weight.units == pq.nS
    assert edges.delay.units == pq.ms
    assert edges.delay.magnitude.tolist() == [2.0, 2.0, 0.5, 2.0]
    assert edges._fields == ("pre", "post", "weight", "delay")


def test_tables_cannot_be_rebound():
    with pytest.raises(AttributeError):
        table().targets = None


def test_specifications_do_not_import_numba():
    code = "import sys, numbadyn.projections.connectivity; print('numba' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
