"""What the feature tests generate is kept where somebody asked for it: see `tests.generated`."""

from collections.abc import Iterator

import pytest

from tests.generated import keeping


@pytest.fixture(autouse=True)
def _kept(request: pytest.FixtureRequest) -> Iterator[None]:
    marked, skipped = map(request.node.get_closest_marker, ("cudasim", "skipif"))  # what is skipped, is so there only
    with keeping(request.node.nodeid, simulated=marked is not None and skipped is None):
        yield
