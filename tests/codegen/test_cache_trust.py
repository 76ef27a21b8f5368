"""Nobody but the user decides what runs: kernels are signed, nothing is unpickled, others' folders are named."""

import json
import os
import pickle
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import numbadyn.cache
from numbadyn.codegen import loader
from numbadyn.codegen.cache import folder as cache_folder
from numbadyn.codegen.cache import kernels as cache_kernels
from numbadyn.codegen.cache import key as cache_key
from numbadyn.codegen.cache import owner as cache_owner
from numbadyn.codegen.cache import signed as cache_signed
from numbadyn.errors import CacheWarning

TEXT = """
from numba import njit

@njit
def both(x):
    if x < 0:
        raise ValueError("negative")
    return x + 1, 2.0 * x
"""
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no modes here")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home and a cache folder of the test's own, and nothing loaded yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(cache_key, "key_folder", lambda: Path(os.environ["XDG_STATE_HOME"]) / "numbadyn")
    monkeypatch.setattr(cache_folder, "_choice", cache_folder._Choice())
    cache_key.signing_key.cache_clear()
    others = dict(loader._loaded)
    loader._loaded.clear()
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    numbadyn.cache.set_location(folder)
    yield folder
    forget()
    loader._loaded.update(others)
    cache_key.signing_key.cache_clear()


def forget():
    for loaded in loader._loaded.values():
        sys.modules.pop(loaded.path.stem, None)
    loader._loaded.clear()


def call():
    """Load and call as a new process would; how many kernels came from the disk."""
    forget()
    loaded = loader.load(TEXT, label="trust", entry=("both",))
    assert loaded.module.both(1) == (2, 2.0)
    return loaded.restored


def kernel_of(folder):
    (path,) = folder.glob("*.kernel")
    return path


class Planted:
    def __reduce__(self):
        return (exec, ("import sys; sys.tests_planted = True",))


def planted_pickle(content):
    return cache_signed._HEADER + bytes(32) + pickle.dumps(Planted())


def signed_by_another(content):
    start = len(cache_signed._HEADER) + 32
    words = json.loads(content[start + 8 : start + 8 + int.from_bytes(content[start : start + 8], "little")])
    blobs = content[len(content) - sum(words["lengths"]) :]
    packed = cache_signed.Packed(words["words"], (blobs[: words["lengths"][0]], blobs[words["lengths"][0] :]))
    assert cache_signed.pack(packed, words["question"], cache_key.signing_key(numbadyn.cache.location())) == content
    return cache_signed.pack(packed, words["question"], b"another key".ljust(32))


@pytest.mark.parametrize("forged", [planted_pickle, signed_by_another])
def test_what_the_user_did_not_sign_is_not_used(home, forged):
    assert [call(), call()] == [0, 1]
    path = kernel_of(home)
    path.write_bytes(forged(path.read_bytes()))
    with pytest.warns(CacheWarning, match="signature does not fit"):
        assert call() == 0
    assert not hasattr(sys, "tests_planted")
    assert call() == 1


def test_a_kernel_under_the_name_of_another_one_is_not_used(home):
    call()
    path = kernel_of(home)
    content = path.read_bytes()
    other = loader.load(TEXT + "\n", label="trust", entry=("both",))
    assert other.module.both(1) == (2, 2.0)
    (second,) = set(home.glob("*.kernel")) - {path}
    second.write_bytes(content)
    forget()
    with pytest.warns(CacheWarning, match="copy of another one"):
        assert loader.load(TEXT + "\n", label="trust", entry=("both",)).module.both(1) == (2, 2.0)


def test_nothing_on_disk_is_unpickled(home, monkeypatch):
    call()
    monkeypatch.setattr(pickle, "loads", None)
    monkeypatch.setattr(pickle, "Unpickler", None)
    assert call() == 1


