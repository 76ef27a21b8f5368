"""Joint rows of several connections hold what the rows of each held."""

import numpy as np
import pytest

from numbadyn.projections.connectivity import SynapseTable
from numbadyn.runtime.on_demand import join_rows


def table(n_pre: int, n_post: int, seed: int) -> SynapseTable:
    """Random rows, some of them empty."""
    rng = np.random.default_rng(seed)
    rows = [np.sort(rng.choice(n_post, rng.integers(0, n_post), replace=False)) for _ in range(n_pre)]
    offsets = np.concatenate([[0], np.cumsum([row.size for row in rows])])
    targets = np.concatenate(rows).astype(np.uint32)
    return SynapseTable(n_pre, n_post, np.zeros(1, np.int32), offsets, targets, np.array([0.5]))


@pytest.mark.parametrize("n_pre", [1, 7, 5000])
def test_joint_rows_are_the_rows_one_after_the_other(n_pre):
    tables = [table(n_pre, 9, 1), table(n_pre, 4, 2), table(n_pre, 6, 3)]
    offsets, targets = join_rows(tables, (0, 9, 13))
    assert offsets.dtype == np.int64
    assert targets.dtype == np.uint32
    for k in {0, n_pre // 2, n_pre - 1}:
        rows = [t.targets[t.offsets[k] : t.offsets[k + 1]] + shift for t, shift in zip(tables, (0, 9, 13), strict=True)]
        np.testing.assert_array_equal(targets[offsets[k] : offsets[k + 1]], np.concatenate(rows))
    assert offsets[-1] == targets.size == sum(t.targets.size for t in tables)
