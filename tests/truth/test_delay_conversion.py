"""The table of `delay_conversion`, row by row, against one spike in NEST, Brian2 and brainpy.state.

In: the traces that `make_delay_traces.py` has stored.  Each is made again by `delay_receivers`, with a delay by the
formula of its row and labels shifted as the table says.
"""

import functools
import json
from dataclasses import replace

import numpy as np
import pytest
from quantities import ms

from tests.examples.pages import ROOT
from tests.truth.delay_conversion import PEERS, ROWS
from tests.truth.delay_receivers import run

FILES = {key: json.loads((ROOT / f"tests/truth/data/delays_{key}.json").read_text(encoding="utf-8")) for key in PEERS}
NETWORK = FILES["nest"]["network"]
GRIDS = (0.1, 0.25)  # ms
WHOLE = (0, 1, 2, 3, 10)  # steps
BETWEEN = (0.12, 0.15, 0.18, 0.25, 3 * 0.1)  # ms, at dt = 0.1 ms
STEPS = 28
"""More than theirs, for labels are shifted."""
KNOWN = np.arange(14)
"""Delays in steps that are run here: those of the rows, and both neighbours of each."""
EXACT = 1e-11
"""Part of the height of a trace by which it may be missed: rounding, and a leak of 1e12 ms where they have none."""
TOLERANCE = {("current", "V"): 1e-7, ("conductance", "V"): 1e-7, ("conductance", "g"): 3e-8}
"""The same where the current falls within a step: exactly there, here by a method of fourth order, whose error is
5.4e-8 at a step of 0.25 ms and 2.5 ** 4 times less at 0.1 ms; and NEST's g comes out of an adaptive solver."""

TRACED = [row for row in ROWS if row.traces]
BY_NAME = pytest.mark.parametrize("row", TRACED, ids=lambda row: f"{row.peer} {row.mechanism}")
TARGETS = pytest.mark.parametrize("target", ["interpret", "cpu"])


def positions(dt):
    """Delays in steps, some of them between steps."""
    parts = [delay / dt + by for delay in BETWEEN for by in range(-2, 3)] if dt == 0.1 else []
    return np.array([*KNOWN, *(part for part in parts if part > 0)])


@functools.cache
def ours(dt, target):
    """Spikes of the sources; traces with delays of whole steps, and with delays between steps."""
    return run(NETWORK, dt, [(KNOWN * dt * ms,), (positions(dt) * dt * ms, "linear")], STEPS, target)


def cases_of(row, theirs):
    return [case for case in FILES[row.peer]["cases"] if case["mechanism"] == theirs]


def made_here(row, case, mine, target="interpret"):
    """Our traces with the delay that the row says, by variable; None where it would be negative."""
    _, (whole, between) = ours(case["dt"], target)
    if row.spread:
        wanted, known, traces = case["delay"] / case["dt"] - row.extra, positions(case["dt"]), between
    else:
        wanted, known, traces = PEERS[row.peer].steps(case["delay"], case["dt"]) - row.extra, KNOWN, whole
    if wanted < -1e-9:
        return None
    column = int(np.argmin(np.abs(known - wanted)))
    assert abs(known[column] - wanted) < 1e-9
    return {name: traces[mine, name][:, column] for name in "Vg" if (mine, name) in traces}


def labels(row, case, name):
    """Number of our sample for each of theirs."""
    peer = PEERS[row.peer]
    return np.rint(np.array(case["t"]) / case["dt"]).astype(int) + peer.sample + (row.synaptic if name == "g" else 0)


def misses(row, case, mine, target="interpret"):
    """Largest distance of each variable, as a part of the height of its trace; None where there is no such delay."""
    found = made_here(row, case, mine, target)
    if found is None:
        return None
    scale = NETWORK["conductance"]["g_L"] if row.peer == "brainpy" else 1.0  # theirs is relative to the leak
    missed = {}
    for name in found.keys() & case.keys():
        theirs = np.array(case[name]) * (scale if name == "g" else 1.0)
        missed[name] = np.abs(found[name][labels(row, case, name)] - theirs).max() / np.ptp(theirs)
    assert "V" in missed
    return missed


def fits(row, case, mine, target="interpret"):
    missed = misses(row, case, mine, target)
    return missed is not None and all(miss <= TOLERANCE.get((mine, name), EXACT) for name, miss in missed.items())


def onset(row, case, mine):
    """Number of our sample at which a trace leaves the one that nothing has reached; of V."""
    _, (whole, _) = ours(case["dt"], "interpret")
    samples, theirs = labels(row, case, "V"), np.array(case["V"])
    apart = np.abs(theirs - whole[mine, "V"][samples, -1]) > 1e-9 * np.ptp(theirs)
    return int(samples[np.flatnonzero(apart)[0]])


def test_the_longest_delay_here_stands_for_silence():
    spikes, (whole, _) = ours(0.1, "interpret")
    assert spikes["source"] == [6]
    assert np.flatnonzero(whole["still", "V"][:, -1])[0] == 6 + KNOWN[-1] + 1
    assert KNOWN[-1] > max(WHOLE) + 2


@TARGETS
@BY_NAME
def test_a_row_gives_their_traces(row, target):
    for theirs, mine in row.traces:
        cases = cases_of(row, theirs)
        whole = [(dt, round(steps * dt, 10)) for dt in GRIDS for steps in WHOLE if steps >= row.least]
        asked = sorted(whole + [(0.1, delay) for delay in BETWEEN])
        assert sorted((case["dt"], case["delay"]) for case in cases) == asked
        for case in cases:
            here = f"{theirs} at D = {case['delay']} ms, dt = {case['dt']} ms"
            if case["delay"] < row.extra * case["dt"] - 1e-9:
                assert misses(row, case, mine, target) is None, here
            else:
                assert fits(row, case, mine, target), (here, misses(row, case, mine, target))


