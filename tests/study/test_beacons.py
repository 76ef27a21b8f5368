"""How far points are that run in other processes."""

from numbadyn.study.beacons import Beacon, Beacons
from numbadyn.study.pace import Pace
from numbadyn.study.progress import StudyBar


def test_what_runs_is_seen_and_what_has_ended_is_not(capsys):
    beacons = Beacons()
    try:
        assert beacons.look() == []
        beacon = Beacon(beacons.folder, 7)
        beacon.start(200, 0.1)
        assert [(one.number, one.fraction) for one in beacons.look()] == [(7, 0.0)]
        beacon._written = 0.0
        beacon.advance(50)
        (seen,) = beacons.look()
        assert (seen.number, seen.fraction) == (7, 0.25)
        assert seen.seconds >= 0
        beacon.close()
        assert beacons.look() == []
    finally:
        beacons.close()
    beacon.start(3, 0.1)  # nobody's run ends because the folder is gone


def test_the_bar_shows_the_point_that_is_furthest(capsys):
    bar = StudyBar()
    bar.start(10, 2)
    bar._drawn = -10.0
    bar.refresh([("g=4, seed=0", 0.5), ("g=5, seed=0", 0.25)], 75.0)
    bar.close()
    text = capsys.readouterr().err
    assert "2/10 points" in text
    assert "<01:15" in text
    assert "g=4, seed=0 (and 1 more)" in text
    assert " 50%" in text


def test_a_guess_serves_until_a_point_has_finished():
    pace = Pace(workers=2)
    points = [type("Point", (), {"group": "a"})()] * 4
    pace.expect(3.0)
    assert pace.left(points) == 6.0
    pace.learn("b", {"seconds": {"all": 1.0}})
    assert pace.left(points) == 2.0
