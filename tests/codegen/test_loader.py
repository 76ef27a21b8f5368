"""Generated text becomes a module once, its kernels compile once, and damage on disk costs time but no result."""

import json
import linecache
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import numbadyn.cache
from numbadyn.codegen import loader
from numbadyn.codegen.cache import folder as cache_folder
from numbadyn.codegen.cache import kernels as cache_kernels
from numbadyn.codegen.cache import key as cache_key
from numbadyn.codegen.cache import signed as cache_signed
from numbadyn.errors import CacheWarning, InternalError

TEXT = """
import numpy as np
from numba import njit
from numbadyn.codegen.cpu.compiler import NoAlias
from numbadyn.codegen.intrinsics import select

@njit(error_model="numpy")
def magnitude(x):
    return select(x < 0.0, -x, x)

@njit(error_model="numpy", pipeline_class=NoAlias)
def scale(n, factor, x, y):
    for i in range(n):
        y[i] = magnitude(factor * x[i])

@njit
def refuse(n):
    if n < 0:
        raise ValueError("negative")
    return np.ones(n).sum()
"""
ENTRY = ("scale", "refuse")


@pytest.fixture(autouse=True)
def location(tmp_path, monkeypatch):
    """A cache folder of the test's own, and nothing loaded yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(cache_folder.VARIABLE, str(folder))
    numbadyn.cache.set_location(None)
    others = dict(loader._loaded)
    loader._loaded.clear()
    yield folder
    numbadyn.cache.set_location(None)
    forget()
    loader._loaded.update(others)


def forget():
    """Forget the modules that the test has loaded, so that the next load does what a new process would do."""
    for loaded in loader._loaded.values():
        sys.modules.pop(loaded.path.stem, None)
    loader._loaded.clear()


def load_and_call(text=TEXT, value=-2.0):
    loaded = loader.load(text, label="test", entry=ENTRY)
    result = np.zeros(3)
    loaded.module.scale(3, value, np.arange(3.0), result)
    np.testing.assert_array_equal(result, abs(value) * np.arange(3.0))
    return loaded


def run_script(script, folder, **options):
    environment = {**os.environ, cache_folder.VARIABLE: str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


SCRIPT = f"""
import numpy as np
from numbadyn.codegen import loader
loaded = loader.load({TEXT!r}, label="test", entry={ENTRY!r})
result = np.zeros(3)
loaded.module.scale(3, -2.0, np.arange(3.0), result)
assert result.tolist() == [0.0, 2.0, 4.0]
assert loaded.module.refuse(5) == 5.0
try:
    loaded.module.refuse(-1)
except ValueError as error:
    assert str(error) == "negative"
else:
    raise AssertionError("no error")
