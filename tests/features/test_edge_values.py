"""Every ufunc with a rule, on all kinds and on edge values: traced it means what NumPy means, or it is refused by name.

What it means is compared with NumPy element by element; all of it is compiled in one module, which gives the bits of
the interpreter. A new row of the table of rules is tested by being there.
"""

import itertools

import numpy as np
import pytest

from numbadyn.errors import KindError, TracedValueError
from numbadyn.ir.evaluator import Evaluator
from numbadyn.ir.interpreter import Interpreter
from numbadyn.ir.nodes import BindContext, Step
from numbadyn.ir.ops import OPS
from numbadyn.lowering.pipeline import lower, prepare
from numbadyn.runtime.cpu.machine import CpuMachine
from numbadyn.runtime.logs import Logs
from numbadyn.tracing.rules import UFUNCS
from numbadyn.tracing.trace import Trace
from numbadyn.tracing.traced import Traced, as_node
from tests.ir.steps import add_node, add_state

special = pytest.importorskip("scipy.special")

INF, NAN = np.inf, np.nan
EDGES = {
    "real": np.array([
        0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, -3.0, 7.3, 0.1, INF, -INF, NAN, 5e-324, -1e-310, 1e308,
        -1e308, 2.0**53, 2.0**53 + 2, 9.3e18, -9.3e18, 1e-17,
    ]),
    "int": np.array([
        0, 1, -1, 2, -2, 3, -3, 7, -7, 63, 64, 65, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), -(2**63) + 1,
    ]),
    "bool": np.array([False, True]),
}  # fmt: skip
#: Errors of our elementary functions, in units of the last place, and arguments for which they promise something else.
ULPS = {
    "tan": 6,
    "power": 6,
    "float_power": 6,
    "sinh": 4,
    "cosh": 4,
    "tanh": 4,
    "exp2": 1600,
    "logaddexp": 4,
    "erfinv": 6,
}


def _promised(name, args):
    if name in ("sin", "cos", "tan"):
        return ~(np.abs(args[0].astype(float)) > 1e15)
    if name in ("remainder", "fmod"):
        dividend, divisor = (np.abs(arg.astype(float)) for arg in args)
        with np.errstate(all="ignore"):
            return ~((dividend / np.where(divisor == 0, NAN, divisor) > 2.0**105) & np.isfinite(dividend))
    return np.ones(args[0].shape, dtype=bool)


def _cases():
    for name in sorted(UFUNCS):
        ufunc = getattr(np, name, None) or getattr(special, name)
        for kinds in itertools.product(EDGES, repeat=ufunc.nin) if ufunc.signature is None else ():
            yield pytest.param(ufunc, kinds, id=f"{name}-{'-'.join(kinds)}")


def _arguments(kinds):
    return [grid.ravel() for grid in np.meshgrid(*(EDGES[kind] for kind in kinds), indexing="ij")]


def _traced(use, args):
    trace = Trace("test")

    def update():
        """What begins inside of the recording is the user's own code."""
        return use(*(Traced(trace, as_node(trace, arg)) for arg in args))

    with trace.recording():
        result = update()
    evaluator = Evaluator(trace.step, BindContext(0.1, 0))
    evaluator.bind()
    return np.asarray(evaluator.values[result._index])


@pytest.mark.parametrize(("ufunc", "kinds"), list(_cases()))
def test_traced_means_what_numpy_means(ufunc, kinds):
    args = _arguments(kinds)
    with np.errstate(all="ignore"):
        try:
            want = ufunc(*args)
        except (TypeError, ValueError):
            want = None
    if want is None or want.dtype not in (np.dtype(bool), np.dtype(np.int64), np.dtype(float)):
        with pytest.raises(KindError) as caught:
            _traced(ufunc, args)
        assert "test_edge_values.py" in str(caught.value.where)
        return
    try:
        found = _traced(ufunc, args)
    except (KindError, TracedValueError):  # refused by a named error, never another value
        return
    assert found.dtype == want.dtype
    promised = _promised(ufunc.__name__, args)
    found, want = found[promised], want[promised]
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(found, want)
        return
    eps = np.finfo(float).eps
    np.testing.assert_allclose(found, want, rtol=ULPS.get(ufunc.__name__, 3) * eps, atol=5e-324)
    if ufunc is not special.erfinv:  # SciPy's loses the sign of zero, which an odd function keeps
        np.testing.assert_array_equal(np.signbit(found)[want == 0], np.signbit(want)[want == 0])