@BY_NAME
@pytest.mark.parametrize("by", [-1, 1])
def test_a_row_that_is_one_step_off_gives_none_of_them(row, by):
    wrong = replace(row, extra=row.extra + by)
    tried = [
        (case["dt"], case["delay"], fits(wrong, case, mine))
        for theirs, mine in row.traces
        for case in cases_of(row, theirs)
        if misses(wrong, case, mine) is not None
    ]
    assert len(tried) >= 8
    assert [where for *where, right in tried if right] == []


@BY_NAME
@pytest.mark.parametrize("by", [-1, 1])
@pytest.mark.parametrize("label", ["sample", "synaptic"])
def test_labels_that_are_one_step_off_give_none_of_them(row, label, by, monkeypatch):
    peer, wrong = PEERS[row.peer], row
    if label == "sample":
        monkeypatch.setitem(PEERS, row.peer, replace(peer, sample=peer.sample + by))
    else:
        wrong = replace(row, synaptic=row.synaptic + by)
    for theirs, mine in row.traces:
        for case in cases_of(row, theirs):
            assert fits(wrong, case, mine) == (label == "synaptic" and "g" not in case and fits(row, case, mine))


@BY_NAME
def test_what_comes_earlier_than_with_any_delay_here(row):
    """A delay there that is shorter than the formula allows acts one step before ours of no step."""
    for theirs, mine in row.traces:
        for case in cases_of(row, theirs):
            if case["delay"] < row.extra * case["dt"] - 1e-9:
                samples, start = labels(row, case, "V"), ours(case["dt"], "interpret")[1][0][mine, "V"][:, 0]
                silent = ours(case["dt"], "interpret")[1][0][mine, "V"][:, -1]
                reached = np.flatnonzero(np.abs(start - silent)[samples] > 1e-9)[0]
                assert onset(row, case, mine) == samples[reached] - 1


@pytest.mark.parametrize("key", PEERS)
def test_spikes_are_where_the_labels_say(key):
    sources = {"generator": "train", "generator_one_step_later": "later_train"}
    kinds = {theirs: sources.get(mine, "source") for row in TRACED if row.peer == key for theirs, mine in row.traces}
    seen = 0
    for case in FILES[key]["cases"]:
        if "spikes" in case:
            found = np.rint(np.array(case["spikes"]) / case["dt"]).astype(int) + PEERS[key].spike
            if kinds[case["mechanism"]] == "train":  # a device: its times are the ones that it is given
                assert case["spikes"] == [NETWORK["generator"]]
            assert found.tolist() == ours(case["dt"], "interpret")[0][kinds[case["mechanism"]]], case["mechanism"]
            seen += 1
    assert seen > 50


@pytest.mark.parametrize(
    ("key", "steps"), [("nest", [1, 2, 2, 3, 3]), ("brian2", [1, 1, 2, 3, 3]), ("brainpy", [2, 2, 2, 3, 4])]
)
def test_a_delay_between_steps_is_rounded_as_the_table_says(key, steps):
    """Steps counted from the traces alone: how much later V moves than with a delay of one step."""
    assert [PEERS[key].steps(delay, 0.1) for delay in BETWEEN] == steps
    for row in (row for row in TRACED if row.peer == key and not row.spread):
        for theirs, mine in row.traces:
            onsets = {case["delay"]: onset(row, case, mine) for case in cases_of(row, theirs) if case["dt"] == 0.1}
            assert [onsets[delay] - onsets[0.1] + 1 for delay in BETWEEN] == steps, (row.mechanism, theirs)


def test_what_is_refused_is_shorter_than_the_least():
    for key, file in FILES.items():
        refused = {(case["dt"], case["delay"]) for case in file["refused"]}
        least = {row.least for row in TRACED if row.peer == key}
        assert len(least) == 1
        assert refused == {(dt, round(steps * dt, 10)) for dt in GRIDS for steps in WHOLE if steps < min(least)}
        assert ("refused" in PEERS[key].remark) == bool(refused)
    assert len(FILES["nest"]["refused"]) == 4


def test_each_trace_belongs_to_a_row_and_the_versions_are_theirs():
    for key, file in FILES.items():
        assert file["network"] == NETWORK
        shown = {theirs for row in ROWS if row.peer == key for theirs, _ in row.traces}
        assert {case["mechanism"] for case in file["cases"]} == shown
        assert all(f" {number}" in PEERS[key].versions for number in list(file["versions"].values())[:2])


@pytest.mark.parametrize("dt", GRIDS)
def test_one_delay_and_an_array_of_delays_give_the_same_bits(dt):
    spikes, (whole, between) = ours(dt, "cpu")
    chosen = [0, 1, 3, len(positions(dt)) - 1]
    groups = [(KNOWN[k] * dt * ms,) for k in chosen[:3]] + [(positions(dt)[k] * dt * ms, "linear") for k in chosen]
    single, found = run(NETWORK, dt, groups, STEPS, "interpret")
    assert single == spikes
    expected = [(whole, k) for k in chosen[:3]] + [(between, k) for k in chosen]
    for got, (traces, column) in zip(found, expected, strict=True):
        assert got.keys() == traces.keys()
        for name, trace in got.items():
            np.testing.assert_array_equal(trace[:, 0], traces[name][:, column], err_msg=str(name))