print(loaded.compiled, loaded.restored, loaded.from_cache)
"""


def test_a_second_process_compiles_nothing(location):
    outputs = []
    for _ in range(2):
        process = run_script(SCRIPT, location)
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        outputs.append(output.split())
    assert outputs == [["2", "0", "False"], ["0", "2", "True"]]


def test_two_processes_may_start_at_once(location):
    processes = [run_script(SCRIPT, location) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert sorted(path.suffix for path in numbadyn.cache.entries()) == [".kernel", ".kernel", ".py"]
    loaded = load_and_call()
    assert loaded.from_cache


def test_the_same_text_gives_the_same_module():
    first = load_and_call()
    second = load_and_call(value=3.0)
    assert second.module is first.module
    assert (first.compiled, first.restored, first.from_cache) == (1, 0, False)


def test_kernels_come_from_the_disk():
    load_and_call()
    forget()
    loaded = load_and_call()
    assert (loaded.compiled, loaded.restored, loaded.from_cache) == (0, 1, True)


def test_nothing_comes_from_the_cache_before_a_call():
    loaded = loader.load(TEXT, label="test", entry=ENTRY)
    assert not loaded.from_cache
    assert loaded.compiled == 0


def test_whether_anything_must_be_compiled_is_known_before():
    assert not loader.load(TEXT, label="test", entry=("scale",)).at_hand
    load_and_call()
    forget()
    assert loader.load(TEXT, label="test", entry=("scale",)).at_hand
    forget()
    assert not loader.load(TEXT, label="test", entry=ENTRY).at_hand  # the other one was never called


def test_other_argument_types_compile_anew_and_are_kept_too():
    for expected in (1, 0):
        loaded = loader.load(TEXT, label="test", entry=ENTRY)
        single = np.zeros(3, np.float32)
        loaded.module.scale(3, 2.0, np.arange(3, dtype=np.float32), single)
        np.testing.assert_array_equal(single, [0, 2, 4])
        assert loaded.compiled == expected
        forget()
    assert load_and_call().compiled == 1


def test_changed_text_gives_a_new_file(location):
    first = load_and_call()
    second = load_and_call(TEXT + "\n# changed\n")
    assert first.path != second.path
    assert first.path.read_text() == TEXT
    assert second.compiled == 1
    assert len(list(location.glob("*.py"))) == 2


def test_a_new_environment_gives_a_new_file(monkeypatch):
    first = load_and_call()
    loader._environment.cache_clear()
    monkeypatch.setattr(loader, "__version__", "999")
    try:
        assert load_and_call().path != first.path
    finally:
        loader._environment.cache_clear()


def test_the_file_is_named_by_label_and_content_and_is_visible_to_tracebacks():
    loaded = loader.load(TEXT, label="cpu: step", entry=ENTRY)
    assert loaded.path.name.startswith("nd_cpu_step_")
    assert loaded.module.__name__ == loaded.path.stem
    assert linecache.getline(str(loaded.path), 3) == "from numba import njit\n"


def test_files_are_written_once():
    path = load_and_call().path
    before = path.stat().st_mtime_ns, path.stat().st_ino
    forget()
    load_and_call()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def truncate(content):
    return content[: len(content) // 2]


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def empty(content):
    return b""


def signed_but_useless(content):
    """A right signature over words that say nothing."""
    key = cache_key.signing_key(numbadyn.cache.location())
    start = len(cache_signed._HEADER) + 32 + 8
    words = json.loads(content[start : start + int.from_bytes(content[start - 8 : start], "little")])
    return cache_signed.pack(cache_signed.Packed({}, ()), words["question"], key)


@pytest.mark.parametrize("damage", [truncate, flip, empty])
def test_a_damaged_source_file_is_written_again(damage):
    path = load_and_call().path
    path.write_bytes(damage(path.read_bytes()))
    forget()
    with pytest.warns(CacheWarning, match=r"generated file .* is damaged"):
        loaded = load_and_call()
    assert loaded.path.read_text() == TEXT
    assert loaded.from_cache


@pytest.mark.parametrize("damage", [truncate, flip, empty, signed_but_useless])
def test_a_damaged_kernel_is_compiled_again(location, damage):
    load_and_call()
    (kernel,) = location.glob("*.kernel")
    kernel.write_bytes(damage(kernel.read_bytes()))
    forget()
    with pytest.warns(CacheWarning, match=r"compiled kernel .* is damaged") as record:
        loaded = load_and_call()
    assert str(kernel) in str(record[0].message)
    assert loaded.compiled == 1
    forget()
    assert load_and_call().from_cache


@pytest.mark.parametrize("position", [0, 20, 60, -1])
def test_a_flipped_bit_anywhere_is_seen(location, position):
    load_and_call()
    (kernel,) = location.glob("*.kernel")
    content = bytearray(kernel.read_bytes())
    content[position] ^= 0x40
    kernel.write_bytes(content)
    forget()
    with pytest.warns(CacheWarning, match="damaged"):
        assert load_and_call().compiled == 1


def test_clear_removes_the_files_of_the_cache_only(location):
    load_and_call()
    (location / "notes.txt").write_text("mine")
    assert numbadyn.cache.size() == sum(path.stat().st_size for path in numbadyn.cache.entries()) > 0
    assert numbadyn.cache.clear() == 2
    assert numbadyn.cache.entries() == ()
    assert numbadyn.cache.size() == 0
    assert [path.name for path in location.iterdir()] == ["notes.txt"]


def test_after_clear_a_loaded_module_works_and_a_new_process_compiles(location):
    loaded = load_and_call()
    numbadyn.cache.clear()
    assert load_and_call() is loaded
    assert loaded.path.read_text() == TEXT
    forget()
    assert load_and_call().compiled == 1


def test_the_location_is_configurable(location, tmp_path):
    assert numbadyn.cache.location() == location
    numbadyn.cache.set_location(tmp_path / "elsewhere")
    assert numbadyn.cache.location() == tmp_path / "elsewhere"
    assert load_and_call().path.parent == tmp_path / "elsewhere"
    numbadyn.cache.set_location(None)
    assert numbadyn.cache.location() == location


def test_the_default_location_is_in_the_home_of_the_user(monkeypatch):
    monkeypatch.delenv(cache_folder.VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert numbadyn.cache.location().is_relative_to(Path.home())
    assert "numbadyn" in numbadyn.cache.location().parts


def test_a_location_that_cannot_be_written_is_replaced_with_one_warning(tmp_path):
    obstacle = tmp_path / "file"
    obstacle.write_text("not a folder")
    numbadyn.cache.set_location(obstacle / "cache")
    with pytest.warns(CacheWarning, match="cannot be written") as record:
        loaded = load_and_call()
    assert len(record) == 1
    assert "NUMBADYN_CACHE_DIR" in str(record[0].message)
    assert not loaded.path.is_relative_to(obstacle)
    assert load_and_call(TEXT + "\n").path.parent == loaded.path.parent


def test_a_full_disk_costs_the_cache_only(monkeypatch):
    def refuse(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loader, "write_whole", refuse)
    monkeypatch.setattr(cache_kernels, "write_whole", refuse)
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        load_and_call()
    assert [warning.category for warning in record] == [CacheWarning, CacheWarning]
    assert all("No space left" in str(warning.message) for warning in record)
    assert numbadyn.cache.entries() == ()


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(source, target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="Input/output"):
        cache_folder.write_whole(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []


def test_numbas_own_files_are_neither_written_nor_read(location):
    load_and_call(TEXT.replace("@njit(", "@njit(cache=True, "))
    assert not [path for path in location.rglob("*") if path.suffix in (".nbi", ".nbc")]


def test_text_that_does_not_run_is_our_defect():
    with pytest.raises(InternalError, match="does not run"):
        loader.load("def broken(:\n", label="test", entry=())
    with pytest.raises(InternalError, match="no function 'step'"):
        loader.load("x = 1\n", label="test", entry=("step",))


def test_flush_forgets_the_kernels_of_one_function(location):
    loaded = load_and_call()
    loaded.module.refuse(2)
    loaded.module.scale._cache.flush()
    assert [path.name.split(".")[1] for path in location.glob("*.kernel")] == ["refuse"]


FORKED = """
import os, threading, time
from numba.core.compiler_lock import global_compiler_lock
from numbadyn.codegen.loader import load

def compile_long():
    with global_compiler_lock:
        begun.set()
        forking.wait()
        time.sleep(0.1)  # whoever forks now and does not wait gets a lock that nobody will open

text = "from numba import njit\\n@njit\\ndef double(x):\\n    return 2 * x\\n"
double = load(text, label="double", entry=("double",))
begun, forking = threading.Event(), threading.Event()
os.register_at_fork(before=forking.set)
threading.Thread(target=compile_long).start()
begun.wait()
process = os.fork()
if process == 0:
    os._exit(double.module.double(21) - 42)
assert os.waitpid(process, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_that_is_forked_while_another_thread_compiles_can_compile():
    subprocess.run([sys.executable, "-c", FORKED], check=True)
