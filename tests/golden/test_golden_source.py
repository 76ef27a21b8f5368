"""The generated source of three small networks, as kept in files beside this one.

A change of the generator shows as a change of these files: ``pytest tests/golden --update-golden`` writes them anew, and
the difference is what a reviewer reads. The library routines, which are the same in every module, are kept once.
"""

import ast
import re
from pathlib import Path

import pytest

import numbadyn as nd
from numbadyn.codegen.cpu.source import cpu_source, library_source
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.model.step import trace_step
from tests.golden.networks import NETWORKS

FILES = Path(__file__).parent / "source"


def program_of(name, size=11, number=7.5, weight=0.625, seed=3):
    net = nd.init_all_states(NETWORKS[name](size, number, weight), seed=seed)
    return lower(prepare(trace_step(net)))


def functions(source):
    """Top-level functions of a module, as text by name."""
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            while lines[first - 2].startswith("#"):  # the legend above it
                first -= 1
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno]) + "\n"
    return found


def own_part(program, source):
    """What is made for this network: its kernels, what calls them, and the time loop."""
    kernels = tuple(kernel.name for kernel in program.kernels)
    mine = [text for name, text in functions(source).items() if name.endswith(kernels) or name == "run"]
    # the line of a model may move without a change of what is generated
    return re.sub(r"(# \w+\.py):\d+", r"\1", "\n\n".join(mine))


def compare(path, text, update):
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; run pytest tests/golden --update-golden"
    kept = path.read_text(encoding="utf-8")
    assert text == kept, f"the generated source differs from {path.name}; --update-golden writes it anew"


@pytest.mark.parametrize("name", NETWORKS)
def test_generated_source(name, update_golden):
    program = program_of(name)
    compare(FILES / f"{name}.txt", own_part(program, cpu_source(program, 64, "library")), update_golden)


def test_library_routines(update_golden):
    """All that is not made for one network, at single precision."""
    compare(FILES / "library.txt", "\n\n".join(functions(library_source(32)).values()), update_golden)


def test_small_and_elementary_functions(update_golden):
    """What a module has of its own besides its loops, at single precision."""
    program = program_of("delayed")
    source = cpu_source(program, 32, "library")
    mine = functions(own_part(program, source))
    theirs = [text for name, text in functions(source).items() if name not in mine]
    compare(FILES / "functions.txt", "\n\n".join(theirs), update_golden)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("bits", [64, 32])
def test_the_text_holds_no_number_of_the_user(name, bits):
    """Other sizes, parameters, delays, weights and seeds make the same text, to the letter."""
    first = cpu_source(program_of(name), bits, "library")
    other = cpu_source(program_of(name, size=4321, number=23.125, weight=1.375, seed=987654321), bits, "library")
    assert first == other
    for number in ("4321", "23.125", "1.375", "987654321"):
        assert number not in first


@pytest.mark.parametrize("name", NETWORKS)
def test_the_text_uses_the_names_of_the_model(name):
    program = program_of(name)
    text = own_part(program, cpu_source(program, 64, "library"))
    assert "V[_i]" in text
    assert "spike" in text or "SPIKE" in text
