"""Numba's CUDA target and all beneath it up to the driver, which is imitated: runs, memory, threads, lost devices.

All that the target does on the host is really done: contexts, streams, copies, modules, launches, graphs. The driver
notices what a real one forbids. Each list of cases of `tests.cuda.driver.cases` has a process of its own, since a
process finds its driver once.
"""

import json

import pytest

from tests.cuda.driver.build import cannot_build, run_python

pytestmark = [
    pytest.mark.emulated,
    pytest.mark.slow,
    pytest.mark.skipif(bool(cannot_build()), reason=cannot_build() or "there is a compiler"),
]

FIRST = (
    "persistent_launches_have_the_bits_of_the_interpreter",
    "single_launches_have_the_bits_of_the_interpreter",
    "graphs_have_the_bits_of_the_interpreter",
    "a_state_can_be_read_in_a_new_thread",
    "arrays_that_were_dropped_count_as_free",
    "too_little_memory_is_told",
    "misuse_is_noticed",
    "launches_that_cannot_be_are_noticed",
    "a_device_that_is_lost_leaves_what_was_recorded",
)
SECOND = ("a_device_that_another_process_has_for_itself_is_told", "kernels_come_from_disk")


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """Both processes when they have ended, and what went wrong in which case."""
    cache = tmp_path_factory.mktemp("cache")
    ended = [run_python("-m", "tests.cuda.driver.cases", name, cache=cache) for name in ("first", "second")]
    outcomes = {}
    for process in ended:
        assert process.returncode == 0, process.stderr
        outcomes |= json.loads(process.stdout.splitlines()[-1])
    return ended, outcomes


@pytest.mark.parametrize("case", FIRST + SECOND)
def test_with_the_imitated_driver(case, processes):
    assert processes[1][case] == "", processes[1][case]


def test_all_cases_are_here(processes):
    assert set(processes[1]) == {*FIRST, *SECOND}


def test_nothing_is_printed_that_nobody_asked_for(processes):
    assert [process.stderr for process in processes[0]] == ["", ""]
