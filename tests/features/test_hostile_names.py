"""Whatever the user calls things, names stay names: no text becomes code, no two names become one, nothing breaks."""

import ast
import builtins
import functools
import keyword
import linecache

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given, reject, settings
from quantities import ms

import numbadyn as nd
from numbadyn.codegen.cpu.source import cpu_source, library_source, without_comments
from numbadyn.codegen.cuda.source import cuda_source
from numbadyn.codegen.cuda.source import library_source as cuda_library_source
from numbadyn.errors import ReservedNameError
from numbadyn.ir.spelling import comment, docstring_words, file_words, identifier
from tests.draws import share

CODE = "setattr(__import__('builtins'), 'tests_hostile', 1)"
HOSTILE = [
    f'cells"""\n{CODE}\n"""',
    f"x\n{CODE}",
    f"x\r{CODE}",
    f"x\u2028{CODE}",
    f"x\x85{CODE}",
    f"x\x0c{CODE}",
    f"x\x1c{CODE}",
    f"x):\n    {CODE}\ndef y(",
    f"{{{CODE}}}",
    "%s{0}{title}",
    '"""',
    "'''",
    "\\",
    "\\N{BULLET}",
    '\\"',
    "a\0b",
    "\ud800",
    "\udcff.py",
    "",
    " ",
    "½",
    "²",
    "٣",
    "ﬁ",
    "ｎｐ",
    "ℝ",
    "µ",
    "e\u0301",
    "\u202eevil",
    "🧠",
    "#",
    "None",
    "lambda",
    "match",
    "__debug__",
    "__class__",
    "__name__",
    "__import__",
    "first",
    "kernel",
    "select",
    "a.b",
    "../../etc/passwd",
    "x" * 5000,
    "x" * 5000 + "y",
    "é" * 400,
]
PLACES = ("network", "class", "attribute", "key", "state", "parameter", "input", "hook", "file", "line")
PLAIN = {place: f"plain_{place}" for place in PLACES}

MODEL = """
class Model(nd.Dynamics):
    def __init__(self, size):
        super().__init__(size)
        setattr(self, parameter, nd.Parameter(2.0))

    def init_state(self):
        setattr(self, state, nd.State(0.5))

    def update(self):
        old, factor = getattr(self, state), getattr(self, parameter)
        old.value = factor * np.exp(-old.value) + self.sum_current_inputs(0.0) {line}
        return old.value > 1.0
"""


def network(names):
    """A network with names of the user's in every place where there can be one."""
    space = {"nd": nd, "np": np, "state": names["state"], "parameter": names["parameter"]}
    line = "" if names["line"] == PLAIN["line"] else "#" + names["line"].replace("\n", " ").replace("\r", " ")
    text = MODEL.replace("{line}", line)
    file = (
        "model.py"
        if names["file"] == PLAIN["file"]
        else names["file"].replace("\0", "").encode("utf-8", "replace").decode()
    )
    exec(compile(text.replace("\0", "").encode("utf-8", "replace"), file, "exec"), space)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    model = space["Model"]
    model.__name__ = (
        "M" if names["class"] in (PLAIN["class"], "\ud800", "\udcff.py") else names["class"].replace("\0", "")
    )

    class Net(nd.DynamicsGroup):
        def __init__(self):
            super().__init__(name=names["network"])
            first, second = model(3), model((2, 2))
            setattr(self, "a" + names["attribute"].replace(".", "_"), first)  # dots decide over the order
            self.cells = {names["key"]: second}
            first.add_current_input(names["input"], lambda: 0.25)
            first.add_after_update(names["hook"], lambda *_: None)

    return Net()


def texts(net):
    """All that is generated for a network, apart from what is the same for all."""
    program = nd.Simulator(net, dt=0.1 * ms, target="interpret").program
    yield cpu_source(program, 64, "library")
    yield without_comments(cpu_source(program, 64, "library"))
    for exact in (True, False):
        yield cuda_source(program, 64, "library", reproducible=exact)


def shape(text):
    """The trees of the parts of a module, with identifiers numbered in the order of their first use in each part."""
    text.encode()
    parts = ast.parse(text).body[1:]  # without its docstring
    return [ast.dump(numbered(part)) for part in parts]


def numbered(part):
    numbers = {}
    for node in ast.walk(part):
        for field in ("id", "name", "arg"):
            if isinstance(name := getattr(node, field, None), str):
                setattr(node, field, f"n{numbers.setdefault(name, len(numbers))}")
    return part


def possible(name, place):
    """Python's own attributes cannot be states; a test of its own says so."""
    return place not in ("state", "parameter") or not (name.startswith("__") and name.endswith("__"))


@functools.cache
def plain():
    return list(map(shape, texts(network(PLAIN))))


def check(chosen):
    names = {p: n if possible(n, p) else PLAIN[p] for p, n in zip(PLACES, chosen, strict=True)}
    if names["state"] == names["parameter"]:
        names["parameter"] += "_other"
    found = list(texts(network(names)))
    assert list(map(shape, found)) == plain(), names
    for text in found:
        exec(compile(ast.Module(ast.parse(text).body[:1], []), "docstring", "exec"), {})
    assert not hasattr(builtins, "tests_hostile")