def test_errors_and_tuples_come_from_the_disk_as_they_were(home):
    call()
    forget()
    loaded = loader.load(TEXT, label="trust", entry=("both",))
    assert loaded.module.both(2) == (3, 4.0)
    with pytest.raises(ValueError, match="negative"):
        loaded.module.both(-1)
    assert loaded.from_cache


def test_what_words_cannot_say_is_compiled_anew(home):
    text = "import numpy as np\nfrom numba import njit\n\n@njit\ndef ones(n):\n    return np.ones(n)\n"
    for _ in range(2):
        forget()
        loaded = loader.load(text, label="array", entry=("ones",))
        np.testing.assert_array_equal(loaded.module.ones(2), [1, 1])
        assert loaded.compiled == 1
    assert not list(home.glob("*.kernel"))


def test_another_user_of_the_folder_has_other_files(home, monkeypatch, tmp_path):
    call()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another home"))
    cache_key.signing_key.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [call(), call()] == [0, 1]
    assert len(list(home.glob("*.kernel"))) == 2


@pytest.mark.parametrize("what", ["pipe", "link", "folder"])
def test_something_else_in_the_place_of_a_file_costs_time_only(home, what, tmp_path):
    call()
    for path in (kernel_of(home), next(home.glob("*.py"))):
        content = path.read_bytes()
        path.unlink()
        if what == "link":
            (tmp_path / path.name).write_bytes(content)
            path.symlink_to(tmp_path / path.name)
        elif what == "pipe":
            os.mkfifo(path)
        else:
            path.mkdir()
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        assert call() == 0
    assert all(warning.category is CacheWarning for warning in record)
    if what == "link":
        assert kernel_of(home).is_file()
        assert not kernel_of(home).is_symlink()


# ---- folders and the key ---------------------------------------------------------------------------------------------


def owned_by(monkeypatch, path, owner):
    """Let a path look as if it belonged to somebody."""
    stat = os.stat

    def answer(asked, *arguments, **options):
        found = stat(asked, *arguments, **options)
        if Path(asked) == path:
            values = list(found)
            values[4] = owner
            return os.stat_result(values)
        return found

    monkeypatch.setattr(cache_owner.os, "stat", answer)


@posix
@pytest.mark.parametrize(
    ("mode", "above", "owner", "said"),
    [
        (0o777, 0o700, None, "everybody can write"),
        (0o1777, 0o700, None, "everybody can write"),
        (0o770, 0o700, None, "the group .* can write"),
        (0o700, 0o777, None, "everybody can write"),
        (0o755, 0o755, 4321, "belongs to the user 4321"),
        (0o700, 0o700, None, None),
        (0o755, 0o755, None, None),
        (0o700, 0o1777, None, None),
        (0o755, 0o755, 0, None),
    ],
)
def test_a_folder_that_is_not_the_users_alone_is_named_with_the_cure(home, monkeypatch, mode, above, owner, said):
    outer = home / "outer"
    inner = outer / "inner"
    inner.mkdir(parents=True)
    outer.chmod(above)
    inner.chmod(mode)
    monkeypatch.setattr(cache_owner, "_group_of_one", lambda gid: False)
    if owner is not None:
        owned_by(monkeypatch, inner, owner)
    numbadyn.cache.set_location(inner)
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        assert [call(), call()] == [0, 1]
    texts = [str(warning.message) for warning in record]
    if said is None:
        assert texts == []
    else:
        assert len(texts) == 1
        assert re.search(said, texts[0])
        assert {0o777: f"chmod go-w {outer}"}.get(above, f"chmod 700 {inner}" if owner is None else "own") in texts[0]
        assert "NUMBADYN_CACHE_DIR" in texts[0]


