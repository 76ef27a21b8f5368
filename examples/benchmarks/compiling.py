"""What a new model costs before its first step: own models, cold and later in a process, and examples/ei_balance.py.

    python compiling.py
    python compiling.py --cases LIF HH

All times are processor time of the process, which other work on the machine hardly touches. "cold" is the first
network of a process with an empty cache; "later" comes in the same process after another one, as in a notebook;
"again" is a new process that finds the cache filled. The split is by who works: building synapse tables, tracing and
lowering of ours, the translation of the generated text to LLVM, and LLVM.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from typing import Any

from measuring import HERE, machine, python, table

CASES = ("LIF", "LIF+delta", "HH", "ei_balance")
HEADER = ("what", "when", "sum", "import", "trace and lower", "tables", "text to LLVM", "LLVM", "the rest")


class Clock:
    """Processor time, with what is spent inside functions that were wrapped counted apart, without what they call."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inside: list[float] = []

    def wrap(self, owner: Any, name: str, what: str) -> None:
        """Count the time in a function under a name."""
        plain = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.process_time()
            self._inside.append(0.0)
            try:
                return plain(*args, **kwargs)
            finally:
                whole = time.process_time() - started
                self.spent[what] = self.spent.get(what, 0.0) + whole - self._inside.pop()
                if self._inside:
                    self._inside[-1] += whole

        setattr(owner, name, timed)

    def take(self) -> dict[str, float]:
        """Give what was counted, and start again."""
        spent, self.spent = self.spent, {}
        return spent


def models() -> dict[str, Any]:
    """Models that no cache knows, since each process writes them for itself."""
    import quantities as pq

    import numbadyn as nd

    class OwnLIF(nd.Dynamics):
        def __init__(self, size: int, **kwargs: Any) -> None:
            super().__init__(size, **kwargs)
            self.tau, self.rest, self.threshold = nd.Parameter(20 * pq.ms), nd.Parameter(-60 * pq.mV), -50 * pq.mV

        def init_state(self) -> None:
            self.V = nd.State(nd.init.Uniform(-60 * pq.mV, -50 * pq.mV), self.varshape)

        def update(self, x: Any = 15 * pq.mV) -> Any:
            V = self.V.value + (self.rest - self.V.value + x) * -np.expm1(-nd.environ.get_dt() / self.tau)
            V = self.sum_delta_inputs(V)
            spike = self.threshold <= V
            self.V.value = np.where(spike, self.rest, V)
            return spike

    import numpy as np

    def single() -> Any:
        return OwnLIF(100)

    def delta() -> Any:
        net = nd.DynamicsGroup()
        net.cells = OwnLIF(100)
        comm = nd.FixedProb(100, 100, prob=0.1, weight=0.1 * pq.mV)
        net.synapses = nd.DeltaProj(net.cells.output_delay(1 * pq.ms), comm=comm, post=net.cells)
        return net

    def hh() -> Any:
        return nd.HH(100)

    return {"LIF": single, "LIF+delta": delta, "HH": hh}


def child(cases: list[str]) -> None:
    """Compile networks in turn; print what each cost."""
    started = time.process_time()
    import numba  # noqa: F401
    import quantities as pq

    import numbadyn as nd

    imported = time.process_time() - started
    import llvmlite.binding as llvm
    from llvmlite.binding import newpassmanagers
    from numba.core import codegen, dispatcher

    clock = Clock()
    for manager in (newpassmanagers.ModulePassManager, newpassmanagers.FunctionPassManager):
        clock.wrap(manager, "run", "LLVM")
    clock.wrap(codegen.JITCodeLibrary, "_finalize_specific", "LLVM")
    clock.wrap(llvm, "parse_assembly", "LLVM")
    clock.wrap(dispatcher.Dispatcher, "compile", "text to LLVM")
    from numbadyn.runtime import builders
    from numbadyn.simulator import traced

    clock.wrap(builders, "build", "tables")
    for name in ("trace_step", "prepare"):
        clock.wrap(traced, name, "trace and lower")
    made = models()
    for case in cases:
        clock.take()
        began = time.process_time()
        sim = nd.Simulator(made[case](), dt=0.1 * pq.ms)
        sim.compile()
        whole = time.process_time() - began
        print(json.dumps({"case": case, "sum": whole, "import": imported, **clock.take()}))
        imported = 0.0


def row(what: str, when: str, found: dict[str, Any]) -> list[str]:
    """One row of the table."""
    parts = [found.get(name, 0.0) for name in HEADER[3:8]]
    whole = found["sum"] + found["import"]
    return [what, when, *(f"{value:.2f}" for value in (whole, *parts, whole - sum(parts)))]


def measure(case: str) -> list[list[str]]:
    """Measure one case in processes of its own."""
    rows = []
    if case == "ei_balance":
        with tempfile.TemporaryDirectory() as folder:
            for when in ("cold", "again"):
                arguments = (HERE.parent / "ei_balance.py", "--no-plot", "--seconds", "0.0001")
                done = python(*arguments, NUMBADYN_CACHE_DIR=folder)
                rows.append(["ei_balance.py, whole process", when, f"{done.cpu_s:.2f}", *[""] * 6])
        return rows
    other = "HH" if case != "HH" else "LIF"
    for when, cases in (("cold", [case]), ("later", [other, case])):
        with tempfile.TemporaryDirectory() as folder:
            done = python(__file__, "--child", *cases, NUMBADYN_CACHE_DIR=folder)
            rows.append(row(case, when, json.loads(done.output.splitlines()[-1])))
            if when == "later":
                done = python(__file__, "--child", case, NUMBADYN_CACHE_DIR=folder)
                rows.append(row(case, "again", json.loads(done.output.splitlines()[-1])))
    return rows


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES, help="what to measure (default: all)")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    rows = [line for case in options.cases for line in measure(case)]
    print(table(HEADER, rows))
    print(f"\nSeconds of processor time. {machine()}")


if __name__ == "__main__":
    sys.exit(main())
