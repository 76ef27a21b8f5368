"""Mistakes in texts of equations: a named error each, at the line of the text."""

import re

import pytest
from quantities import ms, mV, nS

import numbadyn as nd
from numbadyn import errors

TAU = {"tau": 10 * ms}
SPIKES = {"threshold": "v > 1*mV"}


@pytest.mark.parametrize(
    ("text", "options", "kind", "message", "line"),
    [
        ("dv/dt = -v/tau", TAU, errors.EquationSyntaxError, "no unit", "dv/dt"),
        ("dv/dt = -v/tau : vlot", TAU, errors.EquationSyntaxError, "'vlot' is no unit.*\n.*volt", "vlot"),
        ("dv/dt = -v/tau) : volt", TAU, errors.EquationSyntaxError, "cannot be read", "dv/dt"),
        ("v : volt\n2 + x : 1", {}, errors.EquationSyntaxError, "declares nothing", "2 \\+ x"),
        ("dv/dt = v[0]/tau : volt", TAU, errors.EquationSyntaxError, "'v\\[0\\]' has no meaning", "v\\[0\\]"),
        ("dv/dt = -v/tau : volt (unles refractory)", TAU, errors.EquationSyntaxError, "is no flag", "unles"),
        ("v : volt (linked)", {}, errors.EquationSyntaxError, "\\(linked\\) is no flag of a parameter", "linked"),
        ("v : volt\nv : volt", {}, errors.DuplicateNameError, "v is declared twice", "v : volt"),
        ("tau : second", TAU, errors.DuplicateNameError, "given as 10.*ms.*too", "tau : second"),
        ("a = b : 1\nb = a : 1", {}, errors.CyclicEquationsError, "a -> b -> a", "a = b"),
        ("dv/dt = -v/tua : volt", TAU, errors.UnknownNameError, "'tua' has no meaning.*\n.*\n.*tau", "tua"),
        ("dv/dt = -v/tau : volt\n\nI = epx(v/mV) : 1", TAU, errors.UnknownNameError, "'epx'.*\n.*\n.*exp", "epx"),
        ("dv/dt = -v : volt", {}, errors.DimensionError, "dv/dt of Equations is in mV, but must be in mV/ms", "-v"),
        ("dv/dt = (v + tau)/tau : volt", TAU, errors.DimensionError, "add of mV and ms", "v \\+ tau"),
        ("I = v : amp\nv : volt", {}, errors.DimensionError, "expression I of Equations is in mV", "I = v"),
        (
            "dv/dt = (1*mV + 3*ms)/tau : volt",
            TAU,
            errors.DimensionError,
            "3 \\* ms' has no value",
            "dv/dt",
        ),
        ("dv/dt = -v/tau + xi*mV : volt", TAU, errors.DimensionError, "What xi is multiplied with", "xi"),
        ("dv/dt = exp(xi)/tau : 1", TAU, errors.IntegrationMethodError, "not depend on it linearly", "exp"),
        ("dv/dt = rand()/tau : 1", TAU, errors.IntegrationMethodError, "calls rand", "rand"),
        ("dv/dt = v**2/tau : 1", {"method": "exact", **TAU}, errors.IntegrationMethodError, "not linear", "v\\*\\*2"),
        (
            "dv/dt = u/ms : 1 (unless refractory)\ndu/dt = -v/ms : 1 (unless refractory)",
            {"method": "exact", "threshold": "v > 1", "refractory": 2 * ms},
            errors.IntegrationMethodError,
            "u and v .* both are held",
            "dv",
        ),
        ("dv/dt = v/tau : 1", {"method": "rk5", **TAU}, errors.IntegrationMethodError, "'rk5'.*\n.*\n.*rk4", "dv/dt"),
        ("dv/dt = xi/tau**.5 : 1", {"method": "rk4", **TAU}, errors.IntegrationMethodError, "white noise", "xi"),
        ("dv/dt = -v/tau : volt", {**SPIKES, "reset": "w += 1", **TAU}, errors.MissingEquationError, "changes w", "w"),
        ("dv/dt = -v/tau : volt", {**SPIKES, "reset": "v + 1", **TAU}, errors.EquationSyntaxError, "no change", "v"),
        ("dv/dt = -v/tau : volt", {**SPIKES, "reset": "v = 1", **TAU}, errors.DimensionError, "reset makes of v", "v"),
        ("dv/dt = -v/tau : volt", {"reset": "v = 0*mV", **TAU}, errors.EquationSyntaxError, "no threshold", "dv/dt"),
        ("dv/dt = -v/tau : volt", {"threshold": "v", **TAU}, errors.KindError, "is no condition", "v"),
        ("dv/dt = v/tau : volt", {**SPIKES, "refractory": 2 * nS, **TAU}, errors.DimensionError, "refractoriness", ""),
        ("", {}, errors.EquationSyntaxError, "declares nothing", ""),
        (3, {}, errors.EquationSyntaxError, "is given 3, which is no text", ""),
        ("dv/dt = -v/tau : volt", {"tua": 3 * ms, **TAU}, errors.UnknownOptionError, "tua=3.*tau", "dv/dt"),
        ("dv/dt = -v/tau : volt", {"tau": "3 ms"}, errors.InvalidParameterError, "tau: '3 ms'", "tau"),
        ("dv/dt = clip(v)/tau : 1", TAU, errors.EquationSyntaxError, "cannot be evaluated", "clip"),
        ("dv/dt = tau(v)/tau : 1", TAU, errors.EquationSyntaxError, "tau is called, but", "tau"),
        ("dv/dt = f/ms : 1", {"f": abs}, errors.EquationSyntaxError, "f is a function, but", "f"),
        ("dv/dt = xi/tau**.5 : 1 (shared)", TAU, errors.EquationSyntaxError, "v is \\(shared\\), but", "xi"),
        ("t : second", {}, errors.ReservedNameError, "t is declared", "t : second"),
        ("size : 1", {}, errors.ReservedNameError, "size is declared", "size"),
    ],
)
def test_a_mistake_is_named_at_its_line(text, options, kind, message, line):
    with pytest.raises(kind, match=f"(?s){message}") as caught:
        nd.equations(text, **options)
    assert caught.value.cure
    assert re.search(line, caught.value.where)


