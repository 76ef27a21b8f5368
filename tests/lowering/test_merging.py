"""Rows of several connections are joined where that is worth its memory."""

import numpy as np

from numbadyn.lowering.merging import worth_merging
from numbadyn.projections.connectivity import SynapseTable


def table(n_pre: int, n_post: int, seed: int) -> SynapseTable:
    """Random rows, some of them empty."""
    rng = np.random.default_rng(seed)
    rows = [np.sort(rng.choice(n_post, rng.integers(0, n_post), replace=False)) for _ in range(n_pre)]
    offsets = np.concatenate([[0], np.cumsum([row.size for row in rows])])
    targets = np.concatenate(rows).astype(np.uint32)
    return SynapseTable(n_pre, n_post, np.zeros(1, np.int32), offsets, targets, np.array([0.5]))


def test_long_rows_and_single_tables_are_left_alone():
    short = table(50, 20, 4)
    assert worth_merging([short, short])
    assert not worth_merging([short])
    long = table(2, 2000, 5)
    assert not worth_merging([long, long])
