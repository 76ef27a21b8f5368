"""What is installed, which targets work, why one does not, and the exact fix.

In: nothing.  Out: a `Report`, printed and returned.  Must not know: how a target works.
"""

from __future__ import annotations

import os
import sys
import textwrap
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from numbadyn import cache
from numbadyn._version import __version__
from numbadyn.codegen.cache.folder import VARIABLE, folder
from numbadyn.codegen.cache.owner import who_else_writes
from numbadyn.errors import NumbadynError, TargetError
from numbadyn.model.init import Uniform
from numbadyn.runtime.cuda.diagnosis import Diagnosis, Facts, gather, judge
from numbadyn.runtime.host import Host, probe_host, versions
from numbadyn.runtime.targets import TARGETS
from numbadyn.simulator import Simulator
from numbadyn.zoo import LIF
from numbadyn.zoo.units import ms, mV

__all__ = ["CacheState", "Report", "TargetState", "doctor"]

_REQUIRED = ("numpy", "numba", "llvmlite", "quantities", "tqdm")
_OPTIONAL = {"matplotlib": "plot", "scipy": "sparse", "numba-cuda": "cuda13"}
_SETTINGS = ("NUMBADYN_", "NUMBA_", "CUDA_")
_INDENT = 14
_WIDTH = 104


@dataclass(frozen=True)
class CacheState:
    """The cache of compiled kernels.

    Parameters
    ----------
    path : str
        Its folder.
    used : str
        The folder that is used instead if that one cannot be written.
    files : int
        How many files it has.
    size : int
        Bytes of these.
    others : str
        Who else can write there, and the fix; empty if nobody can.
    """

    path: str
    used: str
    files: int
    size: int
    others: str = ""

    @property
    def writable(self) -> bool:
        """Whether kernels can be kept from one process to the next."""
        return self.path == self.used

    def __str__(self) -> str:
        if self.writable:
            shared = f"; not yours alone: {self.others}" if self.others else ""
            return f"{self.path} (writable, {self.files} files, {self.size / 1e6:.1f} MB){shared}"
        return (
            f"{self.path} cannot be written; kernels are kept in {self.used} until this process ends; fix: set the "
            f"environment variable {VARIABLE} to a folder of yours"
        )


@dataclass(frozen=True)
class TargetState:
    """A target.

    Parameters
    ----------
    name : str
        As `Simulator` calls it.
    works : bool or None
        Whether a small network ran there with the right numbers; None where nobody has tried.
    text : str
        What works, or why it does not.
    fix : str
        What to do; empty where nothing is wrong.
    """

    name: str
    works: bool | None
    text: str
    fix: str = ""


@dataclass(frozen=True, repr=False)
class Report:
    """What `doctor` found; ``print`` shows it.

    Parameters
    ----------
    version : str
        Of numbadyn.
    host : Host
        Python and the processor.
    packages : mapping
        Versions of what numbadyn needs or can use; None for what is not installed.
    settings : mapping
        Environment variables that change how kernels are compiled, kept or run.
    threads : str
        On how many threads a simulation runs.
    cache : CacheState
        The cache of compiled kernels.
    facts : Facts
        What was seen of CUDA.
    diagnosis : Diagnosis
        What that means.
    targets : mapping
        A `TargetState` for each target.
    """

    version: str
    host: Host
    packages: Mapping[str, str | None]
    settings: Mapping[str, str]
    threads: str
    cache: CacheState
    facts: Facts
    diagnosis: Diagnosis
    targets: Mapping[str, TargetState]

    def __repr__(self) -> str:
        """Be short, since a session shows it beneath what was printed."""
        words = {True: "works", False: "does not work", None: "was not tried"}
        return f"<Report: {', '.join(f'{target.name} {words[target.works]}' for target in self.targets.values())}>"

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def doctor(*, run: bool = True, file: TextIO | None = None) -> Report:
    """Say what is installed, which targets work, why one does not, and the exact fix.

    Parameters
    ----------
    run : bool
        Prove that targets work by running a network of two neurons on each; else nothing is compiled.
    file : text stream, optional
        Where the report is printed; standard output by default.

    Returns
    -------
    Report
        The same facts, for programs: ``doctor().targets["cuda"].works``.

    Examples
    --------
    >>> import io
    >>> import numbadyn as nd
    >>> report = nd.doctor(file=io.StringIO())
    >>> report.targets["cpu"].works
    True
    >>> report.targets["cpu"].fix
    ''
    """
    facts = gather()
    diagnosis = judge(facts)
    targets = {state.name: state for state in _targets(diagnosis, run=run)}
    report = Report(
        version=__version__,
        host=probe_host(),
        packages=versions((*_REQUIRED, *_OPTIONAL)),
        settings={name: value for name, value in sorted(os.environ.items()) if name.startswith(_SETTINGS)},
        threads=_threads(),
        cache=_cache(),
        facts=facts,
        diagnosis=diagnosis,
        targets=targets,
    )
    stream = sys.stdout if file is None else file
    stream.write(f"{report}\n")
    return report


