"""A kind of stages that is not among those of the package: one class, and an emitter for each target."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from quantities import ms

import numbadyn as nd
from numbadyn.codegen.cpu.emitter import CpuEmitter, calling
from numbadyn.codegen.cpu.emitters import EMITTERS as ON_CPU
from numbadyn.codegen.cuda.emitter import CudaEmitter, Routine, always
from numbadyn.codegen.cuda.emitters import EMITTERS as ON_CUDA
from numbadyn.lowering.buffers import Buffer
from numbadyn.lowering.layouts import Layout
from numbadyn.lowering.places import Touch, memory
from numbadyn.lowering.stages.base import Stage
from tests.targets import simulator_of


@dataclass(frozen=True, slots=True)
class DoublingStage(Stage):
    """Every element of a buffer is doubled."""

    name: ClassVar[str] = "double"
    layout: ClassVar[Layout] = Layout("DOUBLING", ("TARGET", "SIZE", "OWNER"))

    target: Buffer

    @classmethod
    def build(cls, draft, place):
        return cls(place.value(draft.nodes[0]))

    def row(self, at):
        return self.layout.row(TARGET=at.start(self.target), SIZE=self.target.size, OWNER=at.owner(self.target))

    def lines(self, program):
        return [f"double {self.target.name}"]

    def touches(self, program, owners):
        yield Touch(
            "targets", memory(self.target), owners.buffer(self.target), self.target.name, reads=True, writes=True
        )


# ruff: noqa: F821 -- names in the routines are those of generated text
def double(rows, R):
    for r in range(rows.shape[0]):
        row = rows[r]
        for i in range(row[DOUBLING_TARGET], row[DOUBLING_TARGET] + row[DOUBLING_SIZE]):
            R[u64(i)] += R[u64(i)]


def double_own(thread, threads, step, D, entry):
    T, R = array_at(D[D_T], i64(0)), array_at(D[D_R], REAL_ZERO)
    for r in range(D[u64(entry + 1)]):
        row = D[u64(entry)] + r * DOUBLING_COLUMNS
        for i in range(first_of(thread, threads, T[u64(row + DOUBLING_OWNER)]), T[u64(row + DOUBLING_SIZE)], threads):
            place = u64(T[u64(row + DOUBLING_TARGET)] + i)
            R[place] += R[place]


class Counter(nd.Dynamics):
    """Counts steps."""

    def init_state(self):
        self.x = nd.State(1.0)

    def update(self):
        self.x.value = self.x.value + 1


@pytest.mark.cudasim
def test_a_stage_of_ones_own_runs_in_a_step(monkeypatch):
    on_cpu = CpuEmitter(call=calling("double", "R"), routines=(double,), layouts=(DoublingStage.layout,))
    routine = Routine("double_own", reads=("targets",), writes=("targets",), own="targets")
    on_cuda = CudaEmitter(calls=always(routine), phases=(double_own,), layouts=(DoublingStage.layout,))
    monkeypatch.setitem(ON_CPU, DoublingStage, on_cpu)
    monkeypatch.setitem(ON_CUDA, DoublingStage, on_cuda)
    counter = Counter(3)
    simulator = simulator_of(counter, 1 * ms)
    (target,) = (buffer for block in simulator.program.buffers for buffer in block if buffer.role == "state")
    simulator.program.schedule.append((DoublingStage(target),))
    assert f"double {target.name}" in simulator.explain()
    simulator.run(3 * ms)
    np.testing.assert_array_equal(simulator.get(counter, "x"), 22.0)  # 2 (1 + 2 (1 + 2 (1 + 1)))
