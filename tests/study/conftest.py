"""What a point costs, where a test counts how many run together: the same on each machine."""

import pytest

from numbadyn.study import pace, rule, worker


@pytest.fixture
def quick_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A point takes a hundredth of a second on trial, and there is room for all, however slow the machine is."""
    monkeypatch.setattr(rule.Trial, "seconds", 0.01)
    monkeypatch.setattr(rule.room, "free_bytes", lambda: None)
    monkeypatch.setattr(worker, "BATCH_SECONDS", 1e9)
    monkeypatch.setattr(pace, "BATCH_SECONDS", 1e9)
