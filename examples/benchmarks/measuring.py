"""What the benchmark scripts share: fresh processes with their wall and processor time, medians, markdown tables.

In: command lines and rows.  Out: what a process printed and what it cost, and text.  Must not know: which simulator
runs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
QUIET = 0.9
"""Share of a core that a process must get for its wall time to count as undisturbed."""


class Finished(NamedTuple):
    """A process that has ended: its output, and its wall and processor time in s (its own children included)."""

    output: str
    errors: str
    code: int
    wall_s: float
    cpu_s: float

    @property
    def share(self) -> float:
        """Processor time over wall time; well below 1 where other work was on the same cores."""
        return self.cpu_s / self.wall_s

    def figures(self) -> dict[str, Any] | None:
        """Read the last JSON line of the output; None if there is none."""
        lines = [line for line in self.output.splitlines() if line.startswith("{")]
        return json.loads(lines[-1]) if lines else None


def fresh(
    command: Sequence[str | Path], timeout: float = 1800.0, folder: Path | None = None, **variables: str | Path
) -> Finished:
    """Run a command in a new process on one thread.

    Parameters
    ----------
    command : sequence of str or path
        Program and arguments.
    timeout : float
        Seconds after which the process is ended.
    folder : path, optional
        Where it runs; without one, in the system's temporary folder.
    **variables
        Environment variables. What keeps Python from storing its byte code is left out: it would charge every start
        with the compilation of each module.

    Returns
    -------
    Finished
        Output and times; a process that ran too long has code 124.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment |= {name: str(value) for name, value in variables.items()}
    before, started = os.times(), time.perf_counter()
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=folder or tempfile.gettempdir(),
        )
        output, errors, code = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired:
        output, errors, code = "", f"ended after {timeout:g} s", 124
    wall, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Finished(output, errors, code, wall, cpu)


def python(*arguments: str | Path, **variables: str | Path) -> Finished:
    """Run the present interpreter in a new process; an error of the process ends the script and is shown.

    Parameters
    ----------
    *arguments : str or path
        Arguments of the interpreter.
    **variables
        Environment variables.

    Returns
    -------
    Finished
        Output and times.
    """
    done = fresh([sys.executable, *arguments], **variables)
    if done.code:
        raise SystemExit(f"{' '.join(map(str, arguments))} failed:\n{done.errors}")
    return done


def middle(values: Iterable[float]) -> float:
    """Give the median."""
    return statistics.median(values)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a markdown table; every column but the first is aligned to the right."""
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def note(text: str) -> None:
    """Say what is going on, beside the table: to standard error."""
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    """Describe the processor and the load in one line, which stands under each table."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = "processor without a name"
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return f"{name}, {os.cpu_count()} cores, load {load} at the end."
