"""Source text of the CPU target: valid Python, the user's names, nothing that is not used, one kernel a structure."""

import ast
import sys

import numpy as np
import pytest
from quantities import ms, mV, pA

import numbadyn as nd
from numbadyn.codegen.cpu.source import ENTRY, cpu_source
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.model.step import trace_step


def source_of(net, bits=64):
    program = lower(prepare(trace_step(nd.init_all_states(net))))
    return program, cpu_source(program, bits, "library")


def names(source):
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]


class Named(nd.Neuron):
    """A model whose names are found again in the text."""

    def __init__(self, size, tau=10 * ms):
        super().__init__(size)
        self.tau_of_mine = nd.Parameter(tau)

    def init_state(self):
        self.potential = nd.State(0 * mV)

    def update(self):
        self.potential.value = self.potential.value * np.exp(-nd.environ.get_dt() / self.tau_of_mine) + 1 * mV
        return self.potential.value > 5 * mV


def group(*cells):
    net = nd.DynamicsGroup(name="net")
    for number, cell in enumerate(cells):
        setattr(net, f"P{number}", cell)
    return net


def test_the_text_is_a_module_with_one_entry():
    _, source = source_of(group(Named(3)))
    assert ENTRY in names(source)
    assert len(names(source)) == len(set(names(source)))
    assert ast.get_docstring(ast.parse(source))


def test_the_names_of_the_user_are_kept():
    program, source = source_of(group(Named(3)))
    assert "potential[_i]" in source
    assert "update_p0" in program.kernels[0].name
    assert f"def {program.kernels[0].name}(" in source


def test_equal_populations_share_one_kernel():
    program, source = source_of(group(Named(3), Named(700, tau=3 * ms), Named((2, 2))))
    assert len(program.kernels) == 1
    assert source.count("\ndef update_") == 1


def test_the_number_of_populations_is_no_part_of_the_text():
    assert source_of(group(Named(3)))[1] == source_of(group(Named(3), Named(5), Named(1)))[1]


def test_an_array_of_parameters_is_another_structure():
    scalar, array = source_of(group(Named(3)))[1], source_of(group(Named(3, tau=[1, 2, 3] * ms)))[1]
    assert scalar != array
    assert source_of(group(Named(1, tau=[1] * ms)))[1] == array


def test_only_what_is_used_is_written():
    _, plain = source_of(group(nd.LIF(3)))
    assert "draw(" not in plain
    assert "def normal" not in plain

    class Random(nd.Neuron):
        def init_state(self):
            self.x = nd.State(0.0)

        def update(self):
            self.x.value = nd.random.normal() + nd.random.poisson(2.0)
            return self.x.value > 3

    _, drawn = source_of(group(Random(3)))
    assert "draw(" in drawn
    assert "normal" in drawn


@pytest.mark.parametrize("bits", [64, 32])
def test_precision_is_part_of_the_text(bits):
    _, source = source_of(group(Named(3)), bits)
    assert f"real = np.float{bits}" in source


def test_routines_are_compiled_once_for_all_models_of_a_precision():
    def compiled(net, precision):
        sim = nd.Simulator(group(net), dt=1 * ms, precision=precision)
        sim.compile()
        return [word for word in vars(sys.modules[library_of(sim)]).values() if getattr(word, "signatures", None)]

    def library_of(sim):
        (line,) = [line for line in sim.source.splitlines() if line.startswith("from nd_library_")]
        return line.split()[1]

    first, second, third = compiled(Named(3), 64), compiled(nd.HH(4), 64), compiled(Named(3), 32)
    assert first
    assert set(first) <= set(second)
    assert all(len(routine.signatures) == 1 for routine in (*second, *third))
    assert set(first).isdisjoint(third)


def test_the_text_depends_on_nothing_else():
    class Driven(nd.LIFRef):
        def update(self):
            return super().update(200 * pA)

    assert source_of(group(Driven(5)))[1] == source_of(group(Driven(5)))[1]
