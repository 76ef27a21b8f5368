"""Values without a name of the user's are named after their formula; numbers of the model have no part in it."""

from dataclasses import replace

import pytest

from numbadyn.ir.nodes import Step
from numbadyn.lowering.formulas import formula, formula_name
from tests.ir.steps import add_node, add_param

STEP = Step("Net")


def labelled(name):
    index = add_param(STEP, 2.0)
    STEP.nodes[index] = replace(STEP.nodes[index], label=name)
    return index


def number(value=2.0):
    return add_param(STEP, value)


def of(op, *args):
    return add_node(STEP, op, *args, shape=())


DT, TAU, G = labelled("dt"), labelled("tau"), labelled("g")


def labelled_sum():
    index = of("add", DT, TAU)
    STEP.nodes[index] = replace(STEP.nodes[index], label="total")
    return index


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (of("div", DT, TAU), "dt_by_tau", "dt / tau"),
        (of("exp", of("neg", of("div", DT, TAU))), "exp_minus_dt_by_tau", "exp(-(dt / tau))"),
        (of("mul", G, of("div", labelled("one"), TAU)), "g_by_tau", "g / tau"),
        (
            of("sqrt", of("mul", of("add", DT, TAU), number())),
            "sqrt_dt_plus_tau_times_number",
            "sqrt((dt + tau) * number)",
        ),
        (of("select", of("less", DT, TAU), DT, G), "dt_or_g", "select(dt < tau, dt, g)"),
        (number(), "number", ""),
        (number([1.0, 2.0]), "numbers", ""),
        (DT, "dt", ""),
        (labelled_sum(), "total", "dt + tau"),
        (of("neg", of("neg", DT)), "minus_minus_dt", "-(-dt)"),
    ],
)
def test_names_and_formulas(value, name, text):
    assert formula_name(STEP, value) == name
    assert formula(STEP, value) == text


def test_a_long_formula_has_a_short_name():
    total = DT
    for _ in range(40):
        total = of("add", of("mul", total, TAU), G)
    assert len(formula_name(STEP, total)) <= 40
    assert formula_name(STEP, total).endswith("_times_tau_plus_g")
    assert formula(STEP, total) == ""


def test_shared_parts_are_written_once():
    total = TAU
    for _ in range(60):  # a text for each path would take 2**60
        total = of("add", total, total)
    for _ in range(5_000):
        total = of("neg", total)  # nor does a long chain go deep
    assert formula_name(STEP, total).endswith("minus_opposite")
    total -= 5_000
    assert set(formula_name(STEP, total).split("_")) == {"sum", "plus"}
    assert formula(STEP, total) == ""
