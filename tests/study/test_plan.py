"""What a sweep would do, said before it does it; and the rule of processes and batches."""

import logging
from types import SimpleNamespace

import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.study import rule
from numbadyn.study.grid import make_grid
from numbadyn.study.pace import Pace
from numbadyn.study.recipe import Recipe
from tests.study.study_model import build, measure, start


@pytest.mark.usefixtures("quick_points")
def test_a_plan_says_what_would_be_done_and_does_nothing(tmp_path):
    def sized(tau, size):
        return build(tau, size=size)

    plan = start(tmp_path / "store", build=sized, grid={"tau": [10, 20] * ms, "size": [3, 5, 7]}, plan=True)
    assert (plan.points, plan.left, plan.workers, plan.structures) == (12, 12, 1, 3)
    assert plan.batch == 2  # the next one has another size, and so another structure
    assert plan.seconds == pytest.approx(12 * 0.01)
    assert plan.memory > 0
    for text in (
        "A study of 12 points (2 x 3, with 2 seeds each), 12 of them left",
        "3, at the 4 points that were looked at",
        "1: as asked for",
        "2 points together in a process (of one structure, in 50% of the free memory, 60 s at most)",
        "a point on a trial",
    ):
        assert text in str(plan)
    assert not (tmp_path / "store").exists()
    start(tmp_path / "store")
    assert start(tmp_path / "store", plan=True).left == 0
    assert start(plan=True, measure=lambda result, sim: 1.0).batch == 1
    assert start(plan=True, grid={"tau": [-1, 10] * ms}).seconds is None


def test_the_rule_of_processes(monkeypatch):
    monkeypatch.setattr(rule, "usable_cores", lambda: 8)
    monkeypatch.setattr(rule.room, "free_bytes", lambda: 10_000)
    quick, slow, large = (rule.Trial(0.1, seconds, size, None) for seconds, size in ((0.1, 1), (9.9, 1), (9.9, 2000)))
    assert rule.choose_workers(None, 20, quick).workers == 1  # 4 s of work
    assert rule.choose_workers(None, 20, slow).workers == 8
    assert rule.choose_workers(None, 3, slow).workers == 3
    assert rule.choose_workers(None, 20, large).workers == 2
    assert rule.choose_workers(4, 20, quick).workers == 4
    assert rule.batch_size(64, 1000, 8, quick) == 31  # all have work to the end
    assert rule.batch_size(64, 1000, 1, quick) == 64
    assert rule.batch_size(64, 1000, 1, slow) == 6  # a minute


def test_the_time_that_is_left_is_learnt_without_compilation():
    points = make_grid({"g": [1, 2]}, [0, 1, 2], "product").points
    pace = Pace(workers=1)
    assert pace.left(points) is None
    assert pace.task_size(0.0, 5, 64) == 1
    pace.learn(points[0].group, {"seconds": {"all": 61.0, "compile": 60.0}})
    assert pace.left(points[1:]) == 5.0
    pace.learn(points[3].group, {"seconds": {"all": 3.0, "compile": 0.0}})
    assert pace.left([points[1], points[4]]) == 4.0
    assert pace.task_size(0.0, 100, 64) == 30
    assert pace.task_size(0.0, 100, 1) == 1


def test_bars_and_lines_of_a_log(capsys, caplog):
    start(progress=True, grid={"tau": [10, 20] * ms}, seeds=[0], batch=1)
    text = capsys.readouterr().err
    assert "2/2 points" in text
    assert "tau=20.0 ms, seed=0" in text
    with caplog.at_level(logging.INFO, "numbadyn.study"):
        start(progress=None, grid={"tau": [-1, 20] * ms}, seeds=[0])
    lines = [record.message for record in caplog.records if record.name == "numbadyn.study"]
    assert lines[0] == "2 points, 0 of them are done"
    assert any("failed" in line and "InvalidParameterError" not in line for line in lines)
    assert lines[-1].startswith("2/2 points (100%)")


def test_a_bar_that_says_how_many_have_failed(capsys):
    with pytest.raises(ZeroDivisionError):
        start(progress=True, measure=lambda result: 1 / 0)
    assert "failed" in capsys.readouterr().err


def test_a_point_does_not_cost_what_is_compiled_once(monkeypatch):
    class Slow(nd.Simulator):
        def compile(self):
            made = super().compile()
            self.seconds["compile"] = clock[0] = 30.0
            return made

    clock = [0.0]
    monkeypatch.setattr(rule, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    recipe = Recipe(build, ("tau",), False, measure, 1, (), 12 * ms, options={"dt": 1 * ms, "target": "interpret"})
    point = make_grid({"tau": [10] * ms}, [0], "product").points[0]
    simulator = Slow(build(10 * ms), seed=0, **recipe.options)
    assert rule.try_first(recipe, point, simulator).build == 0.0