@pytest.mark.parametrize("turn", range(len(HOSTILE)))
def test_names_change_nothing_but_names(turn):
    check([HOSTILE[(turn + 7 * number) % len(HOSTILE)] for number in range(len(PLACES))])


WORDS = sorted({*keyword.kwlist, *dir(builtins), *nd.__all__})
TEXTS = st.text(st.characters(codec=None)) | st.sampled_from(WORDS)


@settings(max_examples=share(20))
@given(st.lists(TEXTS, min_size=len(PLACES), max_size=len(PLACES)))
def test_any_text_can_be_a_name(chosen):
    try:
        check(chosen)
    except ReservedNameError:
        reject()


class Many(nd.Dynamics):
    """States that have these names."""

    def __init__(self, names):
        super().__init__(3)
        self.chosen_names = names

    def init_state(self):
        for name in self.chosen_names:
            setattr(self, name, nd.State(0.5))

    def update(self):
        for name in self.chosen_names:
            state = self.states()[name]
            state.value = np.maximum(state.value * 0.5, state.value**2)
        return state.value > 1.0


def shapes_with(names):
    return list(map(shape, texts(Many(names))))


@pytest.mark.parametrize("together", [40, pytest.param(1000, marks=pytest.mark.exhaustive)])
def test_no_name_hides_one_of_the_generated_modules(together):
    generated = [text for names in (["V"], ["V", "w"]) for text in texts(Many(names))]
    program = nd.Simulator(Many(["V"]), dt=0.1 * ms, target="interpret").program
    generated += [library_source(64), cuda_library_source(program, 64, reproducible=True)]
    nodes = [node for text in generated for node in ast.walk(ast.parse(text))]
    found = {getattr(node, field, None) for node in nodes for field in ("id", "name", "arg", "attr")}
    names = sorted(name for name in found - {None} if name.isidentifier() and possible(name, "state"))
    names = [name for name in names if not hasattr(nd.Dynamics, name) and name not in ("name", "number", "size")]
    assert len(names) > 150
    together = min(together, len(names))
    plainly = shapes_with([f"s{number:03}" for number in range(together)])
    for first in range(0, len(names), together):
        some = (names[first:] + names)[:together]
        assert shapes_with(some) == plainly, some


@pytest.mark.parametrize("name", [f'cells"""\n{CODE}\n"""', "a\0b", "\ud800", "½"])
def test_a_network_of_that_name_becomes_a_module(name):
    assert nd.Simulator(nd.LIF(3, name=name), dt=0.1 * ms).source
    assert not hasattr(builtins, "tests_hostile")


def test_very_long_names_run_and_are_kept_on_disk(recwarn):
    class Cell(nd.Dynamics):
        def init_state(self):
            setattr(self, "x" * 5000, nd.State(0.5))
            setattr(self, "x" * 5000 + "y", nd.State(0.25))

        def update(self):
            a, b = (self.states()[name] for name in ("x" * 5000, "x" * 5000 + "y"))
            a.value, b.value = a.value * 0.5, a.value + b.value
            return b.value > 10.0

    Cell.__name__ = "C" * 5000
    cells = Cell(3)
    results = []
    for target in ("interpret", "cpu"):
        sim = nd.Simulator(cells, dt=0.1 * ms, target=target)
        sim.record(cells, "x" * 5000 + "y")
        results.append(sim.run(1 * ms, progress=False)[cells]["x" * 5000 + "y"])
    np.testing.assert_array_equal(*results)
    assert [str(warning.message) for warning in recwarn] == []
    path = sim.machine.loaded.path
    assert path.exists()
    assert list(path.parent.glob(f"{path.stem}.run.*.kernel"))


@pytest.mark.parametrize("made", [lambda: nd.State(0.0), lambda: nd.Parameter(1.0), lambda: nd.LIF(2)])
@pytest.mark.parametrize("name", ["__dict__", "__class__", "__slots__", "__my_own__"])
def test_attributes_of_python_are_refused(made, name):
    with pytest.raises(nd.errors.ReservedNameError, match=name):
        setattr(nd.DynamicsGroup(), name, made())


@given(st.text(st.characters(codec=None), max_size=300))
@example("x" * 10_000)
@settings(max_examples=100)
def test_pieces_of_text_stay_what_they_are(wish):
    name = identifier(wish)
    assert ast.dump(ast.parse(f"{name} = 1")).count(f"'{name}'") == 1
    assert identifier(name) == name
    assert ast.dump(ast.parse(f"x = 1  {comment(wish)}\n")) == ast.dump(ast.parse("x = 1"))
    (statement,) = ast.parse(f'"""{docstring_words(wish)}."""').body
    assert isinstance(statement.value, ast.Constant)
    assert file_words(wish).isascii()
    assert 0 < len(file_words(wish)) <= 40
