"""The printed step: everything that it reads and does, by the user's names, with units, shapes and source lines."""

import re
from pathlib import Path

import numpy as np
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn.ir.nodes import Step
from numbadyn.ir.printer import step_text
from numbadyn.lowering.pipeline import prepare
from numbadyn.model.step import trace_step


class Model(nd.Neuron):
    """A model whose lines appear in the text."""

    def __init__(self, size):
        super().__init__(size)
        self.tau = nd.Parameter(10 * ms)

    def init_state(self):
        self.V = nd.State(-60 * mV)

    def update(self):
        noise = nd.random.normal()
        self.V.value = self.sum_delta_inputs(self.V.value + noise * mV)
        return self.V.value > -50 * mV


class Net(nd.DynamicsGroup):
    """One population of each kind of source."""

    def __init__(self):
        super().__init__()
        self.given = nd.SpikeTrain(4, indices=[1], times=[1] * ms)
        self.cells = Model((2, 2))
        comm = nd.OneToOne(2, 2, weight=1 * mV)
        self.part = nd.DeltaProj(self.given.output_delay(2 * ms), lambda s: s[1:3], comm=comm, post=nd.LIF(2))
        self.other = self.part.post
        weight = nd.init.Uniform(1 * mV, 2 * mV)
        self.whole = nd.DeltaProj(self.given, comm=nd.OneToOne(4, 4, weight=weight), post=self.cells, delay=1 * ms)


def traced():
    return trace_step(nd.init_all_states(Net()))


def test_the_text_names_everything():
    step = traced()
    text = str(step)
    assert text == step_text(step)
    for line in (
        "step Net",
        r"    \d+ Net.other.tau : real ms",
        r"    \d+ Net.cells.V : real\[2, 2\] mV",
        r"    \d+ Net.given.output : bool\[4\]",
        r"    \d+ Net.part : 2 -> 2, one weight",
        r"    \d+ Net.whole : 4 -> 4, a weight each, delayed",
        r"    0 \S+ : 4 elements",
        r"    in Net.cells",
        r"      # test_printer.py:\d+: noise = nd.random.normal\(\)",
        r"      %\d+ = normal\(stream=\d+\) : real\[2, 2\]",
        r"      %\d+ V = state\(Net.cells.V\) : real\[2, 2\] mV",
        r"      %\d+ = slice\(%\d+, 1:3:1\) : bool\[2\]",
        r"      %\d+ output_delayed = history\(%\d+, Net.given.output\) : bool\[4\]",
        r"      %\d+ whole = accumulate\(%\d+, Net.whole\) : real\[2, 2\] mV",
        r"    Net.cells.V <- %\d+",
        r"    Net.cells = %\d+",
        r"    Net.cells.output = %\d+",
    ):
        assert re.search(f"^{line}$", text, re.MULTILINE), line


def test_numbers_are_those_of_the_nodes():
    step = traced()
    numbers = [int(found) for found in re.findall(r"^      %(\d+)", str(step), re.MULTILINE)]
    assert numbers == list(range(len(step.nodes)))


def test_a_simplified_step_prints_too():
    assert "Net.cells.V <- %" in str(prepare(traced()))


def test_the_text_is_the_same_on_every_machine():
    assert str(Path(__file__).parent) not in str(traced())
    assert str(Path(nd.__file__).parent) not in str(traced())
    assert str(traced()) == str(traced())


def test_an_empty_step():
    assert str(Step("Nothing")) == "step Nothing"


def test_synaptic_sums_of_a_synapse_are_printed():
    class Pair(nd.DynamicsGroup):
        def __init__(self):
            super().__init__()
            self.A = nd.LIF(3)
            syn, out = nd.Expon.desc(tau=5 * ms), nd.COBA.desc(E=0 * mV)
            comm = nd.AllToAll(3, 3, weight=np.ones((3, 3)) * nS)
            self.p = nd.AlignPostProj(self.A, comm=comm, syn=syn, out=out, post=self.A)

    text = str(trace_step(nd.init_all_states(Pair())))
    assert re.search(r"p = accumulate\(%\d+, Pair.p\) : real\[3\] nS", text)
    assert re.search(r"Pair.A.current_inputs\[Expon-COBA\] = %\d+", text)