# ---- looking ---------------------------------------------------------------------------------------------------------


def _cache() -> CacheState:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the report says it itself
        used = folder()
    opened = who_else_writes(used)
    others = "" if opened is None else f"{opened.said}; fix: {opened.cure}"
    return CacheState(str(cache.location()), str(used), len(cache.entries()), cache.size(), others)


def _threads() -> str:
    try:
        Simulator(LIF(2), 1 * ms, threads=2)
    except TargetError:
        return "a simulation runs on one; several processes use several cores"
    except Exception as error:  # a report has to say what is broken, so that nothing may break it
        return f"unknown ({_say(error)})"
    return "a simulation runs on as many as Simulator(threads=...) says"


def _trial(target: str, **options: Any) -> NDArray[Any]:
    """Run a small network; what its membrane potentials were."""
    neurons = LIF(2, V_initializer=Uniform(-70 * mV, -50 * mV))
    simulator = Simulator(neurons, 1 * ms, target=target, **options)
    simulator.record(neurons, "V")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(simulator.run(10 * ms, progress=False)[neurons]["V"].magnitude)


def _targets(diagnosis: Diagnosis, *, run: bool) -> Iterator[TargetState]:
    """Try the target that defines the meaning, then the others."""
    meant: NDArray[Any] | None = None
    for target in sorted(TARGETS.values(), key=lambda target: not target.defines):
        if target.on_device and not (run and diagnosis.works):
            yield TargetState(target.name, diagnosis.works, diagnosis.reason, diagnosis.cure)
            continue
        if not run:
            yield TargetState(target.name, None, "not tried")
            continue
        given, state = _try_target(target.name, meant, **target.exact)
        if target.defines:
            meant = given
        if target.on_device:
            but = "" if state.works else "But a small network did not run well there. "
            state = replace(state, text=f"{diagnosis.reason} {but}{state.text}")
        yield state


def _try_target(name: str, meant: NDArray[Any] | None, **options: Any) -> tuple[NDArray[Any] | None, TargetState]:
    """What a target gave, and whether that is what was meant."""
    started = time.perf_counter()
    try:
        given = _trial(name, **options)
    except NumbadynError as error:
        return None, TargetState(name, False, error.what, error.cure or "")
    except ImportError as error:
        return None, TargetState(name, False, _say(error), "pip install --upgrade numba numpy")
    except Exception as error:  # as above
        return None, TargetState(name, False, _say(error), "Please report this, with the whole report.")
    seconds = time.perf_counter() - started
    if meant is not None and not np.array_equal(given, meant):
        wrong = f"A small network ran, but with other numbers than the interpreter gives: {given[-1]}, not {meant[-1]}."
        return given, TargetState(name, False, wrong, "Please report this, with the whole report.")
    same = "" if meant is None else " and gave the interpreter's bits"
    return given, TargetState(name, True, f"A small network ran{same} ({seconds:.2f} s).")


def _say(error: Exception) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# ---- saying ----------------------------------------------------------------------------------------------------------


def _lines(report: Report) -> Iterator[str]:
    yield f"numbadyn {report.version}, {report.host.python}, {report.host.system}"
    yield _row("needs", ", ".join(f"{name} {report.packages[name] or 'is not installed'}" for name in _REQUIRED))
    yield _row("extras", ", ".join(_extra(name, report.packages[name]) for name in _OPTIONAL))
    toolkit = report.facts.toolkit.packages
    parts = [f"{name.removeprefix('nvidia-')} {version}" for name, version in toolkit.items() if name != "numba-cuda"]
    if parts:
        yield _row("", ", ".join(parts))
    yield _row("processor", str(report.host) if report.host.error is None else f"{report.host} ({report.host.error})")
    yield _row("threads", report.threads)
    yield _row("cache", str(report.cache))
    if report.settings:
        yield _row("environment", " ".join(f"{name}={value}" for name, value in report.settings.items()))
    for target in report.targets.values():
        words = {True: f"works. {target.text}", False: f"does not work. {target.text}", None: target.text}
        yield _row(target.name, words[target.works])
        if target.fix:
            yield f"{'':{_INDENT}}fix: {target.fix}"  # in one line, since it may be a command to copy
    for note in report.diagnosis.notes:
        yield _row("", f"note: {note}")


def _row(title: str, text: str) -> str:
    head = f"  {title:<{_INDENT - 2}}"
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _extra(name: str, version: str | None) -> str:
    if version is not None:
        return f"{name} {version}"
    return f'no {name} (pip install "numbadyn[{_OPTIONAL[name]}]")'