@posix
def test_the_folders_that_are_made_are_closed_to_others(home):
    call()
    numbadyn.cache.set_location(home / "new" / "cache")
    call()
    assert (home / "new" / "cache").stat().st_mode & 0o777 == 0o700
    key = cache_key.key_folder() / "cache.key"
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@posix
@pytest.mark.parametrize("spoil", [lambda key: key.chmod(0o644), lambda key: key.write_bytes(b"short")])
def test_a_key_that_others_could_have_read_is_made_anew(home, spoil):
    call()
    key = cache_key.key_folder() / "cache.key"
    before = key.read_bytes()
    spoil(key)
    cache_key.signing_key.cache_clear()
    assert [call(), call()] == [0, 1]
    assert key.read_bytes() != before
    assert key.stat().st_mode & 0o777 == 0o600


@posix
def test_without_a_home_the_key_lies_in_a_cache_folder_that_is_closed_to_others(home, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    assert [call(), call()] == [0, 1]
    assert (home / "cache.key").stat().st_mode & 0o777 == 0o600
    cache_key.signing_key.cache_clear()
    home.chmod(0o777)
    with pytest.warns(CacheWarning, match=r"no safe place for the key .*everybody can write"):
        assert call() == 0


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    script = "from numbadyn.codegen.cache.key import _key_in; from pathlib import Path; import sys; "
    script += "print(_key_in(Path(sys.argv[1])).hex())"
    command = [sys.executable, "-c", script, str(tmp_path / "keys")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate()[0] for process in started}) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["cache.key"]


# ---- clearing --------------------------------------------------------------------------------------------------------


def test_clear_leaves_alone_what_the_cache_did_not_write(home):
    call()
    (source,) = home.glob("*.py")
    mine = {
        "nd_analysis.py": "print(1)",
        "nd_mine_0123456789abcdef.py": "print(2)",
        f"{source.stem}_mine.py": source.read_text(),
        "nd_notes.kernel": "notes",
        "nd_a_0123456789abcdef.f.0123456789abcdef.kernel": "notes of mine",
        "nd_data.tmp": "data",
        "nd_.py": "",
    }
    for name, text in mine.items():
        (home / name).write_text(text)
    changed = home / "nd_x_0123456789ab0123456789abcdef.py"
    changed.write_text("changed by its user")
    assert len(numbadyn.cache.entries()) == 2
    assert numbadyn.cache.clear() == 2
    assert sorted(path.name for path in home.iterdir()) == sorted([*mine, changed.name])


def test_what_killed_processes_left_is_cleared(home):
    call()
    (source,) = home.glob("*.py")
    strays = [
        home / f"{source.name}.0123456789abcdef.tmp",
        home / f"{kernel_of(home).name}.0123456789abcdef.tmp",
    ]
    fresh = home / f"{source.name}.fedcba9876543210.tmp"
    for path in (*strays, fresh):
        path.write_bytes(b"part")
    for path in strays:
        os.utime(path, times=(time.time() - 7 * 3600,) * 2)
    kernel_of(home).unlink()
    cache_kernels._swept.clear()
    call()
    assert [path for path in (*strays, fresh) if path.exists()] == [fresh]
    assert numbadyn.cache.clear() == 3
    assert list(home.iterdir()) == []


def test_temporary_folders_of_killed_processes_go(home, tmp_path, monkeypatch):
    monkeypatch.setattr(cache_folder.tempfile, "tempdir", str(tmp_path))
    names = ("old", "new")
    left = {name: tmp_path / f"{cache_folder._TEMPORARY}{name}" for name in names}
    for path in left.values():
        path.mkdir()
        (path / "nd_x.py").write_text("")
    others = tmp_path / "numbadyn-analysis"
    others.mkdir()
    for path in (left["old"], others):
        os.utime(path, times=(time.time() - 25 * 3600,) * 2)
    (tmp_path / "file").write_text("not a folder")
    numbadyn.cache.set_location(tmp_path / "file" / "cache")
    with pytest.warns(CacheWarning, match="cannot be written"):
        used = cache_folder.folder()
    assert used.is_dir()
    assert not left["old"].exists()
    assert left["new"].exists()
    assert others.exists()
