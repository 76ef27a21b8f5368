"""The time loop of a program for a processor: stages in order, what is recorded, what ends a chunk.

In: a `Program`.  Out: source text of the entry function `run`, as it runs, or with a clock that is read around stages.
Must not know: text of the stages' own functions, arrays.

A timed loop is another module beside the plain one, which is untouched.  One step in some, chosen by a hash of its
number so that no period of the model meets it, goes through the rows of each table one by one and reads the clock in
between; all other steps are those of the plain loop.  So bits are the same, and the loop costs a few percent more at
most.
"""

from __future__ import annotations

from numbadyn.codegen.cpu.emitters import EMITTERS
from numbadyn.lowering.program import CHECK_EVERY, TIMED_EVERY, Program

__all__ = ["CHECKS", "ENTRY", "RECORDING", "ROWS", "STATUS", "TIMED", "time_loop"]

ENTRY = "run"
"""Name of the function."""

STATUS = 4
"""Places of `status`; in a timed loop those of the clock follow."""
TIMED, RECORDING, CHECKS, ROWS = range(STATUS, STATUS + 4)
"""Places of `status` in a timed loop: how many steps were timed; ticks of recording and of searches for values that are
not finite; the first one of those of the rows of all tables, one after the other."""

_HEAD = """
@njit(error_model="numpy", nogil=True, pipeline_class=Direct)
def run(first, last, dt, key0, key1, R, I, B, E, C, terms, spikes, samples, checks, status, {tables}):
    scratch = np.empty({room}, real)
    scratch = scratch[-(scratch.ctypes.data // scratch.itemsize) % 16 :]
    # status[2]: the step reached; status[0]: 0 done, 1 a spike buffer is full, 2 not finite is checks[status[1]]{more}
    for step in range(first, last):
        final = step & {mask} == {mask} or step == last - 1
        if not spikes_fit(spikes):
            status[0], status[2] = 1, step
            return
"""
_EARLY = ["record_samples(samples, step, 0, R, I, B)"]
_LATE = ["record_spikes(spikes, step, E, C)", "record_samples(samples, step, 1, R, I, B)"]
_TAIL = """{enough_first}        if final:
{clock}            bad = first_bad(checks, R)
{clock_again}            if bad >= 0:
                status[0], status[1], status[2] = 2, bad, step + 1
                return
{enough}    status[0], status[2] = 0, last
"""
_STATES = ", 3 enough, by I[status[3]]"
_ENOUGH_FIRST = "        final = final or I[status[3]] != 0\n"
_ENOUGH = """        if I[status[3]] != 0:
            status[0], status[2] = 3, step + 1
            return
"""


def time_loop(program: Program, room: int, *, timed: bool = False) -> str:
    """Source text of the time loop.

    Parameters
    ----------
    program : Program
        Lowered network.
    room : int
        Elements of scratch memory.
    timed : bool
        Whether a clock is read around stages in some of the steps.

    Returns
    -------
    str
    """
    calls, tables = _schedule(program)
    ends = program.ends_at_once() is not None
    head = _HEAD.format(
        tables=", ".join(tables), room=room + 16, mask=CHECK_EVERY - 1, more=_STATES if ends else ""
    ).replace(", ):", "):")
    plain = [*_EARLY, *(call for call, _rows in calls), *_LATE]
    body = _timed_body(plain, calls) if timed else plain
    tail = _TAIL.format(
        enough_first=_ENOUGH_FIRST if ends else "",
        clock="            begun = cycles()\n" if timed else "",
        clock_again=f"            status[{CHECKS}] += cycles() - begun\n" if timed else "",
        enough=_ENOUGH if ends else "",
    )
    return head + "".join(f"        {line}\n" for line in body) + tail


def _schedule(program: Program) -> tuple[list[tuple[str, str]], list[str]]:
    """Calls of the time loop, each with the same for row k alone, and the names of the tables that they read."""
    calls, tables = [], []
    for number, (first, *_rest) in enumerate(program.schedule):
        emitter = EMITTERS[type(first)]
        own = [f"{name}{number}" for name in emitter.tables]
        tables += own
        one_row = emitter.call(program, first, [f"{name}[k : k + 1]" for name in own])
        calls.append((emitter.call(program, first, own), f"for k in range({own[0]}.shape[0]):\n{one_row}"))
    return calls, tables


def _timed_body(plain: list[str], calls: list[tuple[str, str]]) -> list[str]:
    """Lines of a step: as in the plain loop, or with the clock."""

    def read(place: str) -> list[str]:
        return ["now = cycles()", f"status[{place}] += now - begun", "begun = now"]

    lines = ["begun = cycles()", *_EARLY, *read(str(RECORDING)), f"place = {ROWS}"]
    for _call, rows in calls:
        loop, _, call = rows.partition("\n")
        lines += [loop, *("    " + line for line in [call, *read("place"), "place += 1"])]
    lines += [*_LATE, *read(str(RECORDING)), f"status[{TIMED}] += 1"]
    return [
        f"if (step * 2654435761 >> 11) & {TIMED_EVERY - 1} != 0:",
        *("    " + line for line in plain),
        "else:",
        *("    " + line for line in lines),
    ]