def test_a_mistake_in_a_long_text_points_at_the_file():
    with pytest.raises(errors.UnknownNameError) as caught:
        nd.equations(
            """
            dv/dt = -v/tau : volt   # a comment
            dw/dt = (v
                     + w_rset)/tau : volt
            """,
            tau=10 * ms,
        )
    assert caught.value.where.startswith("Equations, test_bad_equations.py:")
    assert "dw/dt = (v" in caught.value.where
    assert caught.value.values["name"] == "w_rset"


def test_values_of_populations_are_checked():
    Cell = nd.equations("dv/dt = -v/tau : volt\ntau : second (positive)", name="Cell")
    with pytest.raises(errors.UnknownOptionError, match=r"Cell has no 'taux'.*\n.*\n.*tau, v"):
        Cell(3, taux=3 * ms)
    with pytest.raises(errors.InvalidParameterError, match=r"on is 3\.5, but on is declared as true or false"):
        nd.equations("on : boolean")(3, on=3.5)
    with pytest.raises(errors.InvalidParameterError, match="tau"):
        Cell(3, tau=-1 * ms)
    with pytest.raises(errors.DimensionError, match="tau"):
        Cell(3, tau=3 * mV)
    with pytest.raises(errors.DimensionError, match=r"initial value of Cell\.v"):
        nd.init_all_states(Cell(3, v=3 * ms, tau=1 * ms))
    with pytest.raises(errors.HookArgumentError, match="0 parameters that are flagged"):
        nd.init_all_states(Cell(3, tau=1 * ms)).update(3 * mV)