@pytest.mark.parametrize("kind", EDGES)
@pytest.mark.parametrize("dtype", [bool, int, float])
def test_conversions(kind, dtype):
    values = EDGES[kind]
    with np.errstate(all="ignore"):
        want = values.astype(dtype)
    if kind == "real" and dtype is int:  # beyond int64 and for NaN NumPy has what the processor has
        want = np.where((values >= -(2.0**63)) & (values < 2.0**63), want, np.iinfo(np.int64).min)
    np.testing.assert_array_equal(_traced(lambda x: x.astype(dtype), [values]), want)


# ---- every row of the table of operations, compiled in one module ----------------------------------------------------

SIZE = 625
PAIRS = {
    kind: [np.resize(grid, SIZE) for grid in _arguments((kind, kind))] for kind in EDGES
}  # all pairs of edge values of a kind
_KINDS = {
    "real": ["real"],
    "promote": ["int", "real"],
    "bool": ["int", "real", "bool"],
    "keep": ["int", "real", "bool"],
    "int": ["int"],
    "select": ["int", "real", "bool"],
}


def _signatures(row):
    """Kinds of the arguments, and of the result, with which an operation may be called."""
    if row.name == "to_real" or row.name == "to_int" or row.name == "to_bool":
        result = row.name.removeprefix("to_")
        return [((kind,), result) for kind in EDGES if kind != result]
    if row.units == "logic":
        return [(("bool",) * row.arity, "bool")]
    if row.name.startswith("time_"):
        kinds = ("real",) * (row.arity - 2) + ("int", "real")
        return [(kinds, "real" if row.kinds == "keep" else "bool")]
    if row.kinds == "select":
        return [(("bool", kind, kind), kind) for kind in _KINDS["select"]]
    return [((kind,) * row.arity, "bool" if row.kinds == "bool" else kind) for kind in _KINDS[row.kinds]]


def _whole_table():
    """A step that applies every operation to states that hold the edge values; what each result state is of."""
    step, results = Step("Edges"), []
    step.regions.append("Edges")
    places = {
        kind: [add_state(step, values, kind) for values in (*pair, np.roll(pair[0], 7), np.roll(pair[1], 11))]
        for kind, pair in PAIRS.items()
    }
    for row in OPS.values():
        if row.kinds == "steps":
            continue
        for kinds, result in _signatures(row):
            args = [places[kind][number] for number, kind in enumerate(kinds)]
            node = add_node(step, row.name, *args, shape=(SIZE,), kind=result)
            add_state(step, np.zeros(SIZE, dtype={"real": float, "int": np.int64, "bool": bool}[result]), result)
            step.writes[len(step.states) - 1] = node
            results.append(f"{row.name} of {', '.join(kinds)}")
    return step, results


@pytest.mark.parametrize("bits", [64, pytest.param(32, marks=pytest.mark.exhaustive)])
def test_every_operation_gives_the_bits_of_the_interpreter(bits):
    step, results = _whole_table()
    step = prepare(step)
    context = BindContext(0.1, 0, bits)
    with np.errstate(all="ignore"):
        interpreter = Interpreter(step, context, [])
        interpreter.advance()
        machine = CpuMachine(lower(step), [context], [[]], "edges")
    machine.begin([Logs()])
    machine.advance(1)
    (replica,) = machine.replicas
    first = len(step.states) - len(results)
    assert {name.partition(" ")[0] for name in results} == {row.name for row in OPS.values() if row.kinds != "steps"}
    wrong = []
    for number, name in enumerate(results, first):
        found, want = np.ascontiguousarray(replica.state(number)), interpreter.states[number]
        same = (found == want) & (np.signbit(found) == np.signbit(want)) if found.dtype.kind == "f" else found == want
        bad = np.flatnonzero(~(same | ((found != found) & (want != want))))
        if bad.size:
            wrong.append((name, bad.size, found[bad[0]], want[bad[0]], bad[0]))
    assert not wrong
