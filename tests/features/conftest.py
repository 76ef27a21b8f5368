"""What the feature tests generate is kept where somebody asked for it: see `tests.generated`.

Where Numba's simulator of CUDA stands for the processor (`tests.targets`), tests of the interpreter alone are left out:
they would do what they do without it.
"""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from numbadyn.runtime import engine
from tests.generated import keeping
from tests.targets import SIMULATED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items if SIMULATED else ():
        if getattr(item, "callspec", None) is not None and item.callspec.params.get("target") == "interpret":
            item.add_marker(pytest.mark.skip(reason="the interpreter is the same without the simulator"))


@pytest.fixture
def steady_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a run grow at the same steps on each machine at any load: as if they took no time."""
    monkeypatch.setattr(engine, "time", SimpleNamespace(perf_counter=lambda: 0.0))


@pytest.fixture(autouse=True)
def _kept(request: pytest.FixtureRequest) -> Iterator[None]:
    marked, skipped = map(request.node.get_closest_marker, ("cudasim", "skipif"))  # what is skipped, is so there only
    with keeping(request.node.nodeid, simulated=marked is not None and skipped is None):
        yield
