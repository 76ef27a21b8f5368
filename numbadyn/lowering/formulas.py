"""Names for values that have none of the user's: what they are computed from, in words.

In: a node of a step.  Out: a name such as ``exp_minus_dt_by_tau``, and the formula in full.  Must not know: memory,
source text, targets.

A number that stands in the model's code has no part in either: another number compiles nothing, so it changes no text.
"""

from __future__ import annotations

from dataclasses import replace

from numbadyn.ir.nodes import Node, Step
from numbadyn.ir.ops import OPS

__all__ = ["formula", "formula_name"]

_LONGEST_NAME, _LONGEST_FORMULA = 40, 100
#: How operations are said; all others by their own name, before the arguments.
_SAID = {
    "add": "{0}_plus_{1}",
    "sub": "{0}_minus_{1}",
    "mul": "{0}_times_{1}",
    "div": "{0}_by_{1}",
    "neg": "minus_{0}",
    "power": "{0}_to_{1}",
    "propagator": "exprel_{0}",
    "select": "{1}_or_{2}",
    "identity": "{0}",
    "to_real": "{0}",
    "slice": "{0}",
}
#: What the result of an operation is called where the whole formula would be too long a name.
_RESULT = {"add": "sum", "sub": "difference", "mul": "product", "div": "quotient", "neg": "opposite"}


def _known(step: Step, node: Node) -> str:
    """The name that a value has without its formula; empty if it has none."""
    if node.label:
        return node.label
    if node.op == "param":
        one = step.params[node.attrs["index"]].name == "one"
        return "one" if one else "number" if node.shape == () else "numbers"
    return "" if node.args else node.op


def formula_name(step: Step, index: int) -> str:
    """A name for a value, of bounded length, that is the same wherever its formula is.

    Parameters
    ----------
    step : Step
        The step.
    index : int
        A node.

    Returns
    -------
    str
        The user's name where there is one; else the formula in words.
    """
    found: dict[int, str] = {}

    def name(number: int) -> str:
        if number not in found:
            node = _as_quotient(step, step.nodes[number])
            found[number] = _known(step, node) or _joined(step, node, [name(arg) for arg in node.args])
        return found[number]

    return name(index)


def _as_quotient(step: Step, node: Node) -> Node:
    """A product with the reciprocal of a value, as it was before the reciprocal was hoisted."""
    for factor, other in (node.args, node.args[::-1]) if node.op == "mul" else ():
        inverse = step.nodes[other]
        if inverse.op == "div" and _known(step, step.nodes[inverse.args[0]]) == "one":
            return replace(node, op="div", args=(factor, inverse.args[1]))
    return node


def _joined(step: Step, node: Node, arguments: list[str]) -> str:
    said = _SAID.get(node.op, "_".join([node.op, *(f"{{{k}}}" for k in range(len(arguments)))]))
    full = said.format(*arguments)
    if len(full) <= _LONGEST_NAME:
        return full
    short = [_known(step, step.nodes[arg]) or _result(step.nodes[arg]) for arg in node.args]
    full = said.format(*short)
    return full if len(full) <= _LONGEST_NAME else _result(node)


def _result(node: Node) -> str:
    return _RESULT.get(node.op, node.op)


def formula(step: Step, index: int) -> str:
    """The formula of a value, as one writes it.

    Parameters
    ----------
    step : Step
        The step.
    index : int
        A node.

    Returns
    -------
    str
        Empty for what is given by a name, and for what would take more than a line.
    """
    written: dict[int, str] = {}

    def text(number: int) -> str:
        if number not in written:
            node = _as_quotient(step, step.nodes[number])
            arguments = [operand(arg, leads=place == 0) for place, arg in enumerate(node.args)]
            found = _written(node, arguments) if all(arguments) else ""
            written[number] = found if len(found) <= _LONGEST_FORMULA else ""
        return written[number]

    def operand(number: int, *, leads: bool) -> str:
        """In brackets unless it is one word or a call, or leads with a sign; empty for what is too long."""
        node = step.nodes[number]
        if _known(step, node) or node.op not in OPS:
            return formula_name(step, number)
        found = text(number)
        bare = not found or (leads and node.op == "neg") or _is_call(_as_quotient(step, node))
        return found if bare else f"({found})"

    node = step.nodes[index]
    return text(index) if node.args and node.op in OPS else ""


def _is_call(node: Node) -> bool:
    """Whether an operation is written as a call."""
    return "(" in (OPS[node.op].text or "(")


def _written(node: Node, arguments: list[str]) -> str:
    if node.op in ("identity", "to_real"):
        return arguments[0]
    if not _is_call(node):
        return OPS[node.op].text.format(*arguments)
    bare = (text[1:-1] if text.startswith("(") else text for text in arguments)
    return f"{node.op}({', '.join(bare)})"
