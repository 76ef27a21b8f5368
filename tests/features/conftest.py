"""What the feature tests generate is kept where somebody asked for it: see `tests.generated`."""

from collections.abc import Iterator

import pytest

from tests.generated import keeping


@pytest.fixture(autouse=True)
def _kept(request: pytest.FixtureRequest) -> Iterator[None]:
    with keeping(request.node.nodeid):
        yield
