"""What every test needs: a cache folder of the session alone, so that kernels compile once and none is older."""

import gc
import os
import shutil
import signal
import sys
import tempfile

import pytest

from tests.clocks import change_clocks
from tests.draws import draw_alike_everywhere

_VARIABLES = {"MPLBACKEND": "Agg", "NUMBADYN_CHECK_PASSES": "1"}
_saved: dict[str, str | None] = {}

# they import other simulators
collect_ignore_glob = ["truth/make_*.py"]


def pytest_configure(config: pytest.Config) -> None:
    change_clocks()
    draw_alike_everywhere(config.getoption("--hypothesis-seed"))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # a shell ignores Ctrl-C for what it starts in the background, and numbadyn respects that; tests press it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0"):
        # threads of Numba's simulator of CUDA wait for each other by polling; short turns make that quick
        sys.setswitchinterval(1e-4)
        # and what they call is called so seldom there that optimising it would take longer
        os.environ.setdefault("NUMBA_OPT", "0")
    if hasattr(config, "workerinput"):
        return  # a worker of pytest-xdist shares the folder of the process that started it
    _VARIABLES["NUMBADYN_CACHE_DIR"] = tempfile.mkdtemp(prefix="numbadyn-tests-")
    _VARIABLES["XDG_STATE_HOME"] = os.path.join(_VARIABLES["NUMBADYN_CACHE_DIR"], "state")  # the key of the cache
    if not os.access(os.path.expanduser("~"), os.W_OK):  # where libraries for exports make folders
        _VARIABLES["XDG_CACHE_HOME"] = os.path.join(_VARIABLES["NUMBADYN_CACHE_DIR"], "others")
    for name, value in _VARIABLES.items():
        _saved[name] = os.environ.get(name)
        os.environ[name] = value


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    shutil.rmtree(_VARIABLES["NUMBADYN_CACHE_DIR"], ignore_errors=True)
    for name, value in _saved.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spare the collector of garbage the millions of objects that stay: each look at them takes most of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless it is asked for by its mark or by its name."""
    asked = "exhaustive" in config.option.markexpr or any("::" in argument for argument in config.args)
    left_out = [] if asked else [item for item in items if item.get_closest_marker("exhaustive")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
