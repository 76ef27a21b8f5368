"""Points that run in other processes, threads and on clusters: the same table, whoever dies in between."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import numbadyn as nd
from numbadyn import errors
from tests.faults.killed_studies import finished
from tests.study.study_model import GRID, build, measure, same, start


@pytest.fixture(scope="module")
def whole():
    """The study, left alone."""
    return start()


def test_processes_give_the_same_table_and_survive_the_death_of_one(whole, tmp_path):
    mark = tmp_path / "died"

    def dying(result, sim, point):
        if point["scale"] == 1.0 and point["seed"] == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return measure(result)

    study = start(tmp_path / "store", measure=dying, workers=2)
    assert mark.exists()
    assert same(study, whole)
    assert same(nd.Study.open(tmp_path / "store"), whole)


@pytest.mark.slow
def test_a_point_that_kills_its_worker_is_isolated(whole):
    def deadly(result, sim, point):
        if point["scale"] == 1.5 and point["seed"] == 0 and point["tau"].item() == 10:
            os._exit(1)
        return measure(result)

    study = start(measure=deadly, workers=2, grid={**GRID, "scale": [1.0, 1.5]}, seeds=[0])
    assert (study.finished, len(study.failed)) == (3, 1)
    assert study.failed[0].error.endswith("WorkerLostError")
    assert study.failed[0].parameters["scale"] == 1.5


def test_an_error_of_a_worker_is_raised_as_it_is_where_all_points_fail():
    class Own(Exception):
        pass

    def wrong(result):
        raise Own("of the user")

    def lazy(result):
        raise ValueError("of Python")

    with ThreadPoolExecutor(2) as executor:
        with pytest.raises(ValueError, match="of Python") as caught:
            start(measure=lazy, executor=executor)
        assert "at the point" in caught.value.__notes__[0]
        with pytest.raises(errors.StudyError, match="of the user"):  # its class cannot be sent
            start(measure=wrong, executor=executor)


@pytest.mark.slow
def test_ctrl_c_ends_processes_that_are_at_work(tmp_path, whole):
    mark, waits, store = tmp_path / "working", tmp_path / "waits", tmp_path / "store"

    def slow(result, sim, point):
        while point["scale"] == 1.5 and not mark.exists():
            waits.touch()
            time.sleep(0.1)
        return measure(result)

    def press():
        while not (waits.exists() and finished(store)):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    study = start(store, measure=slow, workers=2)
    mark.touch()
    assert study.interrupted
    assert 0 < study.finished < 12
    assert same(start(store, measure=slow, workers=2), whole)


def test_threads_of_the_user(whole):
    with ThreadPoolExecutor(2) as executor:
        assert same(start(executor=executor), whole)
        assert executor.submit(int, "3").result() == 3  # it is still the user's


class Later:
    """A future of no class in particular, as mpi4py and Dask have theirs."""

    def __init__(self, call):
        self._call = call

    def add_done_callback(self, function):
        function(self)

    def result(self):
        return self._call()

    def cancel(self):
        return False


def test_anything_that_has_submit(whole):
    class Executor:
        def submit(self, function, *arguments):
            return Later(lambda: function(*arguments))

    assert same(start(executor=Executor()), whole)


def test_an_executor_that_breaks_ends_the_sweep_and_keeps_what_has_finished(tmp_path, whole):
    from concurrent.futures import BrokenExecutor

    class Executor:
        left = 5

        def submit(self, function, *arguments):
            Executor.left -= 1
            if Executor.left < 0:
                raise BrokenExecutor("all workers are gone")
            return Later(lambda: function(*arguments))

    with pytest.raises(errors.WorkerLostError, match="all workers are gone"):
        start(tmp_path / "store", executor=Executor())
    kept = nd.Study.open(tmp_path / "store")
    assert kept.finished == 0  # those that were under way at that moment are run again
    assert same(start(tmp_path / "store"), whole)


@pytest.mark.filterwarnings("ignore")
def test_the_client_of_a_cluster(whole):
    distributed = pytest.importorskip("distributed")
    with distributed.Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        assert same(start(executor=client), whole)
        assert client.submit(sum, [1, 2]).result() == 3  # it is still the user's


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_one_of_whose_workers_dies(tmp_path, whole):
    distributed = pytest.importorskip("distributed")
    mark = tmp_path / "died"

    def dying(result, sim, point):
        if point["scale"] == 1.0 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return measure(result)

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        study = start(tmp_path / "store", measure=dying, executor=client)
        assert mark.exists()
        assert same(study, whole)


@pytest.mark.slow
def test_a_pool_of_mpi(tmp_path):
    pytest.importorskip("mpi4py")
    mpiexec = shutil.which("mpiexec") or pytest.skip("no mpiexec")
    (tmp_path / "study.py").write_text(
        "from mpi4py.futures import MPIPoolExecutor\n"
        "from tests.study.study_model import same, start\n"
        "if __name__ == '__main__':\n"
        "    with MPIPoolExecutor() as executor:\n"
        "        print('same:', same(start(executor=executor), start()))\n"
    )
    command = [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", str(tmp_path / "study.py")]
    path = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert "same: True" in done.stdout


def test_functions_of_a_script_reach_the_workers(whole):
    space = {"__name__": "__main__"}
    exec("def measure(result):\n    return helper(result)\ndef helper(result):\n    return made(result)", space)
    space["made"] = measure
    study = start(build=build, measure=space["measure"], workers=2)
    assert same(study, whole)
